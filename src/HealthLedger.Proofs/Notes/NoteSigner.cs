using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace HealthLedger.Proofs.Notes;

/// <summary>A signing key with its name: makes signature lines of type 1 (a log), 4 or 6 (a cosigner, with Ed25519 or ML-DSA-44).</summary>
/// <remarks>Owns its key. Safe for several threads until disposed.</remarks>
public sealed class NoteSigner : IDisposable
{
    /// <summary>The longest origin in UTF-8 that an ML-DSA-44 key cosigns for.</summary>
    public const int MaxMlDsa44OriginBytes = CosignedMessage.MaxNameBytes;

    private const string Prefix = "PRIVATE+KEY+";

    /// <summary>Both kinds of key are made from 32 bytes.</summary>
    private const int SeedLength = Ed25519PrivateKey.SeedLength;

    private readonly Ed25519PrivateKey? _ed25519;
    private readonly MlDsa44PrivateKey? _mlDsa;

    /// <summary>A signer of this name with an Ed25519 key; takes ownership of the key.</summary>
    /// <exception cref="ArgumentException">The name is not allowed in a note, or the type is of another kind of key.</exception>
    public NoteSigner(string name, NoteKeyType type, Ed25519PrivateKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Verifier = NoteVerifier.Create(name, type, key.PublicKey);
        _ed25519 = key;
    }

    /// <summary>A cosigner of this name with an ML-DSA-44 key; takes ownership of the key.</summary>
    /// <exception cref="ArgumentException">The name is not allowed in a note, or has more than 255 bytes.</exception>
    public NoteSigner(string name, MlDsa44PrivateKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Verifier = NoteVerifier.Create(name, key.PublicKey);
        _mlDsa = key;
    }

    /// <summary>What others check the signatures with; its text is the vkey.</summary>
    public NoteVerifier Verifier { get; }

    /// <summary>Reads a signing key text: <c>PRIVATE+KEY+name+id+base64(type || seed)</c>, the form of Go's x/mod sumdb/note.</summary>
    /// <returns>For type 6 on a platform without ML-DSA-44 a fault that says so.</returns>
    public static Parsed<NoteSigner> Parse(string skey)
    {
        if (skey is null || !skey.StartsWith(Prefix, StringComparison.Ordinal)
            || !NoteKey.TrySplit(skey[Prefix.Length..], out var name, out var id, out var typed))
        {
            return new Fault("skey-syntax", "Not a signing key.");
        }

        try
        {
            var type = (NoteKeyType)typed[0];
            if (type is not (NoteKeyType.Ed25519 or NoteKeyType.Cosignature or NoteKeyType.MlDsa44Cosignature) || typed.Length != 1 + SeedLength)
            {
                return new Fault("skey-type", "The signing key is of no known type.");
            }

            if (type == NoteKeyType.MlDsa44Cosignature && (!MlDsa44PublicKey.IsSupported || Encoding.UTF8.GetByteCount(name) > CosignedMessage.MaxNameBytes))
            {
                return MlDsa44PublicKey.IsSupported ? new Fault("skey-name", "The name of an ML-DSA-44 key has at most 255 bytes.") : new Fault("skey-platform", MlDsa44PublicKey.Needs);
            }

            var signer = type == NoteKeyType.MlDsa44Cosignature
                ? new NoteSigner(name, MlDsa44PrivateKey.FromSeed(typed.AsSpan(1)))
                : new NoteSigner(name, type, Ed25519PrivateKey.FromSeed(typed.AsSpan(1)));
            if (signer.Verifier.KeyId == id)
            {
                return signer;
            }

            signer.Dispose();
            return new Fault("skey-id", "The id of the signing key does not fit its name and key.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(typed);
        }
    }

    /// <summary>The signing key as text. Secret; for files that are sealed or readable by their owner alone.</summary>
    public string ExportSigningKey()
    {
        Span<byte> typed = stackalloc byte[1 + SeedLength];
        typed[0] = (byte)Verifier.Type;
        _ed25519?.CopySeedTo(typed[1..]);
        _mlDsa?.CopySeedTo(typed[1..]);
        var text = Prefix + NoteKey.Format(Verifier.Name, Verifier.KeyId, typed);
        CryptographicOperations.ZeroMemory(typed);
        return text;
    }

    /// <summary>Signs a note's text (type 1).</summary>
    /// <exception cref="InvalidOperationException">The key is a cosigner's: it signs with a time.</exception>
    public NoteSignature Sign(ReadOnlySpan<byte> text)
    {
        if (Verifier.Type != NoteKeyType.Ed25519)
        {
            throw new InvalidOperationException("A cosigner's key signs with a time.");
        }

        return new NoteSignature(Verifier.Name, Verifier.KeyId, _ed25519!.Sign(text));
    }

    /// <summary>Cosigns a checkpoint's text at a time (types 4 and 6, c2sp.org/tlog-cosignature).</summary>
    /// <param name="text">The note's text with its last newline.</param>
    /// <param name="time">Not before 1970; whole seconds are signed.</param>
    /// <exception cref="InvalidOperationException">The key is a log's.</exception>
    /// <exception cref="ArgumentException">The text is no checkpoint, or its origin has more than 255 bytes (type 6).</exception>
    public NoteSignature Cosign(ReadOnlySpan<byte> text, DateTimeOffset time)
    {
        if (!Verifier.IsCosigner)
        {
            throw new InvalidOperationException("A log's key does not cosign.");
        }

        var seconds = time.ToUnixTimeSeconds();
        ArgumentOutOfRangeException.ThrowIfNegative(seconds, nameof(time));
        var inner = _mlDsa is null
            ? _ed25519!.Sign(CosignedMessage.For(text, (ulong)seconds))
            : _mlDsa.Sign(CosignedMessage.ForTree(Verifier.Name, text, (ulong)seconds) ?? throw new ArgumentException("Not a checkpoint that can be cosigned.", nameof(text)));
        var signature = new byte[sizeof(ulong) + inner.Length];
        BinaryPrimitives.WriteInt64BigEndian(signature, seconds);
        inner.CopyTo(signature, sizeof(ulong));
        return new NoteSignature(Verifier.Name, Verifier.KeyId, signature);
    }

    /// <summary>Signs other bytes with the same key, for formats that carry their own domain separation (consent tokens). Type 1 only.</summary>
    internal byte[] SignRaw(ReadOnlySpan<byte> message) => _ed25519!.Sign(message);

    /// <inheritdoc/>
    public void Dispose()
    {
        _ed25519?.Dispose();
        _mlDsa?.Dispose();
    }
}
