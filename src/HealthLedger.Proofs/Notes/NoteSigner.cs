using System.Buffers.Binary;
using System.Security.Cryptography;

namespace HealthLedger.Proofs.Notes;

/// <summary>A signing key with its name: makes signature lines of type 1 (a log) or type 4 (a cosigner).</summary>
/// <remarks>Owns its key. Safe for several threads until disposed.</remarks>
public sealed class NoteSigner : IDisposable
{
    private const string Prefix = "PRIVATE+KEY+";
    private readonly Ed25519PrivateKey _key;

    /// <summary>A signer of this name; takes ownership of the key.</summary>
    /// <exception cref="ArgumentException">The name is not allowed in a note.</exception>
    public NoteSigner(string name, NoteKeyType type, Ed25519PrivateKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Verifier = NoteVerifier.Create(name, type, key.PublicKey);
        _key = key;
    }

    /// <summary>What others check the signatures with; its text is the vkey.</summary>
    public NoteVerifier Verifier { get; }

    /// <summary>Reads a signing key text: <c>PRIVATE+KEY+name+id+base64(type || seed)</c>, the form of Go's x/mod sumdb/note.</summary>
    public static Parsed<NoteSigner> Parse(string skey)
    {
        if (skey is null || !skey.StartsWith(Prefix, StringComparison.Ordinal)
            || !NoteKey.TrySplit(skey[Prefix.Length..], out var name, out var id, out var typed))
        {
            return new Fault("skey-syntax", "Not a signing key.");
        }

        try
        {
            if (typed[0] is not ((byte)NoteKeyType.Ed25519 or (byte)NoteKeyType.Cosignature) || typed.Length != 1 + Ed25519PrivateKey.SeedLength)
            {
                return new Fault("skey-type", "The signing key is of no known type.");
            }

            var signer = new NoteSigner(name, (NoteKeyType)typed[0], Ed25519PrivateKey.FromSeed(typed.AsSpan(1)));
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
        Span<byte> typed = stackalloc byte[1 + Ed25519PrivateKey.SeedLength];
        typed[0] = (byte)Verifier.Type;
        _key.CopySeedTo(typed[1..]);
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

        return new NoteSignature(Verifier.Name, Verifier.KeyId, _key.Sign(text));
    }

    /// <summary>Cosigns a checkpoint's text at a time (type 4, c2sp.org/tlog-cosignature).</summary>
    /// <param name="text">The note's text with its last newline.</param>
    /// <param name="time">Not before 1970; whole seconds are signed.</param>
    /// <exception cref="InvalidOperationException">The key is a log's.</exception>
    public NoteSignature Cosign(ReadOnlySpan<byte> text, DateTimeOffset time)
    {
        if (Verifier.Type != NoteKeyType.Cosignature)
        {
            throw new InvalidOperationException("A log's key does not cosign.");
        }

        var seconds = time.ToUnixTimeSeconds();
        ArgumentOutOfRangeException.ThrowIfNegative(seconds, nameof(time));
        var signature = new byte[sizeof(ulong) + Ed25519PublicKey.SignatureLength];
        BinaryPrimitives.WriteInt64BigEndian(signature, seconds);
        _key.Sign(CosignedMessage.For(text, (ulong)seconds)).CopyTo(signature, sizeof(ulong));
        return new NoteSignature(Verifier.Name, Verifier.KeyId, signature);
    }

    /// <summary>Signs other bytes with the same key, for formats that carry their own domain separation (consent tokens).</summary>
    internal byte[] SignRaw(ReadOnlySpan<byte> message) => _key.Sign(message);

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
