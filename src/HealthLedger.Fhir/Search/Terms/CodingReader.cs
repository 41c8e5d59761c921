using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Search;

/// <summary>Collects the codings that consent rules may name, and the security labels.</summary>
internal sealed class CodingReader(TermPool pool)
{
    private readonly List<CodingTerm> _codings = [];
    private readonly List<CodingTerm> _labels = [];
    private readonly Dictionary<(string?, string?), int> _codingPlaces = [];
    private readonly Dictionary<(string?, string?), int> _labelPlaces = [];
    private readonly TermText _text = new(pool);

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
        if (node.IsPrimitive || node.Name is "extension" or "modifierExtension" or "meta" or "text") return;
        if (node.IsResource)
        {
            foreach (var child in node.Nodes) Read(child, isMain: node.Name == "contained");
            return;
        }
        switch (node.Type?.Name)
        {
            case "Coding":
                Add(_codings, node, isMain);
                return;
            case "CodeableConcept":
                foreach (var child in node.Nodes)
                    if (child.Name == "coding") Add(_codings, child, isMain);
                return;
            case "Reference":
                return;
        }
        foreach (var child in node.Nodes) Read(child, isMain: false);
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
