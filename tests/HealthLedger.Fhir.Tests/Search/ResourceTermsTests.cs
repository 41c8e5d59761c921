// What consent rules look at (R4 consent.html, Consent.provision) and the stored form of terms.
using System.Buffers;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Fhir.Tests.Search;

public sealed class ResourceTermsTests
{
    private const string Observation = """
        {"resourceType":"Observation","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}],"tag":[{"code":"t"}]},"status":"final",
         "code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]}}],
         "extension":[{"url":"u","valueCoding":{"code":"ext"}}],"contained":[{"resourceType":"Medication","id":"m","code":{"coding":[{"code":"drug"}]}}],
         "subject":{"reference":"Patient/p"},"encounter":{"reference":"Encounter/e"},"performer":[{"reference":"Practitioner/d"}],
         "effectivePeriod":{"start":"2020-01-05","end":"2020-02"},"issued":"2021-01-01T00:00:00Z"}
        """;

    [Fact]
    public void Consent_rules_see_codes_labels_authors_encounter_and_clinical_time()
    {
        var terms = Samples.Terms(Observation);

        Assert.Equal(["85354-9 True", "8480-6 False", "drug True"], terms.Codings.Select(c => $"{c.Code} {c.IsMain}"));
        Assert.Equal("R", Assert.Single(terms.SecurityLabels).Code);
        Assert.Equal(["Practitioner/d"], terms.Authors);
        Assert.Equal(["Encounter/e"], terms.Encounters);
        Assert.Equal((new DateTime(2020, 1, 5).Ticks, new DateTime(2020, 3, 1).Ticks), terms.ClinicalPeriod);
    }

    [Theory]
    [InlineData("""{"resourceType":"Condition","subject":{"reference":"Patient/p"},"onsetDateTime":"2019-03","abatementDateTime":"2019-05-02","recordedDate":"2022"}""", "2019-03-01", "2019-05-03")]
    [InlineData("""{"resourceType":"Condition","subject":{"reference":"Patient/p"},"recordedDate":"2022"}""", "2022-01-01", "2023-01-01")]
    [InlineData("""{"resourceType":"MedicationRequest","status":"active","intent":"order","authoredOn":"2020-06-01","subject":{"reference":"Patient/p"}}""", "2020-06-01", "2020-06-02")]
    [InlineData("""{"resourceType":"Patient","birthDate":"1980-01-01","deceasedDateTime":"2020"}""", null, null)]
    [InlineData("""{"resourceType":"Observation","status":"final","code":{},"valueDateTime":"2001"}""", null, null)]
    public void Paperwork_dates_count_only_where_there_is_no_other(string json, string? from, string? to)
    {
        (long, long)? expected = from is null ? null : (DateTime.Parse(from).Ticks, DateTime.Parse(to!).Ticks);

        Assert.Equal(expected, Samples.Terms(json).ClinicalPeriod);
    }

    [Fact]
    public void Every_official_example_gives_terms_that_survive_storage()
    {
        var pool = new TermPool();
        foreach (var (name, bytes) in Samples.OfficialExamples())
        {
            var terms = SearchTermExtractor.Extract(bytes, pool);
            Assert.True(terms is not null, name);
            AssertSame(terms, RoundTrip(terms, pool.ForPatient()), name);
        }
    }

    [Fact]
    public void Every_synthea_record_gives_terms_that_survive_storage()
    {
        var pool = new TermPool();
        foreach (var (url, resource) in Samples.Synthea("set-2021", 1).Concat(Samples.Synthea("set-2019", 1)))
        {
            var terms = SearchTermExtractor.Extract(resource, pool);
            Assert.True(terms is not null, url);
            AssertSame(terms, RoundTrip(terms, pool), url);
        }
    }

    [Fact]
    public void Damaged_stored_terms_are_refused_and_nothing_else_happens()
    {
        var output = new ArrayBufferWriter<byte>();
        Samples.Terms(Observation).WriteTo(output);
        var stored = output.WrittenSpan.ToArray();
        var pool = new TermPool();
        var flips = Gen.Choose(0, stored.Length - 1).Zip(Gen.Choose(1, 255));
        Prop.ForAll(flips.ToArbitrary(), flip =>
        {
            var damaged = stored.ToArray();
            damaged[flip.Item1] ^= (byte)flip.Item2;
            return ReadsOrRefuses(damaged, pool);
        }).QuickCheckThrowOnFailure();
        for (var length = 0; length < stored.Length; length++) Assert.Throws<InvalidDataException>(() => ResourceTerms.Read(stored.AsSpan(0, length), pool));
        Assert.Throws<InvalidDataException>(() => ResourceTerms.Read([.. stored, 0], pool));
    }

    [Fact]
    public void Terms_of_another_version_or_other_definitions_are_recognized()
    {
        var output = new ArrayBufferWriter<byte>();
        Samples.Terms(Observation).WriteTo(output);
        var stored = output.WrittenSpan.ToArray();

        Assert.True(ResourceTerms.IsCurrent(stored));
        stored[0]++;
        Assert.False(ResourceTerms.IsCurrent(stored));
        stored[0]--;
        stored[1] ^= 1;
        Assert.False(ResourceTerms.IsCurrent(stored));
        Assert.False(ResourceTerms.IsCurrent([]));
    }

    [Fact]
    public void A_pool_for_all_patients_keeps_codes_and_no_names_or_ids()
    {
        var pool = new TermPool();
        var terms = SearchTermExtractor.Extract(Encoding.UTF8.GetBytes(
            """{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"SECRET-1"}],"name":[{"family":"Secretname"}],"telecom":[{"system":"phone","value":"555-SECRET"}],"generalPractitioner":[{"reference":"Practitioner/secret-id"}],"gender":"female"}"""), pool)!;
        var shared = pool.Count;

        Assert.Equal(shared, pool.Count);
        Assert.Same(terms.Tokens.First(t => t.Code == "female").Code, pool.Vocabulary("female"));
        foreach (var personal in new[] { "SECRET-1", "Secretname", "555-SECRET", "secret-id" })
        {
            var before = pool.Count;
            pool.Vocabulary(personal);
            Assert.Equal(before + 1, pool.Count);
        }
    }

    [Fact]
    public void A_full_pool_hands_out_strings_without_keeping_them()
    {
        var pool = new TermPool(capacity: 2);
        foreach (var text in new[] { "a", "b", "c", "d" }) Assert.Equal(text, pool.Vocabulary(text));

        Assert.Equal(2, pool.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"resourceType\":\"Nothing\"}")]
    [InlineData("{\"resourceType\":5}")]
    [InlineData("{\"resourceType\":\"DomainResource\"}")]
    [InlineData("null")]
    public void What_is_no_resource_gives_no_terms(string json) => Assert.Null(SearchTermExtractor.Extract(Encoding.UTF8.GetBytes(json), new TermPool()));

    [Fact]
    public void Wrong_structure_loses_values_and_never_throws()
    {
        var examples = Samples.OfficialExamples().Where(e => e.Bytes.Length < 20_000).Select(e => e.Bytes).ToArray();
        if (examples.Length == 0) examples = [Encoding.UTF8.GetBytes(Observation)];
        string[] values = ["null", "1", "\"x\"", "[]", "{}", "[null]", "[[1]]", "{\"a\":1}", "true", "\"\\ud800\"", "1e400", "\"2020-13-45\"", "[{\"system\":[\"phone\"]}]"];
        var pool = new TermPool();
        var mutations = Gen.Elements(examples).Zip(Gen.Choose(0, int.MaxValue)).Zip(Gen.Elements(values)).Select(t => (t.Item1.Item1, t.Item1.Item2, t.Item2));
        Prop.ForAll(mutations.ToArbitrary(), mutation =>
        {
            var (bytes, seed, value) = mutation;
            var text = Encoding.UTF8.GetString(bytes);
            var colon = text.IndexOf(':', seed % text.Length);
            if (colon < 0) return true;
            var end = text.AsSpan(colon + 1).IndexOfAny(",}]");
            if (end < 0) return true;
            SearchTermExtractor.Extract(Encoding.UTF8.GetBytes(string.Concat(text.AsSpan(0, colon + 1), value, text.AsSpan(colon + 1 + end))), pool);
            return true;
        }).QuickCheckThrowOnFailure();
    }

    private static bool ReadsOrRefuses(byte[] stored, TermPool pool)
    {
        try
        {
            ResourceTerms.Read(stored, pool);
        }
        catch (InvalidDataException)
        {
            return true;
        }
        return true;
    }

    private static ResourceTerms RoundTrip(ResourceTerms terms, TermPool pool)
    {
        var output = new ArrayBufferWriter<byte>();
        terms.WriteTo(output);
        return ResourceTerms.Read(output.WrittenSpan, pool);
    }

    private static void AssertSame(ResourceTerms expected, ResourceTerms actual, string name)
    {
        Assert.Equal(expected.ResourceType, actual.ResourceType);
        Assert.True(expected.Tokens.AsSpan().SequenceEqual(actual.Tokens), name);
        Assert.True(expected.References.AsSpan().SequenceEqual(actual.References), name);
        Assert.True(expected.ReferenceIdentifiers.AsSpan().SequenceEqual(actual.ReferenceIdentifiers), name);
        Assert.True(expected.Dates.AsSpan().SequenceEqual(actual.Dates), name);
        Assert.True(expected.Strings.AsSpan().SequenceEqual(actual.Strings), name);
        Assert.True(expected.Uris.AsSpan().SequenceEqual(actual.Uris), name);
        Assert.True(expected.Numbers.AsSpan().SequenceEqual(actual.Numbers), name);
        Assert.True(expected.Quantities.AsSpan().SequenceEqual(actual.Quantities), name);
        Assert.Equal(expected.Codings, actual.Codings);
        Assert.Equal(expected.SecurityLabels, actual.SecurityLabels);
        Assert.True(expected.TokenTexts.AsSpan().SequenceEqual(actual.TokenTexts), name);
        Assert.True(expected.TypedIdentifiers.AsSpan().SequenceEqual(actual.TypedIdentifiers), name);
        Assert.Equal(expected.NarrativeWords, actual.NarrativeWords);
        Assert.Equal(expected.OtherWords, actual.OtherWords);
    }
}
