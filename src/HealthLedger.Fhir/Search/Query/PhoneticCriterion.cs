namespace HealthLedger.Fhir.Search;

/// <summary>
/// A string parameter that R4 defines by sound (xpathUsage <c>phonetic</c>: "some kind of phonetic matching algorithm"), such as <c>phonetic</c> of Patient: each word that is asked for sounds like a word of the
/// record's values. Sounds are those of American Soundex (National Archives, 1930), of letters without case and accents; words that do not begin with a letter from a to z are compared as they are.
/// </summary>
internal sealed class PhoneticCriterion(string code, ushort index, string[] values) : SearchCriterion(code, "")
{
    private readonly string[][] _values = Array.ConvertAll(values, text => Sounds(text).Distinct().ToArray());

    /// <summary>Whether the parameter is matched by sound.</summary>
    public static bool Serves(PlannedParameter parameter) => parameter.Definition.Usage == "phonetic";

    internal override bool Matches(in SearchCandidate candidate)
    {
        var heard = new HashSet<string>(StringComparer.Ordinal);
        foreach (ref readonly var term in candidate.Terms.Strings.AsSpan())
            if (term.Parameter == index) heard.UnionWith(Sounds(term.Text));
        return Array.Exists(_values, value => value.Length > 0 && Array.TrueForAll(value, heard.Contains));
    }

    /// <summary>The sounds of the words of a text: runs of letters and digits.</summary>
    internal static IEnumerable<string> Sounds(string text)
    {
        var folded = Folding.Fold(text);
        for (var at = 0; at < folded.Length;)
        {
            var from = at;
            while (at < folded.Length && char.IsLetterOrDigit(folded[at])) at++;
            if (at > from) yield return Sound(folded.AsSpan(from, at - from));
            else at++;
        }
    }

    /// <summary>A letter and three digits: letters of one digit side by side, or with h or w between them, count once; vowels separate.</summary>
    private static string Sound(ReadOnlySpan<char> word)
    {
        if (!char.IsAsciiLetterLower(word[0])) return word.ToString();
        Span<char> sound = [char.ToUpperInvariant(word[0]), '0', '0', '0'];
        var (length, last) = (1, Digit(word[0]));
        for (var i = 1; i < word.Length && length < sound.Length; i++)
        {
            var digit = Digit(word[i]);
            if (digit is >= '1' and <= '6' && digit != last) sound[length++] = digit;
            if (word[i] is not ('h' or 'w')) last = digit;
        }
        return sound.ToString();
    }

    private static char Digit(char letter) => letter switch
    {
        'b' or 'f' or 'p' or 'v' => '1',
        'c' or 'g' or 'j' or 'k' or 'q' or 's' or 'x' or 'z' => '2',
        'd' or 't' => '3',
        'l' => '4',
        'm' or 'n' => '5',
        'r' => '6',
        _ => '0',
    };
}
