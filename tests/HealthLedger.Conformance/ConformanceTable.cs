using System.Globalization;
using System.Text;

namespace HealthLedger.Conformance;

/// <summary>The results as a page: one table, then every exception by name.</summary>
internal static class ConformanceTable
{
    private const string Specification = "http://hl7.org/fhir/R4/";

    public static string Page(IReadOnlyList<SuiteResult> results)
    {
        var page = new StringBuilder("""
            # Conformance to FHIR R4

            Made by `dotnet run -c Release --project tests/HealthLedger.Conformance -- --write`, which runs the suites; the test command fails where this page and a run differ.
            Suites run over the official R4 definitions and examples, the FHIRPath and validator cases and US Core in `../shared/data`, and over HTTP against a real gateway.
            What is not listed is not claimed; what the server does not support it refuses with an OperationOutcome and leaves out of `/fhir/metadata`.

            | area | suite | of the specification | passed |
            |---|---|---|---|

            """);
        foreach (var result in results)
        {
            page.Append(CultureInfo.InvariantCulture, $"| {result.Area} | {result.Suite} | {Link(result.Clause)} | {result.Passed} of {result.Total} |\n");
        }

        page.Append("\n## Exceptions\n");
        foreach (var result in results.Where(result => result.Exceptions.Count > 0))
        {
            page.Append(CultureInfo.InvariantCulture, $"\n### {result.Suite}\n\n");
            foreach (var exception in result.Exceptions)
            {
                page.Append(CultureInfo.InvariantCulture, $"- {exception}\n");
            }
        }

        return page.ToString();
    }

    private static string Link(string clause) =>
        clause.StartsWith(Specification, StringComparison.Ordinal) ? $"[{clause[Specification.Length..]}]({clause})" : clause.Contains("://", StringComparison.Ordinal) ? $"<{clause}>" : clause;
}
