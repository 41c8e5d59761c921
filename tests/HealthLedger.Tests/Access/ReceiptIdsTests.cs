// The layout in ReceiptIds' own summary, spelled out with the framework's calls.
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Access;

namespace HealthLedger.Tests.Access;

public sealed class ReceiptIdsTests
{
    private static readonly byte[] Secret = SHA256.HashData("a secret"u8);

    [Theory]
    [InlineData(0UL, "", "c")]
    [InlineData(7UL, "Patient/p", "ward")]
    [InlineData(ulong.MaxValue, "Patient/0123456789012345678901234567890123456789012345678901234567890123", "d\u00e9j\u00e0-a-client-with-a-name-that-is-longer-than-a-block-of-the-hash-function-has-bytes")]
    public void An_id_is_what_its_layout_says_and_opens_for_its_client_alone(ulong index, string chain, string client)
    {
        var ids = new ReceiptIds(Secret);
        var id = ids.Seal(index, chain, client).Text;
        Assert.Equal(AsDefined(index, chain, client), id);
        Assert.Equal((index, chain), ids.Open(id, client));
        Assert.Null(ids.Open(id, client + "x"));
        Assert.Null(new ReceiptIds(SHA256.HashData(Secret)).Open(id, client));
        Assert.Null(ids.Open((id[0] == 'A' ? 'B' : 'A') + id[1..], client));
    }

    [Fact]
    public void A_chain_that_does_not_fit_is_refused() => Assert.Throws<ArgumentException>(() => new ReceiptIds(Secret).Seal(1, new string('p', 87), "c"));

    private static string AsDefined(ulong index, string chain, string client)
    {
        var macKey = HMACSHA256.HashData(Secret, "healthledger/receipt-id/1/mac"u8);
        var plain = new byte[8 + 16 + 86];
        BinaryPrimitives.WriteUInt64BigEndian(plain, index);
        HMACSHA256.HashData(macKey, Encoding.UTF8.GetBytes("client\n" + client)).AsSpan(0, 16).CopyTo(plain.AsSpan(8));
        Encoding.UTF8.GetBytes(chain).CopyTo(plain.AsSpan(24));
        var nonce = HMACSHA256.HashData(macKey, plain)[..12];
        var (ciphertext, tag) = (new byte[plain.Length], new byte[16]);
        using var aes = new AesGcm(HMACSHA256.HashData(Secret, "healthledger/receipt-id/1/seal"u8), 16);
        aes.Encrypt(nonce, plain, ciphertext, tag);
        return Base64Url.EncodeToString([.. nonce, .. ciphertext, .. tag]);
    }
}
