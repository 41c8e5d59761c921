using System.Buffers.Binary;
using System.Security.Cryptography;
using HealthLedger.Smart.Jose;
using HealthLedger.Smart.Keys;

namespace HealthLedger.Smart.Tokens;

/// <summary>
/// The server's own P-256 keys: one signs access tokens (ES256), the one before it is still published, so that tokens in hand count until they end. Random, kept sealed by
/// <see cref="ISealedSecrets"/>. Safe for concurrent use.
/// </summary>
/// <remarks>
/// Stored is PKCS#8 of the one key, which begins with 0x30, or from the first rotation on <c>format u8 = 2 | (length u16, PKCS#8)*</c>, the signing key first; integers big-endian.
/// </remarks>
public sealed class TokenSigningKey : IDisposable
{
    private const byte Format = 2;
    private const int Kept = 2;
    private readonly ISealedSecrets secrets;
    private readonly Lock signing = new();
    private ECDsa key;
    private volatile IReadOnlyList<JsonWebKey> published;

    /// <summary>Opens the keys, or makes the first one on the first start.</summary>
    /// <exception cref="InvalidDataException">What is stored is no P-256 key.</exception>
    public TokenSigningKey(ISealedSecrets secrets)
    {
        this.secrets = secrets;
        var stored = secrets.GetOrCreate(SecretNames.Signing, Create);
        try
        {
            var keys = Split(stored).Select(pkcs8 => Import(pkcs8)).ToList();
            key = keys[0];
            published = [.. keys.Select(JsonWebKey.FromP256)];
            keys.Skip(1).ToList().ForEach(earlier => earlier.Dispose());
        }
        finally
        {
            CryptographicOperations.ZeroMemory(stored);
        }
    }

    /// <summary>The key that verifies what is signed now, named by its thumbprint.</summary>
    public JsonWebKey Public => Published[0];

    /// <summary>The keys that verify tokens: the one that signs first, then the one before it.</summary>
    public IReadOnlyList<JsonWebKey> Published => published;

    /// <summary>
    /// Makes a fresh key, durably, and signs with it from now on. The one before verifies until the next rotation, the ones before that no more: to end one that leaked, rotate
    /// twice, at the price of the tokens in hand.
    /// </summary>
    public void Rotate()
    {
        var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        lock (signing)
        {
            byte[][] keys = [fresh.ExportPkcs8PrivateKey(), key.ExportPkcs8PrivateKey()];
            var stored = Join(keys);
            try
            {
                secrets.Replace(SecretNames.Signing, stored);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(stored);
                Array.ForEach(keys, secret => CryptographicOperations.ZeroMemory(secret));
            }

            key.Dispose();
            key = fresh;
            published = [JsonWebKey.FromP256(fresh), .. published.Take(Kept - 1)];
        }
    }

    /// <summary>The JWS signature: r and s, 32 bytes each.</summary>
    /// <param name="signingInput">Makes what is signed, from the id of the key that signs it.</param>
    internal byte[] Sign(Func<string, byte[]> signingInput)
    {
        lock (signing)
        {
            return key.SignData(signingInput(published[0].KeyId!), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => key.Dispose();

    private static byte[] Create()
    {
        using var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return fresh.ExportPkcs8PrivateKey();
    }

    private static ECDsa Import(ReadOnlyMemory<byte> pkcs8)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8.Span, out _);
        }
        catch (CryptographicException)
        {
            throw Damaged();
        }

        return key.KeySize == 256 ? key : throw Damaged();
    }

    private static List<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> stored)
    {
        if (stored.Length == 0 || stored.Span[0] != Format)
        {
            return [stored];
        }

        var keys = new List<ReadOnlyMemory<byte>>(Kept);
        for (var rest = stored[1..]; !rest.IsEmpty;)
        {
            var length = rest.Length < sizeof(ushort) ? int.MaxValue : sizeof(ushort) + BinaryPrimitives.ReadUInt16BigEndian(rest.Span);
            if (length > rest.Length || keys.Count == Kept)
            {
                throw Damaged();
            }

            keys.Add(rest[sizeof(ushort)..length]);
            rest = rest[length..];
        }

        return keys.Count > 0 ? keys : throw Damaged();
    }

    private static byte[] Join(byte[][] keys)
    {
        var stored = GC.AllocateArray<byte>(1 + keys.Sum(key => sizeof(ushort) + key.Length), pinned: true);
        stored[0] = Format;
        var at = 1;
        foreach (var key in keys)
        {
            BinaryPrimitives.WriteUInt16BigEndian(stored.AsSpan(at), (ushort)key.Length);
            key.CopyTo(stored, at + sizeof(ushort));
            at += sizeof(ushort) + key.Length;
        }

        return stored;
    }

    private static InvalidDataException Damaged() => new($"The secret {SecretNames.Signing} holds no P-256 key.");
}
