// XML Patch, RFC 5261: the examples of its appendix A on FHIR elements (A.3, A.8, A.10, A.14 and A.16 are of namespaces and processing instructions, which FHIR has none of),
// and http://hl7.org/fhir/R4/http.html#patch.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Patch;

namespace HealthLedger.Fhir.Tests.Patch;

public sealed class XmlPatchTests
{
    private const string Xhtml = """<div xmlns="http://www.w3.org/1999/xhtml"><p id="note">This is a <b>sample</b> document<br/></p><!-- old --> <p>b</p></div>""";

    private static readonly string Patient = $$$"""
        {"resourceType":"Patient","id":"a","text":{"status":"generated","div":{{{JsonValue.Create(Xhtml).ToJsonString()}}}},"active":true,
         "name":[{"id":"n1","use":"official","family":"Long","given":["A","B"]},{"id":"n2","family":"Short","_family":{"extension":[{"url":"urn:e","valueDecimal":1.50}]}}],"gender":"male",
         "contained":[{"resourceType":"Organization","id":"o","name":"Org"}]}
        """;

    /// <summary>The operations, and the members that are other than before.</summary>
    public static TheoryData<string, string> Vectors => new()
    {
        // A.1 and A.5: adding an element, several nodes.
        { """<add sel="Patient/name[@id='n1']"><suffix value="X"/></add>""", """{"name":[{"id":"n1","use":"official","family":"Long","given":["A","B"],"suffix":["X"]},{"id":"n2","family":"Short","_family":{"extension":[{"url":"urn:e","valueDecimal":1.50}]}}]}""" },
        { """<add sel="Patient/name[1]"><suffix value="X"/> <suffix value="Y"/></add>""", """{"name":[{"id":"n1","use":"official","family":"Long","given":["A","B"],"suffix":["X","Y"]},{"id":"n2","family":"Short","_family":{"extension":[{"url":"urn:e","valueDecimal":1.50}]}}]}""" },
        // A.2: adding an attribute.
        { """<add sel="Patient/gender" type="@id">g</add>""", """{"_gender":{"id":"g"}}""" },
        { """<add sel="Patient/gender" type="attribute::id">g</add>""", """{"_gender":{"id":"g"}}""" },
        // A.4: adding beside a node.
        { """<add sel="Patient/gender" pos="after"><birthDate value="1970-01-01"/></add>""", """{"birthDate":"1970-01-01"}""" },
        { """<add sel="/Patient/name[1]/given[1]" pos="before"><given value="Z"/></add><remove sel="Patient/name[2]"/>""", """{"name":[{"id":"n1","use":"official","family":"Long","given":["Z","A","B"]}]}""" },
        { """<add sel="Patient" pos="prepend"><!-- nothing --></add>""", "{}" },
        // A.6: replacing an element.
        { """<replace sel="Patient/active"><active value="false"/></replace>""", """{"active":false}""" },
        { """<replace sel="Patient/contained/Organization"><Location><name value="L"/></Location></replace>""", """{"contained":[{"resourceType":"Location","name":"L"}]}""" },
        // A.7: replacing an attribute value.
        { """<replace sel="Patient/gender/@value">female</replace>""", """{"gender":"female"}""" },
        { """<replace sel="*/name[@id='n1'][1]/family/@value">New</replace><remove sel="*/name[2]"/>""", """{"name":[{"id":"n1","use":"official","family":"New","given":["A","B"]}]}""" },
        // A.12: removing an element, with the white space that FHIR does not keep.
        { """<remove sel="Patient/gender" ws="after"/><remove sel="/Patient/name[@id='n1']" ws="both"/>""", """{"gender":null,"name":[{"id":"n2","family":"Short","_family":{"extension":[{"url":"urn:e","valueDecimal":1.50}]}}]}""" },
        // A.13: removing an attribute.
        { """<remove sel="Patient/name[2]/@id"/><remove sel="Patient/name[1]"/>""", """{"name":[{"family":"Short","_family":{"extension":[{"url":"urn:e","valueDecimal":1.50}]}}]}""" },
        // A.9, A.11, A.15, A.17: comments and text, which only narrative has.
        { """<replace sel="Patient/text/h:div/comment()[1]"><!--new--></replace>""", Div("""<div xmlns="http://www.w3.org/1999/xhtml"><p id="note">This is a <b>sample</b> document<br /></p><!--new--> <p>b</p></div>""") },
        { """<replace sel="Patient/text/h:div/h:p[@id='note']/text()[1]">That was a </replace>""", Div("""<div xmlns="http://www.w3.org/1999/xhtml"><p id="note">That was a <b>sample</b> document<br /></p><!-- old --> <p>b</p></div>""") },
        { """<remove sel="Patient/text/h:div/comment()" ws="after"/>""", Div("""<div xmlns="http://www.w3.org/1999/xhtml"><p id="note">This is a <b>sample</b> document<br /></p><p>b</p></div>""") },
        { """<remove sel="*/*/h:div/h:p[1]/text()[2]"/>""", Div("""<div xmlns="http://www.w3.org/1999/xhtml"><p id="note">This is a <b>sample</b><br /></p><!-- old --> <p>b</p></div>""") },
        // Added text becomes one with the text beside it, as it would be where the document is read anew.
        { """<add sel="Patient/text/h:div/h:p[1]/text()[1]" pos="after">big </add><replace sel="Patient/text/h:div/h:p[1]/text()[2]"> page</replace>""", Div("""<div xmlns="http://www.w3.org/1999/xhtml"><p id="note">This is a big <b>sample</b> page<br /></p><!-- old --> <p>b</p></div>""") },
        { """<add sel="Patient/text/h:div/h:p[2]">c</add><replace sel="Patient/text/h:div/h:p[2]/text()">d</replace>""", Div("""<div xmlns="http://www.w3.org/1999/xhtml"><p id="note">This is a <b>sample</b> document<br /></p><!-- old --> <p>d</p></div>""") },
        // Section 4.5: texts on both sides of what is removed become one.
        { """<remove sel="Patient/text/h:div/h:p[1]/h:b"/><replace sel="Patient/text/h:div/h:p[1]/text()">T</replace>""", Div("""<div xmlns="http://www.w3.org/1999/xhtml"><p id="note">T<br /></p><!-- old --> <p>b</p></div>""") },
        { """<remove sel="Patient/text/h:div/h:p[.='b']"/>""", Div("""<div xmlns="http://www.w3.org/1999/xhtml"><p id="note">This is a <b>sample</b> document<br /></p><!-- old --> </div>""") },
        { """<remove sel="Patient/text/h:div/h:p[h:b='sample']/h:br"/>""", Div("""<div xmlns="http://www.w3.org/1999/xhtml"><p id="note">This is a <b>sample</b> document</p><!-- old --> <p>b</p></div>""") },
        { "", "{}" },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Operations_come_one_after_the_other_and_leave_the_rest_as_it_was(string operations, string changes)
    {
        foreach (var patch in new[]
        {
            $"""<diff xmlns="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml">{operations}</diff>""",
            // A.18: the operations in a namespace of their own.
            $"""<?xml version="1.0" encoding="UTF-8"?><p:patch xmlns:p="urn:ietf:rfc:7351" xmlns="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"> {Prefixed(operations)} </p:patch>""",
        })
        {
            var (read, fault) = XmlPatch.Parse(Encoding.UTF8.GetBytes(patch));
            Assert.True(fault is null, fault?.Message);
            var (patched, refused) = read!.Apply(Encoding.UTF8.GetBytes(Patient));
            Assert.True(refused is null, refused?.Message);
            var expected = JsonNode.Parse(Patient)!.AsObject();
            foreach (var (name, value) in JsonNode.Parse(changes)!.AsObject())
            {
                expected[name] = value?.DeepClone();
                if (value is null)
                {
                    expected.Remove(name);
                }
            }

            Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(patched)), Encoding.UTF8.GetString(patched!));
            Assert.Contains("1.50", expected.ToJsonString().Contains("1.5", StringComparison.Ordinal) ? Encoding.UTF8.GetString(patched!) : "1.50", StringComparison.Ordinal);
            Assert.Equal(patched, read.Apply(Encoding.UTF8.GetBytes(Patient)).Patched);
        }
    }

    [Theory]
    [InlineData("""<remove sel="Patient/gender"/><remove sel="Patient/gender"/>""", 1)]
    [InlineData("""<remove sel="Patient/name"/>""", 0)]
    [InlineData("""<remove sel="Patient/name[3]"/>""", 0)]
    [InlineData("""<remove sel="Patient/name[@id='N1']"/>""", 0)]
    [InlineData("""<remove sel="Patient"/>""", 0)]
    [InlineData("""<remove sel="Practitioner/gender"/>""", 0)]
    [InlineData("""<add sel="Patient" pos="after"><active value="true"/></add>""", 0)]
    [InlineData("""<add sel="Patient/gender" type="@value">x</add>""", 0)]
    [InlineData("""<replace sel="Patient/gender/@id">x</replace>""", 0)]
    [InlineData("""<remove sel="Patient/h:text"/>""", 0)]
    [InlineData("""<remove sel="Patient/text/h:div/h:p[1]" ws="before"/>""", 0)]
    [InlineData("""<add sel="Patient"><gender value="male"/></add>""", null)]
    [InlineData("""<add sel="Patient/gender" pos="after"><gender value="male"/></add>""", null)]
    [InlineData("""<add sel="Patient/gender" type="@zebedee">x</add>""", null)]
    [InlineData("""<add sel="Patient/gender">text</add>""", null)]
    [InlineData("""<add sel="Patient/gender" pos="after"><x xmlns="urn:x"/></add>""", null)]
    [InlineData("""<replace sel="Patient"><Zebedee/></replace>""", null)]
    public void What_does_not_fit_names_its_operation_and_no_value(string operations, int? operation)
    {
        var (read, fault) = XmlPatch.Parse(Encoding.UTF8.GetBytes($"""<diff xmlns="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml">{operations}</diff>"""));
        Assert.True(fault is null, fault?.Message);
        var (patched, refused) = read!.Apply(Encoding.UTF8.GetBytes(Patient));
        Assert.Null(patched);
        Assert.Equal((PatchFaultKind.NotApplicable, operation), (refused!.Kind, refused.Operation));
        Assert.DoesNotContain("Long", refused.Message, StringComparison.Ordinal);
    }

    // RFC 5261 section 4.1 restricts XPath; sections 4.3 to 4.5 say what each operation takes.
    [Theory]
    [InlineData("""<remove sel="Patient//gender"/>""")]
    [InlineData("""<remove sel="//gender"/>""")]
    [InlineData("""<remove sel="Patient/descendant::gender"/>""")]
    [InlineData("""<remove sel="Patient/../Patient"/>""")]
    [InlineData("""<remove sel="Patient/name[use/@value='official']"/>""")]
    [InlineData("""<remove sel="Patient/name[last()]"/>""")]
    [InlineData("""<remove sel="Patient/name[position() = 1]"/>""")]
    [InlineData("""<remove sel="Patient/name[@id='n1' or @id='n2']"/>""")]
    [InlineData("""<remove sel="Patient/name | Patient/gender"/>""")]
    [InlineData("""<remove sel="id('n1')"/>""")]
    [InlineData("""<remove sel="Patient/processing-instruction('x')"/>""")]
    [InlineData("""<remove sel="Patient/namespace::x"/>""")]
    [InlineData("""<remove sel="Patient/@*"/>""")]
    [InlineData("""<remove sel="Patient/gender/@value/x"/>""")]
    [InlineData("""<remove sel="Patient/text()/x"/>""")]
    [InlineData("""<remove sel="zebedee:Patient"/>""")]
    [InlineData("""<remove xmlns="" sel="Patient/gender"/>""")]
    [InlineData("""<remove sel=""/>""")]
    [InlineData("""<remove sel="/"/>""")]
    [InlineData("""<remove sel="Patient/"/>""")]
    [InlineData("""<remove sel="Patient[@id='a]"/>""")]
    [InlineData("""<remove/>""")]
    [InlineData("""<remove sel="Patient/gender" pos="before"/>""")]
    [InlineData("""<remove sel="Patient/gender"><x/></remove>""")]
    [InlineData("""<remove sel="Patient/gender" ws="all"/>""")]
    [InlineData("""<replace sel="Patient/gender"/>""")]
    [InlineData("""<replace sel="Patient/gender">male</replace>""")]
    [InlineData("""<replace sel="Patient/gender"><gender value="male"/><gender value="male"/></replace>""")]
    [InlineData("""<replace sel="Patient/gender/@value"><x/></replace>""")]
    [InlineData("""<add sel="Patient/gender/@value">x</add>""")]
    [InlineData("""<add sel="Patient" type="namespace::pref">urn:x</add>""")]
    [InlineData("""<add sel="Patient" type="@xmlns">urn:x</add>""")]
    [InlineData("""<add sel="Patient" type="@xmlns:x">urn:x</add>""")]
    [InlineData("""<add sel="Patient" type="@a" pos="after">x</add>""")]
    [InlineData("""<add sel="Patient" pos="under"><x/></add>""")]
    [InlineData("""<move sel="Patient/gender"/>""")]
    [InlineData("text")]
    [InlineData("<add sel='Patient'>")]
    public void What_is_no_patch_is_told_from_the_document_alone(string operations)
    {
        var (read, fault) = XmlPatch.Parse(Encoding.UTF8.GetBytes($"""<diff xmlns="http://hl7.org/fhir">{operations}</diff>"""));
        Assert.Null(read);
        Assert.Equal(PatchFaultKind.Malformed, fault!.Kind);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""<!DOCTYPE diff [<!ENTITY x "y">]><diff>&x;</diff>""")]
    [InlineData("""<?xml version="1.0" encoding="utf-16"?><diff/>""")]
    public void Only_a_document_is_a_patch(string document) => Assert.Equal(PatchFaultKind.Malformed, XmlPatch.Parse(Encoding.UTF8.GetBytes(document)).Fault!.Kind);

    [Fact]
    public void What_a_patch_may_cost_is_limited()
    {
        Assert.NotNull(XmlPatch.Parse(Encoding.UTF8.GetBytes("<diff>" + string.Concat(Enumerable.Repeat("<a>", 300)) + string.Concat(Enumerable.Repeat("</a>", 300)) + "</diff>")).Fault);
        Assert.NotNull(XmlPatch.Parse(new byte[XmlPatch.MaxDocument + 1]).Fault);
        Assert.NotNull(XmlPatch.Parse(Encoding.UTF8.GetBytes("<diff>" + string.Concat(Enumerable.Repeat("<remove sel='*'/>", 1001)) + "</diff>")).Fault);
        var many = new JsonObject { ["resourceType"] = "Patient", ["name"] = new JsonArray([.. Enumerable.Range(0, 20_000).Select(i => new JsonObject { ["family"] = "F" })]) };
        var patch = XmlPatch.Parse(Encoding.UTF8.GetBytes("<diff xmlns='http://hl7.org/fhir'>" + string.Concat(Enumerable.Repeat("<replace sel='*/name[family=\"\"][20000]/family/@value'>G</replace>", 1000)) + "</diff>")).Patch!;
        Assert.Equal(PatchFaultKind.TooCostly, patch.Apply(Encoding.UTF8.GetBytes(many.ToJsonString())).Fault!.Kind);
    }

    [Fact]
    public void An_element_has_few_attributes()
    {
        Assert.NotNull(XmlPatch.Parse(Patch(64)).Patch);
        Assert.Equal(PatchFaultKind.Malformed, XmlPatch.Parse(Patch(65)).Fault!.Kind);

        static byte[] Patch(int attributes) => Encoding.UTF8.GetBytes($"""<diff><add sel="*"><x {string.Join(' ', Enumerable.Range(0, attributes).Select(i => $"a{i}='1'"))}/></add></diff>""");
    }

    [Fact]
    public void Patches_of_one_request_share_their_time()
    {
        var patch = XmlPatch.Parse("""<diff xmlns="http://hl7.org/fhir"><remove sel="Patient/gender"/></diff>"""u8.ToArray()).Patch!;
        var (time, patient) = (new PatchTime(TimeSpan.FromTicks(1)), Encoding.UTF8.GetBytes(Patient));
        Assert.NotNull(patch.Apply(patient, time).Patched);
        Assert.Equal(PatchFaultKind.TooCostly, patch.Apply(patient, time).Fault!.Kind);
        Assert.NotNull(patch.Apply(patient, new PatchTime()).Patched);
    }

    [Fact]
    public void A_record_may_be_too_large_for_a_tree()
    {
        var patch = XmlPatch.Parse("""<diff xmlns="http://hl7.org/fhir"><remove sel="Binary/data"/></diff>"""u8.ToArray()).Patch!;
        Assert.Equal(PatchFaultKind.TooCostly, patch.Apply(Binary(4_194_304)).Fault!.Kind);
        Assert.NotNull(patch.Apply(Binary(4_000_000)).Patched);

        static byte[] Binary(int length) => Encoding.UTF8.GetBytes($$"""{"resourceType":"Binary","contentType":"text/plain","data":"{{new string('A', length)}}"}""");
    }

    [Fact]
    public void A_record_that_XML_cannot_hold_is_left_alone()
    {
        var patch = XmlPatch.Parse("""<diff xmlns="http://hl7.org/fhir"><add sel="Patient/name" pos="before"><active value="true"/></add></diff>"""u8.ToArray()).Patch!;
        var (patched, fault) = patch.Apply("""{"resourceType":"Patient","name":[{"family":"a\u0001b"}]}"""u8.ToArray());
        Assert.Null(patched);
        Assert.Equal(PatchFaultKind.NotApplicable, fault!.Kind);
        (patched, fault) = patch.Apply("""{"resourceType":"Patient","name":[{"given":[null,"b"],"_given":[{"id":"x"},null],"family":"a\tb\r\n\ufffd\ud83d\ude00"}]}"""u8.ToArray());
        Assert.True(patched is not null, fault?.Message);
    }

    private static string Div(string div) => new JsonObject { ["text"] = new JsonObject { ["status"] = "generated", ["div"] = div } }.ToJsonString();

    private static string Prefixed(string operations) => new[] { "add", "replace", "remove" }.Aggregate(operations, (text, name) => text
        .Replace($"<{name} ", $"<p:{name} ", StringComparison.Ordinal).Replace($"</{name}>", $"</p:{name}>", StringComparison.Ordinal));
}
