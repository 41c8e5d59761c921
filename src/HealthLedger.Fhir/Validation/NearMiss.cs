using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Validation;

/// <summary>Words for names that do not exist: shows them only where they look like a name, and suggests the one that was probably meant.</summary>
internal static class NearMiss
{
    private const int LongestName = 64;

    /// <summary>True for letters, digits, hyphens and underscores, at most 64: what cannot be a piece of a record by mistake.</summary>
    public static bool IsPlain(string name) =>
        name.Length is > 0 and <= LongestName && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    public static string Show(string name) => IsPlain(name) ? "'" + name + "'" : "A name with unusual characters or length";

    /// <summary>"; did you mean X?" or nothing.</summary>
    public static string Hint(string name, IEnumerable<string> candidates)
    {
        if (!IsPlain(name))
        {
            return "";
        }

        string? best = null;
        var bestDistance = 3;
        foreach (var candidate in candidates)
        {
            var distance = string.Equals(candidate, name, StringComparison.OrdinalIgnoreCase) ? 0 : Distance(name, candidate, bestDistance);
            // A short name is near to too many others.
            if (distance < bestDistance && distance * 3 <= name.Length)
            {
                (best, bestDistance) = (candidate, distance);
            }
        }

        return best is null ? "" : $"; did you mean '{best}'?";
    }

    public static string UnknownElement(TypeDefinition type, string name)
    {
        var bare = name.TrimStart('_');
        if (type.ElementNamed(bare) is { IsChoice: true } choice)
        {
            return $"'{bare}' has a choice of types: write it with its type, as '{type.JsonNames(choice).First()}'.";
        }

        var known = type.Elements.SelectMany(type.JsonNames);
        return bare == "resourceType"
            ? $"'resourceType' belongs to resources only; {type.Name} is not one."
            : $"{type.Name} has no element {Show(name)}{Hint(bare, known)}";
    }

    /// <summary>Insertions, deletions, changes and swaps of neighbours that lead from one name to the other, or the limit where there are as many.</summary>
    private static int Distance(string a, string b, int limit)
    {
        if (Math.Abs(a.Length - b.Length) >= limit)
        {
            return limit;
        }

        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    rows[i, j] = i + j;
                    continue;
                }

                var best = Math.Min(
                    Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1,
                    rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    best = Math.Min(best, rows[i - 2, j - 2] + 1);
                }

                rows[i, j] = best;
            }
        }

        return Math.Min(rows[a.Length, b.Length], limit);
    }
}
