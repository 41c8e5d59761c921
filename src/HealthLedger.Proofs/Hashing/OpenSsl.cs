using System.Runtime.InteropServices;

namespace HealthLedger.Proofs.Hashing;

/// <summary>The library that the framework's own cryptography rests on where it runs on Linux: here its functions are called without the framework between.</summary>
internal static class OpenSsl
{
    public const string Library = "libcrypto.so.3";

    private static readonly nint Handle = OperatingSystem.IsLinux() && Environment.Is64BitProcess && NativeLibrary.TryLoad(Library, out var handle) ? handle : 0;

    /// <summary>
    /// True once the framework set the library up, with its own choice of what happens at the end of the process. Functions that look algorithms up, as others than SHA-256's do,
    /// would else set it up in another way, and OpenSSL would be taken down while threads still use it.
    /// </summary>
    public static bool IsReady { get; } = SetUp();

    private static bool SetUp()
    {
        Span<byte> any = stackalloc byte[1];
        System.Security.Cryptography.RandomNumberGenerator.Fill(any);
        return true;
    }

    public static bool Has(params ReadOnlySpan<string> functions)
    {
        foreach (var function in functions)
        {
            if (Handle == 0 || !NativeLibrary.TryGetExport(Handle, function, out _))
            {
                return false;
            }
        }

        return true;
    }
}
