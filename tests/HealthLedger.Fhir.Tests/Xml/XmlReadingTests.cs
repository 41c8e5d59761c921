// http://hl7.org/fhir/R4/xml.html, http://hl7.org/fhir/R4/narrative.html
using System.Text;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Xml;

namespace HealthLedger.Fhir.Tests.Xml;

public sealed class XmlReadingTests
{
    private static XmlReading Read(string xml) => XmlResource.Read(Encoding.UTF8.GetBytes(xml));

    private static string Json(string xml)
    {
        var reading = Read(xml);
        Assert.Empty(reading.Issues);
        return Encoding.UTF8.GetString(reading.Json.Span);
    }

    private static string Patient(string content) => $"<Patient xmlns=\"http://hl7.org/fhir\">{content}</Patient>";

    private static string Narrated(string div) => Patient($"<text><status value=\"generated\"/>{div}</text>");

    private static string Div(string json)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json);
        return document.RootElement.GetProperty("text").GetProperty("div").GetString()!;
    }

    [Fact]
    public void Primitives_have_their_value_as_an_attribute_and_id_and_extensions_beside_it() =>
        Assert.Equal(
            """{"resourceType":"Patient","id":"a","active":true,"name":[{"given":["a",null,"c"],"_given":[null,{"id":"x","extension":[{"url":"http://a.example","valueDecimal":1.50}]},null]},{"_given":[{"id":"y"}]}],"birthDate":"1970","_birthDate":{"id":"z"},"multipleBirthInteger":2}""",
            Json(Patient("""
                <id value="a"/> <!-- a comment --> <active value="true"/>
                <name><given value="a"/><given id="x"><extension url="http://a.example"><valueDecimal value="1.50"/></extension></given><given value="c"/></name>
                <name><given id="y"/></name>
                <birthDate value="1970" id="z">
                </birthDate><multipleBirthInteger value="+2"/>
                """)));

    [Fact]
    public void Resources_stand_in_an_element_of_their_own_type() =>
        Assert.Equal(
            """{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"},{"resourceType":"Organization","id":"p"}]}}]}""",
            Json("""
                <?xml version="1.0" encoding="utf-8"?>
                <f:Bundle xmlns:f="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://hl7.org/fhir ../fhir-single.xsd">
                <f:type value="collection"/><f:entry><f:resource><Patient xmlns="http://hl7.org/fhir"><contained><Organization><id value="o"/></Organization></contained>
                <contained><Organization><id value="p"/></Organization></contained></Patient></f:resource></f:entry></f:Bundle>
                """.Trim()));

    [Theory]
    [InlineData("1.0")]
    [InlineData("1.00")]
    [InlineData("-0.0")]
    [InlineData("1e-7")]
    [InlineData("100000000000000000000.000")]
    public void Decimals_keep_their_text(string text) =>
        Assert.Equal("{\"resourceType\":\"Observation\",\"valueQuantity\":{\"value\":" + text + "}}", Json($"<Observation xmlns=\"http://hl7.org/fhir\"><valueQuantity><value value=\"{text}\"/></valueQuantity></Observation>"));

    [Fact]
    public void Narrative_goes_across_as_it_was_written()
    {
        const string Div = "<div xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang='en'>a &lt; b &amp;&#160;<b >c</b ><br/><br></br> <!-- d --> <img src=\"#e\"  alt='\"'/>\n\u00e9\ud83d\ude00</div>";
        Assert.Equal(Div, XmlReadingTests.Div(Json(Narrated(Div))));
        Assert.Equal(Div, XmlReadingTests.Div(Json("\n\r\n\r" + Narrated("\r\n" + Div + "\r"))));
    }

    [Theory]
    [InlineData("<h:div xmlns:h=\"http://www.w3.org/1999/xhtml\" title=\"&quot;\">a<h:b>b</h:b></h:div>", "<div xmlns=\"http://www.w3.org/1999/xhtml\" title=\"&quot;\">a<b>b</b></div>")]
    [InlineData("<div xmlns=\"http://www.w3.org/1999/xhtml\"><![CDATA[a<b]]></div>", "<div xmlns=\"http://www.w3.org/1999/xhtml\">a&lt;b</div>")]
    [InlineData("<div xmlns=\"http://www.w3.org/1999/xhtml\"><?php a?>b</div>", "<div xmlns=\"http://www.w3.org/1999/xhtml\">b</div>")]
    [InlineData("<div xmlns=\"http://www.w3.org/1999/xhtml\">a\r\nb&#xD;c</div>", "<div xmlns=\"http://www.w3.org/1999/xhtml\">a\nb\rc</div>")]
    public void Narrative_that_leans_on_XML_is_written_anew(string xml, string expected) => Assert.Equal(expected, Div(Json(Narrated(xml))));

    [Theory]
    [InlineData("<div>a</div>", "<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>")]
    [InlineData("<div xmlns=\"http://www.w3.org/1999/xhtml\">a&nbsp;b &hearts; &zebedee; &amp;</div>", "<div xmlns=\"http://www.w3.org/1999/xhtml\">a&#160;b &#9829; &amp;zebedee; &amp;</div>")]
    [InlineData("<div xmlns=\"http://www.w3.org/1999/xhtml\">a<!-- b -- c --></div>", "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>&lt;div xmlns=&quot;http://www.w3.org/1999/xhtml&quot;&gt;a&lt;!-- b -- c --&gt;&lt;/div&gt;</p></div>")]
    public void Narrative_that_XML_does_not_know_is_written_so_that_nothing_is_lost(string json, string expected)
    {
        var resource = new System.Text.Json.Nodes.JsonObject { ["resourceType"] = "Patient", ["text"] = new System.Text.Json.Nodes.JsonObject { ["status"] = "generated", ["div"] = json } };
        var xml = Encoding.UTF8.GetString(XmlResource.Write(Encoding.UTF8.GetBytes(resource.ToJsonString())));
        Assert.Equal(Narrated(expected), xml);
        Assert.Equal(expected, Div(Json(xml)));
    }

    [Fact]
    public void White_space_and_special_characters_of_values_survive()
    {
        const string Json = """{"resourceType":"Basic","code":{"text":" a\tb\r\nc <&>\"' \u00e9\ud83d\ude00 "}}""";
        SameJson.Assert("", Encoding.UTF8.GetBytes(Json), XmlResource.Read(XmlResource.Write(Encoding.UTF8.GetBytes(Json))).Json);
    }

    [Fact]
    public void What_XML_has_no_place_for_becomes_the_replacement_character() =>
        Assert.Equal(
            "<Basic xmlns=\"http://hl7.org/fhir\"><code><text value=\"a\ufffdb\ufffd\ufffc\ufffd\"/></code></Basic>",
            Encoding.UTF8.GetString(XmlResource.Write("""{"resourceType":"Basic","code":{"text":"a\u0001b\uffff\ufffc\u0000"}}"""u8.ToArray())));

    [Theory]
    [InlineData("", "Patient", "structure", "no content")]
    [InlineData("Zebedee", "", "structure", "not well-formed")]
    [InlineData("<Patient>", "", "structure", "namespace")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'>", "", "structure", "ends too early")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'/><Patient xmlns='http://hl7.org/fhir'/>", "", "structure", "not well-formed")]
    [InlineData("<Patint xmlns='http://hl7.org/fhir'/>", "", "structure", "did you mean 'Patient'")]
    [InlineData("<!DOCTYPE Patient [<!ENTITY a 'Zebedee'>]><Patient xmlns='http://hl7.org/fhir'/>", "", "structure", "document type declaration")]
    [InlineData("<?xml version='1.0' encoding='ISO-8859-1'?><Patient xmlns='http://hl7.org/fhir'/>", "", "structure", "encoding")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><language value='&nbsp;'/></Patient>", "Patient", "structure", "not well-formed")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir' id='a'/>", "Patient", "structure", "no attribute 'id'")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'>Zebedee</Patient>", "Patient", "structure", "text between")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><birthDat value='Zebedee'/></Patient>", "Patient.birthDat", "structure", "did you mean 'birthDate'")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><birthDate/></Patient>", "Patient.birthDate", "structure", "is empty")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><birthDate> </birthDate></Patient>", "Patient.birthDate", "structure", "is empty")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><birthDate>1970</birthDate></Patient>", "Patient.birthDate", "structure", "values in attributes")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><birthDate value='1970'/><birthDate value='1971'/></Patient>", "Patient.birthDate", "structure", "does not repeat")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><birthDate value='1970'/><active value='true'/></Patient>", "Patient.active", "structure", "too late")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><name><family value='a'/></name><gender value='male'/><name><family value='b'/></name></Patient>", "Patient.name", "structure", "too late")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><active value='Zebedee'/></Patient>", "Patient.active", "value", "true or false")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><multipleBirthInteger value='01'/></Patient>", "Patient.multipleBirth", "value", "whole number")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><name value='Zebedee'/></Patient>", "Patient.name[0]", "structure", "no primitive")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><extension><url value='http://a.example'/></extension></Patient>", "Patient.extension[0].url", "structure", "is an attribute")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><contained/></Patient>", "Patient.contained[0]", "structure", "exactly one resource")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><contained><Basic/><Basic/></contained></Patient>", "Patient.contained[0]", "structure", "exactly one resource")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><contained><Zebedee/></contained></Patient>", "Patient.contained[0]", "structure", "not a resource type")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><text><status value='generated'/><div>a</div></text></Patient>", "Patient.text.div", "structure", "xhtml")]
    [InlineData("<Patient xmlns='http://hl7.org/fhir'><a xmlns='http://zebedee.example'/></Patient>", "Patient.a", "structure", "namespace")]
    public void Faults_are_named_with_their_place(string xml, string location, string code, string says)
    {
        var issues = Read(xml).Issues;
        Assert.Contains(issues, i => i.Message.Contains(says, StringComparison.Ordinal) && i.Type.ToCode() == code && i.Line > 0 && i.Column > 0);
        Assert.True(location.Length == 0 || issues.Any(i => i.Location == location || i.Location.Length == 0), issues[0].Location);
        Assert.DoesNotContain(issues, i => i.Message.Contains("Zebedee", StringComparison.Ordinal) && i.Message.IndexOf("Zebedee", StringComparison.Ordinal) != i.Message.IndexOf("'Zebedee' is not a resource type", StringComparison.Ordinal) + 1);
    }

    [Fact]
    public void All_faults_are_named_at_once_and_not_more_than_the_limit()
    {
        Assert.Equal(3, Read(Patient("<zebedee/><active value='1'/><birthDate/>")).Issues.Count);
        Assert.Equal(ResourceValidator.MaxIssues, Read(Patient(string.Concat(Enumerable.Repeat("<zebedee><a/></zebedee>", 1000)))).Issues.Count);
    }

    [Fact]
    public void Faults_of_the_content_have_the_place_in_the_XML()
    {
        var reading = Read("""
            <Patient xmlns="http://hl7.org/fhir">
              <name>
                <given value="a"/>
                <given id="x"><extension url="http://a.example"><valueDate value="1970-13"/></extension></given>
              </name>
              <gender value="zebedee"/>
              <birthDate value="1970-99"/>
            </Patient>
            """);
        var issues = reading.InXml(ResourceValidator.Validate(reading.Json).Issues);
        Assert.Equal(
            [("Patient.name[0].given[1].extension[0].value", 4), ("Patient.gender", 6), ("Patient.birthDate", 7)],
            issues.Select(i => (i.Location, i.Line)));
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("<extension url='http://a.example'>", 100_000)) + string.Concat(Enumerable.Repeat("</extension>", 100_000));
        Assert.Contains(Read(Patient(deep)).Issues, i => i.Type == IssueType.TooCostly);
        var narrative = Json(Narrated("<div xmlns=\"http://www.w3.org/1999/xhtml\">" + string.Concat(Enumerable.Repeat("<b>", 100_000)) + string.Concat(Enumerable.Repeat("</b>", 100_000)) + "</div>"));
        Assert.False(ResourceValidator.Validate(Encoding.UTF8.GetBytes(narrative)).IsValid);
    }
}
