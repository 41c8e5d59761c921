// docs/formats/consent-token.md, "Verification": whatever is presented, nothing is opened before the token held, and the live state has the last word.
using HealthLedger.Access;
using HealthLedger.Gateway.Risk;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Tokens;
using HealthLedger.Risk.Consented;

namespace HealthLedger.Gateway.Tests.Risk;

public sealed class RunAdmissionTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_token_that_holds_admits_once()
    {
        await using var registry = await Registry.Open(_directory);
        await registry.Consenting("one");
        var admission = registry.Admission();
        var issued = await Issued(admission, "one");
        Assert.IsType<Admission.Admitted>(await admission.Admit(issued.Token, issued.Proof, CancellationToken.None));
        Assert.Equal(new Admission.Refused("run-token-repeated"), await admission.Admit(issued.Token, issued.Proof, CancellationToken.None));
    }

    [Fact]
    public async Task A_token_verifies_for_a_stranger_who_has_only_the_ledgers_key_and_says_no_more_than_the_scope()
    {
        await using var registry = await Registry.Open(_directory);
        await registry.Consenting("one");
        var issued = Assert.IsType<ConsentTokenIssue.Issued>(await registry.Part<ConsentTokens>().Issue(
            new ConsentTokenRequest(Registry.Caller, PurposeOfUse.Research, "urn:a-study", "one", TimeSpan.FromMinutes(2)), CancellationToken.None));
        var expected = new TokenExpectations(LogPolicy.ForLog(NoteVerifier.Parse(registry.Log.VerifierKey).Value), "urn:a-study", "registry", "HRESCH");
        var valid = ConsentTokenVerification.Verify(issued.Token, issued.Proof.Span, expected, registry.Clock.GetUtcNow());
        Assert.True(valid.IsValid, valid.Fault?.Code);
        Assert.Equal(120, valid.Value.Token.Expires - valid.Value.Token.IssuedAt);
        Assert.DoesNotContain("Patient/", System.Text.Encoding.UTF8.GetString(valid.Value.Token.Scope), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("forged", "token-signature")]
    [InlineData("expired", "token-expired")]
    [InlineData("of another run", "token-audience")]
    [InlineData("of another client", "token-client")]
    [InlineData("for another purpose", "token-purpose")]
    [InlineData("with another patient's proof", "map-")]
    [InlineData("withdrawn since, with its old proof", "withdrawn")]
    [InlineData("withdrawn since, with a new proof", "token-withdrawn")]
    [InlineData("not issued for this run", "run-token-unknown")]
    [InlineData("garbage", "token-syntax")]
    public async Task A_token_that_does_not_hold_opens_nothing(string which, string code)
    {
        await using var registry = await Registry.Open(_directory);
        var consent = await registry.Consenting("one");
        await registry.Consenting("two");
        var admission = registry.Admission();
        var issued = await Issued(admission, "one");
        var (token, proof) = (issued.Token, issued.Proof);
        switch (which)
        {
            case "forged":
                token = token[..^4] + (token[^4] == 'A' ? 'B' : 'A') + token[^3..];
                break;
            case "expired":
                registry.Clock.Advance(TimeSpan.FromMinutes(11));
                break;
            case "of another run":
                (token, proof, _) = await Issued(registry.Admission(), "one");
                break;
            case "of another client":
                (token, proof) = await Direct(registry, admission, token, caller: Registry.Caller with { ClientId = "somebody" });
                break;
            case "for another purpose":
                await registry.Consent("one", Records.Permit("registry", "HOPERAT"));
                (token, proof) = await Direct(registry, admission, token, purpose: PurposeOfUse.Operations);
                break;
            case "with another patient's proof":
                proof = (await Issued(admission, "two")).Proof;
                break;
            case "withdrawn since, with its old proof":
                await registry.Withdraw("one", consent);
                break;
            case "withdrawn since, with a new proof":
                await registry.Withdraw("one", consent);
                proof = registry.Part<ConsentTokens>().Prove(issued.Handle);
                break;
            case "not issued for this run":
                await registry.Consenting("three");
                (token, proof) = await Direct(registry, admission, token, patient: "three");
                break;
            case "garbage":
                token = "a.b";
                break;
        }

        var (one, two, tenant) = (registry.Events("one"), registry.Events("two"), registry.Log.CountOf(registry.Tenant));
        var refused = Assert.IsType<Admission.Refused>(await admission.Admit(token, proof, CancellationToken.None));
        Assert.StartsWith(code, refused.Code, StringComparison.Ordinal);
        Assert.Equal((one, two, tenant), (registry.Events("one"), registry.Events("two"), registry.Log.CountOf(registry.Tenant)));
    }

    [Theory]
    [InlineData("nobody", "no-consent")]
    [InlineData("not/an id", "no-consent")]
    public async Task Who_is_not_there_has_no_token(string patient, string code)
    {
        await using var registry = await Registry.Open(_directory);
        Assert.Equal(new ConsentTokenIssue.Refused(code), await registry.Admission().Issue(patient, CancellationToken.None));
    }

    [Fact]
    public async Task A_token_cannot_be_asked_for_longer_than_it_may_count()
    {
        await using var registry = await Registry.Open(_directory);
        var request = new ConsentTokenRequest(Registry.Caller, PurposeOfUse.Research, "a", "one", TimeSpan.FromMinutes(10) + TimeSpan.FromTicks(1));
        await Assert.ThrowsAsync<ArgumentException>(async () => await registry.Part<ConsentTokens>().Issue(request, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(async () => await registry.Part<ConsentTokens>().Issue(request with { Lifetime = TimeSpan.FromMinutes(1), Purpose = PurposeOfUse.Treatment }, CancellationToken.None));
    }

    private static async Task<ConsentTokenIssue.Issued> Issued(RunAdmission admission, string patient) =>
        Assert.IsType<ConsentTokenIssue.Issued>(await admission.Issue(patient, CancellationToken.None));

    /// <summary>A token that the gateway signs for the audience of a run, but not through it.</summary>
    private static async Task<(string Token, ReadOnlyMemory<byte> Proof)> Direct(
        Registry registry, RunAdmission admission, string token, Caller? caller = null, PurposeOfUse purpose = PurposeOfUse.Research, string patient = "one")
    {
        var audience = ConsentToken.Parse(token, [NoteVerifier.Parse(registry.Log.VerifierKey).Value]).Value.Audience;
        var issued = Assert.IsType<ConsentTokenIssue.Issued>(await registry.Part<ConsentTokens>().Issue(
            new ConsentTokenRequest(caller ?? Registry.Caller, purpose, audience, patient, TimeSpan.FromMinutes(5)), CancellationToken.None));
        return (issued.Token, issued.Proof);
    }
}
