using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace HealthLedger.Proofs.Notes;

/// <summary>The signature types of c2sp.org/signed-note that this code makes and checks.</summary>
public enum NoteKeyType : byte
{
    /// <summary>Ed25519 over the note's text.</summary>
    Ed25519 = 1,

    /// <summary>Ed25519 over a timestamped statement about a checkpoint (c2sp.org/tlog-cosignature).</summary>
    Cosignature = 4,

    /// <summary>ML-DSA-44 over a timestamped statement about a tree (c2sp.org/tlog-cosignature).</summary>
    MlDsa44Cosignature = 6,
}

/// <summary>Names and ids of note keys (c2sp.org/signed-note, "Signatures" and "Verifier keys").</summary>
internal static class NoteKey
{
    public const int MaxName = 256;

    /// <summary>A name is not empty and has no white space, no plus sign, no control characters.</summary>
    public static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.IsEmpty || name.Length > MaxName)
        {
            return false;
        }

        foreach (var c in name)
        {
            if (c == '+' || char.IsWhiteSpace(c) || char.IsControl(c) || char.IsSurrogate(c))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>SHA-256(name || 0x0A || type || key), its first four bytes.</summary>
    public static uint Id(string name, ReadOnlySpan<byte> typedKey)
    {
        var nameBytes = Encoding.UTF8.GetBytes(name);
        var input = new byte[nameBytes.Length + 1 + typedKey.Length];
        nameBytes.CopyTo(input, 0);
        input[nameBytes.Length] = 0x0a;
        typedKey.CopyTo(input.AsSpan(nameBytes.Length + 1));
        return BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(input));
    }

    /// <summary>Splits <c>name+id+base64</c> and checks that the id has eight lower-case digits. The base64 may itself hold plus signs.</summary>
    public static bool TrySplit(string text, out string name, out uint id, out byte[] typedKey)
    {
        (name, id, typedKey) = ("", 0, []);
        if (text is null || text.Length > 8192 || text.Split('+', 3) is not [var first, { Length: 8 } digits, var base64] || !IsName(first)
            || digits.AsSpan().ContainsAnyExcept("0123456789abcdef")
            || StrictBase64.Decode(base64) is not { Length: > 1 } bytes)
        {
            return false;
        }

        (name, id, typedKey) = (first, uint.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), bytes);
        return true;
    }

    public static string Format(string name, uint id, ReadOnlySpan<byte> typedKey) =>
        $"{name}+{id.ToString("x8", CultureInfo.InvariantCulture)}+{Convert.ToBase64String(typedKey)}";
}
