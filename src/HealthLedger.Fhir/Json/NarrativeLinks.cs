using System.Buffers;
using System.Text;

namespace HealthLedger.Fhir.Json;

/// <summary>The links of a narrative: <c>href</c> of a and <c>src</c> of img, as far as validated XHTML has them.</summary>
internal static class NarrativeLinks
{
    /// <summary>The narrative with its links rewritten; null where none changes.</summary>
    public static byte[]? Rewrite(ReadOnlySpan<byte> xhtml, LinkRewriter links)
    {
        ArrayBufferWriter<byte>? output = null;
        var copied = 0;
        for (var at = 0; Next(xhtml, at) is var (start, end) && start >= 0; at = end)
        {
            // In XHTML an ampersand of a link is written as an entity; a link with other entities is none that a Bundle could name.
            var value = xhtml[start..end];
            var link = value.IndexOf("&amp;"u8) < 0 ? value : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(value).Replace("&amp;", "&", StringComparison.Ordinal));
            if (links(link, LinkPlace.Narrative) is not { } changed)
            {
                continue;
            }

            output ??= new ArrayBufferWriter<byte>(xhtml.Length + 64);
            output.Write(xhtml[copied..start]);
            output.Write(Encoding.UTF8.GetBytes(changed
                .Replace("&", "&amp;", StringComparison.Ordinal)
                .Replace("<", "&lt;", StringComparison.Ordinal)
                .Replace("\"", "&quot;", StringComparison.Ordinal)
                .Replace("'", "&#39;", StringComparison.Ordinal)));
            copied = end;
        }

        if (output is null)
        {
            return null;
        }

        output.Write(xhtml[copied..]);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Start and end of the next attribute value that is a link; a start of -1 where there is none.</summary>
    private static (int Start, int End) Next(ReadOnlySpan<byte> xhtml, int from)
    {
        for (var at = from; at < xhtml.Length; at++)
        {
            var found = xhtml[at..].IndexOf((byte)'=');
            if (found < 0)
            {
                break;
            }

            at += found;
            var name = xhtml[..at].TrimEnd(" \t\r\n"u8);
            if (!EndsWithWord(name, "href"u8) && !EndsWithWord(name, "src"u8))
            {
                continue;
            }

            var quote = at + 1;
            while (quote < xhtml.Length && xhtml[quote] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            {
                quote++;
            }

            if (quote >= xhtml.Length || xhtml[quote] is not ((byte)'"' or (byte)'\''))
            {
                continue;
            }

            var length = xhtml[(quote + 1)..].IndexOf(xhtml[quote]);
            if (length >= 0)
            {
                return (quote + 1, quote + 1 + length);
            }
        }

        return (-1, -1);
    }

    private static bool EndsWithWord(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word) =>
        text.EndsWith(word) && text.Length > word.Length && text[^(word.Length + 1)] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';
}
