using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.Notes;
using Org.BouncyCastle.Crypto.Generators;

namespace HealthLedger.Cli.Operate;

/// <summary>
/// The offline key in a file, its seed sealed under a passphrase (docs/formats/succession.md): scrypt (RFC 7914), then AES-256-GCM with the verifier key and the cost as associated data. The seed
/// that comes out must be the verifier key's, so that a file whose public half was exchanged does not open.
/// </summary>
internal static class OfflineKey
{
    /// <summary>N of new files: about a second and 256 MiB, since such a file is opened once in years.</summary>
    private const int Cost = 1 << 18;

    private const int FloorCost = 1 << 15;
    private const int CeilingCost = 1 << 20;
    private const int BlockSize = 8;
    private const int SaltSize = 32;
    private const int NonceSize = 12;
    private const int TagSize = 16;

    /// <summary>Makes a key: its file, and the public half.</summary>
    /// <param name="name">The key's name.</param>
    /// <param name="passphrase">1 byte at least; the caller zeroes it.</param>
    /// <param name="cost">scrypt's N.</param>
    /// <exception cref="UsageException">The name is not one.</exception>
    public static (byte[] File, NoteVerifier Verifier) Create(string name, ReadOnlySpan<byte> passphrase, int cost = Cost)
    {
        var key = Ed25519PrivateKey.Generate();
        NoteSigner signer;
        try
        {
            signer = new NoteSigner(name, NoteKeyType.Ed25519, key);
        }
        catch (ArgumentException)
        {
            key.Dispose();
            throw new UsageException("--name: a key's name has 1 to 256 characters without blanks and '+', such as ledger.example.org/offline.");
        }

        using (signer)
        {
            var vkey = signer.Verifier.ToString();
            var (salt, nonce) = (RandomNumberGenerator.GetBytes(SaltSize), RandomNumberGenerator.GetBytes(NonceSize));
            var secret = Derive(passphrase, salt, cost);
            var seed = GC.AllocateArray<byte>(Ed25519PrivateKey.SeedLength, pinned: true);
            try
            {
                key.CopySeedTo(seed);
                var sealedSeed = new byte[NonceSize + seed.Length + TagSize];
                nonce.CopyTo(sealedSeed, 0);
                using var gcm = new AesGcm(secret, TagSize);
                gcm.Encrypt(nonce, seed, sealedSeed.AsSpan(NonceSize, seed.Length), sealedSeed.AsSpan(NonceSize + seed.Length), Bound(vkey, cost));
                var file = JsonSerializer.SerializeToUtf8Bytes(
                    new FileContent(1, vkey, new ScryptContent(cost, BlockSize, 1, salt), sealedSeed), Json);
                return ([.. file, (byte)'\n'], signer.Verifier);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(seed);
                CryptographicOperations.ZeroMemory(secret);
            }
        }
    }

    /// <summary>Opens a key's file. The caller disposes of the signer.</summary>
    /// <exception cref="UsageException">It is no such file, or the passphrase does not open it.</exception>
    public static NoteSigner Open(ReadOnlySpan<byte> file, ReadOnlySpan<byte> passphrase)
    {
        FileContent? content;
        try
        {
            content = JsonSerializer.Deserialize<FileContent>(file, Json);
        }
        catch (JsonException)
        {
            content = null;
        }

        if (content is not { Format: 1, Vkey: { } vkey, Scrypt: { R: BlockSize, P: 1, Salt.Length: SaltSize } scrypt, Seed.Length: NonceSize + Ed25519PrivateKey.SeedLength + TagSize }
            || scrypt.N is < FloorCost or > CeilingCost || !int.IsPow2(scrypt.N) || !NoteVerifier.Parse(vkey).TryGet(out var verifier, out _) || verifier.Type != NoteKeyType.Ed25519)
        {
            throw new UsageException("--key: this is no offline key of a known format.");
        }

        var secret = Derive(passphrase, scrypt.Salt, scrypt.N);
        var seed = GC.AllocateArray<byte>(Ed25519PrivateKey.SeedLength, pinned: true);
        try
        {
            using var gcm = new AesGcm(secret, TagSize);
            gcm.Decrypt(content.Seed.AsSpan(0, NonceSize), content.Seed.AsSpan(NonceSize, seed.Length), content.Seed.AsSpan(NonceSize + seed.Length), seed, Bound(vkey, scrypt.N));
            var signer = new NoteSigner(verifier.Name, NoteKeyType.Ed25519, Ed25519PrivateKey.FromSeed(seed));
            if (signer.Verifier.ToString() == vkey)
            {
                return signer;
            }

            signer.Dispose();
            throw new UsageException("--key: the file's verifier key is another key's.");
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new UsageException("--passphrase-file: the passphrase does not open the key, or the file was changed.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static byte[] Bound(string vkey, int cost) => Encoding.UTF8.GetBytes(FormattableString.Invariant($"healthledger/offline-key/v1\n{vkey}\n{cost}\n"));

    private static byte[] Derive(ReadOnlySpan<byte> passphrase, byte[] salt, int cost)
    {
        var copy = passphrase.ToArray();
        try
        {
            return SCrypt.Generate(copy, salt, cost, BlockSize, 1, 32);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(copy);
        }
    }

    private sealed record FileContent(int Format, string Vkey, ScryptContent Scrypt, byte[] Seed);

    private sealed record ScryptContent(int N, int R, int P, byte[] Salt);
}
