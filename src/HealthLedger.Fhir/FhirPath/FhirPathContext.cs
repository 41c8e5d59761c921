using System.Diagnostics;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>
/// What an evaluation may know besides its input: the variables, the clock, how references resolve, and how much work it may do.
/// One instance serves one evaluation, or a series over one resource; it is not thread-safe.
/// </summary>
internal sealed class FhirPathContext
{
    /// <summary>Steps (nodes visited, items compared) that one evaluation may take. The worst official expression over the largest official example takes about a tenth.</summary>
    public const int DefaultBudget = 5_000_000;

    /// <summary>How long callers' own expressions may take, all of one request together: one second, in ticks of <see cref="Stopwatch"/>.</summary>
    public static readonly long DefaultTime = Stopwatch.Frequency;

    private int _budget = DefaultBudget;
    private long? _deadline;
    private Patterns? _patterns;

    /// <summary>Steps this evaluation may take; what is left of them.</summary>
    public int Budget { get => _budget; init => _budget = value; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>%resource: the innermost resource that holds the focus.</summary>
    public Item? Resource { get; init; }

    /// <summary>%rootResource: the container where %resource is contained; otherwise the same.</summary>
    public Item? RootResource { get; init; }

    /// <summary>%context: the original input.</summary>
    public Items Original { get; set; }

    /// <summary>Finds the target of a reference outside the resource; null where nothing is known but its text.</summary>
    public Func<string, Item?>? Resolve { get; init; }

    /// <summary>Whether an item meets a profile; null where the profile is not known.</summary>
    public Func<Item, string, bool?>? ConformsTo { get; init; }

    /// <summary>Whether a code, Coding or CodeableConcept is in a value set; null where that cannot be told.</summary>
    public Func<Item, string, bool?>? MemberOf { get; init; }

    /// <summary>Receives trace() output; by default it goes nowhere, since traced values may be personal data.</summary>
    public Action<string, Items>? Trace { get; init; }

    /// <summary>Caller's variables by name without the percent sign.</summary>
    public IReadOnlyDictionary<string, Items>? Variables { get; init; }

    /// <summary>
    /// For R4's own expressions, which predate FHIRPath's final text: <c>as</c> accepts collections, and a System type's name (Boolean, DateTime) also means FHIR's primitive of that name.
    /// </summary>
    public bool IsLenient { get; init; }

    /// <summary>Names of elements that a type does not have end the evaluation, as does taking places of an unordered collection; otherwise they give nothing.</summary>
    public bool IsStrict { get; init; }

    /// <summary>
    /// For expressions of published definitions (invariants, search parameters, profiles of installed packages): their patterns may look around and refer back, and no deadline holds.
    /// A caller's expression never has this.
    /// </summary>
    public bool IsPublished { get; init; }

    /// <summary>When the evaluation has to end, as a timestamp of <see cref="Stopwatch"/>; without one, <see cref="DefaultTime"/> from the first step on.</summary>
    public long? Deadline { get => _deadline; init => _deadline = value; }

    /// <summary>The compiled patterns of matches() and its like. Those of a caller live as long as what holds them, so that they never fill what all share.</summary>
    public Patterns Patterns { get => IsPublished ? Patterns.Published : _patterns ??= Patterns.OfCaller(); init => _patterns = value; }

    /// <exception cref="FhirPathEvaluationException">The steps are used up, or the deadline has passed.</exception>
    public void Charge(int steps)
    {
        if ((_budget -= steps) < 0) throw new FhirPathEvaluationException("The expression takes too many steps over this input", isTooCostly: true);
        if (IsPublished) return;
        var now = Stopwatch.GetTimestamp();
        if (now > (_deadline ??= now + DefaultTime)) Exhaust();
    }

    /// <summary>Leaves no steps, so that nothing goes on with this context.</summary>
    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    public void Exhaust()
    {
        _budget = -1;
        throw new FhirPathEvaluationException("The expression takes too long over this input", isTooCostly: true);
    }
}

/// <summary>Where an expression is evaluated: its focus (also $this), and inside a loop the index and running total.</summary>
internal readonly struct Scope(Items focus, FhirPathContext context, int index = 0, Items total = default)
{
    public readonly Items Focus = focus;
    public readonly FhirPathContext Context = context;
    public readonly int Index = index;
    public readonly Items Total = total;

    public Scope On(Item item, int index) => new(new Items(item), Context, index, Total);
}
