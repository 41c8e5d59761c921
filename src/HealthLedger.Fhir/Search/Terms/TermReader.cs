using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Json;

namespace HealthLedger.Fhir.Search;

/// <summary>Turns selected elements into terms by the parameter's type and the element's (R4 search.html#ptypes, the tables "data types and search parameter types").</summary>
internal sealed class TermReader(TermPool pool, string localBase)
{
    private readonly TermText _text = new(pool);
    private TermList<TokenTerm> _tokens, _identifiers;
    private TermList<ReferenceTerm> _references;
    private TermList<DateTerm> _dates;
    private TermList<TextTerm> _strings, _uris;
    private TermList<NumberTerm> _numbers;
    private TermList<QuantityTerm> _quantities;
    private TermList<TextTerm> _tokenTexts;
    private TermList<TypedIdentifierTerm> _typedIdentifiers;
    private bool _isPart;

    public ResourceTerms Build(TypePlan plan, ContentReader content) => new(plan)
    {
        Tokens = _tokens.ToArray(),
        References = _references.ToArray(),
        ReferenceIdentifiers = _identifiers.ToArray(),
        Dates = _dates.ToArray(),
        Strings = _strings.ToArray(),
        Uris = _uris.ToArray(),
        Numbers = _numbers.ToArray(),
        Quantities = _quantities.ToArray(),
        Codings = content.Codings,
        SecurityLabels = content.Labels,
        TokenTexts = _tokenTexts.ToArray(),
        TypedIdentifiers = _typedIdentifiers.ToArray(),
        NarrativeWords = content.Narrative.Except(),
        OtherWords = content.Texts.Except(_strings.ToArray(), _tokenTexts.ToArray()),
    };

    /// <summary>A value of one part of a composite: it has no modifiers, so its texts are not kept.</summary>
    public void ReadPart(TermKey key, SearchParameterType type, Item item)
    {
        _isPart = true;
        Read(key, type, item);
        _isPart = false;
    }

    public void Read(TermKey key, SearchParameterType type, Item item)
    {
        if (item is not NodeItem node)
        {
            // A computed value, as of Patient's "deceased".
            if (type == SearchParameterType.Token && item is BooleanItem) _tokens.Add(new TokenTerm(key, TokenOrigin.Coded, null, pool.Vocabulary(item.ToString()!)));
            return;
        }
        switch (type)
        {
            case SearchParameterType.Token: Token(key, node); break;
            case SearchParameterType.Reference: Reference(key, node); break;
            case SearchParameterType.Date: Date(key, node); break;
            case SearchParameterType.String: String(key, node); break;
            case SearchParameterType.Uri when _text.Personal(node) is { } uri: _uris.Add(new TextTerm(key, uri)); break;
            case SearchParameterType.Number: Number(key, node); break;
            case SearchParameterType.Quantity: Quantity(key, node); break;
            case SearchParameterType.Special: Place(key, node); break;
        }
    }

    private void Token(TermKey key, NodeItem node)
    {
        switch (node.Type?.Name)
        {
            case "Coding":
                AddToken(key, TokenOrigin.Coded, _text.Vocabulary(node.First("system")), _text.Vocabulary(node.First("code")));
                AddTokenText(key, node.First("display"));
                break;
            case "CodeableConcept":
                foreach (var child in node.Nodes)
                    if (child.Name == "coding") Token(key, child);
                AddTokenText(key, node.First("text"));
                break;
            case "Identifier":
                AddToken(key, TokenOrigin.Personal, _text.Vocabulary(node.First("system")), _text.Personal(node.First("value")));
                if (node.First("type") is { } kind) IdentifierType(key, node, kind);
                break;
            case "ContactPoint":
                AddToken(key, TokenOrigin.Personal, null, _text.Personal(node.First("value")));
                break;
            case "code":
                if (_text.Vocabulary(node) is { } code) _tokens.Add(new TokenTerm(key, TokenOrigin.Bare, ImpliedSystem(node, code), code));
                break;
            case "boolean":
                AddToken(key, TokenOrigin.Coded, null, _text.Vocabulary(node));
                break;
            default:
                if (node.IsPrimitive) AddToken(key, TokenOrigin.Personal, null, _text.Personal(node));
                break;
        }
    }

    private void AddToken(TermKey key, TokenOrigin origin, string? system, string? code)
    {
        if (system is not null || code is not null) _tokens.Add(new TokenTerm(key, origin, system, code));
    }

    private void AddTokenText(TermKey key, NodeItem? node)
    {
        if (_isPart || node is null || _text.Personal(node) is not { Length: > 0 } text) return;
        // Display and text are often the same.
        if (_tokenTexts.Last is { } last && last.Key == key && last.Text == text) return;
        _tokenTexts.Add(new TextTerm(key, text));
    }

    private void IdentifierType(TermKey key, NodeItem identifier, NodeItem type)
    {
        if (_isPart) return;
        AddTokenText(key, type.First("text"));
        if (_text.Personal(identifier.First("value")) is not { } value) return;
        foreach (var coding in type.Nodes)
            if (coding.Name == "coding" && _text.Vocabulary(coding.First("code")) is { } code)
                _typedIdentifiers.Add(new TypedIdentifierTerm(key, _text.Vocabulary(coding.First("system")), code, value));
    }

    private static string? ImpliedSystem(NodeItem node, string code)
    {
        if (node.Definition?.Binding?.Codes is not { } codes) return null;
        foreach (var (system, _) in codes.Systems)
            if (codes.Systems.Count == 1 || codes.Contains(system, code)) return system;
        return null;
    }

    private void Reference(TermKey key, NodeItem node)
    {
        if (node.IsResource)
        {
            // Bundle.entry[0].resource: the first resource of a document or message.
            if (_text.Personal(node.First("id")) is { } own) _references.Add(new ReferenceTerm(key, false, node.TypeName, own));
            return;
        }
        if (node.First("identifier") is { } identifier)
        {
            string? system = _text.Vocabulary(identifier.First("system")), value = _text.Personal(identifier.First("value"));
            if (system is not null || value is not null) _identifiers.Add(new TokenTerm(key, TokenOrigin.Personal, system, value));
        }
        var text = node.IsPrimitive ? node.Text : node.First("reference")?.Text;
        // References into the same resource are not found by search (R4 search.html#contained).
        if (string.IsNullOrEmpty(text) || text[0] == '#') return;
        _references.Add(
            ReferencedResource.Of(text) is not { } named ? new ReferenceTerm(key, true, null, pool.Personal(text))
            : named.IsLocal(localBase) ? new ReferenceTerm(key, false, named.Type, pool.Personal(named.Id))
            : new ReferenceTerm(key, true, named.Type, pool.Personal(named.Address)));
    }

    private void Date(TermKey key, NodeItem node)
    {
        switch (node.Type?.Name)
        {
            case "date" or "dateTime" or "instant":
                if (TermText.Range(node) is { } range) _dates.Add(new DateTerm(key, range.Low, range.High));
                break;
            case "Period":
                Period(key, node);
                break;
            case "Timing":
                // A Timing is indexed by its stated events and its bounds: a generated schedule has no fixed times (R4 search.html#date).
                foreach (var child in node.Nodes)
                    if (child.Name == "event") Date(key, child);
                if (node.First("repeat")?.First("bounds") is { } bounds && bounds.TypeName == "Period") Period(key, bounds);
                break;
        }
    }

    private void Period(TermKey key, NodeItem node)
    {
        NodeItem? start = node.First("start"), end = node.First("end");
        if (start is null && end is null) return;
        (long Low, long High)? from = start is null ? (0, 1) : TermText.Range(start), to = end is null ? (0, long.MaxValue) : TermText.Range(end);
        // An end before its start breaks per-1; it is kept as the time it covers either way.
        if (from is { } a && to is { } b) _dates.Add(new DateTerm(key, Math.Min(a.Low, end is null ? a.Low : b.High - 1), Math.Max(a.High, b.High)));
    }

    private void String(TermKey key, NodeItem node)
    {
        switch (node.Type?.Name)
        {
            case "HumanName" or "Address":
                foreach (var child in node.Nodes)
                    if (child is { IsPrimitive: true, Name: not ("use" or "type" or "id") }) AddString(key, child);
                break;
            case "ContactPoint":
                AddString(key, node.First("value"));
                break;
            case "CodeableConcept":
                AddString(key, node.First("text"));
                foreach (var child in node.Nodes)
                    if (child.Name == "coding") AddString(key, child.First("display"));
                break;
            case "Coding":
                AddString(key, node.First("display"));
                break;
            default:
                if (node.IsPrimitive) AddString(key, node);
                break;
        }
    }

    private void AddString(TermKey key, NodeItem? node)
    {
        if (node is not null && _text.Personal(node) is { Length: > 0 } text) _strings.Add(new TextTerm(key, text));
    }

    private void Number(TermKey key, NodeItem node)
    {
        if (node.IsPrimitive)
        {
            if (NodeValues.Decimal(node) is { } number) _numbers.Add(new NumberTerm(key, number, number));
        }
        else if (node.TypeName == "Range") _numbers.Add(new NumberTerm(key, Edge(node, "low") ?? decimal.MinValue, Edge(node, "high") ?? decimal.MaxValue));
    }

    /// <summary>Location.position: its latitude, and as the second part its longitude, in degrees (WGS84).</summary>
    private void Place(TermKey key, NodeItem node)
    {
        if (node.First("latitude") is not { } latitude || NodeValues.Decimal(latitude) is not { } north || node.First("longitude") is not { } longitude || NodeValues.Decimal(longitude) is not { } east) return;
        _numbers.Add(new NumberTerm(key, north, north));
        _numbers.Add(new NumberTerm(key with { Component = 1 }, east, east));
    }

    private static decimal? Edge(NodeItem node, string name) => node.First(name)?.First("value") is { } value ? NodeValues.Decimal(value) : null;

    private void Quantity(TermKey key, NodeItem node)
    {
        switch (node.Type?.Name)
        {
            case "Money":
                if (Edge(node) is { } amount)
                    _quantities.Add(new QuantityTerm(key, amount, amount, "urn:iso:std:iso:4217", _text.Vocabulary(node.First("currency")), null));
                break;
            case "Range":
                NodeItem? unit = node.First("low") ?? node.First("high");
                if (unit is not null) AddQuantity(key, unit, Edge(node, "low") ?? decimal.MinValue, Edge(node, "high") ?? decimal.MaxValue);
                break;
            case not null when node.Type!.Is("Quantity") && Edge(node) is { } value:
                var (low, high) = node.First("comparator")?.Text switch
                {
                    "<" or "<=" => (decimal.MinValue, value),
                    ">" or ">=" => (value, decimal.MaxValue),
                    _ => (value, value),
                };
                AddQuantity(key, node, low, high);
                break;
        }
    }

    private static decimal? Edge(NodeItem node) => node.First("value") is { } value ? NodeValues.Decimal(value) : null;

    private void AddQuantity(TermKey key, NodeItem node, decimal low, decimal high) => _quantities.Add(
        new QuantityTerm(key, low, high, _text.Vocabulary(node.First("system")), _text.Vocabulary(node.First("code")), _text.Vocabulary(node.First("unit"))));
}
