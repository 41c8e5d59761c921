using System.Collections.Frozen;

namespace HealthLedger.Risk.Features;

/// <summary>A set of codes: exact ones by system, and prefixes of hierarchical ones (ICD-10, ATC).</summary>
internal sealed class CodeSet(string[] exact, string[] prefixes)
{
    public const string Loinc = "http://loinc.org";
    public const string Snomed = "http://snomed.info/sct";
    public const string RxNorm = "http://www.nlm.nih.gov/research/umls/rxnorm";
    public const string Icd10 = "http://hl7.org/fhir/sid/icd-10";
    public const string Icd10Cm = "http://hl7.org/fhir/sid/icd-10-cm";
    public const string Atc = "http://www.whocc.no/atc";

    private readonly FrozenSet<string> _exact = exact.ToFrozenSet(StringComparer.Ordinal);

    public bool Contains(string system, string code)
    {
        if (_exact.Contains($"{system}|{code}")) return true;
        foreach (var prefix in prefixes)
        {
            if (prefix.Length > system.Length + 1 && prefix[system.Length] == '|' && prefix.StartsWith(system, StringComparison.Ordinal)
                && code.StartsWith(prefix.AsSpan(system.Length + 1), StringComparison.Ordinal))
                return true;
        }
        return false;
    }

    public static string[] Of(string system, params ReadOnlySpan<string> codes)
    {
        var full = new string[codes.Length];
        for (var i = 0; i < codes.Length; i++) full[i] = $"{system}|{codes[i]}";
        return full;
    }
}

/// <summary>
/// Which codes mean what the scores ask for. Chosen for certainty, not for completeness: a code that is not here counts as not found, so a site adds the
/// codes that it uses. RxNorm lists ingredients and common products; where a product also has an ATC code, the class decides.
/// </summary>
internal static class ClinicalCodes
{
    public static readonly CodeSet Systolic = Lab("8480-6");
    public static readonly CodeSet BloodPressurePanel = Lab("85354-9", "55284-4");
    public static readonly CodeSet TotalCholesterol = Lab("2093-3", "14647-2");
    public static readonly CodeSet HdlCholesterol = Lab("2085-9", "14646-4", "49130-4");
    public static readonly CodeSet Creatinine = Lab("2160-0", "38483-4", "14682-9");
    public static readonly CodeSet FiltrationRate = Lab("98979-8", "62238-1", "77147-7", "33914-3", "48642-3");
    public static readonly CodeSet BodyMassIndex = Lab("39156-5");
    public static readonly CodeSet Weight = Lab("29463-7", "3141-9");
    public static readonly CodeSet Height = Lab("8302-2", "3137-7");
    public static readonly CodeSet GlycatedHemoglobin = Lab("4548-4", "17856-6", "59261-8");
    public static readonly CodeSet AlbuminCreatinineRatio = Lab("9318-7", "14959-1", "14958-3", "32294-1");
    public static readonly CodeSet Smoking = Lab("72166-2");

    /// <summary>Smokes now. "Smoker, current status unknown" (77176002, LA18979-7) is in neither set: it does not say.</summary>
    public static readonly CodeSet CurrentSmoker = new(
        [
            .. CodeSet.Of(CodeSet.Snomed, "449868002", "428041000124106", "428071000124103", "428061000124105", "230059006", "230060001", "65568007"),
            .. CodeSet.Of(CodeSet.Loinc, "LA18976-3", "LA18977-1", "LA18981-3", "LA18982-1"),
        ],
        []);

    public static readonly CodeSet NotSmoking = new(
        [.. CodeSet.Of(CodeSet.Snomed, "266919005", "8517006", "8392000", "405746006"), .. CodeSet.Of(CodeSet.Loinc, "LA15920-4", "LA18978-9")],
        []);

    /// <summary>Diabetes mellitus and complications that imply it; not gestational diabetes, not prediabetes.</summary>
    public static readonly CodeSet Diabetes = new(
        [
            .. CodeSet.Of(
                CodeSet.Snomed, "73211009", "46635009", "44054006", "8801005", "313435000", "313436004", "237599002", "127013003", "422034002", "368581000119106",
                "157141000119108", "90781000119102", "1551000119108", "97331000119101", "60951000119105", "1501000119109", "127014009", "4855003", "230572002"),
        ],
        Diagnoses("E08", "E09", "E10", "E11", "E13", "E14"));

    /// <summary>Cardiovascular disease that has shown itself, for which PREVENT is not meant.</summary>
    public static readonly CodeSet CardiovascularDisease = new(
        [
            .. CodeSet.Of(
                CodeSet.Snomed, "53741008", "414545008", "22298006", "399211009", "401303003", "401314000", "194828000", "443502000", "230690007", "422504002",
                "266257000", "84114007", "42343007", "88805009", "48447003", "417996009", "418304008", "441481004", "441530006", "400047006"),
        ],
        Diagnoses("I20", "I21", "I22", "I23", "I24", "I25", "I50", "I60", "I61", "I63", "I64", "G45", "I70.2"));

    public static readonly CodeSet Antihypertensive = new(
        // Ingredients: ACE inhibitors, angiotensin receptor blockers, calcium channel blockers, thiazides, beta blockers, others; then common products.
        CodeSet.Of(
            CodeSet.RxNorm, "29046", "3827", "35296", "1998", "18867", "50166", "30131", "38454", "54552", "35208",
            "52175", "69749", "214354", "83515", "83818", "73494", "321064", "118463",
            "17767", "33910", "7417", "4316", "3443", "11170", "4603",
            "5487", "2409", "5764", "6916", "9997", "298869", "4109",
            "6918", "1202", "19484", "20352", "31555", "8787", "7226", "2599", "5470", "6876", "6984",
            "314076", "314077", "311353", "311354", "197885", "197361", "308135", "308136", "310798", "310812", "316049", "979480", "979485", "979492",
            "833036", "897718", "866414", "866924", "866436", "866427", "197379", "197381", "866511", "866514"),
        CodeSet.Of(CodeSet.Atc, "C02", "C03", "C07", "C08", "C09"));

    public static readonly CodeSet Statin = new(
        CodeSet.Of(
            CodeSet.RxNorm, "83367", "36567", "301542", "42463", "6472", "41127", "861634",
            "617310", "617311", "617312", "617314", "617318", "259255", "312961", "314231", "312962", "198211", "200345", "316672", "859747", "859751", "859419", "859424",
            "904458", "904467", "904475", "904481", "197903", "197904", "197905"),
        CodeSet.Of(CodeSet.Atc, "C10AA", "C10BA", "C10BX"));

    private static CodeSet Lab(params ReadOnlySpan<string> codes) => new(CodeSet.Of(CodeSet.Loinc, codes), []);

    private static string[] Diagnoses(params ReadOnlySpan<string> prefixes) => [.. CodeSet.Of(CodeSet.Icd10, prefixes), .. CodeSet.Of(CodeSet.Icd10Cm, prefixes)];
}
