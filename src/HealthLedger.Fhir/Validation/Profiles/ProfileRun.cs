using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Fhir.Validation.Profiles;

/// <summary>
/// One validation of one text against profiles: elements here, slices in ProfileRun.Slices.cs, values in ProfileRun.Values.cs, references in ProfileRun.References.cs,
/// extensions in ProfileRun.Extensions.cs. All of it draws on one budget of steps, so that neither a resource nor a profile can make it long. Not thread-safe.
/// </summary>
/// <param name="store">The profiles.</param>
/// <param name="terminology">The value sets.</param>
/// <param name="policy">What is asked beyond the definitions.</param>
/// <param name="root">What is validated.</param>
/// <param name="issues">What the base validation found; what is found here goes there too.</param>
/// <param name="advised">What the base validation told of advised codes; null where warnings and remarks are not wanted.</param>
internal sealed partial class ProfileRun(ProfileStore store, ITerminology terminology, ProfilePolicy policy, NodeItem root, List<ValidationIssue> issues, AdvisedCodes? advised)
{
    private const int Steps = 5_000_000;
    private const int DeepestProfiles = 32;

    /// <summary>What has been, or is being, validated against what: a cycle of references is met once, and no fault is told twice.</summary>
    private readonly Dictionary<(NodeItem, ProfileElement), bool> _met = [];

    private readonly HashSet<string> _missed = new(StringComparer.Ordinal);
    private readonly bool _withWarnings = advised is not null;
    private int _advice = issues.Count(i => i.Severity is IssueSeverity.Warning or IssueSeverity.Information);
    private int _steps = Steps;
    private int _depth;

    // Above 0, faults are counted and not told: the question is only whether a value meets a profile.
    private int _trials;
    private int _faults;

    /// <summary>True where the budget is used up; the outcome is then an error.</summary>
    public bool IsExhausted => _steps <= 0;

    /// <summary>Validates the root against a profile that the caller names.</summary>
    public void Against(string canonical)
    {
        if (ProfileStore.CoreType(canonical) is { } core)
        {
            if (!root.Is(new TypeName("FHIR", core.Name)))
            {
                Error(root, IssueType.Structure, $"The resource is no {core.Name}.");
            }
        }
        else if (Of(canonical) is { } profile)
        {
            Whole(root, profile);
        }
        else
        {
            Error(root, IssueType.NotFound, "The profile that was asked for is not known here. Name one of R4 or of a loaded package.");
        }
    }

    /// <summary>Validates every resource against the profiles it says it meets, and every extension against its definition.</summary>
    public void Claims() => Claims(root, 0);

    private void Claims(NodeItem node, int depth)
    {
        _steps--;
        if (IsExhausted || depth > ResourceValidator.MaxDepth)
        {
            return;
        }

        if (node.IsResource && node.First("meta") is { } meta)
        {
            foreach (var claim in meta.Nodes)
            {
                if (claim.Name == "profile" && claim.Text is { } canonical)
                {
                    Claim(node, claim, canonical);
                }
            }
        }

        if (node.IsResource)
        {
            foreach (var profile in store.Globals(node.Type!.Name))
            {
                Whole(node, profile);
            }
        }

        if (policy.RefuseMarkup && node.Type?.Primitive is PrimitiveKind.String or PrimitiveKind.Markdown && node.Text is { } text && HasMarkup(text))
        {
            Error(node, IssueType.Security, "The text holds what looks like an HTML tag, which is not allowed here.");
        }

        foreach (var child in node.Nodes)
        {
            if (child.Type?.Name == "Extension")
            {
                Extension(child);
            }

            Claims(child, depth + 1);
        }
    }

    private static bool HasMarkup(string text)
    {
        for (var at = text.IndexOf('<', StringComparison.Ordinal); at >= 0 && at + 1 < text.Length; at = text.IndexOf('<', at + 1))
        {
            if (char.IsAsciiLetter(text[at + 1]) || text[at + 1] is '/' or '!')
            {
                return true;
            }
        }

        return false;
    }

    private void Claim(NodeItem node, NodeItem claim, string canonical)
    {
        if (ProfileStore.CoreType(canonical) is { } core)
        {
            if (!node.Is(new TypeName("FHIR", core.Name)))
            {
                Error(claim, IssueType.Structure, $"The resource says that it is a {core.Name}, and is a {node.Type!.Name}.");
            }
        }
        else if (Of(canonical) is { } profile)
        {
            Whole(node, profile);
        }
        else
        {
            Warning(claim, IssueType.NotFound, "The profile is not known here, so nothing was compared with it.");
        }
    }

    /// <summary>A whole value against a whole profile. True where it meets it.</summary>
    private bool Whole(NodeItem node, Profile profile)
    {
        if (_met.TryGetValue((node, profile.Root), out var known) && (known || _trials > 0))
        {
            return known;
        }

        if (_depth >= DeepestProfiles)
        {
            return true;
        }

        _depth++;
        _met[(node, profile.Root)] = true;
        var before = _faults;
        if (!node.Is(new TypeName("FHIR", profile.Type)))
        {
            Error(node, IssueType.Structure, $"The profile {profile.Url} is for {profile.Type}, and this is a {node.TypeName}.");
        }
        else
        {
            Element(node, profile.Root, profile);
        }

        _depth--;
        return _met[(node, profile.Root)] = _faults == before;
    }

    /// <summary>Whether it meets it, without telling why not.</summary>
    private bool Meets(NodeItem node, Profile profile)
    {
        _trials++;
        var before = _faults;
        var meets = Whole(node, profile);
        _faults = before;
        _trials--;
        return meets;
    }

    /// <summary>A value against what a profile says of its element: the value itself, then its children.</summary>
    private void Element(NodeItem node, ProfileElement element, Profile profile)
    {
        _steps--;
        if (IsExhausted)
        {
            return;
        }

        Value(node, element, profile);
        Types(node, element, profile);
        foreach (var rule in element.Rules)
        {
            Rule(node, rule, profile, isRoot: ReferenceEquals(element, profile.Root));
        }

        var content = element;
        if (element.Children.Count == 0 && element.ContentPath is { } path)
        {
            content = Named(profile.Root, path) ?? element;
        }

        foreach (var child in content.Children.Values)
        {
            List<NodeItem> values = [];
            foreach (var value in node.Nodes)
            {
                if (value.Name == child.Name)
                {
                    values.Add(value);
                }
            }

            Children(node, child, values, profile);
        }
    }

    private void Children(NodeItem parent, ProfileElement child, List<NodeItem> values, Profile profile)
    {
        // Extension.url and Resource.id have values that are no nodes of their own type here; the base validation counts them.
        Count(parent, child, values.Count, profile);
        if (values.Count == 0 && child.MustSupport && _trials == 0)
        {
            _missed.Add(child.Path);
        }

        foreach (var value in values)
        {
            Element(value, child, profile);
        }

        if (child.Slices.Count > 0)
        {
            Slices(parent, child, values, profile);
        }
    }

    private void Count(NodeItem parent, ProfileElement element, int count, Profile profile)
    {
        if (count < element.Min)
        {
            Error(parent, IssueType.Required, $"{element.Path}: at least {element.Min} needed, {count} found (profile {profile.Url}).");
        }
        else if (count > element.Max)
        {
            Error(
                parent,
                IssueType.Structure,
                element.Max == 0 ? $"{element.Path} is not allowed (profile {profile.Url})." : $"{element.Path}: at most {element.Max} allowed, {count} found (profile {profile.Url}).");
        }
    }

    private void Rule(NodeItem node, ProfileRule rule, Profile profile, bool isRoot)
    {
        if (rule.IsWarning && (!_withWarnings || _trials > 0))
        {
            return;
        }

        if (rule.Expression is null)
        {
            Warning(node, IssueType.NotSupported, $"{rule.Key} cannot be evaluated here: it uses a function that is not supported.");
            return;
        }

        var context = Context(node, isRoot);
        try
        {
            if (!rule.Expression.Holds(node, context))
            {
                Tell(node, rule.IsWarning ? IssueSeverity.Warning : IssueSeverity.Error, IssueType.Invariant, $"{rule.Key}: {rule.Human} (profile {profile.Url})");
            }
        }
        catch (FhirPathEvaluationException)
        {
            Tell(node, rule.IsWarning ? IssueSeverity.Warning : IssueSeverity.Error, IssueType.Invariant, $"{rule.Key}: {rule.Human} (This cannot be evaluated over this content.)");
        }

        _steps = context.Budget;
    }

    /// <param name="node">The focus.</param>
    /// <param name="isRoot">False where a rule is about an element: if that holds a resource, %resource is the one around it.</param>
    private FhirPathContext Context(NodeItem node, bool isRoot)
    {
        var resource = isRoot ? node : node.Parent ?? node;
        while (!resource.IsResource && resource.Parent is { } parent)
        {
            resource = parent;
        }

        return new FhirPathContext
        {
            Resource = resource,
            RootResource = resource is { Name: "contained", Parent: { } container } ? container : resource,
            IsLenient = true,
            IsPublished = true,
            Budget = Math.Max(0, _steps),
            Resolve = reference => Target(reference, node),
            ConformsTo = (item, canonical) => item is NodeItem other && Of(canonical) is { } other2 ? Meets(other, other2) : null,
            MemberOf = (item, valueSet) => item is NodeItem coded ? InValueSet(coded, valueSet) switch { Membership.Yes => true, Membership.No => false, _ => null } : null,
        };
    }

    /// <summary>The profile of a canonical URL. Behind '#' comes the element of it that is meant, as <c>Composition.section:codeA</c>.</summary>
    private Profile? Of(string canonical)
    {
        var hash = canonical.IndexOf('#', StringComparison.Ordinal);
        if (hash < 0)
        {
            return store.Find(canonical);
        }

        if (store.Find(canonical[..hash]) is not { } whole)
        {
            return null;
        }

        var at = whole.Root;
        foreach (var step in canonical[(hash + 1)..].Split('.').AsSpan(1))
        {
            var parts = step.Replace("[x]", "", StringComparison.Ordinal).Split(':', 2);
            if (!at.Children.TryGetValue(parts[0], out var child) || (parts.Length > 1 ? child.Slice(parts[1]) : child) is not { } next)
            {
                return null;
            }

            at = next;
        }

        return whole with { Type = "Element", Root = at };
    }

    /// <summary>The element at a path of the profile, such as <c>Questionnaire.item</c>.</summary>
    private static ProfileElement? Named(ProfileElement from, string path)
    {
        var at = from;
        foreach (var name in path.Split('.').AsSpan(1))
        {
            if (!at.Children.TryGetValue(name.Replace("[x]", "", StringComparison.Ordinal), out var next))
            {
                return null;
            }

            at = next;
        }

        return at;
    }

    /// <summary>One remark that names the must-support elements which are absent (R4 profiling.html#mustsupport: what that means is the guide's to say).</summary>
    public void NoteMissed()
    {
        if (_withWarnings && _missed.Count > 0)
        {
            const int MostToName = 24;
            var names = string.Join(", ", _missed.Order(StringComparer.Ordinal).Take(MostToName));
            Tell(root, IssueSeverity.Information, IssueType.Informational, $"Absent must-support elements: {names}{(_missed.Count > MostToName ? " and others" : "")}.");
        }
    }

    private void Error(NodeItem node, IssueType type, string message) => Tell(node, IssueSeverity.Error, type, message);

    private void Warning(NodeItem node, IssueType type, string message)
    {
        if (_withWarnings)
        {
            Tell(node, IssueSeverity.Warning, type, message);
        }
    }

    private void Tell(NodeItem node, IssueSeverity severity, IssueType type, string message)
    {
        _faults += severity == IssueSeverity.Error ? 1 : 0;
        var isAdvice = severity is IssueSeverity.Warning or IssueSeverity.Information;
        if (_trials == 0 && issues.Count < ResourceValidator.MaxIssues && !(isAdvice && _advice >= ResourceValidator.MaxAdvice))
        {
            var issue = new ValidationIssue(severity, type, message, NodePlace.Of(node));
            if (!issues.Contains(issue))
            {
                issues.Add(isAdvice && ++_advice == ResourceValidator.MaxAdvice ? ResourceValidator.MoreAdvice(issue.Location) : issue);
            }
        }
    }
}
