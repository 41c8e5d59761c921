using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>How the secret that seals the master key is come by, as the header says it.</summary>
internal abstract record MasterSeal
{
    private MasterSeal()
    {
    }

    /// <summary>The header's format.</summary>
    internal abstract int Format { get; }

    /// <summary>What is bound to the sealed master key beside it.</summary>
    internal abstract byte[] AssociatedData(TenantId tenant);

    internal abstract void Write(Utf8JsonWriter json);

    /// <summary>Format 1: scrypt of a passphrase.</summary>
    internal sealed record ByPassphrase(ScryptParameters Scrypt, byte[] Salt) : MasterSeal
    {
        internal const int SaltSize = 32;

        internal override int Format => 1;

        internal static ByPassphrase Fresh(ScryptParameters scrypt) => new(scrypt, RandomNumberGenerator.GetBytes(SaltSize));

        internal PinnedSecret Secret(ReadOnlySpan<byte> passphrase) => Scrypt.Derive(passphrase, Salt);

        internal override void Write(Utf8JsonWriter json)
        {
            json.WriteStartObject("scrypt");
            json.WriteNumber("n", Scrypt.Cost);
            json.WriteNumber("r", ScryptParameters.BlockSize);
            json.WriteNumber("p", ScryptParameters.Parallelization);
            json.WriteBase64String("salt", Salt);
            json.WriteEndObject();
        }

        internal static ByPassphrase Parse(string path, JsonElement root)
        {
            var kdf = root.GetProperty("scrypt");
            var scrypt = new ScryptParameters(kdf.GetProperty("n").GetInt32());
            if (!scrypt.IsAcceptable || kdf.GetProperty("r").GetInt32() != ScryptParameters.BlockSize || kdf.GetProperty("p").GetInt32() != ScryptParameters.Parallelization)
            {
                throw new DamagedKeysException($"{path} asks for scrypt parameters outside N = {ScryptParameters.FloorCost} to {ScryptParameters.CeilingCost}, "
                    + $"r = {ScryptParameters.BlockSize}, p = {ScryptParameters.Parallelization}.");
            }

            var salt = kdf.GetProperty("salt").GetBytesFromBase64();
            return salt.Length == SaltSize ? new ByPassphrase(scrypt, salt) : throw MasterHeader.WrongLength(path);
        }

        internal override byte[] AssociatedData(TenantId tenant)
        {
            var data = new byte[16 + TenantId.Size + (4 * sizeof(int)) + SaltSize];
            Encoding.ASCII.GetBytes("healthledger/mk1", data);
            var rest = data.AsSpan(16);
            tenant.CopyTo(rest);
            rest = rest[TenantId.Size..];
            BinaryPrimitives.WriteInt32BigEndian(rest, Format);
            BinaryPrimitives.WriteInt32BigEndian(rest[4..], Scrypt.Cost);
            BinaryPrimitives.WriteInt32BigEndian(rest[8..], ScryptParameters.BlockSize);
            BinaryPrimitives.WriteInt32BigEndian(rest[12..], ScryptParameters.Parallelization);
            Salt.CopyTo(rest[16..]);
            return data;
        }
    }

    /// <summary>Format 2: a random secret, encrypted to a key of a provider.</summary>
    internal sealed record ByProvider(byte[] Fingerprint, byte[] Wrapped) : MasterSeal
    {
        internal const string Algorithm = "RSA-OAEP-SHA256";
        private const int MaxWrapped = 1024;

        internal override int Format => 2;

        /// <summary>A fresh secret, which the caller disposes, and how it is come by.</summary>
        internal static (ByProvider Seal, PinnedSecret Secret) Fresh(IMasterKeyProvider provider)
        {
            var secret = PinnedSecret.Random(Envelope.SecretSize);
            try
            {
                return (new ByProvider(provider.Fingerprint(), provider.Wrap(secret.Span)), secret);
            }
            catch
            {
                secret.Dispose();
                throw;
            }
        }

        internal PinnedSecret Secret(IMasterKeyProvider provider) => !provider.Fingerprint().AsSpan().SequenceEqual(Fingerprint)
            ? throw new KeyProviderException($"The PKCS#11 key is another than the one that holds the master key, whose public key's SHA-256 is {Convert.ToHexStringLower(Fingerprint)}.")
            : PinnedSecret.Create(Envelope.SecretSize, (provider, Wrapped), static (secret, from) => from.provider.Unwrap(from.Wrapped, secret));

        internal override void Write(Utf8JsonWriter json)
        {
            json.WriteStartObject("pkcs11");
            json.WriteString("algorithm", Algorithm);
            json.WriteString("key", Convert.ToHexStringLower(Fingerprint));
            json.WriteBase64String("secret", Wrapped);
            json.WriteEndObject();
        }

        internal static ByProvider Parse(string path, JsonElement root)
        {
            var seal = root.GetProperty("pkcs11");
            if (seal.GetProperty("algorithm").GetString() is var algorithm and not Algorithm)
            {
                throw new DamagedKeysException($"{path} wants {algorithm}; this version knows {Algorithm}.");
            }

            var key = Convert.FromHexString(seal.GetProperty("key").GetString() ?? "");
            var wrapped = seal.GetProperty("secret").GetBytesFromBase64();
            return key.Length == SHA256.HashSizeInBytes && wrapped.Length is > 0 and <= MaxWrapped ? new ByProvider(key, wrapped) : throw MasterHeader.WrongLength(path);
        }

        internal override byte[] AssociatedData(TenantId tenant)
        {
            var data = new byte[16 + TenantId.Size + sizeof(int) + (2 * SHA256.HashSizeInBytes)];
            Encoding.ASCII.GetBytes("healthledger/mk2", data);
            tenant.CopyTo(data.AsSpan(16));
            var rest = data.AsSpan(16 + TenantId.Size);
            BinaryPrimitives.WriteInt32BigEndian(rest, Format);
            Fingerprint.CopyTo(rest[sizeof(int)..]);
            SHA256.HashData(Wrapped, rest[(sizeof(int) + SHA256.HashSizeInBytes)..]);
            return data;
        }
    }
}
