using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Validation.Invariants;

namespace HealthLedger.Fhir.Validation;

/// <summary>
/// Invariants. What presence decides costs a look-up for each object; only objects with a rule left are read again, each by itself. Rules that look at the resource
/// around an element wait for the end of that resource.
/// </summary>
internal ref partial struct ResourceWalk
{
    /// <summary>Steps of FHIRPath for one text, and as many more as it has bytes. The official examples take less than one for each byte.</summary>
    private const int StepsAtLeast = 2_000_000;

    private void Rules(TypeDefinition type, ElementForm? form, long start, ulong present, bool isResource)
    {
        var undecided = (form is null ? RuleSet.Of(type) : RuleSet.Of(form)).Undecided(present);
        JsonDocument? document = null;
        NodeItem? node = null;
        foreach (var rule in undecided)
        {
            if (rule.Definition.IsWarning && !_withWarnings)
            {
                continue;
            }

            if (rule.LooksOutside && !isResource)
            {
                _hasOuterRules = true;
                continue;
            }

            document ??= Again(start);
            node ??= isResource ? NodeItem.Resource(document.RootElement) : NodeItem.Element(form!.Definition.Name, type, document.RootElement);
            Check(rule, node!, new FhirPathContext { Resource = isResource ? node : null, IsLenient = true, IsPublished = true, Budget = _steps }, start);
        }

        if (isResource && type.Name == "Bundle" && !_log.IsFull)
        {
            document ??= Again(start);
            var (log, path) = (_log, _log.Place());
            BundleLinks.Check(node ?? NodeItem.Resource(document.RootElement)!, (at, message) =>
                log.ErrorThere(path + NodePlace.Of(at)["Bundle".Length..], IssueType.Invalid, message, start));
        }

        document?.Dispose();
    }

    /// <summary>Rules on a primitive; its value is what the reader stands on.</summary>
    private void PrimitiveRules(ElementForm form)
    {
        if (form.Definition.Invariants.Count == 0 || RuleSet.Of(form) is not { IsEmpty: false } set)
        {
            return;
        }

        var reader = _reader;
        using var document = JsonDocument.ParseValue(ref reader);
        var node = NodeItem.Element(form.Definition.Name, form.Type, document.RootElement);
        foreach (var rule in set.Undecided(0))
        {
            if (!rule.Definition.IsWarning || _withWarnings)
            {
                Check(rule, node, new FhirPathContext { IsLenient = true, IsPublished = true, Budget = _steps }, _reader.TokenStartIndex);
            }
        }
    }

    /// <summary>The rules left over in a resource that has just ended.</summary>
    private void OuterRules(long start)
    {
        _hasOuterRules = false;
        using var document = Again(start);
        if (NodeItem.Resource(document.RootElement) is { } root)
        {
            OuterRules(root, root, root, start);
        }
    }

    private void OuterRules(NodeItem node, NodeItem resource, NodeItem root, long start)
    {
        string? last = null;
        var index = 0;
        foreach (var child in node.Nodes)
        {
            index = child.Name == last ? index + 1 : 0;
            last = child.Name;
            if (child.Definition is not { } definition || child.Type is not { } type)
            {
                continue;
            }

            _log.Enter(child.Name, definition.IsRepeating ? index : -1);
            if (!child.IsResource && node.Type!.Element(definition.IsChoice ? definition.Name + char.ToUpperInvariant(type.Name[0]) + type.Name[1..] : definition.Name) is { } form)
            {
                foreach (var rule in RuleSet.Of(form).Outer)
                {
                    if (!rule.Definition.IsWarning || _withWarnings)
                    {
                        Check(rule, child, new FhirPathContext { Resource = resource, RootResource = root, IsLenient = true, IsPublished = true, Budget = _steps }, start);
                    }
                }
            }

            // Resources in a Bundle's entries have had their turn.
            if (!child.IsResource || child.Name == "contained")
            {
                OuterRules(child, child.IsResource ? child : resource, root, start);
            }

            _log.Leave();
        }
    }

    private void Check(Rule rule, NodeItem node, FhirPathContext context, long offset)
    {
        var invariant = rule.Definition;
        try
        {
            // What presence leaves undecided is about content that is there: it must come out true, and to come out empty is not enough.
            if (Singles.Boolean(rule.Expression.Evaluate(node, context)) != true)
            {
                _log.Issue(invariant.IsWarning ? IssueSeverity.Warning : IssueSeverity.Error, IssueType.Invariant, $"{invariant.Key}: {invariant.Human}", offset);
            }
        }
        catch (FhirPathEvaluationException)
        {
            _log.Issue(
                invariant.IsWarning ? IssueSeverity.Warning : IssueSeverity.Error,
                context.Budget < 0 ? IssueType.TooCostly : IssueType.Invariant,
                $"{invariant.Key}: {invariant.Human} (This {(context.Budget < 0 ? "takes too many steps over this content" : "cannot be evaluated over this content")}.)",
                offset);
        }

        _steps = Math.Max(0, context.Budget);
    }

    /// <summary>The object that began there and has just ended, read again.</summary>
    private readonly JsonDocument Again(long start)
    {
        var reader = new Utf8JsonReader(_text[(int)start..(int)_reader.BytesConsumed], new JsonReaderOptions { MaxDepth = ResourceValidator.MaxDepth });
        return JsonDocument.ParseValue(ref reader);
    }
}
