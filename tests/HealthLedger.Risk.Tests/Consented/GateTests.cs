// A record is opened only after its consent token held against the ledger; the gate is the one maker of ConsentedRecord.
using System.Reflection;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Tokens;
using HealthLedger.Risk.Consented;
using HealthLedger.Risk.Privacy;
using HealthLedger.Risk.Scores;
using HealthLedger.Risk.Tests.Features;

namespace HealthLedger.Risk.Tests.Consented;

public sealed class GateTests
{
    private readonly List<ValidConsentToken> _asked = [];

    [Fact]
    public async Task A_token_that_holds_opens_the_record()
    {
        var (token, proof) = new ConsentLog().Set(1, ConsentOperation.Grant).Issue(1);
        var admitted = Assert.IsType<Admission.Admitted>(await Gate().AdmitAsync(token, proof, default));
        Assert.Equal(Account(1), admitted.Record.Account);
        Assert.Equal(ConsentLog.Handle(1), admitted.Record.Consent.Token.Handle);
        Assert.IsType<AssessedRisk.Scored>(PatientAssessment.Of(admitted.Record, RecordBuilder.Day).TenYears);
        Assert.Single(_asked);
    }

    public static TheoryData<string, string> Refusals => new()
    {
        { "withdrawn", "token-withdrawn" },
        { "another run", "token-audience" },
        { "another client", "token-client" },
        { "another purpose", "token-purpose" },
        { "expired", "token-expired" },
        { "never granted", "token-absent" },
        { "foreign signature", "token-signature" },
        { "no token", "token-syntax" },
        { "no proof", "token-proof-shape" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_token_that_does_not_hold_opens_nothing(string how, string code)
    {
        var log = new ConsentLog().Set(1, ConsentOperation.Grant).Set(2, ConsentOperation.Grant).Set(2, ConsentOperation.Withdraw);
        var good = log.Issue(1);
        var (token, proof) = how switch
        {
            "withdrawn" => log.Issue(2),
            "another run" => log.Issue(1, audience: "run-2"),
            "another client" => log.Issue(1, client: "somebody"),
            "another purpose" => log.Issue(1, purpose: "TREAT"),
            "expired" => log.Issue(1, seconds: -1),
            "never granted" => log.Issue(3),
            "foreign signature" => (good.Token[..^8] + "AAAAAAAA", good.Proof),
            "no token" => ("", good.Proof),
            "no proof" => (good.Token, "{}"u8.ToArray()),
            _ => throw new ArgumentException("No such case.", nameof(how)),
        };
        // The last characters of the signature are replaced: either it is no base64url of that length, or it does not verify.
        var refused = Assert.IsType<Admission.Refused>(await Gate().AdmitAsync(token, proof, default));
        Assert.Equal(code, refused.Code);
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task A_token_issued_before_a_withdrawal_holds_by_its_proof_but_the_live_state_still_decides()
    {
        var (token, proof) = new ConsentLog().Set(1, ConsentOperation.Grant).Issue(1);
        var gate = Gate((_, _) => ValueTask.FromResult<Opening>(new Opening.Refused("consent-withdrawn")));
        Assert.Equal(new Admission.Refused("consent-withdrawn"), await gate.AdmitAsync(token, proof, default));
    }

    [Fact]
    public async Task A_consent_enters_a_run_once()
    {
        var (token, proof) = new ConsentLog().Set(1, ConsentOperation.Grant).Issue(1);
        var gate = Gate();
        Assert.IsType<Admission.Admitted>(await gate.AdmitAsync(token, proof, default));
        Assert.Equal(new Admission.Refused("run-token-repeated"), await gate.AdmitAsync(token, proof, default));
        Assert.Single(_asked);
        Assert.IsType<Admission.Admitted>(await Gate().AdmitAsync(token, proof, default));
    }

    [Fact]
    public async Task A_patient_with_two_consents_enters_a_run_once()
    {
        var log = new ConsentLog().Set(1, ConsentOperation.Grant).Set(2, ConsentOperation.Grant);
        var gate = Gate((_, _) => ValueTask.FromResult<Opening>(new Opening.Opened(Account(9), RecordBuilder.Complete().Build())));
        var (first, second) = (log.Issue(1), log.Issue(2));
        Assert.IsType<Admission.Admitted>(await gate.AdmitAsync(first.Token, first.Proof, default));
        Assert.Equal(new Admission.Refused("run-patient-repeated"), await gate.AdmitAsync(second.Token, second.Proof, default));
    }

    [Fact]
    public async Task A_failing_opener_admits_nobody()
    {
        var (token, proof) = new ConsentLog().Set(1, ConsentOperation.Grant).Issue(1);
        var gate = Gate((_, _) => throw new IOException("disk"));
        await Assert.ThrowsAsync<IOException>(async () => await gate.AdmitAsync(token, proof, default));
    }

    [Fact]
    public void Nothing_else_can_make_a_consented_record()
    {
        Assert.True(typeof(ConsentedRecord).IsSealed);
        Assert.All(typeof(ConsentedRecord).GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic), c => Assert.True(c.IsPrivate));
        // No static door either: only the nested gate may call the constructor.
        Assert.DoesNotContain(
            typeof(ConsentedRecord).GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic), m => m.ReturnType == typeof(ConsentedRecord));
        Assert.Equal(["Gate"], typeof(ConsentedRecord).GetNestedTypes(BindingFlags.Public | BindingFlags.NonPublic).Where(t => !t.Name.Contains('<')).Select(t => t.Name));
    }

    private static PrivacyAccount Account(byte number) => PrivacyAccount.From(Enumerable.Repeat(number, 32).ToArray());

    private ConsentedRecord.Gate Gate(RecordOpener? open = null) => new(
        ConsentLog.Expected,
        open ?? ((consent, _) =>
        {
            _asked.Add(consent);
            return ValueTask.FromResult<Opening>(new Opening.Opened(PrivacyAccount.From(consent.Token.Handle.Bytes), RecordBuilder.Complete().Build()));
        }),
        new FixedTime());

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => ConsentLog.Now;
    }
}
