using System.Text;
using System.Text.Json.Nodes;

namespace HealthLedger.Gateway.Tests.Fuzzing;

/// <summary>Patches in FHIR's three forms (http://hl7.org/fhir/R4/http.html#patch), each operation, with paths and values right and wrong.</summary>
internal static class PatchMutations
{
    private static readonly string[] Pointers =
    [
        "", "/", "/name", "/name/0", "/name/-", "/name/0/given/0", "/name/0/given/-", "/name/99", "/name/-1", "/name/01", "/name/18446744073709551616", "/status", "/gender", "/id", "/meta", "/meta/versionId", "/resourceType", "/a~1b", "/a~0b", "/a~2b",
        "/a~", "name", "/birthDate", "/_birthDate", "/subject/reference", "/code/coding/0", "/contained/0", "/extension/-", "/text/div", "/telecom/0/value", "//", "/name/0/given/0/x",
    ];

    private static readonly string[] Paths =
    [
        "Patient", "Patient.name", "Patient.name[0]", "Patient.name.given", "Patient.name.where(use = 'official')", "Patient.gender", "Patient.birthDate", "Observation.status", "Observation.value", "Observation.code.coding.first()", "Patient.id",
        "Patient.meta", "Patient.descendants()", "name", "Bundle", "%resource", "Patient.name[", "", "1 + 1", "Patient.contained", "Observation.subject.reference", "Observation.note", "Resource.id", "Patient.name.repeat($this)",
    ];

    private static readonly string[] Selectors = ["Patient", "/f:Patient/f:name", "Patient/gender/@value", "Patient/name[1]", "Patient/name[99]", "Patient/text()", "//*", "Patient/id/@value", "Observation/status/@value", "id(\"x\")", "Patient/@*", "Patient/name[@x='", "", "f:Patient/f:gender/@value", "f:Patient/f:name[1]", "f:*/f:text/h:div/h:p[.='x']", "f:Patient/f:text/h:div/text()[1]", "*/*[1]", "*/*[2]/@value", "f:Patient/f:name[f:family='x']", "f:Patient/f:name[@id='x'][1]", "*"];

    private static readonly string[] JsonValues = ["\"x\"", "1", "null", "true", "[]", "{}", "{\"family\":\"F\"}", "[{\"family\":\"F\"}]", "\"1970-01-01\"", "\"female\"", "\"\\ud800\"", "1e999999", "{\"resourceType\":\"Patient\"}"];

    public static (byte[] Body, string ContentType) Make(Random random)
    {
        var operations = random.Next(10) == 0 ? random.Next(300) : random.Next(1, 4);
        var (text, type) = random.Next(3) switch
        {
            0 => (string.Join(',', Enumerable.Range(0, operations).Select(_ => JsonPatch(random))) is var list && random.Next(20) == 0 ? list : $"[{list}]", "application/json-patch+json"),
            1 => (Parameters(operations, random), "application/fhir+json"),
            _ => (Xml(operations, random), "application/xml-patch+xml"),
        };
        var bytes = Encoding.UTF8.GetBytes(text);
        return (random.Next(4) == 0 ? TextMutations.Mutate(bytes, random) : bytes, type);
    }

    private static readonly string[] Nodes =
    [
        "f:Patient/f:gender", "f:Patient/f:name[1]", "f:Patient", "*", "*/*[1]", "*/*[2]", "*/f:id", "*/f:text/h:div", "*/f:text/h:div/text()[1]", "*/f:text/h:div/*[1]", "*/f:text/h:div/comment()[1]", "*/f:code/f:coding[1]", "*/f:name[f:family='x']", "*/f:text/h:div/h:p[.='x']",
    ];

    private static readonly string[] Contents = ["<f:gender value=\"male\"/>", "<h:p>x<h:b/>y</h:p>", "x", "<!--c-->", "<f:name><f:family value=\"x\"/></f:name>", "<x/>", ""];

    /// <summary>An XML Patch, most of them well-formed, many of them fitting.</summary>
    public static byte[] MakeXml(Random random)
    {
        var text = random.Next(4) == 0 ? Xml(random.Next(1, 4), random)
            : $"<diff xmlns:f=\"http://hl7.org/fhir\" xmlns:h=\"http://www.w3.org/1999/xhtml\">{string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Fitting(random)))}</diff>";
        var bytes = Encoding.UTF8.GetBytes(text);
        return random.Next(4) == 0 ? TextMutations.Mutate(bytes, random) : bytes;
    }

    private static string Fitting(Random random) => (random.Pick(Nodes), random.Pick(Contents)) switch
    {
        var (node, _) when random.Next(4) == 0 => $"<remove sel=\"{node}{random.Pick((string[])["", "", "/@value"])}\"/>",
        var (node, _) when random.Next(4) == 0 => $"<replace sel=\"{node}/@value\">{random.Pick((string[])["male", "x", "2026-01-01"])}</replace>",
        var (node, content) when random.Next(3) == 0 => $"<replace sel=\"{node}\">{content}</replace>",
        var (node, content) => $"<add sel=\"{node}\"{random.Pick((string[])["", " pos=\"before\"", " pos=\"after\"", " pos=\"prepend\""])}>{content}</add>",
    };

    private static string Xml(int operations, Random random) =>
        $"<diff xmlns:f=\"http://hl7.org/fhir\" xmlns:h=\"http://www.w3.org/1999/xhtml\">{string.Concat(Enumerable.Range(0, operations).Select(_ => XmlPatch(random)))}</diff>";

    private static string JsonPatch(Random random)
    {
        var members = new List<string> { $"\"op\":\"{random.Pick((string[])["add", "remove", "replace", "move", "copy", "test", "ADD", "", "spam"])}\"", $"\"path\":\"{random.Pick(Pointers)}\"" };
        if (random.Next(4) > 0)
        {
            members.Add($"\"value\":{random.Pick(JsonValues)}");
        }

        if (random.Next(3) == 0)
        {
            members.Add($"\"from\":\"{random.Pick(Pointers)}\"");
        }

        if (random.Next(12) == 0)
        {
            members.RemoveAt(random.Next(members.Count));
        }

        return "{" + string.Join(',', members) + "}";
    }

    private static string Parameters(int operations, Random random)
    {
        var list = new JsonArray();
        for (; operations > 0; operations--)
        {
            var parts = new JsonArray(
                new JsonObject { ["name"] = "type", ["valueCode"] = random.Pick((string[])["add", "insert", "delete", "replace", "move", "spam", ""]) },
                new JsonObject { ["name"] = "path", ["valueString"] = random.Next(4) == 0 ? FhirPathMutations.Make(random) : random.Pick(Paths) },
                new JsonObject { ["name"] = "name", ["valueString"] = random.Pick((string[])["name", "gender", "birthDate", "id", "value", "contact", "given", "extension", "nothing", ""]) },
                new JsonObject { ["name"] = "index", ["valueInteger"] = random.Pick((int[])[0, 1, -1, int.MaxValue]) },
                new JsonObject { ["name"] = "source", ["valueInteger"] = random.Next(3) },
                new JsonObject { ["name"] = "destination", ["valueInteger"] = random.Next(3) },
                random.Next(3) switch
                {
                    0 => new JsonObject { ["name"] = "value", ["valueString"] = random.Pick(TextMutations.Values) },
                    1 => new JsonObject { ["name"] = "value", ["part"] = new JsonArray(new JsonObject { ["name"] = "family", ["valueString"] = "x" }) },
                    _ => new JsonObject { ["name"] = "value", ["valueHumanName"] = new JsonObject { ["family"] = "x" } },
                });
            while (parts.Count > 0 && random.Next(3) == 0)
            {
                parts.RemoveAt(random.Next(parts.Count));
            }

            list.Add(new JsonObject { ["name"] = "operation", ["part"] = parts });
        }

        return new JsonObject { ["resourceType"] = "Parameters", ["parameter"] = list }.ToJsonString();
    }

    private static string XmlPatch(Random random)
    {
        var (name, at) = (random.Pick((string[])["add", "remove", "replace", "spam"]), random.Pick(Selectors).Replace("\"", "&quot;", StringComparison.Ordinal));
        var attributes = random.Pick((string[])["", " pos=\"before\"", " pos=\"after\"", " pos=\"prepend\"", " type=\"@value\"", " ws=\"both\"", " pos=\"x\""]);
        return $"<{name} sel=\"{at}\"{attributes}>{random.Pick((string[])["", "x", "female", "<f:gender value=\"male\"/>", "<name xmlns=\"http://hl7.org/fhir\"><family value=\"x\"/></name>"])}</{name}>";
    }
}
