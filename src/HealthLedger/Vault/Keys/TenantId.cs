using System.Security.Cryptography;

namespace HealthLedger.Vault.Keys;

/// <summary>Names one key directory and the data sealed under it: 16 random bytes, bound into everything that is sealed. Not a secret.</summary>
public readonly record struct TenantId
{
    /// <summary>Size in bytes.</summary>
    public const int Size = 16;

    private readonly UInt128 value;

    private TenantId(UInt128 value) => this.value = value;

    /// <summary>A fresh one.</summary>
    public static TenantId Random()
    {
        Span<byte> bytes = stackalloc byte[Size];
        RandomNumberGenerator.Fill(bytes);
        return new TenantId(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    /// <summary>Reads 32 hexadecimal digits; null where <paramref name="text"/> is something else.</summary>
    public static TenantId? Parse(string? text) =>
        text is { Length: 2 * Size } && UInt128.TryParse(text, System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value) ? new TenantId(value) : null;

    /// <summary>Writes the 16 bytes.</summary>
    public void CopyTo(Span<byte> destination) => System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(destination, value);

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() => value.ToString("x32", null);
}
