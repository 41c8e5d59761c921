using System.Collections.Concurrent;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Validation.Invariants;

/// <summary>One invariant, compiled.</summary>
/// <param name="Definition">The invariant.</param>
/// <param name="Expression">Its expression.</param>
/// <param name="LooksOutside">True where it looks at the resource around its focus: it can be evaluated only there.</param>
internal sealed record Rule(InvariantDefinition Definition, FhirPathExpression Expression, bool LooksOutside);

/// <summary>
/// The invariants of a type where it stands, compiled once. Left out are those that the walk checks itself: an element has content (ele-1), an extension has a value or
/// extensions (ext-1), contained resources contain none, are referred to and are found (dom-2, dom-3, ref-1), narrative is safe (txt-1, txt-2).
/// </summary>
internal sealed class RuleSet
{
    private static readonly HashSet<string> CheckedByTheWalk = new(StringComparer.Ordinal) { "ele-1", "ext-1", "dom-2", "dom-3", "ref-1", "txt-1", "txt-2" };

    /// <summary>Where the published expression does not say what its words say. que-12: "if there are more than one enableWhen".</summary>
    private static readonly Dictionary<string, string> Errata = new(StringComparer.Ordinal)
    {
        ["que-12"] = "enableWhen.count() > 1 implies enableBehavior.exists()",
    };

    private static readonly ConcurrentDictionary<InvariantDefinition, Rule> Compiled = new();
    private static readonly ConcurrentDictionary<TypeDefinition, RuleSet> OfTypes = new();
    private static readonly ConcurrentDictionary<ElementForm, RuleSet> OfForms = new();

    private readonly TypeDefinition _type;
    private readonly Rule[] _rules;
    private readonly Rule[] _outer;

    // Objects of one type have few different sets of elements; what is undecided for a set is worked out once.
    private readonly ConcurrentDictionary<ulong, Rule[]> _undecided = new();

    private RuleSet(TypeDefinition type, IEnumerable<InvariantDefinition> invariants)
    {
        _type = type;
        _rules = [.. invariants.Where(i => !CheckedByTheWalk.Contains(i.Key)).Select(i => Compiled.GetOrAdd(i, Compile))];
        _outer = Array.FindAll(_rules, r => r.LooksOutside);
    }

    /// <summary>Those that look at the resource around their focus.</summary>
    public Rule[] Outer => _outer;

    public bool IsEmpty => _rules.Length == 0;

    /// <summary>Those of a resource.</summary>
    public static RuleSet Of(TypeDefinition resource) => OfTypes.GetOrAdd(resource, t => new RuleSet(t, t.Invariants));

    /// <summary>Those of an element's value: its type's, and the element's own. An element that repeats another's content keeps that one's.</summary>
    public static RuleSet Of(ElementForm form) => OfForms.GetOrAdd(form, f =>
        new RuleSet(f.Type, f.Type.Invariants.Concat(f.Definition.Invariants).Concat(Origin(f.Type)?.Invariants ?? []).DistinctBy(i => i.Key)));

    /// <summary>The rules that may be broken where these elements are present: a rule that presence alone meets is left out.</summary>
    public Rule[] Undecided(ulong present)
    {
        if (_rules.Length == 0)
        {
            return [];
        }

        if (_undecided.TryGetValue(present, out var known))
        {
            return known;
        }

        var rules = Array.FindAll(_rules, r => Presence.Decide(r.Expression.Root, _type, present) is Presence.Truth.Unknown or Presence.Truth.False);
        rules = rules.Length == 0 ? [] : rules;
        // A sender chooses which elements are present: the memory of sets is limited.
        if (_undecided.Count < 256)
        {
            _undecided.TryAdd(present, rules);
        }

        return rules;
    }

    /// <summary>The element that a backbone type is the content of.</summary>
    private static ElementDefinition? Origin(TypeDefinition type)
    {
        if (type.Kind != TypeKind.Backbone || type.Name.LastIndexOf('.') is not (> 0 and var dot))
        {
            return null;
        }

        return FhirDefinitions.R4.Type(type.Name[..dot])?.ElementNamed(type.Name[(dot + 1)..]);
    }

    private static Rule Compile(InvariantDefinition invariant)
    {
        var expression = FhirPathExpression.Parse(Errata.GetValueOrDefault(invariant.Key, invariant.Expression));
        return new Rule(invariant, expression, LooksOutside(expression.Root));
    }

    private static bool LooksOutside(Expr? expression) => expression switch
    {
        null => false,
        ExternalExpr external => external.Name is "resource" or "rootResource",
        CallExpr call => call.Name == "resolve" || LooksOutside(call.Target) || Array.Exists(call.Arguments, LooksOutside),
        MemberExpr member => LooksOutside(member.Target),
        IndexerExpr indexer => LooksOutside(indexer.Target) || LooksOutside(indexer.Index),
        TypeExpr type => LooksOutside(type.Target),
        PolarityExpr polarity => LooksOutside(polarity.Operand),
        BinaryExpr binary => LooksOutside(binary.Left) || LooksOutside(binary.Right),
        UnionExpr union => LooksOutside(union.Left) || LooksOutside(union.Right),
        LogicExpr logic => LooksOutside(logic.Left) || LooksOutside(logic.Right),
        _ => false,
    };
}
