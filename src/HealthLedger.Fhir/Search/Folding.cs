using System.Globalization;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// Case and accent folding of string search (R4 search.html#string): "insensitive to case and accents or other diacritics". A letter becomes its base letter in lower case, combining
/// marks vanish, ligatures become letters. The table is Unicode's canonical decomposition for Latin, Greek and Cyrillic, kept here since invariant globalization leaves
/// <see cref="string.Normalize()"/> without its data. Folding is idempotent.
/// </summary>
public static class Folding
{
    // Each group: a base letter, then the letters that fold to it.
    private const string Groups =
        ";; `` aàáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ bḃḅḇ cçćĉċčḉ dðďđḋḍḏḑḓ eèéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ fḟ gĝğġģǧǵḡ hĥħȟḣḥḧḩḫẖ " +
        "iìíîïĩīĭįıǐȉȋḭḯỉị jĵǰ kķǩḱḳḵ lĺļľłḷḹḻḽ mḿṁṃ nñńņňǹṅṇṉṋ oòóôõöøōŏőơǒǫǭǿȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợ pṕṗ rŕŗřȑȓṙṛṝṟ " +
        "sśŝşšſșṡṣṥṧṩ tţťŧțṫṭṯṱẗ uùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự vṽṿ wŵẁẃẅẇẉẘ xẋẍ yýÿŷȳẏẙỳỵỷỹ zźżžẑẓẕ ¨΅῁῭΅ ´´ ·· æǣǽ " +
        "ſẛ ʒǯ ʹʹ αάἀἁἂἃἄἅἆἇὰάᾀᾁᾂᾃᾄᾅᾆᾇᾰᾱᾲᾳᾴᾶᾷ εέἐἑἒἓἔἕὲέ ηήἠἡἢἣἤἥἦἧὴήᾐᾑᾒᾓᾔᾕᾖᾗῂῃῄῆῇ ιΐίϊἰἱἲἳἴἵἶἷὶίιῐῑῒΐῖῗ οόὀὁὂὃὄὅὸό ρῤῥ " +
        "σς υΰϋύὐὑὒὓὔὕὖὗὺύῠῡῢΰῦῧ ωώὠὡὢὣὤὥὦὧὼώᾠᾡᾢᾣᾤᾥᾦᾧῲῳῴῶῷ ϒϓϔ аӑӓ гѓ еѐёӗ жӂӝ зӟ ийѝӣӥ кќ оӧ уўӯӱӳ чӵ ыӹ эӭ ії ѵѷ әӛ " +
        "өӫ ᾿῍῎῏ ῾῝῞῟ ";

    private static readonly char[] Map = BuildMap();

    private static char[] BuildMap()
    {
        var map = new char[0x2000];
        for (var c = 0; c < map.Length; c++) map[c] = IsMark((char)c) ? '\0' : char.ToLowerInvariant((char)c);
        foreach (var group in Groups.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            foreach (var c in group.AsSpan(1)) map[c] = group[0];
        // Some base letters are themselves in a group (ẛ, ſ, s).
        for (var c = 0; c < map.Length; c++)
            if (map[c] < map.Length) map[c] = map[map[c]];
        // A capital folds as its small letter does.
        for (var c = 0; c < map.Length; c++)
            if (char.ToLowerInvariant((char)c) is var small && small != c && small < map.Length) map[c] = map[small];
        return map;
    }

    private static bool IsMark(char c) => c >= 0x300 && CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark;

    private static char Fold(char c)
    {
        if (c < Map.Length) return Map[c];
        if (IsMark(c)) return '\0';
        // The signs for Angstrom and Kelvin have small letters inside the table.
        var small = char.ToLowerInvariant(c);
        return small < Map.Length ? Map[small] : small;
    }

    private static string? Expansion(char folded) => folded switch { 'ß' or 'ẞ' => "ss", 'æ' => "ae", 'œ' => "oe", 'þ' => "th", 'ǽ' or 'ǣ' => "ae", _ => null };

    /// <summary>The folded text.</summary>
    public static string Fold(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var result = new System.Text.StringBuilder(text.Length);
        var reader = new Reader(text);
        while (reader.TryNext(out var c)) result.Append(c);
        return result.ToString();
    }

    /// <summary>Whether the folded text starts with a prefix that is folded already. No allocation.</summary>
    internal static bool StartsWith(string text, string foldedPrefix)
    {
        var reader = new Reader(text);
        foreach (var wanted in foldedPrefix)
            if (!reader.TryNext(out var c) || c != wanted) return false;
        return true;
    }

    /// <summary>Whether the folded text contains a part that is folded already.</summary>
    internal static bool Contains(string text, string foldedPart) => Fold(text).Contains(foldedPart, StringComparison.Ordinal);

    /// <summary>The folded characters of a text, one by one.</summary>
    internal ref struct Reader(string text)
    {
        private int _at;
        private char _pending;

        public bool TryNext(out char c)
        {
            if (_pending != 0)
            {
                (c, _pending) = (_pending, '\0');
                return true;
            }
            while (_at < text.Length)
            {
                c = Fold(text[_at++]);
                if (c == 0) continue;
                if (c > 0x7f && Expansion(c) is { } expansion) (c, _pending) = (expansion[0], expansion[1]);
                return true;
            }
            c = default;
            return false;
        }
    }
}
