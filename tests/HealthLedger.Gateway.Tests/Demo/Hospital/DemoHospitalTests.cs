// FHIR R4 3.1.0.11.2 (transaction), 2.36 (Bundle); the demo's own promises: same seed same bytes, plausible and correlated values.
using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Validation;
using HealthLedger.Gateway.Demo.Hospital;

namespace HealthLedger.Gateway.Tests.Demo.Hospital;

public sealed class DemoHospitalTests
{
    private static readonly DateOnly s_today = new(2026, 11, 1);

    [Fact]
    public void The_same_seed_gives_the_same_bytes()
    {
        var first = DemoHospital.Generate(7, 30, s_today).Select(b => Convert.ToHexString(b.Json.Span));
        var second = DemoHospital.Generate(7, 30, s_today).Select(b => Convert.ToHexString(b.Json.Span));
        Assert.Equal(first, second);
    }

    [Fact]
    public void The_generator_gives_the_same_numbers_for_a_seed_for_good()
    {
        // xoshiro256** over SplitMix64, computed apart from this code. A change here changes every demo, so it must be meant.
        var random = new SeededGenerator(1, 2);
        Assert.Equal<ulong[]>([ 10321625616556109221, 13867879502009368354, 13057713528128591869 ], [random.Next(), random.Next(), random.Next()]);
    }

    [Fact]
    public void Another_seed_gives_other_people()
    {
        var first = DemoHospital.Generate(7, 20, s_today).Skip(1).Select(b => b.Patient!.NationalId);
        var second = DemoHospital.Generate(8, 20, s_today).Skip(1).Select(b => b.Patient!.NationalId);
        Assert.Empty(first.Intersect(second));
    }

    [Fact]
    public void A_patient_is_the_same_however_many_are_asked_for()
    {
        var few = DemoHospital.Generate(7, 3, s_today).Last();
        var many = DemoHospital.Generate(7, 50, s_today).ElementAt(3);
        Assert.True(few.Json.Span.SequenceEqual(many.Json.Span));
        Assert.True(DemoHospital.Patient(7, 2, s_today).Json.Span.SequenceEqual(few.Json.Span));
    }

    [Fact]
    public void The_directory_comes_first_with_all_organizations_and_the_people_of_two()
    {
        using var bundle = JsonDocument.Parse(DemoHospital.Generate(7, 0, s_today).Single().Json);
        var types = Entries(bundle).Select(e => Type(e.GetProperty("resource"))).CountBy(t => t).ToDictionary();
        Assert.Equal(4, types["Organization"]);
        Assert.Equal(2, types["Location"]);
        Assert.True(types["Practitioner"] >= 4);
        Assert.Equal(types["Practitioner"], types["PractitionerRole"]);
        foreach (var entry in Entries(bundle))
        {
            Assert.Equal("PUT", entry.GetProperty("request").GetProperty("method").GetString());
            var resource = entry.GetProperty("resource");
            Assert.Equal($"{Type(resource)}/{resource.GetProperty("id").GetString()}", entry.GetProperty("request").GetProperty("url").GetString());
        }
    }

    [Fact]
    public void Every_reference_leads_to_an_entry_of_the_same_bundle_or_to_the_directory()
    {
        var directory = new HashSet<string>();
        foreach (var bundle in DemoHospital.Generate(7, 60, s_today))
        {
            using var json = JsonDocument.Parse(bundle.Json);
            var known = Entries(json).Select(e => e.GetProperty("fullUrl").GetString()!).ToHashSet();
            Assert.Equal(Entries(json).Count(), known.Count);
            if (bundle.Patient is null) directory.UnionWith(Entries(json).Select(e => e.GetProperty("request").GetProperty("url").GetString()!));
            foreach (var reference in Strings(json.RootElement, "reference"))
                Assert.True(directory.Contains(reference) || known.Contains(reference), reference);
        }
    }

    [Fact]
    public void Each_patient_has_between_20_and_80_resources_of_the_kinds_clinicians_expect()
    {
        var kinds = new HashSet<string>();
        foreach (var bundle in Patients(200))
        {
            using var json = JsonDocument.Parse(bundle.Json);
            var types = Entries(json).Select(e => Type(e.GetProperty("resource"))).ToList();
            Assert.InRange(types.Count, 20, 80);
            Assert.Equal(types.Count, bundle.Resources);
            Assert.Single(types, "Patient");
            kinds.UnionWith(types);
        }
        Assert.Superset(
            new HashSet<string>
            {
                "Patient", "Encounter", "Condition", "Observation", "MedicationRequest", "AllergyIntolerance", "Procedure", "Immunization",
                "DiagnosticReport", "DocumentReference",
            },
            kinds);
    }

    [Fact]
    public void No_date_is_after_the_reference_date_or_before_birth()
    {
        string[] names = ["effectiveDateTime", "issued", "start", "end", "onsetDateTime", "abatementDateTime", "recordedDate", "authoredOn", "occurrenceDateTime", "date"];
        foreach (var bundle in Patients(200))
        {
            using var json = JsonDocument.Parse(bundle.Json);
            var dates = names.SelectMany(n => Strings(json.RootElement, n)).ToList();
            Assert.NotEmpty(dates);
            foreach (var text in dates)
            {
                var day = DateOnly.ParseExact(text[..10], "yyyy-MM-dd");
                Assert.True(day < s_today && day >= bundle.Patient!.BirthDate, text);
            }
        }
    }

    [Fact]
    public void Ages_reach_outside_the_ages_that_PREVENT_covers_on_both_sides()
    {
        var ages = Patients(40).Select(b => (s_today.DayNumber - b.Patient!.BirthDate.DayNumber) / 365.2425).ToList();
        Assert.Contains(ages, a => a < 30);
        Assert.Contains(ages, a => a >= 80);
        Assert.True(ages.Count(a => a is >= 30 and < 80) > 20);
    }

    [Fact]
    public void Sensitive_records_carry_their_label_and_confidentiality_R_and_others_N()
    {
        var seen = new HashSet<string>();
        foreach (var bundle in Patients(20))
        {
            using var json = JsonDocument.Parse(bundle.Json);
            var sensitive = 0;
            foreach (var entry in Entries(json))
            {
                var labels = entry.GetProperty("resource").GetProperty("meta").GetProperty("security").EnumerateArray().Select(c => c.GetProperty("code").GetString()!).ToList();
                if (labels.Contains("R"))
                {
                    sensitive++;
                    Assert.Equal(2, labels.Count);
                    seen.UnionWith(labels);
                }
                else
                {
                    Assert.Equal(["N"], labels);
                }
            }
            Assert.Equal(bundle.Patient!.Sensitive == SensitiveKind.None, sensitive == 0);
        }
        Assert.Equal(new HashSet<string> { "R", "HIV", "ETH", "PSY" }, seen);
    }

    [Fact]
    public void Treated_and_ill_people_differ_from_others_as_a_clinician_would_expect()
    {
        List<double> withDiabetes = [], without = [];
        foreach (var bundle in Patients(300))
        {
            var text = Encoding.UTF8.GetString(bundle.Json.Span);
            using var json = JsonDocument.Parse(bundle.Json);
            var hba1c = Entries(json).Select(e => e.GetProperty("resource"))
                .Where(r => Type(r) == "Observation" && r.GetProperty("code").GetProperty("coding")[0].GetProperty("code").GetString() == "4548-4")
                .Select(r => r.GetProperty("valueQuantity").GetProperty("value").GetDouble()).ToList();
            (text.Contains("\"44054006\"", StringComparison.Ordinal) ? withDiabetes : without).AddRange(hba1c);
        }
        Assert.True(withDiabetes.Average() > without.Average() + 1.2);
        Assert.All(without, v => Assert.InRange(v, 4.3, 6.4));
    }

    [Fact]
    public void Secrets_are_long_enough_to_be_searched_for_and_do_occur_in_the_bundle()
    {
        foreach (var bundle in Patients(100))
        {
            var text = Encoding.UTF8.GetString(bundle.Json.Span);
            var person = bundle.Patient!;
            Assert.Contains(person.Given, person.Secrets);
            Assert.Contains(person.Family, person.Secrets);
            Assert.Contains(person.RecordNumber, person.Secrets);
            Assert.Contains(person.NationalId, person.Secrets);
            Assert.Contains(person.Phone, person.Secrets);
            Assert.All(person.AddressLines, l => Assert.Contains(l, person.Secrets));
            Assert.Equal(bundle.Resources, person.Secrets.Count(s => Guid.TryParseExact(s, "D", out _)));
            Assert.All(person.Secrets, s => Assert.True(Encoding.UTF8.GetByteCount(s) >= 6 && text.Contains(s, StringComparison.Ordinal), s));
        }
    }

    [Fact]
    public void Every_resource_is_valid_R4()
    {
        foreach (var bundle in DemoHospital.Generate(11, 60, s_today))
        {
            var whole = ResourceValidator.Validate(bundle.Json, "Bundle");
            Assert.True(whole.IsValid, string.Join("; ", whole.Issues.Take(5)));
            using var json = JsonDocument.Parse(bundle.Json);
            foreach (var entry in Entries(json))
            {
                var outcome = ResourceValidator.Validate(Encoding.UTF8.GetBytes(entry.GetProperty("resource").GetRawText()));
                Assert.True(outcome.IsValid, string.Join("; ", outcome.Issues.Take(5)));
            }
        }
    }

    [Fact]
    public void Impossible_arguments_are_the_callers_bug()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => DemoHospital.Generate(1, -1, s_today));
        Assert.Throws<ArgumentOutOfRangeException>(() => DemoHospital.Generate(1, DemoHospital.MaximumPatients + 1, s_today));
        Assert.Throws<ArgumentOutOfRangeException>(() => DemoHospital.Generate(1, 1, new DateOnly(1900, 1, 1)));
    }

    private static IEnumerable<DemoBundle> Patients(int count) => DemoHospital.Generate(11, count, s_today).Skip(1);

    private static IEnumerable<JsonElement> Entries(JsonDocument bundle) => bundle.RootElement.GetProperty("entry").EnumerateArray();

    private static string Type(JsonElement resource) => resource.GetProperty("resourceType").GetString()!;

    private static IEnumerable<string> Strings(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(p =>
            p.Name == name && p.Value.ValueKind == JsonValueKind.String ? [p.Value.GetString()!] : Strings(p.Value, name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(e => Strings(e, name)),
        _ => [],
    };
}
