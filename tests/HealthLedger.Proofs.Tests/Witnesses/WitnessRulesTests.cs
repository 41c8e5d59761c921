// c2sp.org/tlog-witness v1.0.0, "add-checkpoint": what is asked, in which order the rules are held, what is answered. The consistency proof from 7 to 300 is Go's
// (golang.org/x/mod/sumdb/tlog), as are the checkpoints' roots.
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Tests.Notes;
using HealthLedger.Proofs.Witnesses;

namespace HealthLedger.Proofs.Tests.Witnesses;

public sealed class WitnessRulesTests
{
    /// <summary>The specification's own example; the log's keys are not known to us.</summary>
    private const string Example = """
        old 20852014
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

        example.com/behind-the-sofa
        20852163
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
        — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=

        """;

    private static readonly string[] s_from7To300 =
    [
        "Z283gvWzpftDcO1JVyztxSP0pmMiJpyF8q8FCdF7Ck0=", "BgJCaSkJAkIx0FDF1ENBRrp32jItRQKG9XfJ+VFhXVM=", "mFu102uSeACHaHHaklp+gqvoOp3bpYgpIKAHpV6is3Y=",
        "vdHF/1WxnLaw58dhv5psyqJ/u/wHt08fq7bpEaC9KrM=", "CYfgZC4fR0+VWaiRh41MmvqEZXAHSqikM80wM4qAt0Y=", "GM3GvQFofaO4Ho0JrO8liY/Y2ZZM6tSDyv8SvjMSE2E=",
        "Sxyj9N3d2ld+bTIaQIt3RYa6TTQCcchAl6STlRM1YZA=", "+vvQmoXCf3wLZrCpmYb/5QzaWsqKlD7ZZlAEmX2T1jU=", "sZGbd4LW52AMFt69X/E4JZWaL7hmmfN03O0jf6GS040=",
        "y8aWXFlmP1AKTNZ30AikTIncRvaI8pdZc+mKgDHaG44=",
    ];

    private static readonly Checkpoint s_seven = At(7);

    private static Hash[] Go => [.. s_from7To300.Select(text => Hash.TryParseBase64(text, out var hash) ? hash : throw new FormatException())];

    private static Checkpoint At(int size)
    {
        var range = new CompactRange();
        for (var i = 0; i < size; i++)
        {
            range.Append(MerkleHash.Leaf(SmallLog.Utf8($"leaf-{i}")));
        }

        return new Checkpoint(SmallLog.Origin, (ulong)size, range.Root);
    }

    private static byte[] Ask(ulong old, Checkpoint checkpoint, params Hash[] proof) => new AddCheckpointRequest(old, proof, checkpoint.Sign(NoteTests.Log)).ToBytes();

    private static WitnessDecision Decide(byte[] body, Checkpoint? recorded) =>
        WitnessRules.Decide(body, [NoteTests.Log.Verifier], origin => origin == SmallLog.Origin ? recorded : throw new InvalidOperationException(origin));

    private static void Refused(int status, string code, byte[] body, Checkpoint? recorded)
    {
        var refused = Assert.IsType<WitnessDecision.Refused>(Decide(body, recorded));
        Assert.Equal((status, code), (refused.Status, refused.Fault.Code));
    }

    [Fact]
    public void The_specifications_example_is_read_and_written_again()
    {
        var request = AddCheckpointRequest.Parse(SmallLog.Utf8(Example)).Value;
        Assert.Equal((20852014UL, 4, 2), (request.OldSize, request.Proof.Count, request.Note.Signatures.Count));
        Assert.Equal(20852163UL, Checkpoint.Parse(request.Note.Text).Value.Size);
        Assert.Equal(SmallLog.Utf8(Example), request.ToBytes());
    }

    [Fact]
    public void A_log_that_is_new_grows_or_asks_again_is_cosigned()
    {
        foreach (var (body, recorded) in new (byte[], Checkpoint?)[]
        {
            (Ask(0, s_seven), null),
            (Ask(0, At(0)), null),
            (Ask(0, s_seven), At(0)),
            (Ask(7, At(300), Go), s_seven),
            (Ask(7, s_seven), s_seven),
        })
        {
            var cosign = Assert.IsType<WitnessDecision.Cosign>(Decide(body, recorded));
            Assert.Equal(200, cosign.Status);
            Assert.Equal(AddCheckpointRequest.Parse(body).Value.Note.ToBytes(), cosign.Note.ToBytes());
        }
    }

    [Fact]
    public void Signatures_of_unknown_keys_are_ignored()
    {
        var request = AddCheckpointRequest.Parse(Ask(0, s_seven)).Value;
        var more = request with { Note = request.Note.With(NoteTests.Witness.Cosign(request.Note.Text, SmallLog.Now)) };
        Assert.Equal(200, Decide(more.ToBytes(), null).Status);
    }

    [Theory]
    [InlineData("old 20852014\n", "old 020852014\n")]
    [InlineData("old 20852014\n", "old -1\n")]
    [InlineData("old 20852014\n", "old \n")]
    [InlineData("old 20852014\n", "Old 20852014\n")]
    [InlineData("old 20852014\n", "old  20852014\n")]
    [InlineData("old 20852014\n", "old 20852014\r\n")]
    [InlineData("old 20852014\n", "")]
    [InlineData("old 20852014\n", "old 9223372036854775808\n")]
    [InlineData("PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n", "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkax=\n")]
    [InlineData("PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n", "PlRN\n")]
    [InlineData("\n\nexample.com", "\nexample.com")]
    [InlineData("\n20852163\n", "\n020852163\n")]
    [InlineData("cTOAYQ8=\n", "cTOAYQ8=")]
    [InlineData("— ", "")]
    public void A_malformed_request_is_400(string old, string changed)
    {
        var body = Example.Replace(old, changed);
        Assert.NotEqual(Example, body);
        Assert.Equal(400, WitnessRules.Decide(SmallLog.Utf8(body), [NoteTests.Log.Verifier], _ => null).Status);
    }

    [Fact]
    public void More_than_63_proof_lines_or_a_body_over_the_limit_is_400()
    {
        var line = s_from7To300[0] + "\n";
        var note = s_seven.Sign(NoteTests.Log).ToString();
        Assert.Equal(422, Decide(SmallLog.Utf8("old 7\n" + string.Concat(Enumerable.Repeat(line, 63)) + "\n" + note), s_seven).Status);
        Refused(400, "witness-request", SmallLog.Utf8("old 7\n" + string.Concat(Enumerable.Repeat(line, 64)) + "\n" + note), s_seven);
        Refused(400, "witness-request", new byte[AddCheckpointRequest.MaxBytes + 1], null);
    }

    [Fact]
    public void An_unknown_origin_is_404_even_with_a_signature_of_nobody() =>
        Assert.Equal(404, WitnessRules.Decide(SmallLog.Utf8(Example), [NoteTests.Log.Verifier], _ => throw new InvalidOperationException()).Status);

    [Fact]
    public void A_known_origin_without_a_good_signature_of_its_log_is_403()
    {
        using var stranger = new NoteSigner(SmallLog.Origin, NoteKeyType.Ed25519, Ed25519PrivateKey.FromSeed(NoteTests.Seed(99)));
        Refused(403, "note-unsigned", new AddCheckpointRequest(0, [], s_seven.Sign(stranger)).ToBytes(), null);
        var signed = s_seven.Sign(NoteTests.Log).Signatures[0];
        var forged = new SignedNote(At(8).ToBytes(), [signed]);
        Refused(403, "note-bad-signature", new AddCheckpointRequest(0, [], forged).ToBytes(), null);
    }

    [Fact]
    public void An_old_size_beyond_the_checkpoint_is_400_whatever_is_recorded()
    {
        Refused(400, "witness-old-size", Ask(8, s_seven), At(8));
        Refused(400, "witness-old-size", Ask(8, s_seven), null);
    }

    [Theory]
    [InlineData(5, null, 7)]
    [InlineData(7, 300, 7)]
    [InlineData(0, 7, 7)]
    [InlineData(0, 300, 7)]
    [InlineData(3, 7, 300)]
    public void An_old_size_that_is_not_the_recorded_one_is_409_with_the_recorded_one(int old, int? recorded, int size)
    {
        var conflict = Assert.IsType<WitnessDecision.Conflict>(Decide(Ask((ulong)old, At(size)), recorded is { } at ? At(at) : null));
        Assert.Equal((409, (ulong)(recorded ?? 0)), (conflict.Status, conflict.Recorded));
    }

    [Fact]
    public void What_does_not_extend_the_recorded_tree_is_422()
    {
        var other = s_seven with { Root = At(8).Root };
        Refused(422, "consistency-fork", Ask(7, other), s_seven);
        Refused(422, "consistency-length", Ask(7, s_seven, Go[0]), s_seven);
        Refused(422, "consistency-length", Ask(7, At(300)), s_seven);
        Refused(422, "consistency-length", Ask(7, At(300), Go[..^1]), s_seven);
        Refused(422, "consistency-length", Ask(7, At(300), [.. Go, Go[0]]), s_seven);
        Refused(422, "consistency-old-root", Ask(7, At(300), Go), other);
        Refused(422, "consistency-new-root", Ask(7, At(300) with { Root = s_seven.Root }, Go), s_seven);
        Refused(422, "consistency-length", Ask(0, s_seven, Go[0]), null);
        Refused(422, "witness-empty-root", Ask(0, At(0) with { Root = s_seven.Root }), null);
    }

    [Fact]
    public void Each_changed_byte_of_a_proof_line_is_refused()
    {
        for (var line = 0; line < s_from7To300.Length; line++)
        {
            var proof = Go;
            var bytes = proof[line].ToArray();
            bytes[line] ^= 1;
            proof[line] = new Hash(bytes);
            Assert.Equal(422, Decide(Ask(7, At(300), proof), s_seven).Status);
        }
    }

    [Fact]
    public void What_a_witness_cosigned_never_shrinks_and_never_forks()
    {
        // Two logs of one key that differ from a random place on, asked at random by somebody who knows what is recorded: all that is cosigned is one history.
        Laws.Check(60, random =>
        {
            var fork = random.Next(1, 20);
            var trees = new[] { "a", "b" }.Select(name => Enumerable.Range(0, 24).Select(i => MerkleHash.Leaf(SmallLog.Utf8(i < fork ? $"{i}" : name + i))).ToArray()).ToArray();
            Checkpoint? recorded = null;
            var cosigned = new List<(int Tree, int Size)>();
            for (var step = 0; step < 40; step++)
            {
                var (tree, size) = (random.Next(2), random.Next(0, 25));
                var leaves = trees[tree];
                var old = random.Next(4) == 0 ? (ulong)random.Next(25) : recorded?.Size ?? 0;
                var checkpoint = new Checkpoint(SmallLog.Origin, (ulong)size, MerkleHash.Root(leaves.AsSpan(0, size)));
                var proof = old <= (ulong)size ? ProofConstruction.Consistency(old, (ulong)size, (level, index) => MerkleHash.Root(leaves.AsSpan((int)index << level, 1 << level))) : [];
                if (Decide(Ask(old, checkpoint, proof), recorded) is WitnessDecision.Cosign cosign)
                {
                    if (cosign.Checkpoint.Size < (recorded?.Size ?? 0))
                    {
                        return false;
                    }

                    recorded = cosign.Checkpoint;
                    cosigned.Add((tree, size));
                }
            }

            return cosigned.Where(each => each.Size > fork).Select(each => each.Tree).Distinct().Count() <= 1;
        });
    }

    [Fact]
    public void A_log_takes_only_the_cosignature_of_the_witness_that_it_asked()
    {
        var note = s_seven.Sign(NoteTests.Log);
        var line = NoteTests.Witness.Cosign(note.Text, SmallLog.Now);
        using var other = new NoteSigner("witness.example/w1", NoteKeyType.Cosignature, Ed25519PrivateKey.FromSeed(NoteTests.Seed(77)));
        var foreign = other.Cosign(note.Text, SmallLog.Now);
        Assert.Equal(line.ToString(), Assert.Single(WitnessAnswer.Cosignatures(note, [NoteTests.Witness.Verifier], $"{foreign}\n{line}\n").Value).ToString());
        Assert.Equal("witness-answer", WitnessAnswer.Cosignatures(note, [NoteTests.Witness.Verifier], $"{foreign}\n").Fault!.Code);
        Assert.Equal("witness-answer", WitnessAnswer.Cosignatures(note, [NoteTests.Witness.Verifier], "").Fault!.Code);
        var elsewhere = NoteTests.Witness.Cosign(At(8).ToBytes(), SmallLog.Now);
        Assert.Equal("note-bad-signature", WitnessAnswer.Cosignatures(note, [NoteTests.Witness.Verifier], $"{elsewhere}\n").Fault!.Code);
        Assert.Equal(300UL, WitnessAnswer.RecordedSize("300\n"));
        Assert.All(["300", "0300\n", "\n", "-1\n", "300\n\n", "9223372036854775808\n"], body => Assert.Null(WitnessAnswer.RecordedSize(body)));
    }
}
