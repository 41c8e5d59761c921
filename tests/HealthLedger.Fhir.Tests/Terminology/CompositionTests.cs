// http://hl7.org/fhir/R4/valueset.html#compositions and http://hl7.org/fhir/R4/valueset-filter-operator.html
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Fhir.Tests.Terminology;

public sealed class CompositionTests
{
    private const string Animals = "urn:test:animals";

    /// <summary>animal &gt; mammal &gt; (cat, dog, bat), animal &gt; flyer &gt; bat, animal &gt; dodo (retired).</summary>
    private const string AnimalSystem = """
        {"resourceType":"CodeSystem","url":"urn:test:animals","version":"2","status":"active","content":"complete","caseSensitive":true,
         "property":[{"code":"legs","type":"integer"},{"code":"notSelectable","uri":"http://hl7.org/fhir/concept-properties#notSelectable","type":"boolean"}],
         "concept":[{"code":"animal","display":"Animal","property":[{"code":"notSelectable","valueBoolean":true}],"concept":[
           {"code":"mammal","display":"Mammal","concept":[
             {"code":"cat","display":"Domestic cat","property":[{"code":"legs","valueInteger":4}],"designation":[{"language":"de","value":"Hauskatze"}]},
             {"code":"dog","display":"Dog","property":[{"code":"legs","valueInteger":4}]}]},
           {"code":"flyer","display":"Flying animal","concept":[
             {"code":"bat","display":"Bat","property":[{"code":"legs","valueInteger":2},{"code":"parent","valueCode":"mammal"}]}]},
           {"code":"dodo","display":"Dodo","property":[{"code":"legs","valueInteger":2},{"code":"status","valueCode":"retired"}]}]}]}
        """;

    private const string PartSystem = """
        {"resourceType":"CodeSystem","url":"urn:test:parts","status":"active","content":"complete","hierarchyMeaning":"part-of",
         "concept":[{"code":"body","concept":[{"code":"arm"}]}]}
        """;

    private const string FragmentSystem = """
        {"resourceType":"CodeSystem","url":"urn:test:fragment","status":"active","content":"fragment","concept":[{"code":"one"}]}
        """;

    [Theory]
    [InlineData("concept", "is-a", "mammal", "mammal cat dog bat")]
    [InlineData("concept", "descendent-of", "mammal", "cat dog bat")]
    [InlineData("code", "descendent-of", "mammal", "cat dog bat")]
    [InlineData("concept", "is-not-a", "mammal", "animal flyer dodo")]
    [InlineData("concept", "generalizes", "bat", "animal mammal flyer bat")]
    [InlineData("concept", "in", "cat, dodo,unicorn", "cat dodo")]
    [InlineData("concept", "not-in", "cat,dodo", "animal mammal dog flyer bat")]
    [InlineData("concept", "=", "cat", "cat")]
    [InlineData("legs", "=", "2", "bat dodo")]
    [InlineData("legs", "exists", "true", "cat dog bat dodo")]
    [InlineData("legs", "exists", "false", "animal mammal flyer")]
    [InlineData("display", "regex", "D.*", "cat dog dodo")]
    [InlineData("code", "regex", "[a-c]at", "cat bat")]
    [InlineData("code", "regex", "a", "")]
    [InlineData("parent", "=", "flyer", "bat")]
    [InlineData("child", "=", "cat", "mammal")]
    [InlineData("notSelectable", "=", "false", "mammal cat dog flyer bat dodo")]
    [InlineData("inactive", "=", "true", "dodo")]
    public void Filters_choose_concepts(string property, string op, string value, string codes) =>
        Assert.Equal(Sorted(codes), Expand(Set($$"""{"include":[{"system":"{{Animals}}","filter":[{"property":"{{property}}","op":"{{op}}","value":"{{value}}"}]}]}""")));

    [Theory]
    [InlineData("feathers", "=", "1", "has no property 'feathers'")]
    [InlineData("concept", "is-a", "unicorn", "has no code 'unicorn'")]
    [InlineData("legs", "is-a", "4", "the property concept alone")]
    [InlineData("legs", "near", "4", "is not one of R4")]
    [InlineData("legs", "exists", "maybe", "is not one of R4")]
    [InlineData("code", "regex", "(", "not well-formed")]
    [InlineData("code", "regex", "(?=c)cat", "look back or ahead")]
    public void A_filter_that_cannot_be_evaluated_is_refused_and_not_left_out(string property, string op, string value, string why)
    {
        var set = Set($$"""{"include":[{"system":"{{Animals}}","filter":[{"property":"{{property}}","op":"{{op}}","value":"{{value}}"}]}]}""");

        Assert.Contains(why, Refused(set).Why, StringComparison.Ordinal);
        Assert.Equal(Membership.Unknown, Sets().Look(set, Animals, "cat").Membership);
    }

    [Theory]
    [InlineData("""{"include":[{"system":"urn:test:animals"}]}""", "animal bat cat dodo dog flyer mammal")]
    [InlineData("""{"inactive":false,"include":[{"system":"urn:test:animals"}]}""", "animal bat cat dog flyer mammal")]
    [InlineData("""{"include":[{"system":"urn:test:animals","version":"2"}],"exclude":[{"system":"urn:test:animals","concept":[{"code":"cat"}]}]}""", "animal bat dodo dog flyer mammal")]
    [InlineData("""{"include":[{"system":"urn:test:animals","concept":[{"code":"cat"},{"code":"cat"},{"code":"dog"}]},{"system":"urn:test:animals","concept":[{"code":"dog"}]}]}""", "cat dog")]
    [InlineData("""{"include":[{"system":"http://loinc.org","concept":[{"code":"8480-6"}]}]}""", "8480-6")]
    [InlineData("""{"include":[{"valueSet":["urn:test:mammals"]}]}""", "bat cat dog mammal")]
    [InlineData("""{"include":[{"valueSet":["urn:test:mammals","urn:test:flyers"]}]}""", "bat")]
    [InlineData("""{"include":[{"valueSet":["urn:test:mammals"]},{"valueSet":["urn:test:flyers"]}]}""", "bat cat dog flyer mammal")]
    [InlineData("""{"include":[{"system":"urn:test:animals","valueSet":["urn:test:flyers"],"filter":[{"property":"legs","op":"=","value":"2"}]}]}""", "bat")]
    [InlineData("""{"include":[{"valueSet":["urn:test:mammals"]}],"exclude":[{"valueSet":["urn:test:flyers"]}]}""", "cat dog mammal")]
    [InlineData("""{"include":[{"system":"urn:test:animals","filter":[{"property":"legs","op":"=","value":"2"},{"property":"concept","op":"is-a","value":"mammal"}]}]}""", "bat")]
    public void Parts_are_joined_and_what_stands_in_one_part_must_all_hold(string compose, string codes)
    {
        var set = Set(compose);

        Assert.Equal(Sorted(codes), Expand(set));
        foreach (var code in "animal mammal cat dog flyer bat dodo unicorn".Split(' '))
        {
            Assert.Equal(codes.Split(' ').Contains(code) ? Membership.Yes : Membership.No, Sets().Look(set, Animals, code).Membership);
        }
    }

    [Theory]
    [InlineData("""{"include":[{"system":"http://snomed.info/sct"}]}""", "content is not-present")]
    [InlineData("""{"include":[{"system":"http://loinc.org"}]}""", "Code system http://loinc.org is not known here")]
    [InlineData("""{"include":[{"system":"urn:test:animals","version":"1"}]}""", "Version 1 of code system urn:test:animals is not known here; 2 is")]
    [InlineData("""{"include":[{"valueSet":["urn:test:nothing"]}]}""", "Value set urn:test:nothing is not known here")]
    [InlineData("""{"include":[{"system":"urn:test:animals"}],"exclude":[{"system":"urn:test:animals","valueSet":["urn:test:nothing"]}]}""", "Value set urn:test:nothing is not known here")]
    [InlineData("""{"include":[{"system":"urn:test:parts","filter":[{"property":"concept","op":"is-a","value":"body"}]}]}""", "does not mean that one code is a kind of another")]
    [InlineData("""{"include":[{"valueSet":["urn:test:circle-1"]}]}""", "includes itself")]
    [InlineData("""{"include":[{"valueSet":["urn:test:own"]}]}""", "includes itself")]
    [InlineData("""{}""", "does not say which codes it has")]
    public void What_cannot_be_told_is_refused_with_its_reason(string compose, string why)
    {
        var refused = Refused(Set(compose));

        Assert.False(refused.IsTooCostly);
        Assert.Contains(why, refused.Why, StringComparison.Ordinal);
        var answer = Sets().Look(Set(compose), compose.Contains("snomed", StringComparison.Ordinal) ? "http://snomed.info/sct" : compose.Contains("loinc", StringComparison.Ordinal) ? "http://loinc.org" : Animals, "arm");
        Assert.NotEqual(Membership.Yes, answer.Membership);
    }

    [Fact]
    public void Whatever_a_package_says_is_read_without_a_fault()
    {
        const string Whole = """
            {"resourceType":"ValueSet","url":"urn:test:own","compose":{"inactive":false,"include":[{"system":"urn:test:odd","version":"1","concept":[{"code":"a","designation":[{"value":"b"}]}],
             "filter":[{"property":"concept","op":"is-a","value":"a"}],"valueSet":["urn:test:mammals"]}],"exclude":[{"system":"urn:test:odd"}]},"expansion":{"total":1,"contains":[{"code":"a"}]}}
            """;
        const string Odd = """
            {"resourceType":"CodeSystem","url":"urn:test:odd","content":"complete","caseSensitive":true,"property":[{"code":"p","type":"code"}],
             "concept":[{"code":"a","property":[{"code":"parent","valueCode":"b"}],"designation":[{"language":"de","value":"x"}],"concept":[{"code":"b"}]}]}
            """;
        var random = new Random(7);
        for (var i = 0; i < 3000; i++)
        {
            var texts = new[] { Broken(Whole, random), Broken(Odd, random) };
            var sets = new ValueSets(new ConformanceResources(() => texts.Select(t => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(t))));
            foreach (var set in new[] { sets.Find("urn:test:own"), ValueSets.Read(JsonDocument.Parse("""{"compose":{"include":[{"system":"urn:test:odd"}]}}""").RootElement, out _) }.OfType<ValueSet>())
            {
                Assert.NotNull(sets.Expand(set, new ExpansionRequest { Filter = "a" }));
                Assert.NotNull(sets.Look(set, "urn:test:odd", "a"));
            }

            Assert.True(Enum.IsDefined(sets.Compare("urn:test:odd", "a", "b")));
        }
    }

    /// <summary>The text with one value replaced by one of another kind.</summary>
    private static string Broken(string json, Random random)
    {
        var root = JsonNode.Parse(json)!;
        var places = new List<JsonNode>();
        Collect(root);
        var at = places[random.Next(places.Count)];
        JsonNode?[] others = [null, 1, "a", true, new JsonObject(), new JsonArray(), new JsonArray(1), new JsonArray("a"), new JsonArray(new JsonObject()), new JsonObject { ["code"] = 1 }];
        at.ReplaceWith(others[random.Next(others.Length)]);
        return root.ToJsonString();

        void Collect(JsonNode node)
        {
            foreach (var child in node is JsonObject o ? o.Select(m => m.Value) : node is JsonArray a ? a : [])
            {
                if (child is not null)
                {
                    places.Add(child);
                    Collect(child);
                }
            }
        }
    }

    [Fact]
    public void A_code_system_held_in_part_gives_an_open_expansion_and_no_no()
    {
        var set = Set("""{"include":[{"system":"urn:test:fragment"}]}""");

        Assert.True(Assert.IsType<ExpansionResult.Expanded>(Sets().Expand(set, new ExpansionRequest())).IsOpen);
        Assert.Equal(Membership.Yes, Sets().Look(set, "urn:test:fragment", "one").Membership);
        Assert.Equal(Membership.Unknown, Sets().Look(set, "urn:test:fragment", "two").Membership);
        Assert.Null(Make("""{"include":[{"system":"urn:test:fragment"}]}""").CodesOf("urn:test:own", out var why));
        Assert.Contains("held here only in part", why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_set_of_a_request_cannot_cost_more_than_the_limit_of_steps()
    {
        var include = """{"system":"http://dicom.nema.org/resources/ontology/DCM","filter":[{"property":"display","op":"regex","value":"(.*a){9}x.*"}]}""";
        var set = Set($$"""{"include":[{{string.Join(',', Enumerable.Repeat(include, ValueSets.MaximumParts))}}]}""");

        Assert.True(Refused(set).IsTooCostly);
        Assert.NotEqual(Membership.Yes, Sets().Look(set, null, "CT").Membership);
    }

    [Fact]
    public void Pages_together_are_the_whole_in_its_order()
    {
        var set = R4.Named("resource-types");
        var whole = Assert.IsType<ExpansionResult.Expanded>(R4.ValueSets.Expand(set, new ExpansionRequest()));
        Assert.Equal(148, whole.Total);
        Assert.Equal(148, whole.Page.Count);
        var paged = Enumerable.Range(0, 16).SelectMany(i => Assert.IsType<ExpansionResult.Expanded>(R4.ValueSets.Expand(set, new ExpansionRequest { Offset = i * 10, Count = 10 })).Page);
        Assert.Equal(whole.Page.Select(c => c.Code), paged.Select(c => c.Code));
        Assert.Empty(Assert.IsType<ExpansionResult.Expanded>(R4.ValueSets.Expand(set, new ExpansionRequest { Count = 0 })).Page);
    }

    [Theory]
    [InlineData("cat", "cat")]
    [InlineData("DOM", "cat")]
    [InlineData("do", "cat dog dodo")]
    [InlineData("anim fly", "flyer")]
    [InlineData("mestic", "")]
    public void A_text_filter_takes_beginnings_of_words_and_codes(string filter, string codes) =>
        Assert.Equal(Sorted(codes), Expand(Set("""{"include":[{"system":"urn:test:animals"}]}"""), new ExpansionRequest { Filter = filter }));

    [Theory]
    [InlineData("mammal", "bat", Subsumption.Subsumes)]
    [InlineData("flyer", "bat", Subsumption.Subsumes)]
    [InlineData("bat", "animal", Subsumption.SubsumedBy)]
    [InlineData("cat", "cat", Subsumption.Equivalent)]
    [InlineData("cat", "dog", Subsumption.NotSubsumed)]
    [InlineData("cat", "unicorn", Subsumption.Unknown)]
    public void A_code_may_have_several_parents(string first, string second, Subsumption expected) => Assert.Equal(expected, Sets().Compare(Animals, first, second));

    [Fact]
    public void Codes_below_and_above_are_told_only_where_below_means_a_kind_of()
    {
        Assert.Equal(["bat", "cat", "dog", "mammal"], Sets().CodesBelow(Animals, "mammal", out _));
        Assert.Equal(["animal", "bat", "flyer", "mammal"], Sets().CodesAbove(Animals, "bat", out _));
        Assert.Null(Sets().CodesBelow("urn:test:parts", "body", out var parts));
        Assert.Null(Sets().CodesBelow("urn:test:fragment", "one", out var fragment));
        Assert.Null(Sets().CodesBelow("http://snomed.info/sct", "1", out var snomed));
        Assert.All([parts, fragment, snomed], why => Assert.NotEmpty(why));
    }

    [Fact]
    public void A_value_set_that_carries_only_an_expansion_has_its_codes()
    {
        var set = ValueSets.Read(JsonDocument.Parse("""{"resourceType":"ValueSet","status":"active","expansion":{"total":2,"contains":[{"abstract":true,"display":"Pets","contains":[{"system":"urn:x","code":"a"},{"system":"urn:x","code":"b"}]}]}}""").RootElement, out _)!;

        Assert.Equal("a b", Expand(set));
        Assert.Equal(Membership.No, Sets().Look(set, "urn:x", "c").Membership);
    }

    private static string Sorted(string codes) => string.Join(' ', codes.Split(' ').Order(StringComparer.Ordinal));

    private static string Expand(ValueSet set, ExpansionRequest? request = null) =>
        string.Join(' ', Assert.IsType<ExpansionResult.Expanded>(Sets().Expand(set, request ?? new ExpansionRequest())).Page.Select(c => c.Code).Order(StringComparer.Ordinal));

    private static ExpansionResult.Refused Refused(ValueSet set) => Assert.IsType<ExpansionResult.Refused>(Sets().Expand(set, new ExpansionRequest()));

    private static ValueSet Set(string compose) =>
        ValueSets.Read(JsonDocument.Parse(Resource(null, compose)).RootElement, out _) ?? throw new ArgumentException(compose);

    private static string Resource(string? url, string compose)
    {
        var set = new JsonObject { ["resourceType"] = "ValueSet", ["status"] = "active", ["compose"] = JsonNode.Parse(compose) };
        if (url is not null)
        {
            set["url"] = url;
        }

        return set.ToJsonString();
    }

    private static readonly Lazy<ValueSets> Shared = new(() => Make("""{"include":[{"valueSet":["urn:test:own"]}]}"""));

    private static ValueSets Sets() => Shared.Value;

    private static ValueSets Make(string own) => new(new ConformanceResources(() =>
    [
        .. R4Terminology.Resources(),
        .. new[]
        {
            AnimalSystem, PartSystem, FragmentSystem,
            Resource("urn:test:mammals", """{"include":[{"system":"urn:test:animals","filter":[{"property":"concept","op":"is-a","value":"mammal"}]}]}"""),
            Resource("urn:test:flyers", """{"include":[{"system":"urn:test:animals","filter":[{"property":"concept","op":"is-a","value":"flyer"}]}]}"""),
            Resource("urn:test:circle-1", """{"include":[{"valueSet":["urn:test:circle-2"]}]}"""),
            Resource("urn:test:circle-2", """{"include":[{"valueSet":["urn:test:circle-1"]}]}"""),
            Resource("urn:test:own", own),
        }.Select(r => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(r)),
    ]));
}
