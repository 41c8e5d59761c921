using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Json;

namespace HealthLedger.Fhir.Validation.Profiles;

/// <summary>References: of what type the target is, and, where the target is in the same text, that it meets one of the profiles named.</summary>
internal sealed partial class ProfileRun
{
    private Dictionary<string, NodeItem?>? _entries;

    private void Reference(NodeItem node, ProfileElement element, List<string> targets, Profile profile)
    {
        var text = node.First("reference")?.Text;
        var target = text is null ? null : Target(text, node);
        var type = target?.Type?.Name ?? (text is null ? null : ReferencedResource.Of(text)?.Type) ?? node.First("type")?.Text;
        if (type is null || FhirDefinitions.R4.ResourceType(type) is not { } known)
        {
            return;
        }

        var fitting = new List<Profile>();
        var isAny = false;
        foreach (var canonical in targets)
        {
            if (ProfileStore.CoreType(canonical) is { } core)
            {
                isAny |= known.Is(core.Name);
            }
            else if (Of(canonical) is { } found)
            {
                if (known.Is(found.Type))
                {
                    fitting.Add(found);
                }
            }
            else
            {
                isAny = true;
            }
        }

        if (isAny)
        {
            return;
        }

        if (fitting.Count == 0)
        {
            Error(node, IssueType.Structure, $"{element.Path} does not refer to {type} in profile {profile.Url}; allowed are {string.Join(", ", targets)}.");
        }
        else if (target is not null)
        {
            if (fitting is [var only])
            {
                Whole(target, only);
            }
            else if (!fitting.Exists(p => Meets(target, p)))
            {
                Error(node, IssueType.Structure, $"{element.Path} refers to a resource that meets none of the profiles {string.Join(", ", fitting.Select(p => p.Url))} (profile {profile.Url}).");
            }
        }
    }

    /// <summary>The target of a reference in the same text: contained, or an entry of the Bundle (R4 bundle.html#references).</summary>
    private NodeItem? Target(string reference, NodeItem from)
    {
        if (reference.StartsWith('#'))
        {
            return Contained(reference[1..], from);
        }

        _entries ??= Entries();
        if (_entries.Count == 0)
        {
            return null;
        }

        if (_entries.TryGetValue(reference, out var direct))
        {
            return direct;
        }

        // A relative reference goes from the address of the entry it stands in.
        for (var at = from; at is not null; at = at.Parent)
        {
            if (at is { Name: "entry", Type.Name: "Bundle.entry" } && at.First("fullUrl")?.Text is { } fullUrl && ReferencedResource.Of(fullUrl) is { } own)
            {
                var tail = fullUrl.LastIndexOf(own.Type + "/", StringComparison.Ordinal);
                return tail > 0 && _entries.TryGetValue(fullUrl[..tail] + reference, out var target) ? target : null;
            }
        }

        return null;
    }

    private static NodeItem? Contained(string id, NodeItem from)
    {
        for (var at = from; at is not null; at = at.Parent)
        {
            if (!at.IsResource || at.Name == "contained")
            {
                continue;
            }

            if (id.Length == 0)
            {
                return at;
            }

            foreach (var child in at.Nodes)
            {
                if (child.Name == "contained" && child.First("id")?.Text == id)
                {
                    return child;
                }
            }

            return null;
        }

        return null;
    }

    private Dictionary<string, NodeItem?> Entries()
    {
        var entries = new Dictionary<string, NodeItem?>(StringComparer.Ordinal);
        if (root.Type?.Name == "Bundle")
        {
            foreach (var entry in root.Nodes)
            {
                if (entry.Name == "entry" && entry.First("fullUrl")?.Text is { } fullUrl && entry.First("resource") is { } resource)
                {
                    entries.TryAdd(fullUrl, resource);
                }
            }
        }

        return entries;
    }
}
