// Robustness of the FHIR API: http://hl7.org/fhir/R4/http.html (status codes), operationoutcome.html; docs/errors.md. Whatever is asked, nothing is our fault, nothing
// takes over a second, and every answer is FHIR itself.
using System.Text.Json.Nodes;
using System.Collections.Concurrent;
using System.Net.Http.Headers;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Xml;
using HealthLedger.Gateway.Tests.Hosting;
using Xunit.Abstractions;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Fuzzing;

public sealed class HttpFuzzTests(ITestOutputHelper output)
{
    private const int AtOnce = 3;

    [Fact]
    public async Task Any_request_has_an_answer_that_is_fhir_and_not_our_fault()
    {
        await using var gateway = await TestGateway.Start();
        foreach (var seed in Seeds.Resources.Take(5))
        {
            var id = System.Text.Json.Nodes.JsonNode.Parse(seed.Json)!["id"]!.GetValue<string>();
            (await gateway.SendBytes(Hospital, "PUT", $"{seed.Type}/{id}", seed.Json, "application/fhir+json")).Is(201);
        }

        var answered = new ConcurrentDictionary<string, int>();
        var run = new FuzzRun("http", 20_000, output);
        await run.Each(AtOnce, async random =>
        {
            var request = RequestMutations.Make(random);
            var answer = await Send(gateway, request);
            if (answer.Status == 401)
            {
                // A long run outlives a token.
                gateway.ForgetTokens();
                answer = await Send(gateway, request);
            }

            answered.AddOrUpdate($"{request.Method} {answer.Status}", 1, (_, count) => count + 1);
            return (new Judged(answer.Status < 300, Wrong(request, answer)), request);
        });
        foreach (var (what, count) in answered.OrderBy(a => a.Key, StringComparer.Ordinal))
        {
            output.WriteLine($"{what}: {count}");
        }
    }

    internal static async Task<Answer> Send(TestGateway gateway, FuzzedRequest request)
    {
        var url = $"{gateway.Fhir}{(request.Path.Length == 0 || request.Path[0] == '?' ? "" : "/")}{request.Path}";
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), new Uri(url, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await gateway.Token(Hospital));
        if (request.Body is { } body)
        {
            message.Content = new ByteArrayContent(body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", request.ContentType);
        }

        foreach (var (name, value) in request.Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
            {
                message.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return await gateway.Send(message);
    }

    internal static string? Wrong(FuzzedRequest request, Answer answer)
    {
        if (answer.Status >= 500)
        {
            return $"{answer.Status} {answer.Text}";
        }

        if (answer.Headers.GetValueOrDefault("Content-Disposition") == "attachment")
        {
            // A Binary in its own content type: whatever was stored, but nothing that runs.
            return answer.Status == 200 && request.Path.StartsWith("Binary/", StringComparison.Ordinal) && answer.Headers.ContainsKey("Content-Security-Policy") && answer.Headers.ContainsKey("X-Content-Type-Options")
                ? null
                : $"{answer.Status} with content that a browser may run";
        }

        if (answer.Body.Length == 0)
        {
            // No body by HTTP's rules, or none wished for, or a request line over 16 KiB, which the web server refuses before any of ours runs.
            return (answer.Status == 414 && request.Path.Length > 15_000) || request.Method == "HEAD" || answer.Status is 202 or 204 or 304
                || (answer.Status is 200 or 201 && request.Method is "POST" or "PUT" or "PATCH")
                ? null
                : $"{answer.Status} with no body";
        }

        var type = answer.Headers.GetValueOrDefault("Content-Type", "");
        if (type.Contains("html", StringComparison.Ordinal) || type.StartsWith("text/plain", StringComparison.Ordinal))
        {
            return $"{answer.Status} as {type}";
        }

        // GraphQL tells its own faults in its own form (http://hl7.org/fhir/R4/graphql.html).
        if (request.Path.Contains("$graphql", StringComparison.Ordinal) && type.Contains("json", StringComparison.Ordinal) && answer.Json is JsonObject graph && (graph.ContainsKey("data") || graph.ContainsKey("errors")))
        {
            return null;
        }

        ReadOnlyMemory<byte> json = answer.Body;
        if (type.Contains("xml", StringComparison.Ordinal))
        {
            var reading = XmlResource.Read(answer.Body);
            if (reading.Issues.Count > 0)
            {
                return $"{answer.Status} with XML that cannot be read: {reading.Issues[0]}: {answer.Text}";
            }

            json = reading.Json;
        }

        // What one element asks of another is for whole records: one whose elements were chosen may lack the other.
        var wrong = ResourceValidator.Validate(json, answer.Status >= 300 ? "OperationOutcome" : null).Issues
            .FirstOrDefault(i => i.Severity is IssueSeverity.Error or IssueSeverity.Fatal && (i.Type != IssueType.Invariant || !answer.Text.Contains("SUBSETTED", StringComparison.Ordinal)));
        return wrong is null ? null : $"{answer.Status} with an answer that is wrong: {wrong}: {answer.Text[..Math.Min(answer.Text.Length, 1000)]}";
    }
}
