using System.Security.Cryptography;

namespace HealthLedger.Sealing;

/// <summary>
/// Random bytes for salts, nonces and names, which are needed by the dozen: asked of the system's generator a few kilobytes at a time, since a request for 32 bytes costs it nearly as
/// much. Each thread has its own, in memory that does not move; what was given out is zeroed there. Keys that live long come from <see cref="RandomNumberGenerator"/> directly.
/// </summary>
public static class FreshBytes
{
    private const int Stock = 2048;

    [ThreadStatic]
    private static byte[]? _stock;

    [ThreadStatic]
    private static int _left;

    /// <summary>Fills with bytes that nobody was given before.</summary>
    public static void Fill(Span<byte> bytes)
    {
        if (bytes.Length > Stock / 4)
        {
            RandomNumberGenerator.Fill(bytes);
            return;
        }

        var stock = _stock ??= GC.AllocateUninitializedArray<byte>(Stock, pinned: true);
        if (_left < bytes.Length)
        {
            // Before it is filled again nothing is left: were the generator to fail, no bytes would be given twice.
            _left = 0;
            RandomNumberGenerator.Fill(stock);
            _left = Stock;
        }

        var given = stock.AsSpan(_left - bytes.Length, bytes.Length);
        _left -= bytes.Length;
        given.CopyTo(bytes);
        CryptographicOperations.ZeroMemory(given);
    }

    /// <summary>So many random bytes in lower-case hexadecimal digits, two for each.</summary>
    /// <param name="count">At most 64.</param>
    public static string Hex(int count)
    {
        Span<byte> bytes = stackalloc byte[64];
        bytes = bytes[..count];
        Fill(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
