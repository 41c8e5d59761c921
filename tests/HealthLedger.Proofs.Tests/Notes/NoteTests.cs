// c2sp.org/signed-note, tlog-checkpoint and tlog-cosignature: the official example, Sunlight's test data, and our vectors made with Go's x/mod.
using System.Text;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Proofs.Tests.Notes;

public class NoteTests
{
    public const string LogVkey = "healthledger.example/log1+070521bb+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
    public const string WitnessVkey = "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X";

    private const string Example = "This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    private const string Sunlight = "rome2026h1.example.org\n300\ngw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU=\n\n\u2014 mirror.example.org P7FI7wAAAABpVGeAjA1S4pJm6MbcXjX7UUImu4azZtrfcVW2uyr/LXIYlwEJzXC0N0EiZkbqfLdXt/4gVEEuGmxJjAfXKMCISpsJAg==\n";

    private static readonly NoteVerifier s_foo = NoteVerifier.Parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").Value;

    public static NoteSigner Log { get; } = new("healthledger.example/log1", NoteKeyType.Ed25519, Ed25519PrivateKey.FromSeed(Seed(0)));

    public static NoteSigner Witness { get; } = new("witness.example/w1", NoteKeyType.Cosignature, Ed25519PrivateKey.FromSeed(Seed(32)));

    public static byte[] Seed(byte first) => [.. Enumerable.Range(first, 32).Select(i => (byte)i)];

    private static SignedNote Note(string text) => SignedNote.Parse(Encoding.UTF8.GetBytes(text)).Value;

    private static string? Refusal(string text) => SignedNote.Parse(Encoding.UTF8.GetBytes(text)).Fault?.Code;

    [Fact]
    public void The_official_example_verifies_and_writes_itself_again()
    {
        var verified = Note(Example).Verify([s_foo]).Value;
        Assert.Same(s_foo, Assert.Single(verified).Verifier);
        Assert.Equal(Example, Note(Example).ToString());
        Assert.Equal("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", s_foo.ToString());
    }

    [Fact]
    public void A_cosignature_made_by_Sunlight_verifies_with_its_time()
    {
        var mirror = NoteVerifier.Parse("mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O").Value;
        Assert.Equal(1767139200UL, Assert.Single(Note(Sunlight).Verify([mirror]).Value).Timestamp);
        Assert.Equal(300UL, Checkpoint.Parse(Note(Sunlight).Text).Value.Size);
        Assert.Equal("note-bad-signature", Note(Sunlight.Replace("\n300\n", "\n301\n")).Verify([mirror]).Fault!.Code);
    }

    [Fact]
    public void The_keys_of_our_vectors_are_the_published_ones()
    {
        Assert.Equal(LogVkey, Log.Verifier.ToString());
        Assert.Equal(WitnessVkey, Witness.Verifier.ToString());
    }

    [Theory]
    [InlineData(1, "MF31n5WQw8msY9KydDw4jjeSRJB4zr9/s9vmRxZDsrc=", "BwUhu44J9xbf66EHB9xEGyVvfGYhSjlxvfFNtxReL1CnwjF6Ht92g//yYfuDOa3BqIfp4SsM2k1OXeLuIxE/ZMDeig8=", "IDJKvgAAAABlU/EAKoewLP9R0yLZs4Hx0uqxSxdrwpcNoCEbqHiTL5qnTyQ/qvqtu6TzPEGOgcl4+CPDGdtqnF+edJPJOkaGfZ/GCQ==")]
    [InlineData(7, "CwB/uRXrmyoUb1SxyG7FO2ZPjkVbdmCwtu4T7cDZIcA=", "BwUhu3GqpoYR2U5T9aGfc+nv5MamwIotmmUNRaOkNCtDAjjG+PxRAkpde6Jep3XzBdVR8/sfzwdxHDavkP2cdaim7gE=", "IDJKvgAAAABlU/EAZAK/bx+qx03+4tYF2/ii/MSSpBtjjK28y7hqF04P/wngLNGrbMTPB9Sw+PebeHeVPwgGY7//el3KnkvrmoNCAA==")]
    [InlineData(300, "YIKAzr3eSMKJmenLg58DmAo+Yui5VQqih1jpEnnr1lc=", "BwUhu1TAj1THp8OgD1Qr9Quar2v4tGOg4758GcGtM7tNDY5xKSS342G/5UU1dl27RdD0ss/zE+a4qT1nhv7D+kdB3gI=", "IDJKvgAAAABlU/EAUOjtSScVTE2v7aW+3j+ONkZHiOzEsAgMESyXtyLohmKzG/lScLzerGxOYps/ds1dTSMVM8pfFXANrhgrFGAPCw==")]
    public void Checkpoints_are_signed_and_cosigned_byte_for_byte_as_Go_does(int size, string root, string signature, string cosignature)
    {
        var range = new HealthLedger.Proofs.Merkle.CompactRange();
        for (var i = 0; i < size; i++)
        {
            range.Append(HealthLedger.Proofs.Merkle.MerkleHash.Leaf(Encoding.UTF8.GetBytes($"leaf-{i}")));
        }

        Assert.Equal(root, range.Root.ToBase64());
        var note = new Checkpoint("healthledger.example/log1", (ulong)size, range.Root).Sign(Log);
        var cosigned = note.With(Witness.Cosign(note.Text, DateTimeOffset.FromUnixTimeSeconds(1700000000)));
        Assert.Equal(
            $"healthledger.example/log1\n{size}\n{root}\n\n\u2014 healthledger.example/log1 {signature}\n\u2014 witness.example/w1 {cosignature}\n",
            cosigned.ToString());
        Assert.Equal(2, cosigned.Verify([Log.Verifier, Witness.Verifier]).Value.Count);
    }

    [Fact]
    public void A_text_may_hold_empty_lines_and_is_split_at_the_last_one()
    {
        var note = new SignedNote("a\n\nb\n"u8, [Log.Sign("a\n\nb\n"u8)]);
        var again = SignedNote.Parse(note.ToBytes()).Value;
        Assert.Equal("a\n\nb\n"u8, again.Text);
        Assert.True(again.Verify([Log.Verifier]).IsValid);
    }

    [Fact]
    public void Unknown_keys_are_ignored_and_alone_are_not_enough()
    {
        var stranger = "\u2014 example.org/new-kind AAAAAAYG\n";
        Assert.Single(Note(Example + stranger).Verify([s_foo]).Value);
        Assert.Equal("note-unsigned", Note(Example + stranger).Verify([Log.Verifier]).Fault!.Code);
        Assert.Equal("note-unsigned", Note(Example).Verify([]).Fault!.Code);
    }

    [Fact]
    public void A_bad_signature_of_a_known_key_refuses_a_note_that_another_key_signed_well()
    {
        var bad = Witness.Cosign("other\n"u8, DateTimeOffset.UnixEpoch);
        var note = Note(Example).With(bad);
        Assert.Equal("note-bad-signature", note.Verify([s_foo, Witness.Verifier]).Fault!.Code);
        Assert.True(note.Verify([s_foo]).IsValid);
    }

    [Theory]
    [InlineData("no signatures\n")]
    [InlineData("text\n\n")]
    [InlineData("text\n\n\u2014 name AAAAAAAA")]
    [InlineData("text\n\nname AAAAAAAA\n")]
    [InlineData("text\n\n\u2014 na+me AAAAAAAA\n")]
    [InlineData("text\n\n\u2014  AAAAAAAA\n")]
    [InlineData("text\n\n\u2014 name AAAAAA==\n")]
    [InlineData("text\n\n\u2014 name AAAAAAB=\n")]
    [InlineData("text\n\n\u2014 name AAAA AAAA\n")]
    [InlineData("text\n\n\u2014 na\u00a0me AAAAAAAA\n")]
    [InlineData("te\txt\n\n\u2014 name AAAAAAAA\n")]
    [InlineData("te\r\n\n\u2014 name AAAAAAAA\n")]
    [InlineData("\n\u2014 name AAAAAAAA\n")]
    [InlineData("")]
    public void A_malformed_note_is_refused(string note) => Assert.NotNull(Refusal(note));

    [Fact]
    public void Limits_hold_and_sixteen_signatures_are_read()
    {
        var line = "\u2014 example.org/key AAAAAAYG\n";
        Assert.Equal(16, Note("text\n\n" + string.Concat(Enumerable.Repeat(line, 16))).Signatures.Count);
        Assert.Equal(64, Note("text\n\n" + string.Concat(Enumerable.Repeat(line, 64))).Signatures.Count);
        Assert.Equal("note-signatures", Refusal("text\n\n" + string.Concat(Enumerable.Repeat(line, 65))));
        Assert.Equal("note-too-long", Refusal(new string('a', SignedNote.MaxBytes) + "\n\n" + line));
        Assert.Equal("note-encoding", SignedNote.Parse([0xff, (byte)'\n', (byte)'\n', .. Encoding.UTF8.GetBytes(line)]).Fault!.Code);
    }

    [Theory]
    [InlineData("example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "vkey-id")]
    [InlineData("example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "vkey-id")]
    [InlineData("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "vkey-syntax")]
    [InlineData("example.com/foo+530d903a", "vkey-syntax")]
    [InlineData("example.com/foo+530d903a+BekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "vkey-type")]
    [InlineData("example.com/foo+530d903a+BukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "key-length")]
    [InlineData("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv", "key-length")]
    public void A_malformed_verifier_key_is_refused(string vkey, string code) => Assert.Equal(code, NoteVerifier.Parse(vkey).Fault!.Code);

    [Fact]
    public void A_signing_key_reads_and_writes_itself_and_refuses_a_changed_one()
    {
        using var signer = NoteSigner.Parse(Log.ExportSigningKey()).Value;
        Assert.Equal(LogVkey, signer.Verifier.ToString());
        Assert.StartsWith("PRIVATE+KEY+healthledger.example/log1+070521bb+", Log.ExportSigningKey());
        Assert.Equal("skey-id", NoteSigner.Parse(Log.ExportSigningKey().Replace("log1", "log2")).Fault!.Code);
        Assert.Equal("skey-syntax", NoteSigner.Parse(LogVkey).Fault!.Code);
        Assert.Throws<InvalidOperationException>(() => Log.Cosign("a\n"u8, DateTimeOffset.UnixEpoch));
        Assert.Throws<InvalidOperationException>(() => Witness.Sign("a\n"u8));
    }

    [Theory]
    [InlineData("o\n1\nMF31n5WQw8msY9KydDw4jjeSRJB4zr9/s9vmRxZDsrc=\n", null)]
    [InlineData("o\n0\nMF31n5WQw8msY9KydDw4jjeSRJB4zr9/s9vmRxZDsrc=\nextension\n", null)]
    [InlineData("o\n01\nMF31n5WQw8msY9KydDw4jjeSRJB4zr9/s9vmRxZDsrc=\n", "checkpoint-size")]
    [InlineData("o\n+1\nMF31n5WQw8msY9KydDw4jjeSRJB4zr9/s9vmRxZDsrc=\n", "checkpoint-size")]
    [InlineData("o\n9223372036854775808\nMF31n5WQw8msY9KydDw4jjeSRJB4zr9/s9vmRxZDsrc=\n", "checkpoint-size")]
    [InlineData("o\n1\nMF31n5WQw8msY9KydDw4jjeSRJB4zr9/s9vmRxZDsr==\n", "checkpoint-root")]
    [InlineData("o\n1\nMF31n5WQw8msY9KydDw4jjeSRJB4zr9/s9vmRxZDsrd=\n", "checkpoint-root")]
    [InlineData("o\n1\n", "checkpoint-syntax")]
    [InlineData("\n1\nMF31n5WQw8msY9KydDw4jjeSRJB4zr9/s9vmRxZDsrc=\n", "checkpoint-syntax")]
    [InlineData("o\n1\nMF31n5WQw8msY9KydDw4jjeSRJB4zr9/s9vmRxZDsrc=\n\nx\n", "checkpoint-syntax")]
    public void A_checkpoint_is_read_strictly(string text, string? code)
    {
        var parsed = Checkpoint.Parse(Encoding.UTF8.GetBytes(text));
        Assert.Equal(code, parsed.Fault?.Code);
        if (code is null)
        {
            Assert.Equal(text, Encoding.UTF8.GetString(parsed.Value.ToBytes()));
        }
    }
}
