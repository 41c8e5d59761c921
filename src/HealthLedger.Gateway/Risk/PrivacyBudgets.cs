using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Risk.Privacy;
using HealthLedger.Risk.Release;
using HealthLedger.Vault;

namespace HealthLedger.Gateway.Risk;

/// <summary>What became of asking for budget.</summary>
internal abstract record Charging
{
    private Charging()
    {
    }

    /// <summary>Every named patient is charged, durably, on the ledger.</summary>
    public sealed record Charged(BudgetReservation Reservation) : Charging;

    /// <summary>Nobody is charged.</summary>
    public sealed record Refused(BudgetRefusal Reason, int Patients) : Charging;

    /// <summary>The ledger takes no entries, so nothing may be drawn. Of a charge in several parts some may stand.</summary>
    public sealed record Unavailable : Charging;
}

/// <summary>
/// The patients' privacy budgets. There is no store of them but the ledger: what a patient has spent is the sum of the charges on the patient's own chain,
/// read once after a start and kept in memory, and the append of a charge is the reservation. So the two cannot disagree, and a run that breaks after its
/// charge stays charged.
/// </summary>
internal sealed class PrivacyBudgets(RecordVault vault, LedgerLog log, RunEntries entries, PrivacyAccounts accounts, PrivacyBudget lifetime) : IDisposable
{
    private const int Page = 1_000;

    // One charge at a time: the ledger's directory is held by this process alone, so nobody else charges.
    private readonly SemaphoreSlim _one = new(1);
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private BudgetLedger _spent = BudgetLedger.Empty(lifetime);

    /// <summary>What each patient may lose over all runs.</summary>
    public PrivacyBudget Lifetime => lifetime;

    /// <summary>Charges the plan's cost to every patient, or to none; on return it is on the ledger.</summary>
    /// <exception cref="InvalidDataException">A charge on a chain cannot be read. Nobody is charged.</exception>
    public async ValueTask<Charging> Charge(RunIdentity run, IReadOnlyCollection<string> patients, NoisePlan plan, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            Read(patients, cancellation);
            switch (_spent.Reserve(run.Run, [.. patients.Select(accounts.Of)], plan.Cost))
            {
                case BudgetDecision.Refused refused:
                    return new Charging.Refused(refused.Reason, refused.Patients);
                case BudgetDecision.Reserved reserved:
                    return await Append(run, patients, plan, reserved, cancellation);
                default:
                    throw new InvalidOperationException("A budget is reserved or refused.");
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>The epsilon, at the lifetime's delta, that the charges on a patient's chain amount to.</summary>
    public async ValueTask<double> Spent(string patient, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            Read([patient], cancellation);
            return _spent.SpentEpsilon(accounts.Of(patient));
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async ValueTask<Charging> Append(RunIdentity run, IReadOnlyCollection<string> patients, NoisePlan plan, BudgetDecision.Reserved reserved, CancellationToken cancellation)
    {
        var charge = BudgetCharge.Of(run.Run, plan);
        var appended = false;
        try
        {
            var after = patients.Select(p => (p, charge, reserved.Next.SpentEpsilon(accounts.Of(p))));
            appended = patients.Count == 0 || await entries.Charge(run, after, cancellation);
        }
        finally
        {
            if (!appended)
            {
                // What stands on the chains now is not known here: it is read again before the next charge.
                _read.Clear();
                _spent = BudgetLedger.Empty(lifetime);
            }
        }

        if (!appended)
        {
            return new Charging.Unavailable();
        }

        _spent = reserved.Next;
        return new Charging.Charged(reserved.Reservation);
    }

    private void Read(IEnumerable<string> patients, CancellationToken cancellation)
    {
        foreach (var patient in patients.Where(p => !_read.Contains(p)))
        {
            cancellation.ThrowIfCancellationRequested();
            if (vault.ChainOf(ShelfId.ForPatient(patient)) is { } chain)
            {
                var spent = _spent;
                foreach (var charge in ChargesOn(chain))
                {
                    spent = spent.WithCharge(charge.Run, accounts.Of(patient), charge.Cost);
                }

                _spent = spent;
            }

            _read.Add(patient);
        }
    }

    private IEnumerable<BudgetCharge> ChargesOn(EventChain chain)
    {
        var count = log.CountOf(chain);
        for (ulong from = 0; from < count; from += Page)
        {
            foreach (var each in log.EventsOf(chain, from, Page))
            {
                if (!Fact.Parse(log.OpenFact(each.Index, chain)).TryGet(out var fact, out var fault))
                {
                    throw new InvalidDataException($"Entry {each.Index} of a patient's chain cannot be read ({fault.Code}).");
                }

                if (fact[FactField.Event] == "release" && fact[FactField.Reason] == RunEntries.Charged)
                {
                    yield return BudgetCharge.Parse(fact[FactField.Evidence]);
                }
            }
        }
    }
}
