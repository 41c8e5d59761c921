// c2sp.org/tlog-proof@v1: our vectors made with Go's x/mod, byte for byte; tlog-policy's quorum.
using System.Text;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Proofs.Tests.Notes;

namespace HealthLedger.Proofs.Tests.Receipts;

public class TlogProofTests
{
    private const string Seven = """
        c2sp.org/tlog-proof@v1
        index 3
        /KifV8n4yOtAR6f/nTM6z54PM4SyCyVbzqsPIW3Momc=
        YKU+7Q3oepDI5ZQnxZxGJTwzp2oJUCpRgBMAknt+a9w=
        jq5r07Ogfx917nKlMWKebrMeQuYvdg5H3lKlPDZB7yM=

        healthledger.example/log1
        7
        CwB/uRXrmyoUb1SxyG7FO2ZPjkVbdmCwtu4T7cDZIcA=

        — healthledger.example/log1 BwUhu3GqpoYR2U5T9aGfc+nv5MamwIotmmUNRaOkNCtDAjjG+PxRAkpde6Jep3XzBdVR8/sfzwdxHDavkP2cdaim7gE=
        — witness.example/w1 IDJKvgAAAABlU/EAZAK/bx+qx03+4tYF2/ii/MSSpBtjjK28y7hqF04P/wngLNGrbMTPB9Sw+PebeHeVPwgGY7//el3KnkvrmoNCAA==

        """;

    private static readonly string[] s_threeHundred =
    [
        "wfs+SCOjOHrttS/orTRpw/Oc07xpgcA152Qpn67TbKM=", "wCnW1TwREJQWpKyiGFxbCAQ7rjYH/ZE3VCOTbZ26o6Y=",
        "/6pJh2RBnao/vx6JEAWz8FrcBpLL1WdyDa+harIC0zA=", "kXvFZhdpkpClujijnjT5KtApTASaO1qg5+9WSnYYUVY=",
        "U5XcUcBcejsXs9vLI0PjzvNy6RfH7m1L0/keWP2wurA=", "E7n9R2BzzkSEsRBEcGF/4SYib0S7yOYgNVYbdUwgqyI=",
        "u1eli47xZvUF/wYk98xDn1El9qZcnrb7Y3COsWacqhU=", "aks2xJmBOiWD1ubT5201XP++FkgTQD6qSW5sj9mknE8=",
        "y8aWXFlmP1AKTNZ30AikTIncRvaI8pdZc+mKgDHaG44=",
    ];

    private static readonly string[] s_sevenToThreeHundred =
    [
        "Z283gvWzpftDcO1JVyztxSP0pmMiJpyF8q8FCdF7Ck0=", "BgJCaSkJAkIx0FDF1ENBRrp32jItRQKG9XfJ+VFhXVM=",
        "mFu102uSeACHaHHaklp+gqvoOp3bpYgpIKAHpV6is3Y=", "vdHF/1WxnLaw58dhv5psyqJ/u/wHt08fq7bpEaC9KrM=",
        "CYfgZC4fR0+VWaiRh41MmvqEZXAHSqikM80wM4qAt0Y=", "GM3GvQFofaO4Ho0JrO8liY/Y2ZZM6tSDyv8SvjMSE2E=",
        "Sxyj9N3d2ld+bTIaQIt3RYa6TTQCcchAl6STlRM1YZA=", "+vvQmoXCf3wLZrCpmYb/5QzaWsqKlD7ZZlAEmX2T1jU=",
        "sZGbd4LW52AMFt69X/E4JZWaL7hmmfN03O0jf6GS040=", "y8aWXFlmP1AKTNZ30AikTIncRvaI8pdZc+mKgDHaG44=",
    ];

    private static Hash[] Leaves(int size) => [.. Enumerable.Range(0, size).Select(Leaf)];

    private static Hash Leaf(int i) => MerkleHash.Leaf(Encoding.UTF8.GetBytes($"leaf-{i}"));

    private static NodeReader Reader(Hash[] leaves) => (level, index) => MerkleHash.Root(leaves.AsSpan((int)index << level, 1 << level));

    private static SignedNote Cosigned(int size)
    {
        var note = new Checkpoint("healthledger.example/log1", (ulong)size, MerkleHash.Root(Leaves(size))).Sign(NoteTests.Log);
        return note.With(NoteTests.Witness.Cosign(note.Text, SmallLog.Now));
    }

    [Fact]
    public void The_proof_of_size_7_is_made_and_read_byte_for_byte_as_Go_does()
    {
        var made = new TlogProof(3, ProofConstruction.Inclusion(3, 7, Reader(Leaves(7))), Cosigned(7));
        Assert.Equal(Seven, made.ToString());
        var parsed = TlogProof.Parse(SmallLog.Utf8(Seven)).Value;
        Assert.Equal(Seven, parsed.ToString());
        var verified = parsed.Verify(Leaf(3), SmallLog.Policy).Value;
        Assert.Equal(7UL, verified.Checkpoint.Size);
        Assert.Equal(SmallLog.Now, verified.QuorumTime);
        Assert.Equal("inclusion-root", parsed.Verify(Leaf(2), SmallLog.Policy).Fault!.Code);
    }

    [Fact]
    public void The_proofs_of_sizes_1_and_300_are_Go_s()
    {
        Assert.StartsWith("c2sp.org/tlog-proof@v1\nindex 0\n\nhealthledger.example/log1\n1\n", new TlogProof(0, [], Cosigned(1)).ToString());
        Assert.Equal(s_threeHundred, ProofConstruction.Inclusion(150, 300, Reader(Leaves(300))).Select(hash => hash.ToBase64()));
    }

    [Fact]
    public void The_consistency_proof_from_7_to_300_is_Go_s()
    {
        var leaves = Leaves(300);
        var proof = ProofConstruction.Consistency(7, 300, Reader(leaves));
        Assert.Equal(s_sevenToThreeHundred, proof.Select(hash => hash.ToBase64()));
        Assert.True(ConsistencyProof.Verify(7, 300, proof, MerkleHash.Root(leaves.AsSpan(0, 7)), MerkleHash.Root(leaves)).Holds);
    }

    [Fact]
    public void Any_changed_byte_of_a_proof_fails() => SmallLog.EachMutation(SmallLog.Utf8(Seven), (changed, at) =>
        Assert.False(TlogProof.Parse(changed).TryGet(out var proof, out _) && proof.Verify(Leaf(3), SmallLog.Policy).IsValid, $"byte {at}"));

    [Fact]
    public void An_extra_line_is_carried_along()
    {
        var text = Seven.Replace("index 3", "extra aGVsbG8=\nindex 3");
        var proof = TlogProof.Parse(SmallLog.Utf8(text)).Value;
        Assert.Equal("hello"u8.ToArray(), proof.Extra);
        Assert.Equal(text, proof.ToString());
        Assert.True(proof.Verify(Leaf(3), SmallLog.Policy).IsValid);
    }

    [Theory]
    [InlineData("index 3", "index 03", "proof-index")]
    [InlineData("index 3", "index -3", "proof-index")]
    [InlineData("index 3\n", "", "proof-index")]
    [InlineData("index 3", "index 3\nindex 3", "proof-hashes")]
    [InlineData("index 3", "extra \nindex 3", "proof-extra")]
    [InlineData("index 3", "extra aGVsbG9=\nindex 3", "proof-extra")]
    [InlineData("@v1", "@v2", "proof-syntax")]
    [InlineData("/KifV8n4yOtAR6f/nTM6z54PM4SyCyVbzqsPIW3Momc=\n", "", "inclusion-length")]
    [InlineData("\n\nhealth", "\n\n\nhealth", "checkpoint-syntax")]
    public void A_malformed_proof_is_refused(string old, string changed, string code)
    {
        var parsed = TlogProof.Parse(SmallLog.Utf8(Seven.Replace(old, changed)));
        Assert.Equal(code, parsed.Fault?.Code ?? parsed.Value.Verify(Leaf(3), SmallLog.Policy).Fault!.Code);
    }

    [Fact]
    public void The_policy_decides_what_is_enough()
    {
        var proof = TlogProof.Parse(SmallLog.Utf8(Seven)).Value;
        var logOnly = proof.Verify(Leaf(3), LogPolicy.ForLog(NoteTests.Log.Verifier)).Value;
        Assert.Null(logOnly.QuorumTime);
        var another = NoteVerifier.Create("witness.example/w2", NoteKeyType.Cosignature, Ed25519PrivateKey.FromSeed(NoteTests.Seed(64)).PublicKey);
        var both = $"log {NoteTests.LogVkey}\nwitness w1 {NoteTests.WitnessVkey} https://w1.example/\nwitness w2 {another} # second\n";
        Assert.Equal("checkpoint-quorum", Code("group q all w1 w2\nquorum q"));
        Assert.Equal("checkpoint-quorum", Code("group q 2 w1 w2\nquorum q"));
        Assert.Equal("checkpoint-quorum", Code("quorum w2"));
        Assert.Null(Code("group q any w1 w2\nquorum q"));
        Assert.Null(Code("group inner any w2 w1\ngroup q\t1 inner\nquorum q"));
        Assert.Null(Code("quorum none"));
        string? Code(string rest) => proof.Verify(Leaf(3), LogPolicy.Parse(both + rest).Value).Fault?.Code;
    }

    [Theory]
    [InlineData("quorum none", "policy-keys")]
    [InlineData("log LOG", "policy-quorum")]
    [InlineData("log LOG\nquorum none\nquorum none", "policy-line")]
    [InlineData("log LOG\nquorum w1", "policy-line")]
    [InlineData("log LOG\nlog LOG\nquorum none", "policy-line")]
    [InlineData("log WIT\nquorum none", "policy-line")]
    [InlineData("log LOG\nwitness none WIT\nquorum none", "policy-line")]
    [InlineData("log LOG\nwitness w WIT\ngroup w any w\nquorum w", "policy-line")]
    [InlineData("log LOG\nwitness w WIT\ngroup g 2 w\nquorum g", "policy-line")]
    [InlineData("log LOG\nwitness w WIT\ngroup g 0 w\nquorum g", "policy-line")]
    [InlineData("log LOG\nwitness w WIT\ngroup g any\nquorum g", "policy-line")]
    [InlineData("log LOG\nwitness w WIT\ngroup g all w w\nquorum g", "policy-line")]
    [InlineData("log LOG\nwitness w WIT\ngroup a any w\ngroup b any w\nquorum b", "policy-line")] // c2sp.org/tlog-policy: a name is a member at most once, so that a witness counts in one way only
    [InlineData("log LOG\nwitness w WIT\ngroup a any w\ngroup b any a w\nquorum b", "policy-line")]
    [InlineData("log LOG\nsomething else\nquorum none", "policy-line")]
    public void A_malformed_policy_is_refused(string policy, string code) =>
        Assert.Equal(code, LogPolicy.Parse(policy.Replace("LOG", NoteTests.LogVkey).Replace("WIT", NoteTests.WitnessVkey)).Fault!.Code);

    [Theory]
    [InlineData("quorum none", true)]
    [InlineData("quorum w0", false)]
    [InlineData("group q any w0 w1 w2\nquorum q", true)]
    [InlineData("group q 2 w0 w1 w2\nquorum q", false)]
    [InlineData("group q all w0 w1 w2\nquorum q", false)]
    [InlineData("group a any w0 w1\ngroup q all a w2\nquorum q", false)]
    public void A_policy_tells_whether_two_quorums_could_be_disjoint(string quorum, bool expected)
    {
        var witnesses = Enumerable.Range(0, 3).Select(i =>
            $"witness w{i} {NoteVerifier.Create($"w{i}.example", NoteKeyType.Cosignature, Ed25519PrivateKey.FromSeed(NoteTests.Seed((byte)(100 + i))).PublicKey)}\n");
        Assert.Equal(expected, LogPolicy.Parse($"log {NoteTests.LogVkey}\n{string.Concat(witnesses)}{quorum}").Value.AllowsDisjointQuorums());
    }

    /// <summary>With k of n and f liars, two histories find a quorum each exactly where 2k &lt;= n + f.</summary>
    [Fact]
    public void A_policy_tells_how_many_liars_it_withstands()
    {
        for (var n = 1; n <= 6; n++)
        {
            var witnesses = Enumerable.Range(0, n).Select(i =>
                $"witness w{i} {NoteVerifier.Create($"w{i}.example", NoteKeyType.Cosignature, Ed25519PrivateKey.FromSeed(NoteTests.Seed((byte)(100 + i))).PublicKey)} https://w{i}.example/\n");
            for (var k = 1; k <= n; k++)
            {
                var policy = LogPolicy.Parse($"log {NoteTests.LogVkey}\n{string.Concat(witnesses)}group q {k} {string.Join(' ', Enumerable.Range(0, n).Select(i => $"w{i}"))}\nquorum q").Value;
                Assert.Equal("https://w0.example/", policy.AddressOf(policy.Witnesses[0])!.ToString());
                for (var f = 0; f <= n; f++)
                {
                    Assert.Equal(2 * k <= n + f, policy.AllowsDisjointQuorums(f));
                }
            }
        }
    }

    [Fact]
    public void A_checkpoint_of_another_origin_than_its_signer_is_refused()
    {
        var text = new Checkpoint("other.example/log", 1, Leaf(0)).ToBytes();
        var note = new SignedNote(text, [NoteTests.Log.Sign(text)]);
        Assert.Equal("checkpoint-log", CheckpointVerification.Verify(note, LogPolicy.ForLog(NoteTests.Log.Verifier)).Fault!.Code);
    }
}
