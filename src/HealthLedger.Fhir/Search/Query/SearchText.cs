using System.Text;

namespace HealthLedger.Fhir.Search;

/// <summary>Separators and escapes in values (R4 search.html#escaping): a backslash takes the meaning from the next <c>, | $ \</c>.</summary>
internal static class SearchText
{
    /// <summary>The parts between separators that are not escaped; their escapes stay.</summary>
    public static List<string> Split(string text, char separator)
    {
        var parts = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\') i++;
            else if (text[i] == separator)
            {
                parts.Add(text[start..i]);
                start = i + 1;
            }
        }
        parts.Add(text[start..]);
        return parts;
    }

    public static string Unescape(string text)
    {
        if (!text.Contains('\\')) return text;
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length && text[i + 1] is ',' or '|' or '$' or '\\') i++;
            result.Append(text[i]);
        }
        return result.ToString();
    }
}
