using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Search;

/// <summary>Walks a whole resource: collects the codings that consent rules may name, the security labels, and the words of its texts.</summary>
internal sealed class ContentReader(TermPool pool)
{
    private readonly List<CodingTerm> _codings = [];
    private readonly List<CodingTerm> _labels = [];
    private readonly Dictionary<(string?, string?), int> _codingPlaces = [];
    private readonly Dictionary<(string?, string?), int> _labelPlaces = [];
    private readonly TermText _text = new(pool);

    /// <summary>The words of the narrative.</summary>
    public TextWords Narrative { get; } = new();

    /// <summary>The words of the other texts, outside meta and extensions.</summary>
    public TextWords Texts { get; } = new();

    public CodingTerm[] Codings => [.. _codings];

    public CodingTerm[] Labels => [.. _labels];

    public void Read(NodeItem resource)
    {
        foreach (var child in resource.Nodes)
        {
            if (child.Name == "meta") ReadLabels(child);
            else Read(child, isMain: true);
        }
    }

    private void ReadLabels(NodeItem meta)
    {
        foreach (var child in meta.Nodes)
            if (child.Name == "security") Add(_labels, child, isMain: true);
    }

    private void Read(NodeItem node, bool isMain)
    {
        if (node.IsPrimitive)
        {
            if (node.Type?.Name is "string" or "markdown") AddText(node);
            return;
        }
        if (node.Name is "extension" or "modifierExtension" or "meta") return;
        if (node.IsResource)
        {
            foreach (var child in node.Nodes) Read(child, isMain: node.Name == "contained");
            return;
        }
        switch (node.Type?.Name)
        {
            case "Narrative":
                if (node.First("div")?.Text is { } xhtml) Narrative.AddXhtml(xhtml);
                return;
            case "Coding":
                Add(_codings, node, isMain);
                AddText(node.First("display"));
                return;
            case "CodeableConcept":
                foreach (var child in node.Nodes)
                    if (child.Name == "coding") Read(child, isMain);
                AddText(node.First("text"));
                return;
            case "Reference":
                AddText(node.First("display"));
                return;
        }
        foreach (var child in node.Nodes) Read(child, isMain: false);
    }

    private void AddText(NodeItem? node)
    {
        if (node?.Text is { } text) Texts.Add(text);
    }

    private void Add(List<CodingTerm> list, NodeItem coding, bool isMain)
    {
        string? system = _text.Vocabulary(coding.First("system")), code = _text.Vocabulary(coding.First("code"));
        if (system is null && code is null) return;
        // By a dictionary: a resource of 16 MB may hold some hundred thousand codings.
        var places = ReferenceEquals(list, _labels) ? _labelPlaces : _codingPlaces;
        if (places.TryAdd((system, code), list.Count)) list.Add(new CodingTerm(system, code, isMain));
        else if (isMain && places[(system, code)] is var known) list[known] = list[known] with { IsMain = true };
    }
}
