// docs/formats/evidence.md: what a regulator takes home verifies offline, and no byte of it can be changed.
using System.Text;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Evidence;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Tests.Notes;

namespace HealthLedger.Proofs.Tests.Evidence;

public class EvidenceTests
{
    private const string Question = """{"client":"clinic","since":"2023-11-14T00:00:00.0000000+00:00"}""";

    /// <summary>Three accesses and the question after them, newest first.</summary>
    internal sealed class World
    {
        private readonly SmallLog _log = new();
        private readonly List<(ulong Index, Fact Fact)> _events = [];
        private readonly SignedNote _checkpoint;

        public World(string client = "clinic", string question = Question)
        {
            for (byte i = 0; i < 3; i++)
            {
                var fact = new FactBuilder().Set(FactField.Event, "access").At(SmallLog.Now.AddSeconds(i)).Set(FactField.Client, client).Set(FactField.Purpose, "TREAT").Set(FactField.Interaction, "read")
                    .Set(FactField.Patient, $"Patient/p{i}").Set(FactField.Decision, "permit").Set(FactField.Binding, "").Build([.. Enumerable.Repeat(i, 32)]);
                _events.Add((_log.Add(LedgerEntry.ForEvent(SmallLog.Now, fact.Commitment, new Hash([.. Enumerable.Repeat((byte)(i + 1), 32)]))), fact));
                _log.AddState();
            }

            var asked = new FactBuilder().Set(FactField.Event, "review").At(SmallLog.Now.AddSeconds(9)).Set(FactField.Client, "auditor").Set(FactField.Evidence, question).Set(FactField.Binding, "").Build([.. Enumerable.Repeat((byte)9, 32)]);
            Asked = (_log.Add(LedgerEntry.ForEvent(SmallLog.Now, asked.Commitment, new Hash([.. Enumerable.Repeat((byte)9, 32)]))), asked);
            _log.AddState();
            _checkpoint = _log.Checkpoint();
        }

        public (ulong Index, Fact Fact) Asked { get; }

        public EvidenceItem Item(int i, Func<EvidenceItem, EvidenceItem>? change = null)
        {
            var (index, fact) = _events[i];
            var item = Item(index, fact.OpenTo(OpenedTo.Auditor), new AuditPseudonyms($"P-{i}", null));
            return change?.Invoke(item) ?? item;
        }

        public EvidenceItem Item(ulong index, FactOpening opening, AuditPseudonyms pseudonyms) =>
            new(index, _log.Entries[(int)index].ToBytes(), ProofConstruction.Inclusion(index, (ulong)_log.Entries.Count, _log.Reader()), opening, pseudonyms);

        public byte[] Bundle(IEnumerable<EvidenceItem> items, ulong? next = null, NoteSigner? signer = null, Func<byte[], byte[]>? text = null)
        {
            using var writer = new EvidenceWriter();
            List<byte[]> lines = [writer.Begin(SmallLog.Origin, _checkpoint, Item(Asked.Index, FactOpening.Of(Asked.Fact, [FactField.Event, FactField.Time, FactField.Client, FactField.Evidence, FactField.Binding]), AuditPseudonyms.None))];
            lines.AddRange(items.Select(writer.Item));
            lines.Add(writer.End(next, sealing =>
            {
                var signed = text?.Invoke(sealing) ?? sealing;
                return new SignedNote(signed, [(signer ?? NoteTests.Log).Sign(signed)]);
            }));
            return [.. lines.SelectMany(line => line)];
        }
    }

    internal static EvidenceVerdict Verify(byte[] bundle, LogPolicy? policy = null)
    {
        using var verification = new EvidenceVerification(policy ?? SmallLog.Policy);
        var rest = bundle.AsSpan();
        while (rest.IndexOf((byte)'\n') is var end and >= 0)
        {
            verification.Add(rest[..end]);
            rest = rest[(end + 1)..];
        }

        if (!rest.IsEmpty)
        {
            verification.Add(rest);
        }

        return verification.Finish();
    }

    [Fact]
    public void A_bundle_verifies_with_who_asked_what_and_whether_it_goes_on()
    {
        var world = new World();
        var verdict = Verify(world.Bundle([world.Item(2), world.Item(1)], next: 2));
        Assert.True(verdict.Holds, verdict.Fault?.ToString());
        Assert.Equal((2UL, 2UL, world.Asked.Index), (verdict.Count, verdict.Seal!.Next, verdict.Asked!.Index));
        Assert.Equal("auditor", verdict.Asked.Opening.ValueOf(FactField.Client));
        Assert.Equal(8UL, verdict.Checkpoint!.Checkpoint.Size);
        Assert.True(Verify(world.Bundle([])).Holds);
    }

    [Fact]
    public void No_byte_of_a_bundle_can_be_changed()
    {
        var world = new World();
        var bundle = world.Bundle([world.Item(1)], next: 1);
        SmallLog.EachMutation(bundle, (changed, at) => Assert.False(Verify(changed).Holds, $"byte {at}"));
    }

    [Fact]
    public void No_line_can_be_left_out_repeated_moved_or_added()
    {
        var world = new World();
        var lines = Encoding.UTF8.GetString(world.Bundle([world.Item(2), world.Item(1), world.Item(0)])).TrimEnd('\n').Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            Assert.False(Verify(Joined([.. lines.Where((_, at) => at != i)])).Holds, $"without line {i}");
            Assert.False(Verify(Joined([.. lines[..(i + 1)], .. lines[i..]])).Holds, $"line {i} twice");
            for (var j = i + 1; j < lines.Length; j++)
            {
                var swapped = lines.ToArray();
                (swapped[i], swapped[j]) = (swapped[j], swapped[i]);
                Assert.False(Verify(Joined(swapped)).Holds, $"lines {i} and {j}");
            }
        }

        static byte[] Joined(string[] lines) => Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n");
    }

    /// <summary>What the log's operator itself might sign falsely, short of leaving something out.</summary>
    [Fact]
    public void A_signer_cannot_put_in_what_the_ledger_does_not_hold()
    {
        var world = new World();
        var foreign = new World("another");
        Refused("opening-commitment", world.Bundle([world.Item(1, item => item with { Opening = foreign.Item(1).Opening })]));
        Refused("inclusion-root", world.Bundle([foreign.Item(1)]));
        Refused("inclusion-root", world.Bundle([world.Item(1, item => item with { Index = item.Index + 2 })]));
        Refused("evidence-order", world.Bundle([world.Item(0), world.Item(1)]));
        Refused("evidence-order", world.Bundle([world.Item(1), world.Item(1)]));
        Refused("evidence-filter", foreign.Bundle([foreign.Item(1)]));
        var asksForNothing = new World(question: "everything");
        Refused("evidence-question", asksForNothing.Bundle([asksForNothing.Item(0)]));
        var later = new World(question: """{"since":"2023-11-14T22:13:21.5Z"}""");
        Assert.True(Verify(later.Bundle([later.Item(2)])).Holds);
        Refused("evidence-filter", later.Bundle([later.Item(2), later.Item(1)]));
        Refused("evidence-seal", world.Bundle([world.Item(1)], text: text => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text).Replace("\n1\n", "\n2\n", StringComparison.Ordinal))));
        using var stranger = new NoteSigner(SmallLog.Origin, NoteKeyType.Ed25519, Ed25519PrivateKey.FromSeed(new byte[32]));
        Refused("evidence-signature", world.Bundle([world.Item(1)], signer: stranger));

        static void Refused(string code, byte[] bundle)
        {
            var verdict = Verify(bundle);
            Assert.False(verdict.Holds);
            Assert.Equal(code, verdict.Fault!.Code);
        }
    }

    [Fact]
    public void A_checkpoint_never_passes_for_a_seal_nor_a_seal_for_a_checkpoint()
    {
        var world = new World();
        var seal = new EvidenceSeal(SmallLog.Origin, 1, null, default).ToText();
        Assert.False(Checkpoint.Parse(seal).IsValid);
        Assert.False(EvidenceSeal.Parse(new Checkpoint(SmallLog.Origin, 1, default).ToBytes()).IsValid);
        Assert.Equal(new EvidenceSeal(SmallLog.Origin, 1, null, default), EvidenceSeal.Parse(seal).Value);
    }

    [Fact]
    public void Without_the_quorum_of_the_policy_it_is_refused_and_what_is_no_bundle_too()
    {
        var world = new World();
        var demanding = LogPolicy.Parse($"log {NoteTests.LogVkey}\nwitness w1 {OtherWitness()}\nquorum w1\n").Value;
        Assert.Equal("checkpoint-quorum", Verify(world.Bundle([]), demanding).Fault!.Code);
        Assert.Equal("evidence-incomplete", Verify([]).Fault!.Code);
        Assert.False(Verify("{}\n"u8.ToArray()).Holds);
        Assert.False(Verify("not json"u8.ToArray()).Holds);

        static string OtherWitness()
        {
            using var witness = new NoteSigner("other", NoteKeyType.Cosignature, Ed25519PrivateKey.FromSeed(new byte[32]));
            return witness.Verifier.ToString();
        }
    }
}
