// docs/formats/envelope.md. The frozen envelopes were made by another implementation (Node's hkdfSync and aes-256-gcm) from that page alone.
// HKDF: RFC 5869; AES-GCM: NIST SP 800-38D.
using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Sealing;

namespace HealthLedger.Tests.Sealing;

public sealed class EnvelopeTests
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly byte[] Place = Encoding.ASCII.GetBytes("where it lies");

    [Fact]
    public void Envelopes_made_elsewhere_open()
    {
        var salted = "01808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f";
        var full = Convert.FromHexString(salted + "e8b64435e3b7093418722a14ae2ab7d80a393a408cb84e887328dd069b593a54" + "4302c65261570eacbb88d3ab0cb0213d390f7faacc38238c4c1ae5f4a42f");
        var empty = Convert.FromHexString(salted + "9bf5ad73b1997152989728596aee1fba6ac1773215024d3a0d711fec33b871bc" + "2e5f13eac4a778cae9486ae43129095c");
        Assert.Equal("sealed at rest"u8.ToArray(), Envelope.Open(Secret, "record", Place, full));
        Assert.Empty(Assert.IsType<byte[]>(Envelope.Open(Secret, "", [], empty)));
    }

    [Fact]
    public void Whatever_is_sealed_opens_again() =>
        Prop.ForAll<byte[], byte[]>((plaintext, place) =>
            Envelope.Open(Secret, "law", place, Envelope.Seal(Secret, "law", place, plaintext))!.AsSpan().SequenceEqual(plaintext)).QuickCheckThrowOnFailure();

    [Fact]
    public void Two_envelopes_of_one_content_share_nothing_but_the_suite()
    {
        var first = Envelope.Seal(Secret, "record", Place, new byte[64]);
        var second = Envelope.Seal(Secret, "record", Place, new byte[64]);
        Assert.Equal(first[0], second[0]);
        for (var at = 1; at + 8 <= first.Length; at++)
        {
            Assert.False(second.AsSpan().IndexOf(first.AsSpan(at, 8)) >= 0);
        }
    }

    [Fact]
    public void A_flipped_bit_in_any_byte_closes_it_and_leaves_no_plaintext()
    {
        var envelope = Envelope.Seal(Secret, "record", Place, "sealed at rest"u8);
        for (var at = 0; at < envelope.Length; at++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var changed = envelope.ToArray();
                changed[at] ^= (byte)(1 << bit);
                var plaintext = Enumerable.Repeat((byte)0xAA, changed.Length - Envelope.Overhead).ToArray();
                Assert.False(Envelope.TryOpen(Secret, "record", Place, changed, plaintext));
                Assert.All(plaintext, b => Assert.Equal(0, b));
            }
        }
    }

    [Fact]
    public void It_opens_under_no_other_secret_label_or_place_and_at_no_other_length()
    {
        var envelope = Envelope.Seal(Secret, "record", Place, "sealed at rest"u8);
        Assert.Null(Envelope.Open(RandomNumberGenerator.GetBytes(32), "record", Place, envelope));
        Assert.Null(Envelope.Open(Secret, "records", Place, envelope));
        Assert.Null(Envelope.Open(Secret, "", Place, envelope));
        Assert.Null(Envelope.Open(Secret, "record", [], envelope));
        Assert.Null(Envelope.Open(Secret, "record", [.. Place, 0], envelope));
        for (var length = 0; length < envelope.Length; length++)
        {
            Assert.Null(Envelope.Open(Secret, "record", Place, envelope.AsSpan(0, length)));
        }

        Assert.Null(Envelope.Open(Secret, "record", Place, [.. envelope, 0]));
    }

    [Fact]
    public void Callers_bugs_throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Envelope.Seal(new byte[31], "x", [], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => Envelope.Open(new byte[33], "x", [], new byte[Envelope.Overhead]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Envelope.Seal(Secret, "x", [], new byte[4], new byte[Envelope.Overhead + 3]));
        var tooLong = new string('x', 600);
        Assert.Throws<ArgumentException>(() => Envelope.Seal(Secret, tooLong, [], []));
    }

    [Fact]
    public void The_key_of_one_envelope_opens_that_one_and_no_other_and_seals_what_the_secret_opens()
    {
        var secret = new byte[Envelope.SecretSize];
        var first = Envelope.Seal(secret, "record", "place"u8, "first"u8);
        var second = Envelope.Seal(secret, "record", "place"u8, "other"u8);
        var key = new byte[Envelope.KeyOfOneSize];
        var opened = new byte[5];
        Assert.True(Envelope.TryKeyToOpen(secret, "record", first, key));
        Assert.True(Envelope.TryOpenWith(key, "place"u8, first, opened));
        Assert.Equal("first"u8.ToArray(), opened);
        Assert.False(Envelope.TryOpenWith(key, "place"u8, second, opened));
        Assert.False(Envelope.TryOpenWith(key, "elsewhere"u8, first, opened));
        Assert.All(opened, each => Assert.Equal(0, each));
        Assert.False(Envelope.TryOpenWith(new byte[Envelope.KeyOfOneSize], "place"u8, first, opened));
        Assert.False(Envelope.TryKeyToOpen(secret, "record", first.AsSpan(0, Envelope.Overhead - 1), key));
        Assert.All(key, each => Assert.Equal(0, each));

        Envelope.KeyToSeal(secret, "record", key);
        var made = new byte[5 + Envelope.Overhead];
        Envelope.SealWith(key, "place"u8, "third"u8, made);
        Assert.Equal("third"u8.ToArray(), Envelope.Open(secret, "record", "place"u8, made));
        Assert.Null(Envelope.Open(secret, "terms", "place"u8, made));
    }
}
