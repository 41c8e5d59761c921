// NIST SP 800-38D by C2SP/wycheproof aes_gcm_test.json, the cases with keys of 256, nonces of 96 and tags of 128 bits; the framework as the second opinion.
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Sealing;
using HealthLedger.Tests.Consents;
using X86 = System.Runtime.Intrinsics.X86;

namespace HealthLedger.Tests.Sealing;

public sealed class GcmTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly byte[] Nonce = new byte[12];

    [Fact]
    public void What_one_seals_the_other_opens() =>
        Prop.ForAll<byte[], byte[]>((plaintext, place) =>
        {
            var (one, other, tag, otherTag, opened) = (new byte[plaintext.Length], new byte[plaintext.Length], new byte[16], new byte[16], new byte[plaintext.Length]);
            Gcm.Encrypt(Key, Nonce, place, plaintext, one, tag);
            Gcm.EncryptByFramework(Key, Nonce, place, plaintext, other, otherTag);
            return one.SequenceEqual(other) && tag.SequenceEqual(otherTag)
                && Gcm.TryDecrypt(Key, Nonce, place, other, otherTag, opened) && opened.SequenceEqual(plaintext)
                && Gcm.TryDecryptByFramework(Key, Nonce, place, one, tag, opened) && opened.SequenceEqual(plaintext);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_wrong_tag_opens_nothing_leaves_zeros_and_does_not_trouble_the_next_call(bool byFramework)
    {
        var (ciphertext, tag) = (new byte[100], new byte[16]);
        Gcm.Encrypt(Key, Nonce, [1], new byte[100], ciphertext, tag);
        for (var bit = 0; bit < 128; bit++)
        {
            tag[bit / 8] ^= (byte)(1 << (bit % 8));
            var opened = Enumerable.Repeat((byte)0xAA, 100).ToArray();
            Assert.False(byFramework ? Gcm.TryDecryptByFramework(Key, Nonce, [1], ciphertext, tag, opened) : Gcm.TryDecrypt(Key, Nonce, [1], ciphertext, tag, opened));
            Assert.All(opened, b => Assert.Equal(0, b));
            tag[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(Gcm.TryDecrypt(Key, Nonce, [1], ciphertext, tag, opened));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(223)]
    [InlineData(224)]
    [InlineData(2_100)]
    [InlineData(65_543)]
    [InlineData(1_048_581)]
    public void What_one_seals_the_other_opens_at_every_length(int length)
    {
        var random = new Random(length);
        var plaintext = new byte[length];
        random.NextBytes(plaintext);
        foreach (var placed in new[] { 0, 60, 300 })
        {
            var place = new byte[placed];
            random.NextBytes(place);
            var (one, other, tag, otherTag, opened) = (new byte[length], new byte[length], new byte[16], new byte[16], new byte[length]);
            Gcm.Encrypt(Key, Nonce, place, plaintext, one, tag);
            Gcm.EncryptByFramework(Key, Nonce, place, plaintext, other, otherTag);
            Assert.Equal(other, one);
            Assert.Equal(otherTag, tag);
            Assert.True(Gcm.TryDecrypt(Key, Nonce, place, other, otherTag, opened));
            Assert.Equal(plaintext, opened);
        }
    }

    [Fact]
    public void Libsodium_is_there_where_the_processor_has_what_it_needs() =>
        Assert.True(SodiumGcm.IsThere || !(X86.Aes.IsSupported && X86.Pclmulqdq.IsSupported && X86.Avx.IsSupported), "libsodium is part of the package.");

    [Fact]
    public async Task Threads_do_not_disturb_each_other() =>
        await Parallel.ForAsync(0, 2000, (number, _) =>
        {
            var plaintext = BitConverter.GetBytes(number);
            var envelope = Envelope.Seal(Key, "law", [], plaintext);
            Assert.Equal(plaintext, Envelope.Open(Key, "law", [], envelope));
            return ValueTask.CompletedTask;
        });

    [Fact]
    public void Wrong_lengths_are_refused_before_anything_is_written()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Gcm.Encrypt(new byte[16], Nonce, [], new byte[4], new byte[4], new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Gcm.Encrypt(Key, new byte[8], [], new byte[4], new byte[4], new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Gcm.Encrypt(Key, Nonce, [], new byte[4], new byte[3], new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Gcm.TryDecrypt(Key, Nonce, [], new byte[4], new byte[12], new byte[4]));
    }

    [SharedDataFact("crypto/wycheproof")]
    public void Every_published_case_is_met()
    {
        var vectors = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(SharedData.Find("crypto/wycheproof")!, "aes_gcm_test.json"))).RootElement;
        var cases = 0;
        foreach (var group in vectors.GetProperty("testGroups").EnumerateArray().Where(g => (Bits(g, "keySize"), Bits(g, "ivSize"), Bits(g, "tagSize")) == (256, 96, 128)))
        {
            foreach (var test in group.GetProperty("tests").EnumerateArray())
            {
                var opened = new byte[Hex(test, "ct").Length];
                var valid = test.GetProperty("result").GetString() == "valid";
                Assert.Equal(valid, Gcm.TryDecryptByFramework(Hex(test, "key"), Hex(test, "iv"), Hex(test, "aad"), Hex(test, "ct"), Hex(test, "tag"), new byte[opened.Length]));
                Assert.Equal(valid, Gcm.TryDecrypt(Hex(test, "key"), Hex(test, "iv"), Hex(test, "aad"), Hex(test, "ct"), Hex(test, "tag"), opened));
                Assert.Equal(valid ? Hex(test, "msg") : new byte[opened.Length], opened);
                cases++;
            }
        }

        Assert.True(cases > 50, $"only {cases} cases");
    }

    private static int Bits(JsonElement group, string name) => group.GetProperty(name).GetInt32();

    private static byte[] Hex(JsonElement test, string name) => Convert.FromHexString(test.GetProperty(name).GetString()!);
}
