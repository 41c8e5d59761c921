using System.Collections.Concurrent;
using HealthLedger.Access;
using HealthLedger.Consents;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Tokens;
using HealthLedger.Risk.Consented;

namespace HealthLedger.Gateway.Risk;

/// <summary>
/// How records reach one run: a token for each patient, verified by the gate against the ledger's public key before anything is opened, and opened on the
/// disclosure road alone, where the live state decides again and the access is recorded.
/// </summary>
internal sealed class RunAdmission
{
    private readonly PrivacyAccounts _accounts;
    private readonly Disclosure _disclosure;
    private readonly ConsentedRecord.Gate _gate;
    private readonly ConcurrentDictionary<Hash, string> _patients = new();
    private readonly RunIdentity _run;
    private readonly ConsentTokens _tokens;

    public RunAdmission(RunIdentity run, ConsentTokens tokens, Disclosure disclosure, PrivacyAccounts accounts, ConsentQuorum quorum, TimeProvider time)
    {
        (_run, _tokens, _disclosure, _accounts) = (run, tokens, disclosure, accounts);
        _gate = new ConsentedRecord.Gate(
            new TokenExpectations(quorum.Policy, run.Audience, run.Caller.ClientId, run.Purpose.Code()), Open, time);
    }

    /// <summary>A token of this run for one patient, if a consent stands.</summary>
    public async ValueTask<ConsentTokenIssue> Issue(string patient, CancellationToken cancellation)
    {
        var issue = await _tokens.Issue(new ConsentTokenRequest(_run.Caller, _run.Purpose, _run.Audience, patient, ConsentTokens.MaximumLifetime), cancellation);
        if (issue is ConsentTokenIssue.Issued issued)
        {
            _patients[issued.Handle] = patient;
        }

        return issue;
    }

    /// <summary>Presents a token, of any content, with its proof.</summary>
    public ValueTask<Admission> Admit(string token, ReadOnlyMemory<byte> proof, CancellationToken cancellation) => _gate.AdmitAsync(token, proof, cancellation);

    private async ValueTask<Opening> Open(ValidConsentToken consent, CancellationToken cancellation)
    {
        if (!_patients.TryGetValue(consent.Token.Handle, out var patient))
        {
            return new Opening.Refused("run-token-unknown");
        }

        // The proof beside the token may be of an older checkpoint: what the newest one says counts.
        if (!_tokens.Stands(consent.Token.Handle))
        {
            return new Opening.Refused(ConsentGap.Withdrawn.Code());
        }

        var request = new DisclosureRequest { Caller = _run.Caller, Purpose = _run.Purpose, RequestId = _run.Run.ToString(), Target = new Target.Compartment(patient) };
        using var result = await _disclosure.Disclose(request, cancellation);
        if (result is not DisclosureResult.Disclosed disclosed)
        {
            return new Opening.Refused("ledger-unavailable");
        }

        var types = ConsentScope.TypesOf(consent.Token.Scope);
        var records = disclosed.Records.Where(r => types is null || types.Value.Contains(r.Key.Type)).Select(r => (ReadOnlyMemory<byte>)r.Json.ToArray()).ToList();
        return records.Count == 0 ? new Opening.Refused("nothing-permitted") : new Opening.Opened(_accounts.Of(patient), records);
    }
}
