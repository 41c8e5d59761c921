using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace HealthLedger.Fhir.Patch;

/// <summary>What a selector leads to.</summary>
internal enum XmlTarget
{
    Element,
    Attribute,
    Text,
    Comment,
}

/// <summary>
/// The location path of an operation of an XML Patch, restricted as RFC 5261 section 4.1 has it: child steps by name or <c>*</c>, conditions <c>[1]</c>, <c>[@id='a']</c>,
/// <c>[name='text']</c> and <c>[.='text']</c>, at the end perhaps an attribute, <c>text()</c> or <c>comment()</c>. A name without a prefix is in the default namespace of the
/// operation (section 4.2.2).
/// </summary>
internal sealed class XmlSelector
{
    private const int MaxLength = 4096;
    private const int MaxSteps = 64;

    private readonly List<Step> _steps = [];

    private XmlSelector()
    {
    }

    /// <summary>What it leads to, where it leads anywhere.</summary>
    public XmlTarget Target { get; private set; }

    /// <summary>Reads a path; null, with what is wrong, where it is none that is taken.</summary>
    /// <param name="text">The path.</param>
    /// <param name="operation">The element whose namespaces are those of the path.</param>
    public static (XmlSelector? Selector, string Fault) Parse(string text, XElement operation)
    {
        try
        {
            return text.Length > MaxLength ? (null, $"sel has at most {MaxLength} characters.") : (new Reader(text.Trim(), operation).Read(), "");
        }
        catch (FormatException refused)
        {
            return (null, refused.Message);
        }
    }

    /// <summary>The one thing that the path leads to.</summary>
    /// <exception cref="PatchException">It leads to none, to several, or takes too many steps.</exception>
    public XObject Find(XDocument document, ref int budget)
    {
        var found = new List<XObject> { document };
        foreach (var step in _steps)
        {
            var next = new List<XObject>();
            foreach (var parent in found)
            {
                next.AddRange(step.From((XContainer)parent, ref budget));
            }

            found = next;
        }

        return found switch
        {
            [var one] => one,
            [] => throw new PatchException(PatchFaultKind.NotApplicable, "there is nothing at its sel."),
            _ => throw new PatchException(PatchFaultKind.NotApplicable, "its sel leads to several places, and takes one: add a condition such as [1] or [@id='a']."),
        };
    }

    /// <summary>Takes one step of what a patch may cost.</summary>
    /// <exception cref="PatchException">There are none left.</exception>
    public static void Spend(ref int budget)
    {
        if (--budget < 0)
        {
            throw new PatchException(PatchFaultKind.TooCostly, "finding its place takes too many steps: send fewer operations at once.");
        }
    }

    private enum By
    {
        Position,
        Attribute,
        Child,
        Own,
    }

    private sealed record Condition(By By, int Position, XName? Name, string Text)
    {
        public bool Holds(XObject node, int position, ref int budget)
        {
            switch (By)
            {
                case By.Position:
                    return position == Position;
                case By.Attribute:
                    return (node as XElement)?.Attribute(Name!)?.Value == Text;
                case By.Own:
                    return IsText(node, ref budget);
                default:
                    foreach (var child in ((XElement)node).Elements())
                    {
                        Spend(ref budget);
                        if (child.Name == Name && IsText(child, ref budget))
                        {
                            return true;
                        }
                    }

                    return false;
            }
        }

        /// <summary>True where the text of a node, that of all nodes in it together, is the condition's.</summary>
        private bool IsText(XObject node, ref int budget)
        {
            var rest = Text.AsSpan();
            foreach (var text in node is XContainer container ? container.DescendantNodes() : [(XNode)node])
            {
                Spend(ref budget);
                if (text is XText { Value: var piece })
                {
                    if (!rest.StartsWith(piece, StringComparison.Ordinal))
                    {
                        return false;
                    }

                    rest = rest[piece.Length..];
                }
            }

            return rest.IsEmpty;
        }
    }

    /// <summary>One step; without a name it takes any element.</summary>
    private sealed record Step(XmlTarget Target, XName? Name, List<Condition> Conditions)
    {
        public List<XObject> From(XContainer parent, ref int budget)
        {
            var found = new List<XObject>();
            if (Target == XmlTarget.Attribute)
            {
                if ((parent as XElement)?.Attribute(Name!) is { IsNamespaceDeclaration: false } attribute)
                {
                    found.Add(attribute);
                }

                return found;
            }

            foreach (var node in parent.Nodes())
            {
                Spend(ref budget);
                if (Target switch { XmlTarget.Text => node is XText, XmlTarget.Comment => node is XComment, _ => node is XElement element && (Name is null || element.Name == Name) })
                {
                    found.Add(node);
                }
            }

            foreach (var condition in Conditions)
            {
                var left = new List<XObject>();
                for (var i = 0; i < found.Count; i++)
                {
                    Spend(ref budget);
                    if (condition.Holds(found[i], i + 1, ref budget))
                    {
                        left.Add(found[i]);
                    }
                }

                found = left;
            }

            return found;
        }
    }

    /// <summary>Reads one path; a fault is a <see cref="FormatException"/> with words for the client.</summary>
    private ref struct Reader(string text, XElement operation)
    {
        private int _at;

        public XmlSelector Read()
        {
            var selector = new XmlSelector();
            _ = Take('/');
            do
            {
                if (selector._steps.Count == MaxSteps || (selector._steps.Count > 0 && selector.Target != XmlTarget.Element))
                {
                    throw Refused(selector._steps.Count == MaxSteps ? $"it has at most {MaxSteps} steps" : "nothing comes after an attribute, text() or comment()");
                }

                var step = ReadStep(isFirst: selector._steps.Count == 0);
                selector._steps.Add(step);
                selector.Target = step.Target;
            }
            while (Take('/'));

            return _at == text.Length ? selector : throw Refused("a step is a name or *, with conditions in brackets");
        }

        private Step ReadStep(bool isFirst)
        {
            if (Take('@'))
            {
                return isFirst ? throw Refused("it begins with an element") : new Step(XmlTarget.Attribute, AttributeName(), []);
            }

            if (Take('*'))
            {
                return new Step(XmlTarget.Element, null, Conditions(XmlTarget.Element));
            }

            var rest = text.AsSpan(_at);
            if (rest.StartsWith("text()") || rest.StartsWith("comment()"))
            {
                var target = rest[0] == 't' ? XmlTarget.Text : XmlTarget.Comment;
                _at += target == XmlTarget.Text ? "text()".Length : "comment()".Length;
                return isFirst ? throw Refused("it begins with an element") : new Step(target, null, Conditions(target));
            }

            var name = ElementName();
            return new Step(XmlTarget.Element, name, Conditions(XmlTarget.Element));
        }

        private List<Condition> Conditions(XmlTarget target)
        {
            var conditions = new List<Condition>();
            while (Take('['))
            {
                Space();
                if (_at < text.Length && char.IsAsciiDigit(text[_at]))
                {
                    var from = _at;
                    while (_at < text.Length && char.IsAsciiDigit(text[_at]))
                    {
                        _at++;
                    }

                    conditions.Add(new(By.Position, int.TryParse(text.AsSpan(from, _at - from), NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position : int.MaxValue, null, ""));
                }
                else
                {
                    var (by, name) = target != XmlTarget.Element ? throw Refused("text() and comment() take a position alone")
                        : Take('@') ? (By.Attribute, AttributeName())
                        : Take('.') ? (By.Own, null)
                        : (By.Child, ElementName());
                    Space();
                    if (!Take('='))
                    {
                        throw Refused("a condition is a position, or compares with =");
                    }

                    Space();
                    conditions.Add(new(by, 0, name, Literal()));
                }

                Space();
                if (!Take(']') || conditions.Count > MaxSteps)
                {
                    throw Refused("a condition is one of [1], [@id='a'], [name='text'] and [.='text']");
                }
            }

            return conditions;
        }

        private string Literal()
        {
            var quote = _at < text.Length && text[_at] is '"' or '\'' ? text[_at++] : throw Refused("what a condition compares with stands in quotes");
            var end = text.IndexOf(quote, _at);
            if (end < 0)
            {
                throw Refused("a quote is not closed");
            }

            var literal = text[_at..end];
            _at = end + 1;
            return literal;
        }

        private XName ElementName()
        {
            var (prefix, name) = Name();
            var space = prefix is null ? operation.GetDefaultNamespace() : Namespace(prefix);
            return space == XNamespace.None
                ? throw Refused("its names have no namespace: declare http://hl7.org/fhir as the default one, or use a prefix")
                : space + name;
        }

        private XName AttributeName()
        {
            var (prefix, name) = Name();
            return prefix is null ? name == "xmlns" ? throw Refused("namespaces are not patched") : XNamespace.None + name : Namespace(prefix) + name;
        }

        private readonly XNamespace Namespace(string prefix) =>
            prefix != "xmlns" && operation.GetNamespaceOfPrefix(prefix) is { } space ? space : throw Refused("it has a prefix that is not declared");

        private (string? Prefix, string Name) Name()
        {
            var first = Part();
            if (_at + 1 < text.Length && text[_at] == ':' && text[_at + 1] != ':')
            {
                _at++;
                return (first, Part());
            }

            return _at < text.Length && text[_at] is '(' or ':'
                ? throw Refused("of functions and axes it takes text() and comment() alone; an element is chosen by [@id='a']")
                : (null, first);
        }

        private string Part()
        {
            var from = _at;
            while (_at < text.Length && (from == _at ? XmlConvert.IsStartNCNameChar(text[_at]) : XmlConvert.IsNCNameChar(text[_at])))
            {
                _at++;
            }

            return from == _at ? throw Refused("a name is expected") : text[from.._at];
        }

        private void Space()
        {
            while (_at < text.Length && text[_at] is ' ' or '\t' or '\n' or '\r')
            {
                _at++;
            }
        }

        private bool Take(char c)
        {
            if (_at < text.Length && text[_at] == c)
            {
                _at++;
                return true;
            }

            return false;
        }

        private readonly FormatException Refused(string why) => new(string.Create(CultureInfo.InvariantCulture, $"sel is a location path of RFC 5261 section 4.1; at character {_at + 1}: {why}."));
    }
}
