using System.Globalization;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Validation;

/// <summary>Where a node is, as simple FHIRPath from the outermost resource: <c>Bundle.entry[1].resource.name[0]</c>.</summary>
internal static class NodePlace
{
    public static string Of(NodeItem node)
    {
        if (node.Parent is not { } parent)
        {
            return node.TypeName;
        }

        var place = Of(parent) + "." + node.Name;
        if (node.Definition is { IsRepeating: false })
        {
            return place;
        }

        var index = 0;
        foreach (var sibling in parent.Nodes)
        {
            if (ReferenceEquals(sibling, node))
            {
                break;
            }

            index += sibling.Name == node.Name ? 1 : 0;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{place}[{index}]");
    }
}
