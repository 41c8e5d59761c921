using System.Buffers;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Validation;

/// <summary>
/// Narrative that browsers will show: one well-formed div of formatting elements, nothing that runs, loads a document or takes input
/// (R4 narrative.html#Narrative, invariants txt-1 and txt-2). Elements, attributes and URL schemes are allowed by list, so that what is not
/// known is refused.
/// </summary>
internal static class NarrativeCheck
{
    private const int MaxDepth = 128;

    private static readonly Utf8Table<string> Elements = Table(
        "a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd del dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li map ol p pre q s samp "
        + "small span strike strong sub sup table tbody td tfoot th thead tr tt u ul var font center");

    private static readonly Utf8Table<string> Attributes = Table(
        "abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff cite class clear color cols colspan compact coords datetime dir face frame headers height href "
        + "hreflang hspace id lang longdesc name noshade nowrap rel rev rowspan rules scope shape size span src start style summary tabindex target title type usemap valign value vspace width xmlns xml:lang xml:space xmlns:xsi xsi:schemaLocation");

    private static readonly Utf8Table<string> Schemes = Table("http https mailto tel ftp urn cid");

    private static readonly SearchValues<byte> NameBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-."u8);
    private static readonly SearchValues<byte> WhiteSpace = SearchValues.Create(" \t\r\n"u8);
    private static readonly SearchValues<byte> TextStops = SearchValues.Create("<&"u8);

    /// <summary>What is wrong with the narrative, in a sentence; null where nothing is.</summary>
    public static string? Fault(ReadOnlySpan<byte> xhtml)
    {
        var rest = xhtml.Trim(" \t\r\n"u8);
        if (!rest.StartsWith("<div"u8))
        {
            return "The narrative must be one XHTML div element.";
        }

        Span<(int Start, int Length)> open = stackalloc (int, int)[MaxDepth];
        var depth = 0;
        var hasContent = false;
        var text = rest;
        while (!rest.IsEmpty)
        {
            var stop = rest.IndexOfAny(TextStops);
            if (depth == 0 && stop != 0)
            {
                return "The narrative has text outside its div.";
            }

            hasContent |= (stop < 0 ? rest : rest[..stop]).ContainsAnyExcept(WhiteSpace);
            if (stop < 0)
            {
                break;
            }

            rest = rest[stop..];
            if (rest[0] == '&')
            {
                hasContent = true;
                if (!Entity(ref rest))
                {
                    return "The narrative has an ampersand that starts no entity. Write it as &amp;.";
                }
            }
            else if (rest.StartsWith("<!--"u8))
            {
                var end = rest[4..].IndexOf("-->"u8);
                if (end < 0)
                {
                    return "The narrative has a comment that does not end.";
                }

                rest = rest[(end + 7)..];
            }
            else if (rest.StartsWith("</"u8))
            {
                var name = Name(rest[2..]);
                rest = rest[(2 + name.Length)..].TrimStart(" \t\r\n"u8);
                if (depth == 0 || rest.IsEmpty || rest[0] != '>' || !name.SequenceEqual(text.Slice(open[depth - 1].Start, open[depth - 1].Length)))
                {
                    return "The narrative is not well-formed: an end tag does not match.";
                }

                rest = rest[1..];
                depth--;
            }
            else
            {
                var name = Name(rest[1..]);
                if (depth == 0 && text.Length != rest.Length)
                {
                    return "The narrative must be one XHTML div element.";
                }

                if (!Elements.TryGet(name, out _))
                {
                    return "The narrative has an element that is not allowed: only formatting is, no scripts, forms, frames, objects or style sheets.";
                }

                hasContent |= name.SequenceEqual("img"u8);
                var start = text.Length - rest.Length + 1;
                rest = rest[(1 + name.Length)..];
                if (Tag(ref rest, name.SequenceEqual("img"u8), out var closed) is { } fault)
                {
                    return fault;
                }

                if (!closed)
                {
                    if (depth == MaxDepth)
                    {
                        return $"The narrative is nested deeper than {MaxDepth} elements.";
                    }

                    open[depth++] = (start, name.Length);
                }
            }
        }

        return depth > 0 ? "The narrative is not well-formed: an element is not closed."
            : hasContent ? null
            : "The narrative has no content. Leave it out, or give it text or an image.";
    }

    /// <summary>Reads the rest of a start tag.</summary>
    private static string? Tag(ref ReadOnlySpan<byte> rest, bool isImage, out bool closed)
    {
        closed = false;
        while (true)
        {
            var trimmed = rest.TrimStart(" \t\r\n"u8);
            var spaced = trimmed.Length < rest.Length;
            rest = trimmed;
            if (rest.StartsWith(">"u8))
            {
                rest = rest[1..];
                return null;
            }

            if (rest.StartsWith("/>"u8))
            {
                rest = rest[2..];
                closed = true;
                return null;
            }

            var name = Name(rest);
            rest = rest[name.Length..].TrimStart(" \t\r\n"u8);
            if (name.IsEmpty || !spaced || rest.IsEmpty || rest[0] != '=')
            {
                return "The narrative is not well-formed: a tag is broken.";
            }

            rest = rest[1..].TrimStart(" \t\r\n"u8);
            var end = rest.IsEmpty || rest[0] is not ((byte)'"' or (byte)'\'') ? -1 : rest[1..].IndexOf(rest[0]);
            if (end < 0)
            {
                return "The narrative is not well-formed: an attribute lacks its quotes.";
            }

            var value = rest[1..(end + 1)];
            rest = rest[(end + 2)..];
            if (!Attributes.TryGet(name, out _))
            {
                return "The narrative has an attribute that is not allowed: only formatting and links are, no event handlers.";
            }

            if (value.IndexOf((byte)'<') >= 0)
            {
                return "The narrative is not well-formed: an attribute contains '<'.";
            }

            if (name.SequenceEqual("xmlns"u8) && !value.SequenceEqual("http://www.w3.org/1999/xhtml"u8))
            {
                return "The narrative has an xmlns that is not the one of XHTML, http://www.w3.org/1999/xhtml.";
            }

            if (IsUrl(name) && !IsSafeUrl(value, isImage))
            {
                return "The narrative has a link that is not allowed: only relative, http, https, mailto, tel, ftp, urn and cid ones are, and data for images.";
            }

            if (name.SequenceEqual("style"u8) && !IsSafeStyle(value))
            {
                return "The narrative has a style that runs something, or hides what it does behind escapes.";
            }
        }
    }

    private static bool IsUrl(ReadOnlySpan<byte> attribute) =>
        attribute.SequenceEqual("href"u8) || attribute.SequenceEqual("src"u8) || attribute.SequenceEqual("cite"u8)
        || attribute.SequenceEqual("longdesc"u8) || attribute.SequenceEqual("usemap"u8);

    /// <summary>What stands before the first slash, question mark or hash decides: there an entity could hide a colon, so none is allowed.</summary>
    private static bool IsSafeUrl(ReadOnlySpan<byte> value, bool isImage)
    {
        var url = value.Trim(" \t\r\n"u8);
        var head = url.IndexOfAny("/?#"u8) is >= 0 and var end ? url[..end] : url;
        if (head.IndexOf((byte)'&') >= 0)
        {
            return false;
        }

        var colon = head.IndexOf((byte)':');
        if (colon < 0)
        {
            return true;
        }

        Span<byte> scheme = stackalloc byte[8];
        if (colon > scheme.Length)
        {
            return false;
        }

        System.Text.Ascii.ToLower(url[..colon], scheme, out var length);
        return Schemes.TryGet(scheme[..length], out _) || (isImage && scheme[..length].SequenceEqual("data"u8));
    }

    private static bool IsSafeStyle(ReadOnlySpan<byte> value) =>
        !ContainsIgnoringCase(value, "expression"u8)
        && !ContainsIgnoringCase(value, "script:"u8)
        && !ContainsIgnoringCase(value, "@import"u8)
        && !ContainsIgnoringCase(value, "-moz-binding"u8)
        && value.IndexOf((byte)'\\') < 0
        && value.IndexOf("&#"u8) < 0;

    private static bool ContainsIgnoringCase(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower)
    {
        for (var i = 0; i + lower.Length <= text.Length; i++)
        {
            if (System.Text.Ascii.EqualsIgnoreCase(text.Slice(i, lower.Length), lower))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Entity(ref ReadOnlySpan<byte> rest)
    {
        var body = rest[1..];
        var isNumber = body.StartsWith("#"u8);
        var name = Name(isNumber ? body[1..] : body);
        var length = name.Length + (isNumber ? 1 : 0);
        if (name.IsEmpty || body.Length == length || body[length] != ';')
        {
            return false;
        }

        rest = body[(length + 1)..];
        return true;
    }

    private static ReadOnlySpan<byte> Name(ReadOnlySpan<byte> text) => text.IndexOfAnyExcept(NameBytes) is >= 0 and var end ? text[..end] : text;

    private static Utf8Table<string> Table(string names)
    {
        var list = names.Split(' ');
        var table = new Utf8Table<string>(list.Length);
        foreach (var name in list)
        {
            table.Add(name, name);
        }

        return table;
    }
}
