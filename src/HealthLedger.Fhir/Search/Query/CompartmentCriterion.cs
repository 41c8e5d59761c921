using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Search;

/// <summary>Membership in a compartment (R4 compartmentdefinition.html): a reference to its resource by one of the parameters that the definition names, or that resource itself.</summary>
internal sealed class CompartmentCriterion : SearchCriterion
{
    private readonly CompartmentDefinition _compartment;
    private readonly string _id;
    private readonly ushort[] _indexes;

    public CompartmentCriterion(CompartmentDefinition compartment, string id, TypePlan plan)
        : base("_compartment", "")
    {
        _compartment = compartment;
        _id = id;
        _indexes = [.. compartment.Parameters(plan.Type.Name).Select(plan.IndexOf).OfType<ushort>()];
    }

    internal override bool Matches(in SearchCandidate candidate)
    {
        if (candidate.Terms.ResourceType == _compartment.Code && candidate.Id == _id) return true;
        foreach (ref readonly var term in candidate.Terms.References.AsSpan())
            if (term.Type == _compartment.Code && term.LocalId == _id && Array.IndexOf(_indexes, term.Parameter) >= 0) return true;
        return false;
    }
}
