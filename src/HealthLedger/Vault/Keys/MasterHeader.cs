using System.Security.Cryptography;
using System.Text.Json;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>
/// <c>master.json</c>: whose keys these are, how the secret that seals the master key is come by, and the master key sealed under it. Everything beside the sealed key is
/// its associated data. See docs/formats/keys.md.
/// </summary>
internal sealed record MasterHeader(TenantId Tenant, MasterSeal Seal, byte[] SealedMaster)
{
    private const int MaxFileSize = 16 * 1024;
    private const string Label = "master-key";
    private static readonly int SealedSize = Envelope.SecretSize + Envelope.Overhead;

    internal static (MasterHeader Header, PinnedSecret Master) Create(ReadOnlySpan<byte> passphrase, ScryptParameters scrypt)
    {
        var seal = MasterSeal.ByPassphrase.Fresh(scrypt);
        using var secret = seal.Secret(passphrase);
        return Create(seal, secret);
    }

    internal static (MasterHeader Header, PinnedSecret Master) Create(IMasterKeyProvider provider)
    {
        var (seal, secret) = MasterSeal.ByProvider.Fresh(provider);
        using (secret)
        {
            return Create(seal, secret);
        }
    }

    /// <summary>The same master key under another passphrase and a fresh salt.</summary>
    /// <param name="passphrase">From now on the only one.</param>
    /// <param name="scrypt">The cost where the header has none yet.</param>
    /// <param name="master">The master key.</param>
    internal MasterHeader Resealed(ReadOnlySpan<byte> passphrase, ScryptParameters scrypt, PinnedSecret master)
    {
        var seal = MasterSeal.ByPassphrase.Fresh((Seal as MasterSeal.ByPassphrase)?.Scrypt ?? scrypt);
        using var secret = seal.Secret(passphrase);
        return Of(Tenant, seal, secret, master);
    }

    /// <summary>The same master key under a provider's key, and opened by it once, so that nothing is lost that it cannot open.</summary>
    internal MasterHeader Resealed(IMasterKeyProvider provider, PinnedSecret master)
    {
        var (seal, secret) = MasterSeal.ByProvider.Fresh(provider);
        using (secret)
        {
            var header = Of(Tenant, seal, secret, master);
            using var opened = header.OpenMaster(provider);
            return opened.Span.SequenceEqual(master.Span) ? header : throw new KeyProviderException("The PKCS#11 key does not open what was encrypted to it.");
        }
    }

    /// <summary>Null where the passphrase does not open it.</summary>
    /// <exception cref="KeyProviderException">A provider's key opens it, not a passphrase.</exception>
    internal PinnedSecret? OpenMaster(ReadOnlySpan<byte> passphrase)
    {
        if (Seal is not MasterSeal.ByPassphrase seal)
        {
            throw new KeyProviderException("The master key is with a PKCS#11 key: set HealthLedger:KeyProvider:Uri and HealthLedger:KeyProvider:PinFile.");
        }

        using var secret = seal.Secret(passphrase);
        return Open(secret);
    }

    /// <exception cref="KeyProviderException">It is another key, or cannot be reached.</exception>
    internal PinnedSecret OpenMaster(IMasterKeyProvider provider)
    {
        using var secret = ((MasterSeal.ByProvider)Seal).Secret(provider);
        return Open(secret) ?? throw new KeyProviderException("The PKCS#11 key opened a secret that does not open the master key: master.json was changed.");
    }

    internal byte[] ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Seal.Format);
            json.WriteString("tenant", Tenant.ToString());
            Seal.Write(json);
            json.WriteBase64String("master", SealedMaster);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    internal static MasterHeader Read(string path)
    {
        if (new FileInfo(path).Length > MaxFileSize)
        {
            throw new DamagedKeysException($"{path} is longer than {MaxFileSize} bytes: it is not a header of a key directory.");
        }

        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 4 });
            return Parse(path, json.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new DamagedKeysException($"{path} is damaged: restore it from a backup of the key directory.", e);
        }
    }

    internal static DamagedKeysException WrongLength(string path) => new($"{path} is damaged: a field has the wrong length.");

    private static (MasterHeader Header, PinnedSecret Master) Create(MasterSeal seal, PinnedSecret secret)
    {
        var master = PinnedSecret.Random(Envelope.SecretSize);
        return (Of(TenantId.Random(), seal, secret, master), master);
    }

    private static MasterHeader Of(TenantId tenant, MasterSeal seal, PinnedSecret secret, PinnedSecret master) =>
        new(tenant, seal, Envelope.Seal(secret.Span, Label, seal.AssociatedData(tenant), master.Span));

    private static MasterHeader Parse(string path, JsonElement root)
    {
        MasterSeal seal = root.GetProperty("format").GetInt32() switch
        {
            1 => MasterSeal.ByPassphrase.Parse(path, root),
            2 => MasterSeal.ByProvider.Parse(path, root),
            var format => throw new DamagedKeysException($"{path} has format {format}; this version reads 1 and 2."),
        };
        var tenant = TenantId.Parse(root.GetProperty("tenant").GetString());
        var master = root.GetProperty("master").GetBytesFromBase64();
        return tenant is not null && master.Length == SealedSize ? new MasterHeader(tenant.Value, seal, master) : throw WrongLength(path);
    }

    private PinnedSecret? Open(PinnedSecret secret)
    {
        var master = GC.AllocateArray<byte>(Envelope.SecretSize, pinned: true);
        try
        {
            return Envelope.TryOpen(secret.Span, Label, Seal.AssociatedData(Tenant), SealedMaster, master) ? PinnedSecret.CopyOf(master) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(master);
        }
    }
}
