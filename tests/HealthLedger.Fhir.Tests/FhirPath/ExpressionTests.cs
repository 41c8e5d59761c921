// FHIRPath 2.0 (http://hl7.org/fhirpath/N1/) and R4's use of it (http://hl7.org/fhir/R4/fhirpath.html).
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Tests.FhirPath;

public sealed class ExpressionTests
{
    private static readonly JsonElement Patient = JsonDocument.Parse("""
        {"resourceType":"Patient","id":"p1","active":true,"birthDate":"1974-12-25","_birthDate":{"extension":[{"url":"http://x/t","valueDateTime":"1974-12-25T14:35:45-05:00"}]},
         "name":[{"given":["Ann",null],"_given":[null,{"id":"g2"}],"family":"Lee"}],"managingOrganization":{"reference":"#o"},
         "contained":[{"resourceType":"Organization","id":"o","name":"Acme"}],"generalPractitioner":[{"reference":"Practitioner/7"}]}
        """).RootElement;

    private static IReadOnlyList<string> Evaluate(string expression) => FhirPathExpression.Parse(expression).Evaluate(Patient, TimeProvider.System);

    [Fact]
    public void Every_expression_of_the_official_definitions_parses()
    {
        var expressions = FhirDefinitions.R4.SearchParameters.Select(p => p.Expression).Where(e => e.Length > 0)
            .Concat(FhirDefinitions.R4.SearchParameters.SelectMany(p => p.Components).Select(c => c.Expression))
            .Concat(FhirDefinitions.R4.ResourceTypes.Concat(FhirDefinitions.R4.DataTypes).Select(n => FhirDefinitions.R4.Type(n)!)
                .SelectMany(t => t.Invariants.Concat(t.Elements.SelectMany(e => e.Invariants))).Select(i => i.Expression))
            .Distinct().ToList();

        Assert.True(expressions.Count > 1000);
        foreach (var expression in expressions) FhirPathExpression.Parse(expression);
    }

    [Theory]
    [InlineData("birthDate.extension('http://x/t').value", "1974-12-25T14:35:45-05:00")]
    [InlineData("Patient.name.given.count()", "2")]
    [InlineData("name.given.where(hasValue()).first()", "Ann")]
    [InlineData("name.given[1].id", "g2")]
    [InlineData("managingOrganization.resolve().name", "Acme")]
    [InlineData("managingOrganization.resolve() is Organization", "true")]
    [InlineData("generalPractitioner.where(resolve() is Practitioner).reference", "Practitioner/7")]
    [InlineData("generalPractitioner.where(resolve() is Patient).exists()", "false")]
    [InlineData("(active and {}) is Boolean", "")]
    [InlineData("{} or true", "true")]
    [InlineData("false implies {}", "true")]
    [InlineData("birthDate < @1974-12", "")]
    [InlineData("@2012-01-31 + 1 month = @2012-02-29", "true")]
    [InlineData("Resource.id", "p1")]
    [InlineData("Patient is DomainResource", "true")]
    public void Expressions_give_what_the_specification_says(string expression, string expected) => Assert.Equal(expected, string.Join(",", Evaluate(expression)));

    [Theory]
    [InlineData("")]
    [InlineData("a.")]
    [InlineData("(a")]
    [InlineData("a b")]
    [InlineData("'open")]
    [InlineData("nosuch()")]
    [InlineData("where()")]
    [InlineData("@2015-13")]
    [InlineData("99999999999")]
    [InlineData("$that")]
    public void Malformed_expressions_are_refused_with_a_position(string text) =>
        Assert.InRange(Assert.Throws<FhirPathSyntaxException>(() => FhirPathExpression.Parse(text)).Position, 0, text.Length);

    [Fact]
    public void Expressions_beyond_the_limits_are_refused()
    {
        Assert.Throws<FhirPathSyntaxException>(() => FhirPathExpression.Parse(new string('(', 5000)));
        Assert.Throws<FhirPathSyntaxException>(() => FhirPathExpression.Parse(new string('-', 5000) + "1"));
        Assert.Throws<FhirPathSyntaxException>(() => FhirPathExpression.Parse("a" + string.Concat(Enumerable.Repeat(".a", 5000))));
        Assert.Throws<FhirPathSyntaxException>(() => FhirPathExpression.Parse(new string(' ', 40_000)));
    }

    [Fact]
    public void An_expression_that_never_ends_runs_out_of_steps() =>
        Assert.Throws<FhirPathEvaluationException>(() => Evaluate("1.repeat($this + 1)"));

    [Fact]
    public void A_pattern_that_backtracks_without_end_is_stopped_or_linear()
    {
        Assert.Equal(["false"], Evaluate("'" + new string('a', 5000) + "!'.matches('^(a+)+$')"));
        Assert.Throws<FhirPathEvaluationException>(() => Evaluate("'" + new string('a', 5000) + "!'.matches('^(a+)+(?=b)$')"));
        Assert.Throws<FhirPathEvaluationException>(() => Evaluate("'a'.matches('(')"));
    }

    [Fact]
    public void A_text_that_is_added_to_itself_without_end_is_stopped()
    {
        var many = string.Join('|', Enumerable.Range(0, 60));
        Assert.Throws<FhirPathEvaluationException>(() => Evaluate($"({many}).aggregate($total & $total, 'xx')"));
        Assert.Throws<FhirPathEvaluationException>(() => Evaluate($"({many}).aggregate($total.combine($total), name)"));
    }

    [Fact]
    public void A_text_that_doubles_without_end_is_stopped() =>
        Assert.Throws<FhirPathEvaluationException>(() => Evaluate("'" + new string('x', 2000) + "'.replace('x', '" + new string('y', 2000) + "')"));

    [Fact]
    public void Any_text_parses_or_is_refused_cleanly()
    {
        string[] parts = ["name", ".", "(", ")", "'a'", "1", "@2012", "=", "and", "is", "where", "[", "]", "$this", "%x", "|", "-", "`b", "iif", ",", "{}", "\\", "/*"];
        var texts = Gen.Elements(parts).ListOf().Select(p => string.Join(' ', p)).ToArbitrary();
        Prop.ForAll(texts, text =>
        {
            try
            {
                Evaluate(text);
            }
            catch (Exception e) when (e is FhirPathSyntaxException or FhirPathEvaluationException)
            {
                return true;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }
}
