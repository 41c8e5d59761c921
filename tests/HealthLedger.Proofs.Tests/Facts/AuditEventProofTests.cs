// docs/formats/fact.md: "An AuditEvent is a pure function of entry index, origin and opening"; here a reader checks that from the AuditEvent alone.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Receipts;

namespace HealthLedger.Proofs.Tests.Facts;

public class AuditEventProofTests
{
    private static readonly AuditPseudonyms s_pseudonyms = new("P-0123", null);

    internal static (byte[] Json, SmallLog Log) Make(OpenedTo role)
    {
        var fact = new FactBuilder().Set(FactField.Event, "access").At(SmallLog.Now).Set(FactField.Client, "clinic").Set(FactField.Purpose, "TREAT").Set(FactField.Interaction, "read")
            .Set(FactField.Patient, "Patient/x").Set(FactField.Decision, "permit").Set(FactField.Binding, "").Build(new byte[32]);
        var log = new SmallLog();
        var index = log.Add(LedgerEntry.ForEvent(SmallLog.Now, fact.Commitment, new Hash(new byte[32])));
        log.AddState();
        var receipt = new Receipt(SmallLog.Origin, index, log.Entries[(int)index].ToBytes(), log.Prove(index).ToString(), null, "");
        return (AuditEventWriter.Write(index, SmallLog.Origin, fact.OpenTo(role), receipt, role == OpenedTo.Auditor ? s_pseudonyms : null), log);
    }

    [Theory]
    [InlineData(OpenedTo.Patient)]
    [InlineData(OpenedTo.Auditor)]
    [InlineData(OpenedTo.AuditorOfPatient)]
    [InlineData(OpenedTo.Researcher)]
    public void An_AuditEvent_proves_itself_whatever_its_layout(OpenedTo role)
    {
        var (json, _) = Make(role);
        var verified = AuditEventProof.Verify(json, SmallLog.Policy);
        Assert.True(verified.IsValid, verified.Fault?.ToString());
        var pretty = JsonNode.Parse(json)!.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true });
        Assert.True(AuditEventProof.Verify(Encoding.UTF8.GetBytes(pretty), SmallLog.Policy).IsValid);
    }

    [Theory]
    [InlineData("\"clinic\"", "\"another\"")]
    [InlineData("\"TREAT\"", "\"HRESCH\"")]
    [InlineData("\"outcome\":\"0\"", "\"outcome\":\"4\"")]
    [InlineData("entry-0", "entry-1")]
    [InlineData("\"action\":\"R\",", "")]
    [InlineData("\"resourceType\":\"AuditEvent\",", "\"resourceType\":\"AuditEvent\",\"language\":\"en\",")]
    [InlineData("urn:healthledger:extension:ledger-proof", "urn:other")]
    public void What_says_something_else_than_the_entry_is_refused(string from, string to)
    {
        var text = Encoding.UTF8.GetString(Make(OpenedTo.Auditor).Json);
        Assert.Contains(from, text, StringComparison.Ordinal);
        Assert.False(AuditEventProof.Verify(Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal)), SmallLog.Policy).IsValid);
    }

    [Fact]
    public void The_opening_of_another_entry_is_refused()
    {
        var (auditor, other) = (JsonNode.Parse(Make(OpenedTo.Auditor).Json)!, new FactBuilder().Set(FactField.Event, "access").Set(FactField.Client, "clinic").Build(new byte[32]));
        auditor["extension"]![0]!["extension"]![2]!["valueBase64Binary"] = Convert.ToBase64String(other.OpenTo(OpenedTo.Auditor).ToJson());
        Assert.Equal("opening-commitment", AuditEventProof.Verify(Encoding.UTF8.GetBytes(auditor.ToJsonString()), SmallLog.Policy).Fault!.Code);
    }

    /// <summary>Only the pseudonym is taken as stated, so every other byte counts.</summary>
    [Fact]
    public void No_changed_byte_passes_but_of_the_pseudonym_and_of_what_JSON_does_not_tell_apart()
    {
        var json = Make(OpenedTo.Auditor).Json;
        var pseudonym = json.AsSpan().IndexOf("P-0123"u8);
        SmallLog.EachMutation(json, (changed, at) =>
        {
            if (at < pseudonym || at >= pseudonym + 6)
            {
                Assert.False(AuditEventProof.Verify(changed, SmallLog.Policy).IsValid, $"byte {at}");
            }
        });
    }
}
