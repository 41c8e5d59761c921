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
    [InlineData("1 '[in_i]' = 2.54 'cm'", "true")]
    [InlineData("2.54 'cm' = 1 '[in_i]'", "true")]
    [InlineData("98.6 '[degF]' = 37 'Cel'", "true")]
    [InlineData("1 'U/L' > 16.6666666 'nkat/L'", "true")]
    [InlineData("3 'U/L' = 50 'nkat/L'", "true")]
    [InlineData("1 '[lb_av]' = 14.5833333333 '[oz_tr]'", "true")]
    [InlineData("1.0000000000000001 'g' = 1000 'mg'", "false")]
    [InlineData("1000.0000000000001 'mg' > 1 'g'", "true")]
    [InlineData("8 'g' / 2 'g/mL' = 4 'mL'", "true")]
    [InlineData("8 'g' / 2 'kg.m' = 0.004 'm-1'", "true")]
    [InlineData("2 'cm' * 3 'cm' ~ 0.0006 'm2'", "true")]
    [InlineData("140 'mmol/L' = 140 'meq/L'", "true")]
    [InlineData("1 'mol' = 1 '1'", "")]
    [InlineData("1 'mm[Hg]' < 1 'no-unit'", "")]
    [InlineData("1 year = 1 'a'", "")]
    [InlineData("1 year = 12 months", "true")]
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

    [Theory]
    [InlineData("'aaaa!'.matches('(?=a)(a+)+$')")]
    [InlineData("'aa'.matches('(a)\\\\1')")]
    [InlineData("'aaaa!'.matchesFull('(?>a+)!')")]
    [InlineData("'aaaa!'.replaceMatches('(?<!b)a', 'c')")]
    public void A_callers_pattern_that_needs_backtracking_is_refused_and_a_published_one_is_not(string text)
    {
        using var patient = JsonDocument.Parse("""{"resourceType":"Patient"}""");
        var root = NodeItem.Resource(patient.RootElement)!;
        var expression = FhirPathExpression.Parse(text);
        var refused = Assert.Throws<FhirPathEvaluationException>(() => expression.Evaluate(root, new FhirPathContext()));
        Assert.Contains("not supported", refused.Message, StringComparison.Ordinal);
        Assert.False(refused.IsTooCostly);
        Assert.Equal(1, expression.Evaluate(root, new FhirPathContext { IsPublished = true }).Count);
    }

    [Fact]
    public void An_evaluation_ends_as_too_costly_when_its_deadline_has_passed_or_its_matches_use_up_its_steps()
    {
        using var patient = JsonDocument.Parse("""{"resourceType":"Patient"}""");
        var root = NodeItem.Resource(patient.RootElement)!;
        var match = FhirPathExpression.Parse("'a'.matches('a')");
        Assert.True(Assert.Throws<FhirPathEvaluationException>(() => match.Evaluate(root, new FhirPathContext { Deadline = 0 })).IsTooCostly);
        Assert.Equal(1, match.Evaluate(root, new FhirPathContext { Deadline = 0, IsPublished = true }).Count);

        var many = FhirPathExpression.Parse($"({string.Join('|', Enumerable.Range(0, 60))}).select('{new string('a', 5000)}'.matches('(a+)+$'))");
        Assert.True(Assert.Throws<FhirPathEvaluationException>(() => many.Evaluate(root, new FhirPathContext { Budget = 20_000 })).IsTooCostly);
    }

    [Fact]
    public void Patterns_are_kept_up_to_a_number_and_a_callers_never_among_the_published()
    {
        var (one, other) = (Patterns.OfCaller(), Patterns.OfCaller());
        Assert.Same(one.Of("a+b"), one.Of("a+b"));
        Assert.NotSame(one.Of("a+b"), other.Of("a+b"));
        Assert.NotSame(one.Of("a+b"), Patterns.Published.Of("a+b"));
        for (var i = 0; i < 100; i++) one.Of("x" + i);
        Assert.NotSame(one.Of("x99"), one.Of("x99"));
    }

    [Theory]
    [InlineData("replace('a', {0})")]
    [InlineData("replace('', {0})")]
    [InlineData("replaceMatches('a', {0})")]
    [InlineData("replaceMatches('a+', {1})")]
    public void A_replacement_that_grows_too_long_is_refused_before_it_is_made(string call)
    {
        var long1 = "'" + new string('a', 10_000) + "'";
        var references = "'" + string.Concat(Enumerable.Repeat("$0", 1000)) + "'";
        Assert.Throws<FhirPathEvaluationException>(() => Evaluate(long1 + "." + string.Format(System.Globalization.CultureInfo.InvariantCulture, call, long1, references)));
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
