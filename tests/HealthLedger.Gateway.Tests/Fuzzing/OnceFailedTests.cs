// Inputs that the fuzzer found to be slow, large or broken once, each with what was wrong then.
using System.Text;

namespace HealthLedger.Gateway.Tests.Fuzzing;

public sealed class OnceFailedTests
{
    public static TheoryData<string> Expressions =>
    [
        // Repeats in repeats made lists by the million, each step charged as one.
        Nested("repeat", 30, "10 'mg'.convertsToQuantity()"),
        Nested("repeat", 80, "name.given"),
        Nested("repeat", 26, "'A,,C'.split(',').join(',') = 'A,,C'"),
        // Each new value was compared with all before it, each comparison charged as one step.
        "1.repeat($this + 1)",
        "%ucum.aggregate($total & $total, 'aa').repeat($this & 'a')",
        "aggregate($total * $total, 2).repeat($this + 1).exp()",
        // A primitive with an extension alone has no JSON of its own.
        "select(%resource.descendants())",
    ];

    public static TheoryData<string> Bodies =>
    [
        // Half of a surrogate pair in a name: the search terms threw.
        """{"\udc00":1,"resourceType":"Patient"}""",
        """{"resourceType":"Patient","contained":[{"\ud800":1,"resourceType":"Basic"}]}""",
        // The same where validation looks ahead: the id of a contained resource, the codes of a required binding. Over HTTP these were a 500.
        """{"resourceType":"Patient","maritalStatus":{"\ud800":1,"coding":[{"\ud800":1,"system":"x"}]},"contact":[{"relationship":[{"coding":[{"\udc00id":null}]}]}]}""",
        """{"resourceType":"AllergyIntolerance","clinicalStatus":{"\ud800":1,"coding":[{"\ud800":1,"code":"x"}]},"patient":{"\ud800":1}}""",
        """{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"\udfff":{},"resourceType":"Patient"}}]}""",
    ];

    [Theory]
    [MemberData(nameof(Expressions))]
    public void An_expression_stays_within_its_bounds(string expression)
    {
        Assert.Null(FuzzRun.Try(Encoding.UTF8.GetBytes(expression), EngineChecks.FhirPath).Judged.Wrong);
        Assert.Null(FuzzRun.Try("""{"resourceType":"Patient","_birthDate":{"extension":[{"url":"urn:x","valueString":"x"}]}}"""u8.ToArray(), input => EngineChecks.FhirPath(expression, input)).Judged.Wrong);
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public void A_body_is_judged(string body) => Assert.Null(FuzzRun.Try(Encoding.UTF8.GetBytes(body), EngineChecks.Json).Judged.Wrong);

    private static string Nested(string function, int depth, string inner) =>
        string.Concat(Enumerable.Repeat(function + "(", depth)) + inner + new string(')', depth);
}
