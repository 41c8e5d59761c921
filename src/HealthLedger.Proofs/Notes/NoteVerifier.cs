using System.Buffers.Binary;

namespace HealthLedger.Proofs.Notes;

/// <summary>A public key with its name that checks one kind of signature line: what a vkey says (c2sp.org/signed-note, "Verifier keys").</summary>
/// <remarks>Safe for several threads.</remarks>
public sealed class NoteVerifier
{
    private readonly byte[] _typedKey;

    private NoteVerifier(string name, uint id, byte[] typedKey, Ed25519PublicKey key)
    {
        (Name, KeyId, _typedKey, Key) = (name, id, typedKey, key);
        Type = (NoteKeyType)typedKey[0];
    }

    /// <summary>The key's name; of a log, its origin.</summary>
    public string Name { get; }

    /// <summary>The four bytes that tell keys of one name apart, big-endian.</summary>
    public uint KeyId { get; }

    /// <summary>What the key signs.</summary>
    public NoteKeyType Type { get; }

    /// <summary>The Ed25519 key.</summary>
    public Ed25519PublicKey Key { get; }

    /// <summary>A verifier for a key of this name.</summary>
    /// <exception cref="ArgumentException">The name is not allowed in a note.</exception>
    public static NoteVerifier Create(string name, NoteKeyType type, Ed25519PublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!NoteKey.IsName(name))
        {
            throw new ArgumentException("Not a key name.", nameof(name));
        }

        byte[] typed = [(byte)type, .. key.Bytes];
        return new NoteVerifier(name, NoteKey.Id(name, typed), typed, key);
    }

    /// <summary>Reads a vkey. Types other than 1 and 4 are refused: a policy must not silently lose a key.</summary>
    public static Parsed<NoteVerifier> Parse(string vkey)
    {
        if (!NoteKey.TrySplit(vkey, out var name, out var id, out var typed))
        {
            return new Fault("vkey-syntax", "Not a verifier key: name+id+base64 is needed.");
        }

        if (typed[0] is not ((byte)NoteKeyType.Ed25519 or (byte)NoteKeyType.Cosignature))
        {
            return new Fault("vkey-type", $"Key type {typed[0]} is not known here.");
        }

        if (!Ed25519PublicKey.Parse(typed.AsSpan(1)).TryGet(out var key, out var fault))
        {
            return fault;
        }

        return NoteKey.Id(name, typed) == id
            ? new NoteVerifier(name, id, typed, key)
            : new Fault("vkey-id", "The id of the verifier key does not fit its name and key.");
    }

    /// <summary>The vkey text.</summary>
    public override string ToString() => NoteKey.Format(Name, KeyId, _typedKey);

    /// <summary>Checks one signature over a note's text.</summary>
    /// <param name="text">The signed bytes, with their last newline.</param>
    /// <param name="signature">The bytes after the key id.</param>
    /// <param name="timestamp">Unix seconds of a cosignature, at most 2^63-1; 0 for type 1.</param>
    internal bool Verify(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature, out ulong timestamp)
    {
        timestamp = 0;
        if (Type == NoteKeyType.Ed25519)
        {
            return Key.Verify(text, signature);
        }

        if (signature.Length != sizeof(ulong) + Ed25519PublicKey.SignatureLength)
        {
            return false;
        }

        timestamp = BinaryPrimitives.ReadUInt64BigEndian(signature);
        return timestamp <= long.MaxValue && Key.Verify(CosignedMessage.For(text, timestamp), signature[sizeof(ulong)..]);
    }
}
