using System.Net;
using System.Text;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// The different words of a record's texts, as hashes: what <c>_text</c> and <c>_content</c> ask for is whether a word is there. A word is a run of letters and digits, folded.
/// At most <see cref="Most"/> words are kept; what comes after them in a longer text is not found.
/// </summary>
internal sealed class TextWords
{
    public const int Most = 16 * 1024;

    private readonly HashSet<uint> _words = [];

    public void Add(string text)
    {
        var words = new WordScanner(text);
        while (_words.Count < Most && words.TryNext(out var word)) _words.Add(word);
    }

    /// <summary>The text of XHTML, without its tags.</summary>
    public void AddXhtml(string xhtml)
    {
        var text = new StringBuilder(xhtml.Length);
        var isTag = false;
        foreach (var c in xhtml)
        {
            if (c is '<' or '>') isTag = c == '<';
            text.Append(isTag || c == '>' ? ' ' : c);
        }
        Add(WebUtility.HtmlDecode(text.ToString()));
    }

    /// <summary>Ascending, without the words of texts that are kept anyway.</summary>
    public uint[] Except(params ReadOnlySpan<TextTerm[]> kept)
    {
        if (_words.Count == 0) return [];
        foreach (var texts in kept)
        {
            foreach (var text in texts)
            {
                var words = new WordScanner(text.Text);
                while (words.TryNext(out var word)) _words.Remove(word);
            }
        }
        uint[] rest = [.. _words];
        Array.Sort(rest);
        return rest;
    }
}

/// <summary>Takes a text apart into the hashes of its words (FNV-1a over folded UTF-16 units).</summary>
internal ref struct WordScanner(string text)
{
    private Folding.Reader _reader = new(text);

    public bool TryNext(out uint word)
    {
        word = 2166136261;
        var length = 0;
        while (_reader.TryNext(out var c))
        {
            if (char.IsLetterOrDigit(c) || char.IsSurrogate(c))
            {
                word = (word ^ c) * 16777619;
                length++;
            }
            else if (length > 0) return true;
        }
        return length > 0;
    }
}
