using System.Security.Cryptography;
using HealthLedger.Consents;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Ledger;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Proofs.Tokens;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>Asks for the evidence that a patient's consent stands, for one client and one purpose.</summary>
/// <param name="Caller">Who will present the token.</param>
/// <param name="Purpose">One of the caller's purposes.</param>
/// <param name="Audience">Who will verify it, such as the name of a run; 1 to 1024 characters.</param>
/// <param name="Patient">A Patient id.</param>
/// <param name="Lifetime">More than nothing, at most <see cref="ConsentTokens.MaximumLifetime"/>.</param>
public sealed record ConsentTokenRequest(Caller Caller, PurposeOfUse Purpose, string Audience, string Patient, TimeSpan Lifetime);

/// <summary>What became of a <see cref="ConsentTokenRequest"/>.</summary>
public abstract record ConsentTokenIssue
{
    private ConsentTokenIssue()
    {
    }

    /// <summary>A permit stands.</summary>
    /// <param name="Token">The compact JWS (docs/formats/consent-token.md).</param>
    /// <param name="Proof">The proof beside it, JSON; everything in it under one checkpoint.</param>
    /// <param name="Handle">The consent's handle.</param>
    public sealed record Issued(string Token, ReadOnlyMemory<byte> Proof, Hash Handle) : ConsentTokenIssue;

    /// <summary>None does.</summary>
    /// <param name="Code">Of <see cref="ConsentGap"/>. It depends on what the patient said: it is for the operator and for the ledger, not for the caller.</param>
    public sealed record Refused(string Code) : ConsentTokenIssue;
}

/// <summary>
/// Issues consent tokens: statements by the log that a consent stands. A token is evidence, never authority: what it is presented for goes through the
/// disclosure road all the same, where the live state decides. Discloses nothing of a record, so it appends nothing; whoever acts on the outcome records that.
/// </summary>
public sealed class ConsentTokens(LedgerLog log, ConsentStates consents, AccessPolicy policy, TimeProvider time)
{
    private const int IdBytes = 16;

    /// <summary>The longest that a token counts.</summary>
    public static TimeSpan MaximumLifetime => ConsentTokenVerification.LongestLife;

    /// <summary>Decides by the live state which consent speaks for the caller, and proves it under the newest checkpoint.</summary>
    /// <exception cref="ArgumentException">The purpose is not one of the caller's, or the lifetime or the audience is out of range.</exception>
    public async ValueTask<ConsentTokenIssue> Issue(ConsentTokenRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        Check(request);
        var now = time.GetUtcNow();
        if (!FhirId.IsValid(request.Patient) || await consents.Of(ShelfId.ForPatient(request.Patient), cancellation) is not { } patient)
        {
            return Refused(ConsentGap.NoConsent);
        }

        // decide: which consent speaks, and whether anything at all may be seen under it
        var asked = AccessRequest.For(request.Caller, request.Purpose, now);
        var records = patient.Shelf.OfType("Consent").Where(e => !e.Annotation.IsEmpty).Select(e => ConsentRecord.Decode(e.Annotation)).ToList();
        if (PermittingConsent.Find(records, asked, out var gap) is not var (record, handle))
        {
            return Refused(gap);
        }

        if (!request.Caller.Reaches(patient.Shelf.Id) || policy.RefusesPatient(patient, asked))
        {
            return Refused(ConsentGap.Denied);
        }

        // prove: a withdrawal that came between shows in the map
        var key = new Hash(handle.Handle.Span);
        var proof = log.MapProof(key);
        var scope = ConsentScope.Of(record.Directive, handle.Grantee).Encode();
        if (proof.Map.State is not { Standing: Proofs.ConsentStateMap.ConsentStanding.Granted } state)
        {
            return Refused(ConsentGap.Withdrawn);
        }

        if (state.ScopeCommitment != ScopeCommitment.Of(scope, handle.Opening.Span))
        {
            throw new InvalidDataException("A stored consent does not open the commitment that the ledger carries for it.");
        }

        var issued = now.ToUnixTimeSeconds();
        var claims = new ConsentToken(
            log.Origin, request.Audience, request.Caller.ClientId, RandomNumberGenerator.GetHexString(2 * IdBytes, lowercase: true),
            issued, issued + (long)request.Lifetime.TotalSeconds, request.Purpose.Code(), key, scope, handle.Opening.ToArray());
        return log.SignConsentToken(claims) is { } token ? new ConsentTokenIssue.Issued(token, Bytes(proof), key) : Refused(ConsentGap.Withdrawn);
    }

    /// <summary>The proof of a handle's state, whatever it is, under the newest checkpoint: what shows a verifier that a token it holds no longer does.</summary>
    public ReadOnlyMemory<byte> Prove(in Hash handle) => Bytes(log.MapProof(handle));

    /// <summary>True where the newest published map holds the handle as granted.</summary>
    public bool Stands(in Hash handle) => log.ConsentStateOf(handle) is { Standing: Proofs.ConsentStateMap.ConsentStanding.Granted };

    private static byte[] Bytes(ConsentProof proof)
    {
        var inclusion = new TlogProof(proof.Checkpoint.Size - 1, [.. proof.Inclusion], proof.Checkpoint.Signed);
        return new ConsentTokenProof(proof.State.ToBytes(), inclusion.ToString(), proof.Map.ToBytes()).ToJson();
    }

    private static void Check(ConsentTokenRequest request)
    {
        if (!request.Caller.Purposes.Contains(request.Purpose))
        {
            throw new ArgumentException("The purpose is not one of the caller's.", nameof(request));
        }

        if (request.Lifetime < TimeSpan.FromSeconds(1) || request.Lifetime > MaximumLifetime || request.Audience.Length is 0 or > ConsentToken.MaxClaim)
        {
            throw new ArgumentException("A token counts for a second to ten minutes and names who verifies it.", nameof(request));
        }
    }

    private static ConsentTokenIssue.Refused Refused(ConsentGap gap) => new(gap.Code());
}
