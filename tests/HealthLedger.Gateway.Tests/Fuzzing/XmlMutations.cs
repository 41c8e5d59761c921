using System.Text;

namespace HealthLedger.Gateway.Tests.Fuzzing;

/// <summary>Resources in XML that are wrong in ways that XML is: tags unbalanced, attributes twice, entities, declarations, namespaces, processing instructions, nesting.</summary>
internal static class XmlMutations
{
    private static readonly string[] Tokens =
    [
        "<!DOCTYPE x [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;&a;\">]>", "<!DOCTYPE x SYSTEM \"file:///etc/passwd\">", "&a;", "&nbsp;", "&#0;", "&#xD800;", "&#x1F600;", "&#xFFFF;", "<![CDATA[x]]>", "<?x y?>", "<?xml version=\"1.1\"?>",
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>", "<!-- x -->", "<!-- -- -->", "<a/>", "<id value=\"x\"/>", "<id value=\"x\" value=\"y\"/>", "<id/>", "<id value=\"\"/>", "<extension url=\"u\"/>", "<extension/>", "</x>", "<x>",
        "<contained><Patient/></contained>", "<contained/>", "<contained>x</contained>", "<Patient xmlns=\"http://hl7.org/fhir\"/>", "<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>x</script></div>", "<div>x</div>",
        "<x:id xmlns:x=\"http://hl7.org/fhir\" value=\"1\"/>", "<id xmlns=\"urn:other\" value=\"1\"/>", "text", "\u0001", "\ufffe",
    ];

    public static byte[] Mutate(byte[] seed, Random random)
    {
        if (random.Next(4) == 0)
        {
            return TextMutations.Mutate(seed, random);
        }

        var tokens = Encoding.UTF8.GetString(seed).Split('<').Skip(1).Select(t => "<" + t).ToList();
        for (var times = random.Next(1, 4); times > 0 && tokens.Count > 1; times--)
        {
            var at = random.Next(tokens.Count);
            switch (random.Next(8))
            {
                case 0:
                    tokens.RemoveAt(at);
                    break;
                case 1:
                    tokens.Insert(random.Next(tokens.Count), tokens[at]);
                    break;
                case 2:
                    var other = random.Next(tokens.Count);
                    (tokens[at], tokens[other]) = (tokens[other], tokens[at]);
                    break;
                case 3:
                    tokens.Insert(at, random.Pick(Tokens));
                    break;
                case 4 when tokens[at].IndexOf('"') is var quote and > 0:
                    tokens[at] = tokens[at][..(quote + 1)] + random.Pick(TextMutations.Values) + "\"/>";
                    break;
                case 5 when tokens[at].IndexOf(' ') is var space and > 0:
                    tokens[at] = tokens[at][..space] + random.Pick((string[])[" id=\"x\"", " id=\"\"", " xml:lang=\"de\"", " xmlns=\"\"", " xmlns=\"http://hl7.org/fhir\"", " value=\"x\"", " url=\"u\"", " xsi:nil=\"true\""]) + tokens[at][space..];
                    break;
                case 6:
                    var (depth, name) = (random.Next(2) == 0 ? random.Next(4) : random.Next(200), random.Pick((string[])["extension", "contained", "div", "b", "entry", "Patient"]));
                    tokens.Insert(at, string.Concat(Enumerable.Repeat($"<{name}>", depth)) + string.Concat(Enumerable.Repeat($"</{name}>", depth)));
                    break;
                case 7 when tokens[at].Length > 3:
                    tokens[at] = TextMutations.Mutate(tokens[at], random);
                    break;
            }
        }

        return Encoding.UTF8.GetBytes(string.Concat(tokens));
    }
}
