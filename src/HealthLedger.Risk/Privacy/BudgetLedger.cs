using System.Collections.Immutable;

namespace HealthLedger.Risk.Privacy;

/// <summary>Why a run got no budget.</summary>
public enum BudgetRefusal
{
    /// <summary>At least one named patient's lifetime budget would be exceeded. Nobody is charged.</summary>
    Exhausted,

    /// <summary>A run of that id was reserved before.</summary>
    RunKnown,

    /// <summary>The ledger holds as many patients or runs as it may.</summary>
    Full,
}

/// <summary>The outcome of asking for budget.</summary>
public abstract record BudgetDecision
{
    private BudgetDecision() { }

    /// <summary><paramref name="Next"/> MUST be durable before <paramref name="Reservation"/> is used.</summary>
    public sealed record Reserved(BudgetLedger Next, BudgetReservation Reservation) : BudgetDecision;

    /// <param name="Patients">How many of the named patients' budgets would be exceeded; zero for other reasons. For the operator, not for release.</param>
    public sealed record Refused(BudgetRefusal Reason, int Patients) : BudgetDecision;
}

/// <summary>
/// What each patient's privacy has cost so far, and the right to spend more. A value: reserving gives a new ledger. There is no refund: noise that was drawn
/// may have been seen, so a run that fails after its reservation stays charged.
/// </summary>
/// <remarks>
/// Per patient a Rényi filter (Lécuyer 2021, arXiv:2103.01379; Feldman and Zrnic 2021, arXiv:2008.11193): a run is admitted while some order's accumulated
/// divergence, with the run's own, still proves the lifetime (epsilon, delta). This holds also when runs are chosen after seeing earlier results. Costs
/// do not depend on data. That a run is refused does depend on who took part before; it is told to the operator and is no part of a release.
/// </remarks>
public sealed partial class BudgetLedger
{
    public const int MostPatients = 10_000_000, MostRuns = 1_000_000;

    // Patients with the same history share one vector, so the state grows with histories, not with patients times orders.
    private readonly ImmutableDictionary<Tag32, RenyiVector> _spent;
    private readonly ImmutableHashSet<Tag32> _runs;

    private BudgetLedger(PrivacyBudget lifetime, ImmutableDictionary<Tag32, RenyiVector> spent, ImmutableHashSet<Tag32> runs)
    {
        Lifetime = lifetime;
        _spent = spent;
        _runs = runs;
    }

    /// <summary>What each patient may lose over all runs.</summary>
    public PrivacyBudget Lifetime { get; }

    public int Patients => _spent.Count;

    public int Runs => _runs.Count;

    /// <summary>A ledger in which nobody has been charged.</summary>
    public static BudgetLedger Empty(PrivacyBudget lifetime)
    {
        ArgumentNullException.ThrowIfNull(lifetime);
        return new BudgetLedger(lifetime, ImmutableDictionary<Tag32, RenyiVector>.Empty, ImmutableHashSet<Tag32>.Empty);
    }

    /// <summary>Charges <paramref name="cost"/> to every named patient, or to none.</summary>
    /// <param name="cost">Of the run as a whole to one patient, at the standard orders.</param>
    public BudgetDecision Reserve(RunId run, IReadOnlyCollection<PrivacyAccount> patients, RenyiVector cost)
    {
        ArgumentNullException.ThrowIfNull(patients);
        ArgumentNullException.ThrowIfNull(cost);
        if (!cost.Orders.SequenceEqual(RenyiOrders.Standard.Span)) throw new ArgumentException("The cost is not at the standard orders.", nameof(cost));
        if (_runs.Contains(run.Tag)) return new BudgetDecision.Refused(BudgetRefusal.RunKnown, 0);
        if (_runs.Count >= MostRuns) return new BudgetDecision.Refused(BudgetRefusal.Full, 0);

        var charged = new Dictionary<RenyiVector, (RenyiVector After, bool Exceeds)>(ReferenceEqualityComparer.Instance);
        var named = new HashSet<Tag32>(patients.Count);
        var next = _spent.ToBuilder();
        var exhausted = 0;
        foreach (var patient in patients)
        {
            if (!named.Add(patient.Tag)) throw new ArgumentException("A patient is named twice.", nameof(patients));
            var before = _spent.GetValueOrDefault(patient.Tag, RenyiVector.Zero);
            if (!charged.TryGetValue(before, out var sum))
            {
                var after = before.Plus(cost);
                charged[before] = sum = (after, after.Epsilon(Lifetime.Delta).Epsilon > Lifetime.Epsilon);
            }
            if (sum.Exceeds) exhausted++;
            next[patient.Tag] = sum.After;
        }
        if (exhausted > 0) return new BudgetDecision.Refused(BudgetRefusal.Exhausted, exhausted);
        if (next.Count > MostPatients) return new BudgetDecision.Refused(BudgetRefusal.Full, 0);
        var ledger = new BudgetLedger(Lifetime, next.ToImmutable(), _runs.Add(run.Tag));
        return new BudgetDecision.Reserved(ledger, new BudgetReservation(run, named, cost));
    }

    /// <summary>
    /// This ledger with a charge that was made before, as the record of it tells: counted whatever the lifetime says now, for what was released stays known.
    /// </summary>
    /// <param name="cost">At the standard orders.</param>
    public BudgetLedger WithCharge(RunId run, PrivacyAccount patient, RenyiVector cost)
    {
        ArgumentNullException.ThrowIfNull(cost);
        if (!cost.Orders.SequenceEqual(RenyiOrders.Standard.Span)) throw new ArgumentException("The cost is not at the standard orders.", nameof(cost));
        var after = _spent.GetValueOrDefault(patient.Tag, RenyiVector.Zero).Plus(cost);
        return new BudgetLedger(Lifetime, _spent.SetItem(patient.Tag, after), _runs.Add(run.Tag));
    }

    /// <summary>The epsilon that a patient's runs so far amount to at the lifetime delta; zero for a patient never charged.</summary>
    public double SpentEpsilon(PrivacyAccount patient) =>
        _spent.TryGetValue(patient.Tag, out var spent) ? spent.Epsilon(Lifetime.Delta).Epsilon : 0;
}

/// <summary>The right to make one release over the patients it names, already charged. Only <see cref="BudgetLedger.Reserve"/> makes it; it works once.</summary>
public sealed class BudgetReservation
{
    private readonly HashSet<Tag32> _patients;
    private int _used;

    internal BudgetReservation(RunId run, HashSet<Tag32> patients, RenyiVector cost)
    {
        Run = run;
        _patients = patients;
        Cost = cost;
    }

    public RunId Run { get; }

    /// <summary>What each named patient was charged.</summary>
    public RenyiVector Cost { get; }

    internal bool Names(PrivacyAccount patient) => _patients.Contains(patient.Tag);

    /// <summary>Marks the reservation as used; throws when it was used before.</summary>
    internal void Use()
    {
        if (Interlocked.Exchange(ref _used, 1) != 0) throw new InvalidOperationException("This reservation has been used.");
    }
}
