// http://hl7.org/fhir/R4/xml.html; laws that hold for any input
using System.Text;
using System.Xml;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Fhir.Validation;
using HealthLedger.Fhir.Xml;

namespace HealthLedger.Fhir.Tests.Xml;

public sealed class XmlLawTests
{
    private static readonly byte[][] Seeds =
    [
        """<?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir"><id value="a"/><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">x &amp; <b title='t'>y</b><br/></div></text><contained><Organization><id value="o"/></Organization></contained><name><given value="a"/><given id="b"/></name><deceasedBoolean value="true"/></Patient>"""u8.ToArray(),
        """<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry><fullUrl value="urn:uuid:c757873d-ec9a-4326-a141-556f43239520"/><resource><Observation><status value="final"/><code><coding><system value="http://loinc.org"/></coding></code><valueQuantity><value value="1.50"/><unit value="&#181;g"/></valueQuantity></Observation></resource><request><method value="POST"/><url value="Observation"/></request></entry></Bundle>"""u8.ToArray(),
        """<f:Basic xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><!-- c --><f:text><f:status value="empty"/><h:div><![CDATA[a]]><h:p/></h:div></f:text><f:extension url="http://a.example"><f:extension url="b"><f:valueDecimal value="1"/></f:extension></f:extension></f:Basic>"""u8.ToArray(),
    ];

    /// <summary>What can be read is JSON that the validator takes in, and it is written and read again the same.</summary>
    private static bool Holds(ReadOnlyMemory<byte> xml)
    {
        var reading = XmlResource.Read(xml);
        if (reading.Issues.Count > 0)
        {
            return reading.Json.IsEmpty && reading.Issues.Count <= ResourceValidator.MaxIssues && reading.Issues.All(i => i.Line > 0 && i.Column > 0);
        }

        var outcome = ResourceValidator.Validate(reading.Json);
        if (!outcome.IsValid)
        {
            return outcome.Issues.All(i => i.Line == 1) && reading.InXml(outcome.Issues).All(i => i.Line > 0 && i.Column > 0);
        }

        var again = XmlResource.Read(XmlResource.Write(reading.Json));
        SameJson.Assert("", reading.Json, again.Json);
        return true;
    }

    [Fact]
    public void The_seeds_are_good() => Assert.All(Seeds, s => Assert.Empty(XmlResource.Read(s).Issues));

    [Fact]
    public void No_change_of_a_resource_makes_reading_throw_and_the_outcome_stays_in_its_limits() => DamagedText.CheckAnyChange(Seeds, changed => Holds(changed));

    [Fact]
    public void No_piece_of_one_resource_put_into_another_makes_reading_throw() =>
        Prop.ForAll(
                ArbMap.Default.ArbFor<(int, PositiveInt, PositiveInt, PositiveInt)>(),
                change =>
                {
                    // Whole tags change places, so that most of what comes out is well-formed.
                    var (seed, from, to, count) = change;
                    var tags = Tags(Seeds[(int)((uint)seed % Seeds.Length)]);
                    var others = Tags(Seeds[(int)(((uint)seed / 3) % Seeds.Length)]);
                    var start = from.Get % others.Count;
                    tags.InsertRange(to.Get % tags.Count, others.Skip(start).Take(1 + (count.Get % 3)));
                    return Holds(Encoding.UTF8.GetBytes(string.Concat(tags)));
                })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));

    [Fact]
    public void Every_cut_of_a_resource_is_refused() => Assert.All(Seeds.SelectMany(DamagedText.CutsOf), cut => Assert.NotEmpty(XmlResource.Read(cut).Issues));

    [Fact]
    public void Every_change_of_one_byte_is_survived() =>
        Assert.All(Seeds.SelectMany(seed => DamagedText.ChangesOf(seed, "\0<>/&\"=:0a \n\u00ff"u8.ToArray())), changed => Assert.True(Holds(changed), Encoding.UTF8.GetString(changed)));

    [Fact]
    public void Whatever_a_valid_resource_says_its_XML_is_well_formed()
    {
        Prop.ForAll(
                ArbMap.Default.ArbFor<(string?, string?)>(),
                texts =>
                {
                    var resource = new System.Text.Json.Nodes.JsonObject
                    {
                        ["resourceType"] = "Basic",
                        ["text"] = new System.Text.Json.Nodes.JsonObject { ["status"] = "generated", ["div"] = $"<div>{texts.Item1}</div>" },
                        ["code"] = new System.Text.Json.Nodes.JsonObject { ["text"] = texts.Item2 },
                    };
                    var document = new XmlDocument { XmlResolver = null };
                    using var reader = XmlReader.Create(new MemoryStream(XmlResource.Write(Encoding.UTF8.GetBytes(resource.ToJsonString()))));
                    document.Load(reader);
                    return document.DocumentElement!.Name == "Basic";
                })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }

    private static List<string> Tags(byte[] xml)
    {
        var tags = new List<string>();
        for (var rest = Encoding.UTF8.GetString(xml); rest.Length > 0;)
        {
            var end = rest.IndexOf('>', StringComparison.Ordinal) + 1;
            tags.Add(rest[..end]);
            rest = rest[end..];
        }

        return tags;
    }
}
