// IHE Privacy Consent on FHIR (PCF): each example Consent with what its notes page says of it.
// https://profiles.ihe.net/ITI/PCF (input/pagecontent/Consent-*-notes.md). Several notes say "an error response": no record is permitted.
using HealthLedger.Access;
using HealthLedger.Consents;
using static HealthLedger.Tests.Consents.ConsentText;

namespace HealthLedger.Tests.Consents;

public sealed class PcfExampleTests
{
    private const string Folder = "ig/ihe-pcf/resources";

    private static readonly ConsentPolicy Strict = new() { Custodian = false, Emergency = false };
    private static readonly PurposeOfUse[] Basic = [PurposeOfUse.Treatment, PurposeOfUse.Payment, PurposeOfUse.Operations];

    // The records of the guide that the notes speak of, by their labels, authors, times and encounter.
    private static readonly RecordAttributes Normal = PcfRecord("Observation", "ex-bloodPressure", ["N"]);
    private static readonly RecordAttributes Restricted = PcfRecord("Observation", "ex-alcoholUse", ["R", "ETHUD"], "2022-06-13");
    private static readonly RecordAttributes Psychiatric = PcfRecord("Observation", "ex-psy", ["R", "PSY"]);
    private static readonly RecordAttributes Violence = PcfRecord("Observation", "ex-sdv", ["R", "SDV"]);
    private static readonly RecordAttributes Earlier = PcfRecord("Observation", "ex-bloodSugar", ["N"], "2020-12-04");
    private static readonly RecordAttributes Elsewhere = PcfRecord("Observation", "other", ["N"]) with { Encounter = null };
    private static readonly RecordAttributes ByPractitioner = Normal with { Id = "by-practitioner", Authors = ["Practitioner/ex-practitioner"] };

    [SharedDataFact(Folder)]
    public void Every_example_compiles()
    {
        var files = Directory.GetFiles(SharedData.Find(Folder)!, "Consent-*.json");
        Assert.Equal(23, files.Length);
        Assert.All(files, f => Assert.IsType<CompileOutcome.Compiled>(ConsentCompiler.Compile(File.ReadAllBytes(f))));
    }

    [SharedDataFact(Folder)]
    public void A_basic_permit_lets_the_three_purposes_through_and_no_other()
    {
        foreach (var name in new[] { "basic-treat", "basic-treat-infant", "basic-ink" })
        {
            Assert.All(Basic, p => Assert.True(Permits(name, purpose: p)));
            Assert.False(Permits(name, purpose: PurposeOfUse.Research));
            Assert.False(Permits(name, purpose: PurposeOfUse.BreakTheGlass));
        }
    }

    [SharedDataFact(Folder)]
    public void A_basic_reject_holds_everything_back() =>
        Assert.All(Basic, p => Assert.Equal(DecisionReason.ConsentDeny, Decide("basic-reject", p, null, Normal, Noon).Reason));

    [SharedDataFact(Folder)]
    public void A_research_consent_serves_research_alone()
    {
        Assert.True(Permits("basic-research", purpose: PurposeOfUse.Research));
        Assert.False(Permits("basic-research"));
    }

    [SharedDataFact(Folder)]
    public void An_expired_consent_permits_until_its_last_day_ends()
    {
        Assert.True(Decide("expired-treat", PurposeOfUse.Treatment, null, Normal, new(2022, 12, 31, 23, 59, 59, TimeSpan.Zero)).Permitted);
        Assert.False(Decide("expired-treat", PurposeOfUse.Treatment, null, Normal, new(2023, 1, 1, 0, 0, 0, TimeSpan.Zero)).Permitted);
    }

    [SharedDataFact(Folder)]
    public void Authored_by_permits_what_the_practitioner_wrote_and_its_negation_all_but_that()
    {
        Assert.True(Permits("intermediate-authoredby", ByPractitioner));
        Assert.False(Permits("intermediate-authoredby", Normal));
        Assert.False(Permits("intermediate-not-authoredby", ByPractitioner));
        Assert.True(Permits("intermediate-not-authoredby", Normal));
    }

    [SharedDataFact(Folder)]
    public void Data_by_id_permits_those_records_and_its_negation_all_but_that()
    {
        Assert.True(Permits("intermediate-data", Restricted));
        Assert.True(Permits("intermediate-data", PcfRecord("Encounter", "ex-encounter", ["N"])));
        Assert.False(Permits("intermediate-data", Elsewhere));
        Assert.False(Permits("intermediate-not-data", Restricted));
        Assert.True(Permits("intermediate-not-data", Normal));
    }

    [SharedDataFact(Folder)]
    public void An_encounter_permits_what_belongs_to_it_and_its_negation_all_but_that()
    {
        Assert.True(Permits("intermediate-encounter", Normal));
        Assert.True(Permits("intermediate-encounter", PcfRecord("Encounter", "ex-encounter", ["N"]) with { Encounter = null }));
        Assert.False(Permits("intermediate-encounter", Elsewhere));
        Assert.False(Permits("intermediate-not-encounter", Normal));
        Assert.True(Permits("intermediate-not-encounter", Elsewhere));
    }

    [SharedDataFact(Folder)]
    public void A_timeframe_permits_data_of_that_time_and_its_negation_all_but_that()
    {
        Assert.True(Permits("intermediate-timeframe", Restricted));
        Assert.False(Permits("intermediate-timeframe", Earlier));
        Assert.False(Permits("intermediate-not-timeframe", Restricted));
        Assert.True(Permits("intermediate-not-timeframe", Earlier));
    }

    [SharedDataFact(Folder)]
    public void A_purpose_of_the_guides_own_is_not_understood_and_permits_nothing()
    {
        // The notes permit the researcher's organization the purpose FooBar and nothing else; no request here can have that purpose.
        Assert.All(Enum.GetValues<PurposeOfUse>(), p =>
            Assert.False(Decide("intermediate-purpose", p, null, Normal, Noon, "Organization/ex-org-researcher").Permitted));
    }

    [SharedDataFact(Folder)]
    public void Normal_data_means_nothing_but_normal_data()
    {
        foreach (var name in new[] { "advanced-normal", "advanced-normal-not-restricted" })
        {
            Assert.True(Permits(name, Normal));
            Assert.False(Permits(name, Restricted));
            Assert.False(Permits(name, Psychiatric));
        }

        Assert.Equal(DecisionReason.OutsidePermit, Decide("advanced-normal", PurposeOfUse.Treatment, null, Restricted, Noon).Reason);
        Assert.Equal(DecisionReason.ConsentDeny, Decide("advanced-normal-not-restricted", PurposeOfUse.Treatment, null, Restricted, Noon).Reason);
    }

    [SharedDataFact(Folder)]
    public void Normal_and_restricted_data_are_both_permitted()
    {
        Assert.True(Permits("advanced-normal-restricted", Normal));
        Assert.True(Permits("advanced-normal-restricted", Restricted));
        Assert.False(Permits("advanced-normal-restricted", PcfRecord("Observation", "v", ["V"])));
    }

    [SharedDataFact(Folder)]
    public void A_focused_exception_is_for_the_named_practitioner_alone()
    {
        const string Named = "Practitioner/ex-practitioner";
        foreach (var (name, opened) in new[]
        {
            ("advanced-normal-focused-restricted", new[] { Restricted, Psychiatric, Violence }),
            ("advanced-normal-focused-psy", [Psychiatric]),
            ("advanced-normal-focused-psy-or-sdv", [Psychiatric, Violence]),
        })
        {
            Assert.True(Permits(name, Normal));
            Assert.True(Permits(name, Normal, person: Named));
            Assert.All(opened, r => Assert.True(Permits(name, r, person: Named)));
            Assert.All(opened, r => Assert.False(Permits(name, r, person: "Practitioner/another")));
            Assert.False(Permits(name, opened[0], PurposeOfUse.Research, Named));
        }

        Assert.False(Permits("advanced-normal-focused-psy", Violence, person: Named));
    }

    [SharedDataFact(Folder)]
    public void Breaking_the_glass_opens_normal_and_restricted_data_to_the_privileged_group()
    {
        const string Name = "advanced-normal-break-glass-restricted";
        Assert.True(Permits(Name, Normal));
        Assert.False(Permits(Name, Restricted));
        Assert.True(Privileged(Name, PurposeOfUse.BreakTheGlass, Normal).Permitted);
        var broken = Privileged(Name, PurposeOfUse.BreakTheGlass, Restricted);
        Assert.True(broken.Permitted);
        Assert.Equal(Obligations.NotifyPatient | Obligations.Review, broken.Obligations);
        Assert.False(Permits(Name, Restricted, PurposeOfUse.BreakTheGlass));
        Assert.False(Privileged(Name, PurposeOfUse.Treatment, Restricted).Permitted);
    }

    [SharedDataFact(Folder)]
    public void A_dissent_leaves_only_the_privileged_group_with_broken_glass()
    {
        Assert.All(Enum.GetValues<PurposeOfUse>(), p =>
            Assert.Equal(p == PurposeOfUse.BreakTheGlass, Privileged("dissent", p, Normal).Permitted));
        Assert.False(Permits("dissent", Normal, PurposeOfUse.BreakTheGlass));
    }

    private static bool Permits(string name, RecordAttributes? record = null, PurposeOfUse purpose = PurposeOfUse.Treatment, string? person = null) =>
        Decide(name, purpose, person, record ?? Normal, name == "expired-treat" ? new(2022, 7, 1, 0, 0, 0, TimeSpan.Zero) : Noon).Permitted;

    private static ConsentDecision Privileged(string name, PurposeOfUse purpose, RecordAttributes record) =>
        Run(name, record, Request("Organization/ex-organization", purpose) with { Actors = ["Group/ex-privilegedUsers"], MembershipsResolved = true });

    private static ConsentDecision Decide(
        string name, PurposeOfUse purpose, string? person, RecordAttributes record, DateTimeOffset time, string organization = "Organization/ex-organization") =>
        Run(name, record, Request(organization, purpose, person, time));

    private static ConsentDecision Run(string name, RecordAttributes record, AccessRequest request)
    {
        var file = name == "dissent" ? "Consent-ex-dissent-intermediate-break-glass.json" : $"Consent-ex-consent-{name}.json";
        var directive = Compile(File.ReadAllBytes(Path.Combine(SharedData.Find(Folder)!, file)));
        var state = new ConsentState("Patient/ex-patient", 1, [directive]);
        var rule = new CombiningRule(Strict);
        var decision = rule.Decide(state, request, record);
        Assert.True(rule.DecidePatient(state, request).MayPermit || !decision.Permitted);
        return decision;
    }

    private static RecordAttributes PcfRecord(string type, string id, string[] labels, string time = "2022-06-13")
    {
        Assert.True(TimeInterval.TryParse(time, out var at));
        return Record(type, id, labels) with { Encounter = "Encounter/ex-encounter", Authors = ["Practitioner/ex-author"], ClinicalTime = at };
    }
}
