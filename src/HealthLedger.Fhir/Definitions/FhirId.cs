using System.Buffers;

namespace HealthLedger.Fhir.Definitions;

/// <summary>Logical ids: 1 to 64 of A-Z, a-z, 0-9, '-' and '.' (http://hl7.org/fhir/R4/datatypes.html#id).</summary>
public static class FhirId
{
    private const int Longest = 64;
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";

    private static readonly SearchValues<char> Allowed = SearchValues.Create(Letters);
    private static readonly SearchValues<byte> AllowedBytes = SearchValues.Create(System.Text.Encoding.ASCII.GetBytes(Letters));

    /// <summary>True for a text that may be an id.</summary>
    public static bool IsValid(ReadOnlySpan<char> text) => text.Length is > 0 and <= Longest && !text.ContainsAnyExcept(Allowed);

    /// <summary>The same for UTF-8.</summary>
    public static bool IsValid(ReadOnlySpan<byte> utf8) => utf8.Length is > 0 and <= Longest && !utf8.ContainsAnyExcept(AllowedBytes);
}
