using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>
/// <c>master.json</c>: whose keys these are, how the passphrase becomes a key, and the master key sealed under that key. Everything beside the sealed key is
/// its associated data. See docs/formats/keys.md.
/// </summary>
internal sealed record MasterHeader(TenantId Tenant, ScryptParameters Scrypt, byte[] Salt, byte[] SealedMaster)
{
    internal const int Format = 1;
    internal const int SaltSize = 32;
    private const int MaxFileSize = 16 * 1024;
    private const string Label = "master-key";
    private static readonly int SealedSize = Envelope.SecretSize + Envelope.Overhead;

    internal static (MasterHeader Header, PinnedSecret Master) Create(ReadOnlySpan<byte> passphrase, ScryptParameters scrypt)
    {
        var header = new MasterHeader(TenantId.Random(), scrypt, RandomNumberGenerator.GetBytes(SaltSize), []);
        using var key = scrypt.Derive(passphrase, header.Salt);
        var master = PinnedSecret.Random(Envelope.SecretSize);
        return (header with { SealedMaster = Envelope.Seal(key.Span, Label, header.AssociatedData(), master.Span) }, master);
    }

    /// <summary>The same master key under another passphrase and a fresh salt.</summary>
    internal MasterHeader Resealed(ReadOnlySpan<byte> passphrase, PinnedSecret master)
    {
        var header = this with { Salt = RandomNumberGenerator.GetBytes(SaltSize), SealedMaster = [] };
        using var key = Scrypt.Derive(passphrase, header.Salt);
        return header with { SealedMaster = Envelope.Seal(key.Span, Label, header.AssociatedData(), master.Span) };
    }

    internal PinnedSecret? OpenMaster(ReadOnlySpan<byte> passphrase)
    {
        using var key = Scrypt.Derive(passphrase, Salt);
        var master = GC.AllocateArray<byte>(Envelope.SecretSize, pinned: true);
        try
        {
            return Envelope.TryOpen(key.Span, Label, AssociatedData(), SealedMaster, master) ? PinnedSecret.CopyOf(master) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(master);
        }
    }

    internal byte[] ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Format);
            json.WriteString("tenant", Tenant.ToString());
            json.WriteStartObject("scrypt");
            json.WriteNumber("n", Scrypt.Cost);
            json.WriteNumber("r", ScryptParameters.BlockSize);
            json.WriteNumber("p", ScryptParameters.Parallelization);
            json.WriteBase64String("salt", Salt);
            json.WriteEndObject();
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

    private static MasterHeader Parse(string path, JsonElement root)
    {
        if (root.GetProperty("format").GetInt32() is var format and not Format)
        {
            throw new DamagedKeysException($"{path} has format {format}; this version reads {Format}.");
        }

        var kdf = root.GetProperty("scrypt");
        var scrypt = new ScryptParameters(kdf.GetProperty("n").GetInt32());
        if (!scrypt.IsAcceptable || kdf.GetProperty("r").GetInt32() != ScryptParameters.BlockSize || kdf.GetProperty("p").GetInt32() != ScryptParameters.Parallelization)
        {
            throw new DamagedKeysException($"{path} asks for scrypt parameters outside N = {ScryptParameters.FloorCost} to {ScryptParameters.CeilingCost}, "
                + $"r = {ScryptParameters.BlockSize}, p = {ScryptParameters.Parallelization}.");
        }

        var tenant = TenantId.Parse(root.GetProperty("tenant").GetString());
        var salt = kdf.GetProperty("salt").GetBytesFromBase64();
        var master = root.GetProperty("master").GetBytesFromBase64();
        return tenant is not null && salt.Length == SaltSize && master.Length == SealedSize
            ? new MasterHeader(tenant.Value, scrypt, salt, master)
            : throw new DamagedKeysException($"{path} is damaged: a field has the wrong length.");
    }

    private byte[] AssociatedData()
    {
        var data = new byte[16 + TenantId.Size + (4 * sizeof(int)) + SaltSize];
        Encoding.ASCII.GetBytes("healthledger/mk1", data);
        var rest = data.AsSpan(16);
        Tenant.CopyTo(rest);
        rest = rest[TenantId.Size..];
        BinaryPrimitives.WriteInt32BigEndian(rest, Format);
        BinaryPrimitives.WriteInt32BigEndian(rest[4..], Scrypt.Cost);
        BinaryPrimitives.WriteInt32BigEndian(rest[8..], ScryptParameters.BlockSize);
        BinaryPrimitives.WriteInt32BigEndian(rest[12..], ScryptParameters.Parallelization);
        Salt.CopyTo(rest[16..]);
        return data;
    }
}
