using System.Diagnostics;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Benchmarks;

/// <summary>
/// All search parameters' expressions, compiled once, each over every example of the types it is for, on one thread. The reference visits every value of the same
/// parsed JSON once for each evaluation.
/// </summary>
internal sealed class FhirPathBenchmark : Benchmark
{
    public override string Name => "fhirpath";

    public override string Says => "ns per evaluation of the search expressions over ../shared/data/r4-examples [--runs N]";

    public override Task Run(string[] args)
    {
        var examples = SharedFolder.Examples();
        if (examples.Count == 0)
        {
            Console.Error.WriteLine("fhirpath: skipped, since ../shared/data/r4-examples is not there.");
            return Task.CompletedTask;
        }

        var runs = (int)Option(args, "--runs", 5);
        var compiled = new Dictionary<string, FhirPathExpression>(StringComparer.Ordinal);
        var began = Stopwatch.GetTimestamp();
        foreach (var parameter in FhirDefinitions.R4.SearchParameters.Where(p => p.Expression.Length > 0))
        {
            compiled.TryAdd(parameter.Expression, FhirPathExpression.Parse(parameter.Expression));
        }

        Print(Measured.Of(Name, $"compile {compiled.Count} expressions, cold", "ns/expression", [Stopwatch.GetElapsedTime(began).TotalNanoseconds / compiled.Count], [], []));
        var work = examples.Select(e => JsonDocument.Parse(e).RootElement)
            .Select(json => (Json: json, Expressions: FhirDefinitions.R4.SearchParametersOf(json.GetProperty("resourceType").GetString()!).Where(p => p.Expression.Length > 0).Select(p => compiled[p.Expression]).ToArray()))
            .ToList();
        Measure("a resource's tree shared by its expressions", work, runs, isShared: true);
        Measure("a tree for each expression", work, runs, isShared: false);
        return Task.CompletedTask;
    }

    private void Measure(string scenario, List<(JsonElement Json, FhirPathExpression[] Expressions)> work, int runs, bool isShared)
    {
        var evaluations = work.Sum(w => w.Expressions.Length);
        var (values, references) = (new List<double>(), new List<double>());
        for (var run = -2; run < runs; run++)
        {
            var visited = Took(() =>
            {
                foreach (var (json, expressions) in work)
                {
                    foreach (var _ in expressions)
                    {
                        Visit(json);
                    }
                }
            });
            var evaluated = Took(() =>
            {
                foreach (var (json, expressions) in work)
                {
                    NodeItem? root = null;
                    foreach (var expression in expressions)
                    {
                        root = isShared && root is not null ? root : NodeItem.Resource(json)!;
                        Evaluate(expression, root);
                    }
                }
            });
            if (run >= 0)
            {
                references.Add(visited / evaluations);
                values.Add(evaluated / evaluations);
            }
        }

        Print(Measured.Of(Name, $"{scenario} ({evaluations} evaluations)", "ns/evaluation", values, references, []));
    }

    private static void Evaluate(FhirPathExpression expression, NodeItem root)
    {
        try
        {
            expression.Evaluate(root, new FhirPathContext { Resource = root, IsLenient = true, IsPublished = true, Budget = int.MaxValue });
        }
        catch (FhirPathEvaluationException)
        {
            // Some expressions meet a list where they take one value.
        }
    }

    private static int Visit(JsonElement json)
    {
        var count = 1;
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in json.EnumerateObject())
                {
                    count += Visit(member.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in json.EnumerateArray())
                {
                    count += Visit(item);
                }

                break;
        }

        return count;
    }

    private static double Took(Action work)
    {
        var began = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(began).TotalNanoseconds;
    }
}
