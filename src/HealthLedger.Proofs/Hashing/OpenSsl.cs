using System.Runtime.InteropServices;

namespace HealthLedger.Proofs.Hashing;

/// <summary>The library that the framework's own cryptography rests on where it runs on Linux: here its functions are called without the framework between.</summary>
internal static class OpenSsl
{
    public const string Library = "libcrypto.so.3";

    private static readonly nint Handle = OperatingSystem.IsLinux() && Environment.Is64BitProcess && NativeLibrary.TryLoad(Library, out var handle) ? handle : 0;

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
