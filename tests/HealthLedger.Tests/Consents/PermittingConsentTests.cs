// Which consent, and which handle in it, a caller can show as evidence; else the reason nearest to a permit (docs/consent.md, "What a rule says").
using System.Security.Cryptography;
using HealthLedger.Access;
using HealthLedger.Consents;
using static HealthLedger.Tests.Consents.ConsentText;

namespace HealthLedger.Tests.Consents;

public sealed class PermittingConsentTests
{
    private const string Registry = "Organization/registry";
    private static readonly AccessRequest Research = Request(Registry, PurposeOfUse.Research, role: CallerRole.System);

    [Fact]
    public void A_permit_that_names_caller_and_purpose_is_shown_with_the_callers_handle()
    {
        var record = Record($$"""{"type":"permit","actor":[{{Actor("Organization/other")}},{{Actor(Registry)}}],"purpose":[{{Purpose("HRESCH")}}]}""");
        var found = PermittingConsent.Find([record], Research, out _);
        Assert.Same(record, found!.Value.Record);
        Assert.Equal(Registry, found.Value.Handle.Grantee);
    }

    [Fact]
    public void A_permit_that_names_nobody_is_everybodys()
    {
        var found = PermittingConsent.Find([Record($$"""{"type":"permit","purpose":[{{Purpose("HRESCH")}}]}""")], Research, out _);
        Assert.Equal(ConsentDirective.Anybody, found!.Value.Handle.Grantee);
    }

    [Theory]
    [InlineData("none", "no-consent")]
    [InlineData("another actor", "no-consent")]
    [InlineData("deny", "no-consent")]
    [InlineData("draft", "no-consent")]
    [InlineData("another purpose", "not-for-this-purpose")]
    [InlineData("inactive", "withdrawn")]
    [InlineData("inactive for another purpose", "not-for-this-purpose")]
    [InlineData("over", "expired")]
    [InlineData("not begun", "not-yet")]
    [InlineData("to collect alone", "not-for-this-use")]
    [InlineData("all of it denied", "denied")]
    public void Without_such_a_permit_there_is_a_reason(string which, string code)
    {
        var mine = $$"""{"type":"permit","actor":[{{Actor(Registry)}}],"purpose":[{{Purpose("HRESCH")}}]}""";
        ConsentRecord[] records = which switch
        {
            "none" => [],
            "another actor" => [Record(mine.Replace(Registry, "Organization/other", StringComparison.Ordinal))],
            "deny" => [Record(mine.Replace("permit", "deny", StringComparison.Ordinal))],
            "draft" => [Record(mine, "draft")],
            "another purpose" => [Record(mine.Replace("HRESCH", "TREAT", StringComparison.Ordinal))],
            "inactive" => [Record(mine, "inactive")],
            "inactive for another purpose" => [Record(mine.Replace("HRESCH", "TREAT", StringComparison.Ordinal), "inactive")],
            "over" => [Record(With(mine, """ "period":{"end":"2026-11-19"} """))],
            "not begun" => [Record(With(mine, """ "period":{"start":"2026-11-21"} """))],
            "to collect alone" => [Record(With(mine, $$""" "action":[{"coding":[{{Coding("http://terminology.hl7.org/CodeSystem/consentaction", "collect")}}]}] """))],
            "all of it denied" => [Record(With(mine, """ "provision":[{"type":"deny"}] """))],
            _ => throw new ArgumentException("No such case.", nameof(which)),
        };
        Assert.Null(PermittingConsent.Find(records, Research, out var gap));
        Assert.Equal(code, gap.Code());
    }

    [Fact]
    public void Of_several_the_one_that_holds_longest_is_shown_and_what_does_not_hold_is_no_hindrance()
    {
        var mine = $$"""{"type":"permit","actor":[{{Actor(Registry)}}],"purpose":[{{Purpose("HRESCH")}}]}""";
        var over = Record(With(mine, """ "period":{"end":"2020-01-01"} """));
        var near = Record(With(mine, """ "period":{"end":"2027-01-01"} """));
        var far = Record(With(mine, """ "period":{"end":"2030-01-01"} """));
        Assert.Same(far, PermittingConsent.Find([over, near, far, Record(mine, "inactive")], Research, out _)!.Value.Record);
        Assert.Same(far, PermittingConsent.Find([far, near, over], Research, out _)!.Value.Record);
    }

    [Fact]
    public void The_types_of_a_scope_are_read_back()
    {
        var narrow = Directive($$"""{"type":"permit","actor":[{{Actor(Registry)}}],"class":[{{Type("Observation")}},{{Type("Condition")}}]}""");
        Assert.Equal(["Condition", "Observation"], ConsentScope.TypesOf(ConsentScope.Of(narrow, Registry).Encode()));
        var wide = Directive($$"""{"type":"permit","actor":[{{Actor(Registry)}}]}""");
        Assert.Null(ConsentScope.TypesOf(ConsentScope.Of(wide, Registry).Encode()));
        Assert.Throws<InvalidDataException>(() => ConsentScope.TypesOf("{}"u8.ToArray()));
    }

    private static string With(string provision, string member) => provision[..^1] + "," + member + "}";

    private static ConsentRecord Record(string provision, string status = "active")
    {
        var directive = Directive(provision, status: status);
        return new ConsentRecord(
            directive,
            [.. (directive.IsActive ? directive.Grantees : []).Select(g => new GranteeHandle(g, RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(32)))]);
    }
}
