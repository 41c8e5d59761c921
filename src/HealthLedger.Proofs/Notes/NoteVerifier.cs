using System.Buffers.Binary;
using System.Text;

namespace HealthLedger.Proofs.Notes;

/// <summary>A public key with its name that checks one kind of signature line: what a vkey says (c2sp.org/signed-note, "Verifier keys").</summary>
/// <remarks>Safe for several threads.</remarks>
public sealed class NoteVerifier
{
    private readonly byte[] _typedKey;
    private readonly Ed25519PublicKey? _ed25519;
    private readonly MlDsa44PublicKey? _mlDsa;

    private NoteVerifier(string name, uint id, byte[] typedKey, Ed25519PublicKey? ed25519, MlDsa44PublicKey? mlDsa)
    {
        (Name, KeyId, _typedKey, _ed25519, _mlDsa) = (name, id, typedKey, ed25519, mlDsa);
        Type = (NoteKeyType)typedKey[0];
    }

    /// <summary>The key's name; of a log, its origin. Keys of one name are one party's.</summary>
    public string Name { get; }

    /// <summary>The four bytes that tell keys of one name apart, big-endian.</summary>
    public uint KeyId { get; }

    /// <summary>What the key signs.</summary>
    public NoteKeyType Type { get; }

    /// <summary>True for a key that cosigns with a time.</summary>
    public bool IsCosigner => Type is NoteKeyType.Cosignature or NoteKeyType.MlDsa44Cosignature;

    /// <summary>Whether this platform can check the key's signatures. Where it cannot, they are as unknown as those of a key that was never named.</summary>
    public bool CanVerify => _mlDsa is null || MlDsa44PublicKey.IsSupported;

    /// <summary>The public key, without its type.</summary>
    internal ReadOnlySpan<byte> PublicKey => _typedKey.AsSpan(1);

    /// <summary>A verifier for an Ed25519 key of this name.</summary>
    /// <exception cref="ArgumentException">The name is not allowed in a note, or the type is of another kind of key.</exception>
    public static NoteVerifier Create(string name, NoteKeyType type, Ed25519PublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!NoteKey.IsName(name) || type == NoteKeyType.MlDsa44Cosignature)
        {
            throw new ArgumentException("Not a key name, or not a type of Ed25519 keys.", nameof(name));
        }

        byte[] typed = [(byte)type, .. key.Bytes];
        return new NoteVerifier(name, NoteKey.Id(name, typed), typed, key, null);
    }

    /// <summary>A verifier for an ML-DSA-44 cosigner of this name.</summary>
    /// <exception cref="ArgumentException">The name is not allowed in a note, or has more than 255 bytes: it is signed with its length in one byte.</exception>
    public static NoteVerifier Create(string name, MlDsa44PublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!NoteKey.IsName(name) || Encoding.UTF8.GetByteCount(name) > CosignedMessage.MaxNameBytes)
        {
            throw new ArgumentException("Not a key name.", nameof(name));
        }

        byte[] typed = [(byte)NoteKeyType.MlDsa44Cosignature, .. key.Bytes];
        return new NoteVerifier(name, NoteKey.Id(name, typed), typed, null, key);
    }

    /// <summary>Reads a vkey. Types other than 1, 4 and 6 are refused: a policy must not silently lose a key.</summary>
    public static Parsed<NoteVerifier> Parse(string vkey)
    {
        if (!NoteKey.TrySplit(vkey, out var name, out var id, out var typed))
        {
            return new Fault("vkey-syntax", "Not a verifier key: name+id+base64 is needed.");
        }

        Ed25519PublicKey? ed25519 = null;
        MlDsa44PublicKey? mlDsa = null;
        switch ((NoteKeyType)typed[0])
        {
            case NoteKeyType.Ed25519 or NoteKeyType.Cosignature:
                if (!Ed25519PublicKey.Parse(typed.AsSpan(1)).TryGet(out ed25519, out var fault))
                {
                    return fault;
                }

                break;
            case NoteKeyType.MlDsa44Cosignature:
                if (!MlDsa44PublicKey.Parse(typed.AsSpan(1)).TryGet(out mlDsa, out fault))
                {
                    return fault;
                }

                if (Encoding.UTF8.GetByteCount(name) > CosignedMessage.MaxNameBytes)
                {
                    return new Fault("vkey-name", "The name of an ML-DSA-44 key has at most 255 bytes.");
                }

                break;
            default:
                return new Fault("vkey-type", $"Key type {typed[0]} is not known here.");
        }

        return NoteKey.Id(name, typed) == id
            ? new NoteVerifier(name, id, typed, ed25519, mlDsa)
            : new Fault("vkey-id", "The id of the verifier key does not fit its name and key.");
    }

    /// <summary>The vkey text.</summary>
    public override string ToString() => NoteKey.Format(Name, KeyId, _typedKey);

    /// <summary>Checks one signature over a note's text.</summary>
    /// <param name="text">The signed bytes, with their last newline.</param>
    /// <param name="signature">The bytes after the key id.</param>
    /// <param name="timestamp">Unix seconds of a cosignature, at most 2^63-1; 0 for type 1.</param>
    /// <exception cref="PlatformNotSupportedException"><see cref="CanVerify"/> is false.</exception>
    internal bool Verify(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature, out ulong timestamp)
    {
        timestamp = 0;
        if (Type == NoteKeyType.Ed25519)
        {
            return _ed25519!.Verify(text, signature);
        }

        if (signature.Length <= sizeof(ulong))
        {
            return false;
        }

        timestamp = BinaryPrimitives.ReadUInt64BigEndian(signature);
        var inner = signature[sizeof(ulong)..];
        if (timestamp > long.MaxValue)
        {
            return false;
        }

        return _mlDsa is null
            ? _ed25519!.Verify(CosignedMessage.For(text, timestamp), inner)
            : CosignedMessage.ForTree(Name, text, timestamp) is { } message && _mlDsa.Verify(message, inner);
    }

    /// <summary>Checks a signature over other bytes with the same key, for formats that carry their own domain separation (consent tokens). Type 1 only.</summary>
    internal bool VerifyRaw(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => Type == NoteKeyType.Ed25519 && _ed25519!.Verify(message, signature);
}
