using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>The parts of a literal reference (R4 references.html#literal): <c>[base/]Type/id[/_history/version]</c>; urn:uuid and others have none.</summary>
internal readonly ref struct ReferenceText
{
    private ReferenceText(ReadOnlySpan<char> prefix, TypeDefinition type, ReadOnlySpan<char> id)
    {
        Base = prefix;
        Type = type;
        Id = id;
    }

    /// <summary>The server's address without the last slash; empty for a relative reference.</summary>
    public ReadOnlySpan<char> Base { get; }

    public TypeDefinition Type { get; }

    public ReadOnlySpan<char> Id { get; }

    public static bool TryParse(ReadOnlySpan<char> text, out ReferenceText reference)
    {
        reference = default;
        var fragment = text.IndexOf('#');
        if (fragment == 0) return false;
        if (fragment > 0) text = text[..fragment];
        var history = text.IndexOf("/_history/");
        if (history >= 0) text = text[..history];
        var slash = text.LastIndexOf('/');
        if (slash <= 0 || !FhirId.IsValid(text[(slash + 1)..])) return false;
        var id = text[(slash + 1)..];
        var rest = text[..slash];
        var before = rest.LastIndexOf('/');
        var typeName = rest[(before + 1)..];
        if (typeName.Length is 0 or > 64 || FindType(typeName) is not { } type) return false;
        var prefix = before < 0 ? default : rest[..before];
        // "Patient/1" and "/Patient/1" are relative; anything else before the type must be an address.
        if (prefix.Length > 0 && prefix.IndexOf(':') < 0) return false;
        reference = new ReferenceText(prefix, type, id);
        return true;
    }

    public static string? TypeOf(string text) => TryParse(text, out var reference) ? reference.Type.Name : null;

    private static TypeDefinition? FindType(ReadOnlySpan<char> name)
    {
        Span<byte> utf8 = stackalloc byte[192];
        return System.Text.Encoding.UTF8.TryGetBytes(name, utf8, out var length) ? FhirDefinitions.R4.ResourceType(utf8[..length]) : null;
    }
}
