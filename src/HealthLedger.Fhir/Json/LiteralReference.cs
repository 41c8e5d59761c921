using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Json;

/// <summary>The form of a literal reference (R4 references.html#literal).</summary>
public enum ReferenceKind
{
    /// <summary>None of the forms.</summary>
    Invalid,

    /// <summary><c>#id</c>, a contained resource; <c>#</c> alone is the resource that contains.</summary>
    Fragment,

    /// <summary><c>Type/id</c>, with or without <c>/_history/version</c>.</summary>
    Relative,

    /// <summary>A URL or another URI with a scheme. Type and id are set where it has the form of a FHIR server's address.</summary>
    Absolute,

    /// <summary><c>urn:uuid:</c> or <c>urn:oid:</c>.</summary>
    Urn,

    /// <summary><c>Type?query</c>, for transactions.</summary>
    Conditional,
}

/// <summary>A literal reference taken apart. The spans are parts of the text it was parsed from.</summary>
public readonly ref struct LiteralReference
{
    private LiteralReference(ReferenceKind kind) => Kind = kind;

    /// <summary>The form.</summary>
    public ReferenceKind Kind { get; }

    /// <summary>The resource type it names; null where it names none.</summary>
    public string? ResourceType { get; private init; }

    /// <summary>The id: of <c>Type/id</c> and of a server's address the resource's, of a fragment what follows the #.</summary>
    public ReadOnlySpan<byte> Id { get; private init; }

    /// <summary>The version after <c>/_history/</c>; empty where there is none.</summary>
    public ReadOnlySpan<byte> Version { get; private init; }

    /// <summary>Of a server's address what comes before <c>/Type/id</c>.</summary>
    public ReadOnlySpan<byte> BaseUrl { get; private init; }

    /// <summary>Of a conditional reference what follows the question mark.</summary>
    public ReadOnlySpan<byte> Query { get; private init; }

    /// <summary>Takes a reference apart.</summary>
    /// <param name="utf8">Unescaped text of Reference.reference.</param>
    public static LiteralReference Parse(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty || utf8.IndexOfAny(" \t\r\n"u8) >= 0)
        {
            return new(ReferenceKind.Invalid);
        }

        if (utf8[0] == '#')
        {
            return new(ReferenceKind.Fragment) { Id = utf8[1..] };
        }

        if (utf8.StartsWith("urn:uuid:"u8) || utf8.StartsWith("urn:oid:"u8))
        {
            return new(utf8[^1] == ':' ? ReferenceKind.Invalid : ReferenceKind.Urn);
        }

        return HasScheme(utf8) ? Absolute(utf8) : Relative(utf8);
    }

    private static LiteralReference Relative(ReadOnlySpan<byte> text)
    {
        var query = text.IndexOf((byte)'?');
        if (query >= 0)
        {
            return FhirDefinitions.R4.ResourceType(text[..query]) is { } type && query + 1 < text.Length
                ? new(ReferenceKind.Conditional) { ResourceType = type.Name, Query = text[(query + 1)..] }
                : new(ReferenceKind.Invalid);
        }

        // A fragment after the address leads into the resource: to one it contains.
        var path = WithoutFragment(text);
        var typed = TypeAndId(path, out var length, ReferenceKind.Relative);
        return typed.Kind == ReferenceKind.Relative && length == path.Length ? typed : new(ReferenceKind.Invalid);
    }

    private static LiteralReference Absolute(ReadOnlySpan<byte> text)
    {
        if (text[^1] == ':')
        {
            return new(ReferenceKind.Invalid);
        }

        var path = WithoutFragment(text);
        var typed = TypeAndId(path, out var length, ReferenceKind.Absolute);
        var isServer = typed.ResourceType is not null && length < path.Length && path[^(length + 1)] == '/' && path.StartsWith("http"u8);
        return isServer
            ? new(ReferenceKind.Absolute) { ResourceType = typed.ResourceType, Id = typed.Id, Version = typed.Version, BaseUrl = path[..^(length + 1)] }
            : new(ReferenceKind.Absolute);
    }

    private static ReadOnlySpan<byte> WithoutFragment(ReadOnlySpan<byte> text) => text.IndexOf((byte)'#') is >= 0 and var at ? text[..at] : text;

    /// <summary>Reads <c>Type/id[/_history/version]</c> from the end of a path; how long it is, goes to <paramref name="length"/>.</summary>
    private static LiteralReference TypeAndId(ReadOnlySpan<byte> path, out int length, ReferenceKind kind)
    {
        length = 0;
        var version = ReadOnlySpan<byte>.Empty;
        var rest = path;
        var history = rest.LastIndexOf("/_history/"u8);
        if (history >= 0)
        {
            version = rest[(history + "/_history/"u8.Length)..];
            rest = rest[..history];
            if (!FhirId.IsValid(version))
            {
                return new(ReferenceKind.Invalid);
            }
        }

        var slash = rest.LastIndexOf((byte)'/');
        if (slash < 0 || !FhirId.IsValid(rest[(slash + 1)..]))
        {
            return new(ReferenceKind.Invalid);
        }

        var typeStart = rest[..slash].LastIndexOf((byte)'/') + 1;
        if (FhirDefinitions.R4.ResourceType(rest[typeStart..slash]) is not { } type)
        {
            return new(ReferenceKind.Invalid);
        }

        length = path.Length - typeStart;
        return new(kind) { ResourceType = type.Name, Id = rest[(slash + 1)..], Version = version };
    }

    /// <summary>RFC 3986, section 3.1: a letter, then letters, digits, '+', '-', '.', up to a colon.</summary>
    private static bool HasScheme(ReadOnlySpan<byte> text)
    {
        var colon = text.IndexOf((byte)':');
        if (colon <= 0 || !char.IsAsciiLetter((char)text[0]))
        {
            return false;
        }

        foreach (var b in text[..colon])
        {
            if (!char.IsAsciiLetterOrDigit((char)b) && b is not ((byte)'+' or (byte)'-' or (byte)'.'))
            {
                return false;
            }
        }

        return true;
    }
}
