using System.Text;

namespace HealthLedger.Fhir.Json;

/// <summary>The resource that a <see cref="LiteralReference"/> names by type and id, with or without a version.</summary>
/// <param name="BaseUrl">The server's address without the last slash; empty for a relative reference.</param>
/// <param name="Type">The resource type.</param>
/// <param name="Id">The logical id.</param>
internal readonly record struct ReferencedResource(string BaseUrl, string Type, string Id)
{
    /// <summary>The reference without version and fragment.</summary>
    public string Address => BaseUrl.Length == 0 ? $"{Type}/{Id}" : $"{BaseUrl}/{Type}/{Id}";

    /// <summary>Null for fragments, <c>urn:</c>, conditional references, other URIs, and what has none of the forms.</summary>
    public static ReferencedResource? Of(string reference)
    {
        var literal = LiteralReference.Parse(Encoding.UTF8.GetBytes(reference));
        return literal is { Kind: ReferenceKind.Relative or ReferenceKind.Absolute, ResourceType: { } type }
            ? new ReferencedResource(Encoding.UTF8.GetString(literal.BaseUrl), type, Encoding.UTF8.GetString(literal.Id))
            : null;
    }

    /// <summary>True where it is a record of the server with that address.</summary>
    /// <param name="localBase">Without the last slash; empty: relative references alone are local.</param>
    public bool IsLocal(string localBase) => BaseUrl.Length == 0 || BaseUrl == localBase;
}
