using System.Globalization;
using System.Text;

namespace HealthLedger.Cli;

/// <summary>
/// Texts of others on one line of a terminal: servers, files and recorded facts must not move the cursor, colour, hide or reverse what stands beside them, or write a line that looks
/// like one of ours.
/// </summary>
internal static class PlainLine
{
    /// <summary>The text with a question mark for each character that a terminal might obey or not show: controls (C0, C1), formats such as changes of direction, line ends.</summary>
    public static string Of(string? text)
    {
        var plain = new StringBuilder();
        foreach (var rune in (text ?? "").EnumerateRunes())
        {
            plain.Append(Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse ? "?" : rune.ToString());
        }

        return plain.ToString();
    }
}
