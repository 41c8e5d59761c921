// docs/consent.md, "Stored form" and "Scope bytes": both are committed to or stored, so their bytes are frozen here.
using System.Text;
using HealthLedger.Consents;
using static HealthLedger.Tests.Consents.ConsentText;

namespace HealthLedger.Tests.Consents;

public sealed class ConsentRecordTests
{
    private static readonly ConsentDirective Signed = Directive($$"""
        {"type":"permit","period":{"start":"2026","end":"2026-12-31T23:59:59Z"},"actor":[{{Actor("Organization/r")}}],"purpose":[{{Purpose("HRESCH")}}],
         "class":[{{Type("Observation")}},{{Type("Condition")}}],"provision":[{"type":"deny","securityLabel":[{{Label("HIV")}}]}]}
        """);

    private static readonly byte[] Opening = [.. Enumerable.Repeat((byte)255, 32)];

    [Fact]
    public void The_stored_form_is_frozen()
    {
        var stored = new ConsentRecord(Signed, [new GranteeHandle("Organization/r", new byte[32], Opening)]).Encode();
        Assert.Equal(
            """{"v":1,"handles":[["Organization/r","AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","//////////////////////////////////////////8="]],"directive":{"id":"c1","version":3,"patient":"Patient/p1","status":"active","subject":"Privacy","categories":["http://loinc.org|59284-0"],"dateTime":"2026-01-01","policies":["urn:example:policy"],"provision":{"type":"Permit","period":["2026-01-01T00:00:00.0000000\u002B00:00","2027-01-01T00:00:00.0000000\u002B00:00"],"stated":21,"notUnderstood":0,"modified":false,"actors":["Organization/r"],"purposes":["HRESCH"],"touchedPurposes":["HRESCH"],"types":["Observation","Condition"],"provisions":[{"type":"Deny","stated":8,"notUnderstood":0,"modified":false,"labels":["http://terminology.hl7.org/CodeSystem/v3-ActCode|HIV"]}]}}}""",
            Encoding.UTF8.GetString(stored));
    }

    [Fact]
    public void The_scope_bytes_are_frozen() => Assert.Equal(
        """{"v":1,"consent":"Consent/c1","version":3,"grantee":"Organization/r","notBefore":1767225600,"notAfter":1798761599,"purposes":["HRESCH"],"types":["Condition","Observation"],"narrowed":true,"rules":"IKojyey9svBHN8UrsHHy-HqULWB7qQKD7_4AcWG-ab4"}""",
        Encoding.UTF8.GetString(ConsentScope.Of(Signed, "Organization/r").Encode()));

    [Fact]
    public void An_open_permit_has_an_open_scope()
    {
        var scope = ConsentScope.Of(Directive("""{"type":"permit"}"""), ConsentDirective.Anybody);
        Assert.Null(scope.NotBefore);
        Assert.Null(scope.NotAfter);
        Assert.False(scope.Narrowed);
        Assert.Contains("\"notBefore\":null,\"notAfter\":null,\"purposes\":[\"*\"],\"types\":[\"*\"]", Encoding.UTF8.GetString(scope.Encode()), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_grantee_has_the_scope_of_its_own_permits()
    {
        var directive = Directive($$"""
            {"type":"permit","actor":[{{Actor("Organization/a")}}],"purpose":[{{Purpose("TREAT")}}],"provision":[
              {"type":"permit","actor":[{{Actor("Organization/b")}}],"purpose":[{{Purpose("HRESCH")}}],"period":{"end":"2027"} }]}
            """);
        Assert.Equal<IEnumerable<string>>(["TREAT"], ConsentScope.Of(directive, "Organization/a").Purposes!.Value);
        var scope = ConsentScope.Of(directive, "Organization/b");
        Assert.Equal<IEnumerable<string>>(["HRESCH"], scope.Purposes!.Value);
        Assert.Equal(new DateTimeOffset(2027, 12, 31, 23, 59, 59, TimeSpan.Zero).ToUnixTimeSeconds(), scope.NotAfter);
        Assert.Throws<ArgumentException>(() => ConsentScope.Of(directive, "Organization/c"));
        Assert.Throws<ArgumentException>(() => ConsentScope.Of(directive, ConsentDirective.Anybody));
    }

    [Fact]
    public void The_scope_pins_the_rules_and_the_version()
    {
        var scope = ConsentScope.Of(Signed, "Organization/r").Encode();
        Assert.NotEqual(scope, ConsentScope.Of(Signed.As("c1", 4), "Organization/r").Encode());
        var other = Directive($$"""
            {"type":"permit","period":{"start":"2026","end":"2026-12-31T23:59:59Z"},"actor":[{{Actor("Organization/r")}}],"purpose":[{{Purpose("HRESCH")}}],
             "class":[{{Type("Observation")}},{{Type("Condition")}}],"provision":[{"type":"deny","securityLabel":[{{Label("PSY")}}]}]}
            """);
        Assert.NotEqual(scope, ConsentScope.Of(other, "Organization/r").Encode());
    }

    [Fact]
    public void Handles_must_fit_the_grantees()
    {
        Assert.Throws<ArgumentException>(() => new ConsentRecord(Signed, []));
        Assert.Throws<ArgumentException>(() => new ConsentRecord(Signed, [new GranteeHandle("Organization/x", new byte[32], Opening)]));
        Assert.Throws<ArgumentException>(() => new ConsentRecord(Signed, [new GranteeHandle("Organization/r", new byte[31], Opening)]));
        Assert.Throws<ArgumentException>(() => new ConsentRecord(Signed, [new GranteeHandle("Organization/r", new byte[32], new byte[31])]));
        var two = Directive($$"""{"type":"permit","actor":[{{Actor("Organization/a")}},{{Actor("Organization/b")}}]}""");
        Assert.Throws<ArgumentException>(() => new ConsentRecord(two, [new("Organization/a", new byte[32], Opening), new("Organization/b", new byte[32], Opening)]));
    }

    [Fact]
    public void A_directive_that_is_not_active_has_no_handles()
    {
        var withdrawn = Directive("""{"type":"permit"}""", status: "inactive");
        Assert.Empty(ConsentRecord.Decode(new ConsentRecord(withdrawn, []).Encode()).Handles);
        Assert.Throws<ArgumentException>(() => new ConsentRecord(withdrawn, [new GranteeHandle(ConsentDirective.Anybody, new byte[32], Opening)]));
    }

    [Fact]
    public void A_damaged_or_foreign_record_is_refused_whichever_byte_it_is()
    {
        var stored = new ConsentRecord(Signed, [new GranteeHandle("Organization/r", new byte[32], Opening)]).Encode();
        var newer = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(stored).Replace("\"v\":1", "\"v\":2", StringComparison.Ordinal));
        Assert.Throws<InvalidDataException>(() => ConsentRecord.Decode(newer));
        for (var i = 0; i < stored.Length; i++)
        {
            // A change may give another valid text (the seal around it is what notices that); it never gives another exception.
            var damaged = (byte[])stored.Clone();
            damaged[i] ^= 1;
            var thrown = Xunit.Record.Exception(() => ConsentRecord.Decode(damaged));
            Assert.True(thrown is null or InvalidDataException, $"byte {i}: {thrown?.GetType().Name}");
            Assert.Throws<InvalidDataException>(() => ConsentRecord.Decode(stored.AsMemory(0, i)));
        }
    }

    [Fact]
    public void A_directive_of_another_patient_does_not_enter_a_state() =>
        Assert.Throws<ArgumentException>(() => new ConsentState("Patient/p2", 1, [Signed]));

    [Fact]
    public void Settings_are_read_or_named()
    {
        Assert.Equal(new ConsentPolicy(), ConsentPolicy.Parse(null, null, null, out _));
        Assert.Equal(
            new ConsentPolicy { Implicit = ImplicitPolicy.PermitAll, Custodian = false, Emergency = false }, ConsentPolicy.Parse("permit-all", "off", "off", out _));
        Assert.Null(ConsentPolicy.Parse("permit", null, null, out var problem));
        Assert.Contains("ImplicitPolicy", problem, StringComparison.Ordinal);
        Assert.Null(ConsentPolicy.Parse(null, "on", null, out problem));
        Assert.Contains("Custodian", problem, StringComparison.Ordinal);
        Assert.Null(ConsentPolicy.Parse(null, null, "true", out problem));
        Assert.Contains("Emergency", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_patient_comes_with_the_rule_that_refuses()
    {
        var denial = Directive($$"""{"type":"deny","actor":[{{Actor("Organization/z")}}],"provision":[{"type":"deny","actor":[{{Actor("Organization/a")}}]}]}""");
        var refused = new CombiningRule(new ConsentPolicy()).DecidePatient(State(denial), Request());
        Assert.Equal((false, DecisionReason.ConsentDeny, "Consent/c1", "provision.provision[0]"),
            (refused.MayPermit, refused.Refusal!.Reason, refused.Refusal.Consent, refused.Refusal.Rule));
        var strict = new CombiningRule(new ConsentPolicy { Custodian = false });
        Assert.Equal(DecisionReason.ImplicitDeny, strict.DecidePatient(State(), Request()).Refusal!.Reason);
        Assert.True(new CombiningRule(new ConsentPolicy()).DecidePatient(State(), Request()).MayPermit);
        Assert.False(new CombiningRule(new ConsentPolicy()).DecidePatient(new ConsentState(Patient, 1, [], ["Organization/b"]), Request()).MayPermit);
    }
}
