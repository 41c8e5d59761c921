// docs/formats/fact.md, "Opening": an auditor may open the actor, a researcher only the purpose.
using System.Text;
using HealthLedger.Proofs.Facts;

namespace HealthLedger.Proofs.Tests.Facts;

public class OpenedToTests
{
    private static Fact Filled(string user = "Practitioner/p1") => FactFields.All.Aggregate(new FactBuilder(), (fact, field) => fact.Set(field, $"value-of-{field.Name()}"))
        .Set(FactField.User, user).Set(FactField.Patient, "Patient/x").Build(new byte[32]);

    [Theory]
    [InlineData(OpenedTo.Researcher, "event purpose")]
    [InlineData(OpenedTo.Auditor, "event time client user organization purpose interaction decision reason obligations request binding")]
    [InlineData(OpenedTo.AuditorOfPatient, "event time client user organization purpose interaction patient decision reason consent obligations request binding")]
    [InlineData(OpenedTo.Patient, "event time client user organization purpose interaction patient targets decision reason consent obligations request evidence binding")]
    public void Each_role_sees_its_fields_and_the_commitment_still_holds(OpenedTo role, string fields)
    {
        var fact = Filled();
        var opening = fact.OpenTo(role);
        Assert.Equal(fields, string.Join(' ', FactFields.All.Where(field => opening[field].Opened).Select(field => field.Name())));
        Assert.True(opening.Verify(fact.Commitment).Holds);
    }

    [Fact]
    public void Auditors_see_the_evidence_of_what_operators_did_and_of_nothing_else()
    {
        var operation = FactFields.All.Aggregate(new FactBuilder(), (fact, field) => fact.Set(field, $"value-of-{field.Name()}")).Set(FactField.Event, "operation").Build(new byte[32]);
        Assert.All([OpenedTo.Auditor, OpenedTo.AuditorOfPatient], role => Assert.Equal("value-of-evidence", operation.OpenTo(role).ValueOf(FactField.Evidence)));
        Assert.All([OpenedTo.Auditor, OpenedTo.AuditorOfPatient], role => Assert.True(operation.OpenTo(role).Verify(operation.Commitment).Holds));
        Assert.False(operation.OpenTo(OpenedTo.Researcher)[FactField.Evidence].Opened);
    }

    [Theory]
    [InlineData("Patient/x", false, true)]
    [InlineData("Patient/other", false, false)]
    [InlineData("RelatedPerson/mother", false, false)]
    [InlineData("Practitioner/p1", true, true)]
    public void A_person_who_acts_for_themselves_is_closed_to_auditors_unless_they_named_that_patient(string user, bool auditor, bool named)
    {
        Assert.Equal(auditor, Filled(user).OpenTo(OpenedTo.Auditor)[FactField.User].Opened);
        Assert.Equal(named, Filled(user).OpenTo(OpenedTo.AuditorOfPatient)[FactField.User].Opened);
        Assert.True(Filled(user).OpenTo(OpenedTo.Patient)[FactField.User].Opened);
    }

    [Theory]
    [InlineData(OpenedTo.Auditor)]
    [InlineData(OpenedTo.AuditorOfPatient)]
    [InlineData(OpenedTo.Researcher)]
    public void Two_facts_that_differ_in_closed_fields_alone_are_shown_alike(OpenedTo role)
    {
        var closed = FactFields.All.Except(role.Fields()).ToList();
        Laws.Check(100, random => Shown(Vary(closed, random), role) == Shown(Vary(closed, random), role));
    }

    /// <summary>The same opened fields, and random closed ones: some absent, some empty.</summary>
    private static Fact Vary(IEnumerable<FactField> closed, Random random) => closed
        .Aggregate(
            new FactBuilder().Set(FactField.Event, "access").Set(FactField.Purpose, "TREAT").Set(FactField.Interaction, "read").Set(FactField.User, "Practitioner/p1").Set(FactField.Decision, "permit"),
            (fact, field) => fact.Set(field, random.Next(3) switch { 0 => null, 1 => "", _ => Convert.ToHexString(random.Bytes(random.Next(1, 40))) }))
        .Build(random.Bytes(Fact.RandomLength));

    private static string Shown(Fact fact, OpenedTo role) =>
        Encoding.UTF8.GetString(AuditEventWriter.Write(1, "o", fact.OpenTo(role))) + string.Join(',', FactFields.All.Select(field => fact.OpenTo(role).ValueOf(field)));
}
