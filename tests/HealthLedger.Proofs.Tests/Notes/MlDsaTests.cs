// c2sp.org/tlog-cosignature v1.1.0-rc.1, type 06: ML-DSA-44 cosignatures (FIPS 204). tests/run runs this class twice: on the machine's own OpenSSL, and on OpenSSL 3.5,
// which has ML-DSA; each test says what holds on either. The fixture was signed by @noble/post-quantum 0.7.1 (seed 40..5f), which shares no code with OpenSSL.
using System.Text;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Proofs.Witnesses;

namespace HealthLedger.Proofs.Tests.Notes;

[Trait("Category", "ML-DSA-44")]
public class MlDsaTests
{
    private static readonly string s_vkey = Text("ml-dsa-44.vkey").Trim();
    private static readonly NoteVerifier s_key = NoteVerifier.Parse(s_vkey).Value;
    private static readonly string s_note = Text("checkpoint-ml-dsa-44.txt");

    private static bool Supported => MlDsa44PublicKey.IsSupported;

    private static string Text(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", name));

    private static SignedNote Note(string text) => SignedNote.Parse(Encoding.UTF8.GetBytes(text)).Value;

    /// <summary>A key that verifies nothing, for rules about keys.</summary>
    private static NoteVerifier Key(string name, byte fill) =>
        NoteVerifier.Create(name, MlDsa44PublicKey.Parse(Enumerable.Repeat(fill, MlDsa44PublicKey.Length).ToArray()).Value);

    private static NoteVerifier Ed25519(string name, byte seed) => NoteVerifier.Create(name, NoteKeyType.Cosignature, Ed25519PrivateKey.FromSeed(NoteTests.Seed(seed)).PublicKey);

    private static LogPolicy Policy(string rest, params (string Name, NoteVerifier Key)[] witnesses) =>
        LogPolicy.Parse($"log {NoteTests.LogVkey}\n{string.Concat(witnesses.Select(each => $"witness {each.Name} {each.Key}\n"))}{rest}\n").Value;

    [Fact]
    public void The_run_that_is_to_have_it_has_it() =>
        Assert.True(Supported || Environment.GetEnvironmentVariable("HEALTHLEDGER_ML_DSA") != "1", "This run was to load OpenSSL 3.5 or later.");

    [Fact]
    public void A_key_reads_and_writes_itself_on_every_platform()
    {
        Assert.Equal((NoteKeyType.MlDsa44Cosignature, "witness.example/w1", true), (s_key.Type, s_key.Name, s_key.IsCosigner));
        Assert.Equal(s_vkey, s_key.ToString());
        Assert.Equal(Supported, s_key.CanVerify);
        Assert.Equal("vkey-id", NoteVerifier.Parse(s_vkey.Replace("/w1", "/w2", StringComparison.Ordinal)).Fault!.Code);
        Assert.Equal("key-length", NoteVerifier.Parse(s_vkey[..^4]).Fault!.Code);
        Assert.Throws<ArgumentException>(() => Key(new string('n', 256), 1));
        Assert.Equal(255, Key(new string('n', 255), 1).Name.Length);
        Assert.Throws<ArgumentException>(() => NoteVerifier.Create("w", NoteKeyType.MlDsa44Cosignature, Ed25519PrivateKey.FromSeed(NoteTests.Seed(1)).PublicKey));
    }

    [Fact]
    public void A_cosignature_made_elsewhere_verifies_with_its_time_or_is_ignored_where_it_cannot_be_checked()
    {
        var all = Note(s_note).Verify([NoteTests.Log.Verifier, NoteTests.Witness.Verifier, s_key]).Value;
        Assert.Equal(Supported ? 3 : 2, all.Count);
        var alone = Note(s_note).Verify([s_key]);
        if (Supported)
        {
            Assert.Equal(1_700_000_000UL, Assert.Single(alone.Value).Timestamp);
        }
        else
        {
            Assert.Equal("note-unsigned", alone.Fault!.Code);
        }
    }

    /// <summary>c2sp.org/signed-note: a bad signature of a known key refuses the note, an unknown key's is ignored. A key that cannot be checked is as unknown.</summary>
    [Fact]
    public void A_bad_one_refuses_the_note_where_it_can_be_checked_and_is_ignored_elsewhere()
    {
        var note = Note(s_note);
        var line = note.Signatures[2];
        foreach (var at in new[] { 0, 7, 8, 40, 1000, line.Signature.Length - 1 })
        {
            var changed = (byte[])line.Signature.Clone();
            changed[at] ^= 1;
            Refused(note.With(line with { Signature = changed }));
        }

        Refused(note.With(line with { Signature = line.Signature[..^1] }));
        Refused(note.With(line with { Signature = [.. line.Signature, 0] }));
        Refused(note.With(line with { Signature = line.Signature[..8] }));
        Refused(note.With(line with { Signature = [1] }));

        static void Refused(SignedNote bad)
        {
            var known = new[] { NoteTests.Log.Verifier, NoteTests.Witness.Verifier, s_key };
            Assert.Equal(Supported ? "note-bad-signature" : null, bad.Verify(known).Fault?.Code);
            Assert.True(bad.Verify([NoteTests.Log.Verifier]).IsValid);
        }
    }

    [Theory]
    [InlineData("log1\n7\n", "log2\n7\n", false)]
    [InlineData("\n7\n", "\n8\n", false)]
    [InlineData("CwB/", "CwC/", false)]
    [InlineData("DZIcA=\n\n", "DZIcA=\nextension line\n\n", true)]
    [InlineData("DZIcA=\n\n", "DZIc=\n\n", false)]
    public void It_covers_origin_size_and_root_and_no_extension_line(string old, string changed, bool holds)
    {
        var cosignature = Note(s_note).Signatures[2];
        var body = s_note.Split("\n\u2014", 2)[0] + "\n";
        var note = Note(body.Replace(old, changed, StringComparison.Ordinal) + cosignature + "\n");
        Assert.NotEqual(body, Encoding.UTF8.GetString(note.Text) + "\n");
        Assert.Equal(!Supported ? "note-unsigned" : holds ? null : "note-bad-signature", note.Verify([s_key]).Fault?.Code);
    }

    [Fact]
    public void A_signing_key_signs_where_the_platform_has_it_and_says_so_where_not()
    {
        if (!Supported)
        {
            Assert.Contains("OpenSSL 3.5", Assert.Throws<PlatformNotSupportedException>(MlDsa44PrivateKey.Generate).Message, StringComparison.Ordinal);
            var skey = $"PRIVATE+KEY+witness.example/w1+{s_key.KeyId:x8}+{Convert.ToBase64String([6, .. NoteTests.Seed(0x40)])}";
            Assert.Equal("skey-platform", NoteSigner.Parse(skey).Fault!.Code);
            return;
        }

        using var signer = new NoteSigner("witness.example/w1", MlDsa44PrivateKey.FromSeed(NoteTests.Seed(0x40)));
        Assert.Equal(s_vkey, signer.Verifier.ToString());
        using var again = NoteSigner.Parse(signer.ExportSigningKey()).Value;
        var lines = new[] { signer, again }.Select(each => each.Cosign(Note(s_note).Text, DateTimeOffset.FromUnixTimeSeconds(1_800_000_000))).ToList();
        Assert.All(lines, line => Assert.Equal(1_800_000_000UL, Assert.Single(new SignedNote(Note(s_note).Text, [line]).Verify([s_key]).Value).Timestamp));
        Assert.NotEqual(lines[0].Signature, lines[1].Signature);
        Assert.Throws<ArgumentException>(() => signer.Cosign("no checkpoint\n"u8, DateTimeOffset.UnixEpoch));
        Assert.Throws<ArgumentException>(() => signer.Cosign(new Checkpoint(new string('o', 256), 0, MerkleHash.EmptyRoot).ToBytes(), DateTimeOffset.UnixEpoch));
        Assert.Throws<InvalidOperationException>(() => signer.Sign(Note(s_note).Text));
        Assert.Equal("skey-id", NoteSigner.Parse(signer.ExportSigningKey().Replace("/w1", "/w2", StringComparison.Ordinal)).Fault!.Code);
    }

    [Fact]
    public void A_proof_is_judged_by_a_policy_that_names_both_keys_of_a_witness()
    {
        var proof = TlogProof.Parse(Encoding.UTF8.GetBytes(
            "c2sp.org/tlog-proof@v1\nindex 3\n/KifV8n4yOtAR6f/nTM6z54PM4SyCyVbzqsPIW3Momc=\nYKU+7Q3oepDI5ZQnxZxGJTwzp2oJUCpRgBMAknt+a9w=\njq5r07Ogfx917nKlMWKebrMeQuYvdg5H3lKlPDZB7yM=\n\n" + s_note)).Value;
        const string None = "checkpoint-quorum-platform";
        Assert.Equal(Supported ? null : None, Code("quorum pq"));
        Assert.Equal(Supported ? null : None, Code("group both all ed pq\nquorum both"));
        Assert.Null(Code("group either any ed pq\nquorum either"));
        Assert.Null(Code("quorum ed"));
        Assert.Null(Code("quorum none"));

        // A cosignature of the other key is missing, which is no matter of the platform.
        Assert.Equal("checkpoint-quorum", Code("quorum another", ("another", Ed25519("other.example", 90))));

        string? Code(string rest, params (string, NoteVerifier)[] more) =>
            proof.Verify(MerkleHash.Leaf("leaf-3"u8), Policy(rest, [("ed", NoteTests.Witness.Verifier), ("pq", s_key), .. more])).Fault?.Code;
    }

    [Fact]
    public void A_policy_that_only_keys_meet_which_cannot_be_checked_says_so()
    {
        var policy = Policy("quorum pq", ("pq", s_key));
        Assert.Equal(Supported, policy.UnmetHere is null);
        if (policy.UnmetHere is { } fault)
        {
            Assert.Contains("OpenSSL 3.5 or later is needed", fault.Detail, StringComparison.Ordinal);
        }

        Assert.Null(Policy("group g any ed pq\nquorum g", ("ed", NoteTests.Witness.Verifier), ("pq", s_key)).UnmetHere);
    }

    /// <summary>docs/decisions/0023: a threshold counts parties; "all", and a group of one party's keys, count keys.</summary>
    [Theory]
    [InlineData("group q 2 a-ed a-pq b-ed b-pq c-ed", "a-ed a-pq", false)]
    [InlineData("group q 2 a-ed a-pq b-ed b-pq c-ed", "a-ed b-pq", true)]
    [InlineData("group q 2 a-ed a-pq b-ed b-pq c-ed", "a-pq c-ed", true)]
    [InlineData("group q any a-ed a-pq b-ed", "a-pq", true)]
    [InlineData("group q all a-ed a-pq b-ed", "a-ed b-ed", false)]
    [InlineData("group q all a-ed a-pq b-ed", "a-ed a-pq b-ed", true)]
    [InlineData("group q all a-ed a-pq", "a-pq", false)]
    [InlineData("group a all a-ed a-pq\ngroup b all b-ed b-pq\ngroup q 2 a b c-ed", "a-ed a-pq b-ed", false)]
    [InlineData("group a all a-ed a-pq\ngroup b all b-ed b-pq\ngroup q 2 a b c-ed", "a-ed a-pq b-ed b-pq", true)]
    [InlineData("group a any a-pq\ngroup q 2 a a-ed b-ed c-ed", "a-ed a-pq", false)]
    [InlineData("group a any a-pq\ngroup q 2 a a-ed b-ed c-ed", "a-ed b-ed", true)]
    public void Two_keys_of_one_witness_count_once(string groups, string signed, bool expected)
    {
        var policy = ThreeParties(groups + "\nquorum q");
        var names = signed.Split(' ');
        Assert.Equal(expected, policy.IsQuorum(s_three.Where(each => names.Contains(each.Name)).Select(each => policy.Witnesses.Single(key => key.ToString() == each.Key.ToString()))));
    }

    /// <summary>a.example alone would be two of three: once within the group, once beside it.</summary>
    [Theory]
    [InlineData("group x any a-ed b-ed\ngroup q 2 x a-pq c-ed", false)]
    [InlineData("group x any a-ed b-ed\ngroup y any b-pq c-ed\ngroup q 2 x y c-pq", false)]
    [InlineData("group x any a-ed b-ed\ngroup q 2 x c-pq c-ed", true)]
    [InlineData("group x any a-ed b-ed\ngroup q any x a-pq", true)]
    [InlineData("group x any a-ed b-ed\ngroup q all x a-pq", true)]
    public void A_threshold_to_which_the_keys_of_one_party_add_up_through_a_group_is_refused(string groups, bool accepted) =>
        Assert.Equal(
            accepted ? null : "policy-line",
            LogPolicy.Parse($"log {NoteTests.LogVkey}\n{string.Concat(s_three.Select(each => $"witness {each.Name} {each.Key}\n"))}{groups}\nquorum q").Fault?.Code);

    /// <summary>With keys counted, the two of one liar would stand for two witnesses; k of n parties and f liars: 2k &lt;= n + f.</summary>
    [Fact]
    public void A_liar_lies_with_all_its_keys_and_counts_once()
    {
        foreach (var (k, f, expected) in new[] { (1, 0, true), (2, 0, false), (2, 1, true), (3, 1, false), (3, 2, false), (3, 3, true) })
        {
            Assert.Equal(expected, ThreeParties($"group q {k} a-ed a-pq b-ed b-pq c-ed c-pq\nquorum q").AllowsDisjointQuorums(f));
        }

        Assert.Equal("policy-line", LogPolicy.Parse($"log {NoteTests.LogVkey}\n{string.Concat(s_three.Select(each => $"witness {each.Name} {each.Key}\n"))}group q 4 a-ed a-pq b-ed b-pq c-ed c-pq\nquorum q").Fault!.Code);
    }

    [Fact]
    public void A_policy_has_at_most_32_such_keys_and_takes_each_once()
    {
        string Lines(int count) => string.Concat(Enumerable.Range(0, count).Select(i => $"witness w{i} {Key($"w{i}.example", (byte)i)}\n"));
        Assert.True(LogPolicy.Parse($"log {NoteTests.LogVkey}\n{Lines(32)}quorum none\n").IsValid);
        Assert.Equal("policy-keys", LogPolicy.Parse($"log {NoteTests.LogVkey}\n{Lines(33)}quorum none\n").Fault!.Code);
        Assert.Equal("policy-line", LogPolicy.Parse($"log {NoteTests.LogVkey}\nwitness a {Key("a", 1)}\nwitness b {Key("b", 1)}\nquorum none\n").Fault!.Code);
        Assert.Equal("policy-line", LogPolicy.Parse($"log {Key("a", 1)}\nquorum none\n").Fault!.Code);
    }

    [Fact]
    public void Of_a_witnesses_answer_the_lines_of_all_its_keys_are_taken()
    {
        var note = Note(s_note);
        var answer = $"{note.Signatures[1]}\n{note.Signatures[2]}\n";
        Assert.Equal(Supported ? 2 : 1, WitnessAnswer.Cosignatures(note, [NoteTests.Witness.Verifier, s_key], answer).Value.Count);
        Assert.Equal(Supported ? null : "witness-answer", WitnessAnswer.Cosignatures(note, [s_key], answer).Fault?.Code);
        Assert.Single(WitnessAnswer.Cosignatures(note, [NoteTests.Witness.Verifier, s_key], $"{note.Signatures[1]}\n").Value);
    }

    private static readonly (string Name, NoteVerifier Key)[] s_three =
    [
        ("a-ed", Ed25519("a.example", 101)), ("a-pq", Key("a.example", 1)), ("b-ed", Ed25519("b.example", 102)), ("b-pq", Key("b.example", 2)), ("c-ed", Ed25519("c.example", 103)), ("c-pq", Key("c.example", 3)),
    ];

    private static LogPolicy ThreeParties(string rest) => Policy(rest, s_three);
}
