// http://hl7.org/fhir/R4/narrative.html#Narrative (txt-1, txt-2)
using System.Text;
using HealthLedger.Fhir.Validation;

namespace HealthLedger.Fhir.Tests.Validation;

public sealed class NarrativeTests
{
    [Theory]
    [InlineData("<div xmlns=\"http://www.w3.org/1999/xhtml\">text</div>")]
    [InlineData(" <div xmlns='http://www.w3.org/1999/xhtml'><p style=\"color: red\">a &amp; b &#160; &nbsp;</p><br/><img src=\"data:image/png;base64,AAAA\" alt=\"x\" /><!-- c --></div> ")]
    [InlineData("<div><a href=\"http://a.example/?a=b&amp;c=d\">x</a><a href=\"#a\">x</a><a href=\"Patient/1\">x</a><a name=\"a\">x</a></div>")]
    [InlineData("<div><img src=\"#photo\"/></div>")]
    [InlineData("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p xmlns='http://www.w3.org/1999/xhtml'>text</p></div>")]
    public void Formatted_text_is_accepted(string xhtml) => Assert.Null(NarrativeCheck.Fault(Encoding.UTF8.GetBytes(xhtml)));

    [Theory]
    [InlineData("text")]
    [InlineData("<p>text</p>")]
    [InlineData("<div>text</div><div>more</div>")]
    [InlineData("<div>text</div>more")]
    [InlineData("<div xmlns=\"urn:x\">text</div>")]
    [InlineData("<div xmlns=\"\">text</div>")]
    [InlineData("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p xmlns=\"http://www.w3.org/2000/svg\">text</p></div>")]
    [InlineData("<div>text")]
    [InlineData("<div><b>text</div></b>")]
    [InlineData("<div>  <br/> </div>")]
    [InlineData("<div/>")]
    [InlineData("<div>text<script>alert(1)</script></div>")]
    [InlineData("<div>text<SCRIPT>alert(1)</SCRIPT></div>")]
    [InlineData("<div>text<iframe src=\"http://a.example\"/></div>")]
    [InlineData("<div>text<form action=\"http://a.example\"><input/></form></div>")]
    [InlineData("<div>text<object data=\"x\"/></div>")]
    [InlineData("<div>text<style>p {}</style></div>")]
    [InlineData("<div>text<link rel=\"stylesheet\" href=\"x\"/></div>")]
    [InlineData("<div>text<svg/></div>")]
    [InlineData("<div onclick=\"alert(1)\">text</div>")]
    [InlineData("<div><img src=\"x\" onerror=\"alert(1)\"/></div>")]
    [InlineData("<div><a href=\"javascript:alert(1)\">text</a></div>")]
    [InlineData("<div><a href=\" JavaScript:alert(1)\">text</a></div>")]
    [InlineData("<div><a href=\"java&#115;cript:alert(1)\">text</a></div>")]
    [InlineData("<div><a href=\"javascript&#58;alert(1)\">text</a></div>")]
    [InlineData("<div><a href=\"javascript&colon;alert(1)\">text</a></div>")]
    [InlineData("<div><a href=\"java\tscript:alert(1)\">text</a></div>")]
    [InlineData("<div><a href=\"data:text/html,x\">text</a></div>")]
    [InlineData("<div><p style=\"width: expression(alert(1))\">text</p></div>")]
    [InlineData("<div><p style=\"background: url(javascript:alert(1))\">text</p></div>")]
    [InlineData("<div><p style=\"background: u\\72l(x)\">text</p></div>")]
    [InlineData("<div><p class=a>text</p></div>")]
    [InlineData("<div><p class=\"a\"id=\"b\">text</p></div>")]
    [InlineData("<div><p class=\"a>text</p></div>")]
    [InlineData("<div><p hidden>text</p></div>")]
    [InlineData("<div><p title=\"<\">text</p></div>")]
    [InlineData("<div>a & b</div>")]
    [InlineData("<div>&;</div>")]
    [InlineData("<div>text<!-- open</div>")]
    [InlineData("<div>text<![CDATA[x]]></div>")]
    [InlineData("<!DOCTYPE html><div>text</div>")]
    [InlineData("<div>text<?php x ?></div>")]
    [InlineData("<")]
    [InlineData("<div")]
    [InlineData("<div ")]
    [InlineData("<div a")]
    [InlineData("<div a=")]
    [InlineData("<div a='")]
    [InlineData("<div></")]
    public void What_runs_loads_takes_input_or_is_not_well_formed_is_refused(string xhtml) =>
        Assert.NotNull(NarrativeCheck.Fault(Encoding.UTF8.GetBytes(xhtml)));

    [Fact]
    public void Deep_nesting_is_refused() =>
        Assert.Contains("nested deeper", NarrativeCheck.Fault(Encoding.UTF8.GetBytes("<div>" + string.Concat(Enumerable.Repeat("<b>", 1000)) + "x")), StringComparison.Ordinal);

    [Fact]
    public void A_resource_with_such_a_narrative_is_refused_at_its_div()
    {
        var outcome = ResourceValidator.Validate("""{"resourceType":"Patient","text":{"status":"generated","div":"<div><script>x</script></div>"}}"""u8.ToArray());

        Assert.Equal((IssueType.Invariant, "Patient.text.div"), (Assert.Single(outcome.Issues).Type, outcome.Issues[0].Location));
    }
}
