using System.Text.Json;

namespace HealthLedger.Conformance;

/// <summary>What one suite found. Test projects hand it in by <see cref="Keep"/>; the table is made of all that were handed in.</summary>
/// <param name="Area">The table's group, such as <c>FHIRPath</c>.</param>
/// <param name="Suite">What was tried, in a few words; unique.</param>
/// <param name="Clause">Where the specification says it: an address below http://hl7.org/fhir/R4/ or the address of another document.</param>
/// <param name="Passed">Cases that came out as the specification or the suite's authors say.</param>
/// <param name="Total">Cases tried.</param>
/// <param name="Exceptions">The others by name, each with the reason; also what passed only in a stated reading.</param>
public sealed record SuiteResult(string Area, string Suite, string Clause, int Passed, int Total, IReadOnlyList<string> Exceptions)
{
    /// <summary>Names the directory into which suites hand in their results; where it is not set they hand in nothing.</summary>
    public const string Variable = "HEALTHLEDGER_CONFORMANCE";

    /// <summary>Hands the result in.</summary>
    /// <exception cref="ArgumentException">A case that did not pass is not named.</exception>
    public void Keep()
    {
        if (Exceptions.Count < Total - Passed)
        {
            throw new ArgumentException($"{Suite}: {Total - Passed} cases did not pass, but {Exceptions.Count} are named.");
        }

        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } directory)
        {
            Directory.CreateDirectory(directory);
            var name = string.Concat($"{Area} {Suite}".Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));
            File.WriteAllBytes(Path.Combine(directory, name + ".json"), JsonSerializer.SerializeToUtf8Bytes(this));
        }
    }

    /// <summary>All results in a directory, in the table's order.</summary>
    public static IReadOnlyList<SuiteResult> In(string directory) =>
        !Directory.Exists(directory) ? [] :
        [
            .. Directory.EnumerateFiles(directory, "*.json").Select(file => JsonSerializer.Deserialize<SuiteResult>(File.ReadAllBytes(file))!)
                .OrderBy(result => result.Area, StringComparer.Ordinal).ThenBy(result => result.Suite, StringComparer.Ordinal),
        ];
}
