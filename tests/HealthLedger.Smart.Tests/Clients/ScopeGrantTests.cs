// SMART App Launch 2.2, "Scopes for requesting FHIR Resources": v2 scopes, v1 equivalents, a granted scope is never wider than the requested one.
using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Access;
using HealthLedger.Smart.Clients;

namespace HealthLedger.Smart.Tests.Clients;

public class ScopeGrantTests
{
    [Theory]
    [InlineData("system/Patient.rs", "system/*.cruds", "system/Patient.rs")]
    [InlineData("system/*.rs", "system/*.cruds", "system/*.rs")]
    [InlineData("system/*.cruds", "system/*.rs", "system/*.rs")]
    [InlineData("system/*.rs", "system/Patient.r system/Observation.rs", "system/Observation.rs system/Patient.r")]
    [InlineData("system/*.cruds", "system/*.rs system/Observation.c system/Patient.r", "system/*.rs system/Observation.c")]
    [InlineData("system/Patient.rs system/Patient.rs", "system/*.rs", "system/Patient.rs")]
    [InlineData("system/*.read", "system/*.rs", "system/*.read")]
    [InlineData("system/*.write", "system/*.cruds", "system/*.write")]
    [InlineData("system/*.*", "system/*.rs", "system/*.rs")]
    [InlineData("system/Patient.rs", "system/Patient.c system/*.r", "system/Patient.r")]
    [InlineData("system/Patient.cr", "system/Patient.c system/*.r", "system/Patient.cr")]
    [InlineData("healthledger/audit", "healthledger/audit", "healthledger/audit")]
    [InlineData("openid system/Patient.rs nonsense", "system/*.rs", "system/Patient.rs")]
    public void What_is_granted_is_what_both_sides_say(string asked, string allowed, string granted) =>
        Assert.Equal(granted, string.Join(' ', Narrow(asked, allowed)));

    [Theory]
    [InlineData("", "system/*.cruds")]
    [InlineData("system/Patient.rs", "system/Observation.rs")]
    [InlineData("system/Patient.c", "system/*.rs")]
    [InlineData("system/Patient.sr", "system/*.cruds")]
    [InlineData("system/Observation.rs?category=laboratory", "system/*.cruds")]
    [InlineData("user/*.rs", "user/*.rs")]
    [InlineData("patient/*.rs", "system/*.cruds")]
    [InlineData("healthledger/admin", "healthledger/audit system/*.cruds")]
    [InlineData("System/Patient.rs", "system/*.cruds")]
    [InlineData("system/*.cruds\u00a0", "system/*.cruds")]
    public void Nothing_is_granted_that_was_not_asked_and_allowed(string asked, string allowed) => Assert.Empty(Narrow(asked, allowed));

    [Fact]
    public void An_overlong_or_overnumerous_request_gets_nothing()
    {
        Assert.Empty(Narrow(string.Join(' ', Enumerable.Repeat("system/Patient.rs", 201)), "system/*.rs"));
        Assert.Empty(Narrow(new string(' ', 4096) + "system/Patient.rs", "system/*.rs"));
    }

    [Fact]
    public void No_grant_covers_more_than_the_request_or_the_registration_and_none_covers_less_than_both()
    {
        string[] types = ["*", "Patient", "Observation", "Encounter"];
        var scope = from type in Gen.Elements(types) from bits in Gen.Choose(1, 31) select new SmartScope("system", type, (ScopeInteraction)bits).ToString();
        var scopes = scope.ListOf().Select(list => string.Join(' ', list.Take(5)));
        Prop.ForAll(
            scopes.ToArbitrary(),
            scopes.ToArbitrary(),
            (asked, allowed) =>
            {
                var granted = string.Join(' ', Narrow(asked, allowed));
                return types.Skip(1).Append("Device").All(type => Enumerable.Range(0, 5).All(bit =>
                {
                    var interaction = (ScopeInteraction)(1 << bit);
                    return Covers(granted, type, interaction) == (Covers(asked, type, interaction) && Covers(allowed, type, interaction));
                }));
            }).QuickCheckThrowOnFailure();
    }

    private static ImmutableArray<string> Narrow(string asked, string allowed) => ScopeGrant.Narrow(asked, [.. allowed.Split(' ')], "system");

    private static bool Covers(string scopes, string type, ScopeInteraction interaction) => new Caller
    {
        ClientId = "c",
        Role = CallerRole.System,
        Purposes = [],
        Scopes = [.. scopes.Split(' ').Select(SmartScope.Parse).OfType<SmartScope>()],
    }.Covers(type, interaction);
}
