// R4 SearchParameter individual-phonetic, Organization-phonetic, InsurancePlan-phonetic: "some kind of phonetic matching algorithm". The sounds are those of the National Archives' examples of Soundex.
using HealthLedger.Fhir.Search;

namespace HealthLedger.Fhir.Tests.Search;

public sealed class PhoneticSearchTests
{
    private const string Patient = """{"resourceType":"Patient","name":[{"family":"Smith","given":["Zoë","Ann-Marie"]},{"text":"Łukasz 3rd"}]}""";

    [Theory]
    [InlineData("Washington", "W252")]
    [InlineData("Lee", "L000")]
    [InlineData("Gutierrez", "G362")]
    [InlineData("Pfister", "P236")]
    [InlineData("Jackson", "J250")]
    [InlineData("Tymczak", "T522")]
    [InlineData("Ashcraft", "A261")]
    [InlineData("VanDeusen", "V532")]
    [InlineData("Müller", "M460")]
    [InlineData("3rd", "3rd")]
    public void Words_have_the_sounds_of_Soundex(string word, string sound) => Assert.Equal([sound], PhoneticCriterion.Sounds(word));

    [Theory]
    [InlineData("phonetic=Smyth", true)]
    [InlineData("phonetic=schmidt", true)]
    [InlineData("phonetic=schneider", false)]
    [InlineData("phonetic=smit,nobody", true)]
    [InlineData("phonetic=zoe smythe", true)]
    [InlineData("phonetic=zoe jones", false)]
    [InlineData("phonetic=mary", true)]
    [InlineData("phonetic=Lucas", true)]
    [InlineData("phonetic=3rd", true)]
    [InlineData("phonetic=-", false)]
    [InlineData("phonetic=smi", false)]
    [InlineData("phonetic:contains=mit", true)]
    [InlineData("phonetic:exact=Smith", true)]
    [InlineData("phonetic:exact=Smyth", false)]
    [InlineData("phonetic:missing=false", true)]
    [InlineData("name=Smyth", false)]
    public void A_name_is_found_by_its_sound(string query, bool expected) => Assert.Equal(expected, Samples.Matches(query, Patient));

    [Theory]
    [InlineData("""{"resourceType":"Organization","name":"Robert Clinic"}""", "phonetic=Rupert", true)]
    [InlineData("""{"resourceType":"InsurancePlan","name":"Euler"}""", "phonetic=Ellery", true)]
    [InlineData("""{"resourceType":"Practitioner","name":[{"family":"Hilbert"}]}""", "phonetic=Heilbronn", true)]
    [InlineData("""{"resourceType":"RelatedPerson","patient":{"reference":"Patient/p"},"name":[{"family":"Knuth"}]}""", "phonetic=Kant", true)]
    [InlineData("""{"resourceType":"Person","name":[{"family":"Lloyd"}]}""", "phonetic=Ladd", true)]
    public void Every_parameter_that_R4_defines_by_sound_is_matched_by_sound(string resource, string query, bool expected) => Assert.Equal(expected, Samples.Matches(query, resource));
}
