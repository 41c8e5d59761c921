using System.Collections.Immutable;

namespace HealthLedger.Consents;

/// <summary>The order of HL7 v3-Confidentiality: a label is a high-water mark (R4 Consent.provision.securityLabel, comment).</summary>
internal static class Confidentiality
{
    /// <summary>The code system.</summary>
    public const string System = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";

    /// <summary>The rank of what carries no confidentiality label.</summary>
    public const int None = -1;

    private const string Prefix = System + "|";
    private const string Order = "ULMNRV";

    /// <summary>0 (unrestricted) to 5 (very restricted), above that for codes of the system that are unknown; null for labels of other systems.</summary>
    public static int? Rank(string label)
    {
        if (!label.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var index = label.Length == Prefix.Length + 1 ? Order.IndexOf(label[^1]) : -1;
        return index < 0 ? Order.Length : index;
    }

    /// <summary>True for the codes whose place in the order is known.</summary>
    public static bool IsKnown(string code) => code.Length == 1 && Order.Contains(code[0]);

    /// <summary>The highest rank among a record's labels, or <see cref="None"/>.</summary>
    public static int Highest(ImmutableArray<string> labels)
    {
        var highest = None;
        if (!labels.IsDefaultOrEmpty)
        {
            foreach (var label in labels)
            {
                highest = Math.Max(highest, Rank(label) ?? None);
            }
        }

        return highest;
    }
}
