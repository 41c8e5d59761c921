using System.Text;

namespace HealthLedger.Fhir.Search;

/// <summary>Query strings as ordered name-value pairs: repeated names stay repeated, in their order, which FHIR search needs.</summary>
public static class QueryText
{
    /// <summary>Parameters of the API itself, not of a search.</summary>
    private static readonly HashSet<string> OfTheApi = new(StringComparer.Ordinal) { "_format", "_pretty" };

    /// <summary>Splits <c>a=1&amp;b=2</c>, percent-decoded; parameters of the API itself are left out.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Split(string query)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var part in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=');
            var name = Decode(equals < 0 ? part : part[..equals]);
            if (!OfTheApi.Contains(name))
            {
                pairs.Add(new(name, equals < 0 ? "" : Decode(part[(equals + 1)..])));
            }
        }

        return pairs;
    }

    /// <summary>The pairs as a query string with its question mark; empty where there are none.</summary>
    public static string Join(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in pairs)
        {
            text.Append(text.Length == 0 ? '?' : '&').Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
        }

        return text.ToString();
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
