// Laws of the combining rule (docs/consent.md) over random consent trees, requests, records and policies.
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Consents;

namespace HealthLedger.Tests.Consents;

public sealed class CombiningLawTests
{
    [Fact]
    public void The_engine_decides_as_the_slow_reference_does() => ForAll(3000, (random, seed) =>
    {
        var consents = random.Consents();
        var state = RandomConsents.State(consents);
        var policy = random.Policy();
        var rule = new CombiningRule(policy);
        for (var i = 0; i < 8; i++)
        {
            var (request, record) = (random.Request(), random.Record());
            var expected = new ReferenceDecision(policy, request, record).Decide(consents);
            var actual = rule.Decide(state, request, record);
            Assert.True(expected == (actual.Permitted, actual.Reason.Code()),
                $"seed {seed}: expected {expected}, was {actual}; {request}; {record}; {policy}; {string.Join("\n", consents.Select(c => c.ToJsonString()))}");
        }
    });

    [Fact]
    public void Another_deny_never_permits_more() => Narrowing((random, consents) =>
    {
        if (consents.Count == 0 || random.Chance(2))
        {
            var denial = random.Consent();
            var root = random.Provision(3, "deny");
            denial["provision"] = root;
            consents.Add(denial);
            return;
        }

        var provisions = RandomConsents.Provisions(random.Pick([.. consents]));
        if (provisions.Count > 0)
        {
            var above = random.Pick([.. provisions]);
            above["provision"] ??= new JsonArray();
            above["provision"]!.AsArray().Add(random.Provision(3, "deny"));
        }
    });

    [Fact]
    public void What_is_not_understood_never_permits_more() => Narrowing((random, consents) =>
    {
        foreach (var provision in consents.SelectMany(RandomConsents.Provisions).Where(_ => random.Chance(2)))
        {
            // Only where the element is there already: a condition that was open and is now closed by something unknown is another rule.
            if (provision["class"] is JsonArray classes)
            {
                classes.Add(new JsonObject { ["system"] = "urn:ietf:bcp:13", ["code"] = "application/hl7-cda+xml" });
            }
            else
            {
                provision["modifierExtension"] = RandomConsents.Modifier();
            }
        }
    });

    [Fact]
    public void A_consent_that_is_not_active_changes_nothing() => ForAll(1500, (random, seed) =>
    {
        var consents = random.Consents();
        var withdrawn = random.Consent();
        withdrawn["status"] = random.Pick("draft", "proposed", "rejected", "inactive", "entered-in-error");
        var rule = new CombiningRule(random.Policy());
        for (var i = 0; i < 8; i++)
        {
            var (request, record) = (random.Request(), random.Record());
            Assert.Equal(
                rule.Decide(RandomConsents.State(consents), request, record),
                rule.Decide(RandomConsents.State([.. consents, withdrawn]), request, record));
        }
    });

    [Fact]
    public void A_patient_is_left_out_only_where_no_record_could_be_permitted()
    {
        var leftOut = 0;
        ForAll(3000, (random, seed) =>
        {
            var state = RandomConsents.State(random.Consents());
            var rule = new CombiningRule(random.Policy());
            var request = random.Request();
            var patient = rule.DecidePatient(state, request);
            Assert.Equal(patient.MayPermit, patient.Refusal is null);
            for (var i = 0; i < 40 && !patient.MayPermit; i++)
            {
                var record = random.Record();
                Assert.False(rule.Decide(state, request, record).Permitted, $"seed {seed}: {request}; {record}");
            }

            leftOut += patient.MayPermit ? 0 : 1;
        });
        Assert.InRange(leftOut, 100, 2900);
    }

    [Fact]
    public void A_stored_directive_comes_back_as_it_was() => ForAll(1500, (random, seed) =>
    {
        var directive = RandomConsents.State([random.Consent()]).Directives[0];
        var handles = (directive.IsActive ? directive.Grantees : []).Select((g, i) => new GranteeHandle(g, Enumerable.Repeat((byte)i, 32).ToArray(), new byte[32]));
        var stored = new ConsentRecord(directive, [.. handles]).Encode();
        var back = ConsentRecord.Decode(stored);
        Assert.Equal(stored, back.Encode());
        var rule = new CombiningRule(random.Policy());
        for (var i = 0; i < 8; i++)
        {
            var (request, record) = (random.Request(), random.Record());
            Assert.Equal(
                rule.Decide(new ConsentState(ConsentText.Patient, 1, [directive]), request, record),
                rule.Decide(new ConsentState(ConsentText.Patient, 1, [back.Directive]), request, record));
        }

        Assert.All(directive.Grantees, g => Assert.Equal(ConsentScope.Of(directive, g).Encode(), ConsentScope.Of(back.Directive, g).Encode()));
    });

    private static void Narrowing(Action<RandomConsents, List<JsonObject>> narrow)
    {
        var narrowed = 0;
        ForAll(2500, (random, seed) =>
        {
            var consents = random.Consents();
            var before = RandomConsents.State(consents);
            narrow(random, consents);
            var after = RandomConsents.State(consents);
            var rule = new CombiningRule(random.Policy());
            for (var i = 0; i < 8; i++)
            {
                var (request, record) = (random.Request(), random.Record());
                var was = rule.Decide(before, request, record);
                var now = rule.Decide(after, request, record);
                Assert.True(was.Permitted || !now.Permitted, $"seed {seed}: {was} became {now}");
                narrowed += was.Permitted && !now.Permitted ? 1 : 0;
            }
        });

        // A law about narrowing that never narrowed anything would say nothing.
        Assert.True(narrowed > 50, $"narrowed {narrowed}");
    }

    private static void ForAll(int count, Action<RandomConsents, int> law) =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed => law(new RandomConsents(seed), seed))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(count));
}
