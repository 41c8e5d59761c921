using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Validation.Profiles;

/// <summary>Extensions (R4 extensibility.html): against their definition where one is loaded, and whether they may stand where they do.</summary>
internal sealed partial class ProfileRun
{
    private void Extension(NodeItem node)
    {
        var url = node.First("url")?.Text;
        // Inside a complex extension a url is a plain name, which the outer definition explains.
        if (url is null || !url.Contains(':', StringComparison.Ordinal))
        {
            return;
        }

        if (url.Contains('|', StringComparison.Ordinal))
        {
            Error(node, IssueType.Extension, "The url of an extension carries no version.");
            return;
        }

        if (store.Find(url) is not { Type: "Extension" } definition)
        {
            Unknown(node, url);
            return;
        }

        Whole(node, definition);
        Parts(node, definition);
        if (definition.Contexts.Count > 0 && node.Parent is { } holder && !definition.Contexts.Any(c => Allows(c, holder)))
        {
            Error(node, IssueType.Extension, $"The extension {url} is not for this place; it is for {string.Join(", ", definition.Contexts.Select(c => c.Expression).Take(8))}.");
        }
    }

    /// <summary>Names without a scheme inside a complex extension are those of its definition.</summary>
    private void Parts(NodeItem node, Profile definition)
    {
        if (!definition.Root.Children.TryGetValue("extension", out var parts) || parts.Slices.Count == 0)
        {
            return;
        }

        foreach (var child in node.Nodes)
        {
            if (child.Name == "extension"
                && child.First("url")?.Text is { } name
                && !name.Contains(':', StringComparison.Ordinal)
                && !parts.Slices.Exists(s => s.Name == name || (s.Element.Children.TryGetValue("url", out var url) && url.Fixed is { } text && text.ValueEquals(name))))
            {
                Error(child, IssueType.Extension, $"The extension {definition.Url} has no part of this name.");
            }
        }
    }

    private void Unknown(NodeItem node, string url)
    {
        if (policy.RefuseUnknownExtensions && !policy.KnownPrefixes.Any(p => url.StartsWith(p, StringComparison.Ordinal)))
        {
            Error(node, IssueType.Extension, "The extension's definition is not known here, and only known ones are allowed.");
        }
        else if (node.Name == "modifierExtension")
        {
            Warning(node, IssueType.Extension, "The modifier extension's definition is not known here: who reads this resource must not ignore it.");
        }
        else if (_withWarnings)
        {
            Tell(node, IssueSeverity.Information, IssueType.Extension, "The extension's definition is not known here.");
        }
    }

    private bool Allows((string Type, string Expression) context, NodeItem holder)
    {
        switch (context.Type)
        {
            case "extension":
                return holder.Type?.Name == "Extension" && holder.First("url")?.Text == context.Expression.Split('#')[0];
            case "fhirpath":
                return true;
            default:
                var expression = context.Expression.StartsWith("http://hl7.org/fhir/StructureDefinition/", StringComparison.Ordinal)
                    ? context.Expression["http://hl7.org/fhir/StructureDefinition/".Length..]
                    : context.Expression;
                expression = expression.Replace("[x]", "", StringComparison.Ordinal);
                return holder.Type is { } type
                       && (type.Is(expression)
                           || expression is "Element"
                           || expression is "CanonicalResource" or "MetadataResource" && holder.IsResource && type.ElementNamed("url") is not null
                           || PathOf(holder) == expression
                           || DefinedAs(holder) == expression);
        }
    }

    /// <summary>Owner and name of the holder's element, such as HumanName.family.</summary>
    private static string? DefinedAs(NodeItem holder) => holder.Definition is { } definition ? definition.Owner.Name + "." + definition.Name : null;

    /// <summary>The path from the resource on, without indexes, such as Patient.name.family.</summary>
    private static string PathOf(NodeItem holder) => holder.IsResource || holder.Parent is null ? holder.TypeName : PathOf(holder.Parent) + "." + holder.Name;
}
