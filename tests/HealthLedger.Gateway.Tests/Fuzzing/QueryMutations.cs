using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Gateway.Tests.Fuzzing;

/// <summary>Searches with every parameter, modifier, prefix and form of value, most of them wrong in some way.</summary>
internal static class QueryMutations
{
    private static readonly string[] Modifiers =
    [
        "missing", "exact", "contains", "not", "text", "in", "not-in", "above", "below", "identifier", "of-type", "Patient", "Group", "Observation", "iterate", "Nothing", "", "exact:exact", "MISSING", "missing.x",
    ];

    private static readonly string[] Prefixes = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap", "xx", "EQ", "e", "eqeq"];

    private static readonly (string Name, string[] Values)[] Results =
    [
        ("_count", ["0", "1", "-1", "500", "99999999999", "x", "1.5"]), ("_sort", ["_id", "-_lastUpdated", "name,-birthdate", "-", ",", "_score", "date", "code-value-quantity,-combo-code-value-concept", "near", "age", "name,", "status,code,date,-date,subject"]),
        ("_summary", ["true", "false", "text", "data", "count", "x"]), ("_elements", ["id", "name,id", "", ",", "Patient.name", "x y"]), ("_total", ["none", "estimate", "accurate", "x"]),
        ("_include", ["*", "Observation:subject", "Observation:subject:Patient", "Observation:*", "x", ":", "::", "Patient:link:Patient:x"]), ("_include:iterate", ["*", "Observation:subject", "Patient:organization"]),
        ("_revinclude", ["*", "Observation:subject", "Provenance:target", "x:y"]), ("_revinclude:iterate", ["Observation:subject"]), ("_contained", ["true", "false", "both", "x"]), ("_containedType", ["container", "contained"]),
        ("_has", ["x"]), ("_has:Observation:subject:code", ["8867-4", "", "a|b", "a,b"]), ("_has:Observation:subject:_has:Provenance:target:agent", ["x"]), ("_has:", ["x"]), ("_has:Nothing:x:y", ["z"]), ("_has:Observation:subject:_id", ["x", ""]),
        ("_filter", ["name eq \"x\"", "name eq x and birthdate gt 1970", "(((name eq x)))", "not (a eq b)", "name", "name eq \"", "subject.name co x", "a eq b or", "name re x", "code in http://x", "organization[name eq \"x\"].name co x", "subject[gender eq female and name co y].birthdate lt 1970", "code-value-quantity[code eq loinc|x].value gt 5", "characteristic[not (code eq x)].value eq y", "relatesTo[code eq appends].target re x", "subject[[[", "a[b eq c]", "a[b eq \"]\"].c pr true", "subject[subject[subject[name eq x].name eq x].name eq x].name eq x", "birthdate co 2020", "name gt x", "x co 1.50"]),
        ("_list", ["x", "$current-problems", "", "a,b"]), ("_type", ["Patient", "Patient,Observation", "x"]), ("_text", ["x", "a AND b", "(", "\"a b\" OR NOT c"]), ("_content", ["x", "a NEAR b"]), ("_query", ["x"]),
        ("_id", ["x", "x,y", "", "a b"]), ("_lastUpdated", ["gt2024", "2024-01-01T00:00:00Z", "x", "ap2024"]), ("_tag", ["a|b", "|", "a|"]), ("_profile", ["http://x", "x|1"]), ("_security", ["R", "http://x|R"]), ("_source", ["http://x", "#x"]),
        ("_format", ["json", "xml", "application/fhir+xml", "x"]), ("_pretty", ["true", "x"]), ("_cursor", ["x", "AAAA"]), ("_page", ["AAAA", "%00"]), ("near", ["1|2|3|km", "x", "50.9|6.9", "91|181|-1|km", "1|2|1e9|[mi_us]", "0|0|79228162514264337593543950335|Gm", "1|2|3|kg", "-90|180||,0|0|0|m"]), ("age", ["ge18", "lt1e9", "x"]), ("birthOrderBoolean", ["true"]), ("_id:not", ["x", "x,y"]), ("_id:missing", ["true", "x"]), ("", ["x"]), (":exact", ["x"]), (".", ["x"]), ("a.b.c", ["x"]),
    ];

    /// <summary>A query as it stands in a URL, without the question mark.</summary>
    public static (string Type, string Query) Make(Random random)
    {
        var type = random.Next(3) == 0 ? random.Pick((string[])["Patient", "Observation", "Encounter", "Condition"]) : random.Pick(FhirDefinitions.R4.ResourceTypes);
        if (random.Next(3) == 0)
        {
            return (type, Printable(string.Join('&', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Right(type, random)))));
        }

        var query = string.Join('&', Enumerable.Range(0, random.Next(20) == 0 ? random.Next(100) : random.Next(1, 4)).Select(_ => One(type, random)));
        if (random.Next(5) == 0)
        {
            query = TextMutations.Mutate(query, random);
        }

        return (type, Printable(query));
    }

    /// <summary>What a URL can hold as it is: the rest in percent encoding, broken ones left broken.</summary>
    public static string Printable(string text) =>
        string.Concat(text.Select(c => c is > ' ' and < '\x7f' and not ('#' or '"' or '<' or '>' or '`' or '{' or '}') ? c.ToString() : Encode(c)));

    private static string Encode(char c) => char.IsSurrogate(c) ? "%ED%A0%80" : Uri.EscapeDataString(c.ToString());

    private static string One(string type, Random random)
    {
        if (random.Next(4) == 0)
        {
            var (result, values) = random.Pick(Results);
            return $"{result}={Escape(random.Next(4) == 0 ? random.Pick(TextMutations.Values) : random.Pick(values), random)}";
        }

        var parameter = random.Pick([.. FhirDefinitions.R4.SearchParametersOf(type)]);
        var name = parameter.Code;
        for (var links = random.Next(4) == 0 ? random.Next(1, 8) : 0; links > 0 && parameter.Targets.Count > 0; links--)
        {
            var target = random.Pick(parameter.Targets);
            if (FhirDefinitions.R4.SearchParametersOf(target) is not { Count: > 0 } next)
            {
                break;
            }

            parameter = random.Pick([.. next]);
            name += random.Next(2) == 0 ? $":{target}.{parameter.Code}" : $".{parameter.Code}";
        }

        if (random.Next(3) == 0)
        {
            name += ":" + random.Pick(Modifiers);
        }

        var alternatives = random.Next(10) == 0 ? random.Next(1, 60) : random.Next(8) == 0 ? 2 : 1;
        return name + "=" + string.Join(',', Enumerable.Range(0, alternatives).Select(_ => Escape(Value(parameter, random), random)));
    }

    /// <summary>A parameter that the type has, with a value that its kind may have: most such queries are understood.</summary>
    private static string Right(string type, Random random)
    {
        var parameter = random.Pick([.. FhirDefinitions.R4.SearchParametersOf(type)]);
        var isOrdered = parameter.Type is SearchParameterType.Date or SearchParameterType.Number or SearchParameterType.Quantity;
        return random.Next(8) switch
        {
            0 => $"{parameter.Code}:missing=true",
            1 => $"_sort={(random.Next(2) == 0 ? "-" : "")}{parameter.Code}",
            2 => $"_count={random.Next(100)}",
            _ => $"{parameter.Code}={Uri.EscapeDataString(Value(parameter, isOrdered && random.Next(2) == 0 ? random.Pick(Prefixes[..9]) : "", random))}",
        };
    }

    private static string Value(SearchParameterDefinition parameter, Random random) =>
        random.Next(4) == 0 ? random.Pick(TextMutations.Values) : Value(parameter, random.Next(2) == 0 ? random.Pick(Prefixes) : "", random);

    private static string Value(SearchParameterDefinition parameter, string prefix, Random random) => parameter.Type switch
    {
        SearchParameterType.Date => prefix + random.Pick((string[])["2024", "2024-02", "2024-02-29", "2024-02-29T10:11", "2024-02-29T10:11:12Z", "2024-02-29T10:11:12.123+02:00", "0001", "9999", "9999-12-31T23:59:59-14:00"]),
        SearchParameterType.Number => prefix + random.Pick((string[])["1", "1.00", "1e3", "-5", "1e28", "1e-28", "1e99", "0"]),
        SearchParameterType.Quantity => prefix + random.Pick((string[])["5.4", "5.4|http://unitsofmeasure.org|mg", "5.4||mg", "5e28||kg", "5|||", "1e999||g", "|x|y", "0.0001||ug", "7.0|http://unitsofmeasure.org|10*3/uL"]),
        SearchParameterType.Token => random.Pick((string[])["final", "http://loinc.org|8867-4", "|x", "http://loinc.org|", "|", "a|b|c", "male", "true"]),
        SearchParameterType.Reference => random.Pick((string[])["x", "Patient/x", "http://other.example/fhir/Patient/x", "Patient/x/_history/1", "urn:uuid:00000000-0000-4000-8000-000000000000", "http://x|1", "#a", "Patient/"]),
        SearchParameterType.String => random.Pick((string[])["a", "Smith", "\u00e9", "\u0130", "a b", "\u00df", new string('a', 1 << random.Next(13))]),
        SearchParameterType.Uri => random.Pick((string[])["http://x", "urn:oid:1.2", "http://x/", "x"]),
        SearchParameterType.Composite => random.Pick((string[])["a$b", "http://loinc.org|8867-4$gt5", "a$b$c", "$", "a$", "8480-6$lt60||mmHg"]),
        _ => random.Pick((string[])["1|2|3|km", "-83.694810|42.256500|11.20|km", "x"]),
    };

    private static string Escape(string value, Random random) => random.Next(4) switch
    {
        0 => value,
        1 => value.Replace("|", "\\|", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal),
        _ => string.Concat(value.Select(c => char.IsSurrogate(c) ? "%ED%A0%80" : c is '%' or ',' or '$' or '|' ? c.ToString() : Uri.EscapeDataString(c.ToString()))),
    };
}
