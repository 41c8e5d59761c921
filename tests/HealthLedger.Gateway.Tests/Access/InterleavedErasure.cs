using HealthLedger.Access;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace HealthLedger.Gateway.Tests.Access;

/// <summary>
/// A vault and a disclosure road of their own over a gateway's files, whose every wait for storage, for keys or for the ledger is counted, before and after: at the one that is chosen the patient is
/// erased. An erasure that has to wait for the reading itself, because both need the same shelf, goes on beside it.
/// </summary>
internal sealed class InterleavedErasure : IDisposable
{
    private static readonly Caller Operator = new() { ClientId = "operator", Role = CallerRole.Operator, Purposes = [PurposeOfUse.Operations], Scopes = [], MayOperate = true };
    private static readonly TimeSpan Stuck = TimeSpan.FromMilliseconds(250);
    private readonly LedgerLog _ledger;
    private readonly RecordVault _vault;
    private readonly RecordErasure _erasure;
    private readonly string _patient;
    private Task<ErasureResult>? _erased;
    private int _left;
    private bool _isArmed, _isRecorded;

    public InterleavedErasure(TestGateway gateway, string patient)
    {
        var storage = gateway.Host.Storage;
        (_ledger, _patient) = (storage.Ledger, patient);
        _vault = new RecordVault(storage.Keys, new Holder(this, new LocalKeyHolder(storage.Keys)), new Store(this, storage.Rows), new VaultOptions());
        var (policy, receipts, time) = (gateway.Host.Services.GetRequiredService<AccessPolicy>(), gateway.Host.Services.GetRequiredService<ReceiptIds>(), TimeProvider.System);
        Disclosure = new Disclosure(_vault, new Log(this), new ConsentStates(_vault, _ledger), policy, receipts, time);
        _erasure = new RecordErasure(_vault, _ledger, receipts, time);
    }

    public Disclosure Disclosure { get; }

    /// <summary>True where the reading stood on the ledger before the erasure began.</summary>
    public bool WasRecordedBefore { get; private set; }

    /// <summary>Erases at this wait from now on, the first being 1.</summary>
    public void EraseAt(int point) => (_left, _isArmed) = (point, true);

    /// <summary>Waits for the erasure's end; false where the reading ended before its turn came.</summary>
    public async Task<bool> HasErased()
    {
        if (_erased is null)
        {
            _isArmed = false;
            return false;
        }

        Assert.IsType<ErasureResult.Erased>(await _erased);
        return true;
    }

    /// <summary>Erases now.</summary>
    public async Task Erase() => Assert.IsType<ErasureResult.Erased>(await _erasure.Erase(Operator, "e", _patient, "patient-request", default));

    /// <summary>What stands on the chain of the erased.</summary>
    public IReadOnlyList<Fact> Facts()
    {
        var chain = _vault.Erasures.ChainOf(_vault.Erasures.All.Single(erasure => erasure.Mark == ((ErasureResult.Erased)_erased!.Result).Erasure.Mark))!;
        return [.. _ledger.EventsOf(chain, 0, 1000).Select(e => Fact.Parse(_ledger.OpenFact(e.Index, chain)).Value)];
    }

    public void Dispose() => _vault.Dispose();

    private async ValueTask Point()
    {
        if (_isArmed && Interlocked.Decrement(ref _left) == 0)
        {
            WasRecordedBefore = _isRecorded;
            _erased = Task.Run(async () => await _erasure.Erase(Operator, "e", _patient, "patient-request", default));
            await Task.WhenAny(_erased, Task.Delay(Stuck));
        }
    }

    private async ValueTask<T> Around<T>(Func<ValueTask<T>> wait)
    {
        await Point();
        var result = await wait();
        await Point();
        return result;
    }

    private sealed class Log(InterleavedErasure world) : IAppendOnly
    {
        public ValueTask<AppendOutcome> Append(AppendRequest request, CancellationToken cancellation) => world.Around(async () =>
        {
            var outcome = await world._ledger.Append(request, cancellation);
            world._isRecorded = world._isArmed && outcome is AppendOutcome.Appended;
            return outcome;
        });
    }

    private sealed class Holder(InterleavedErasure world, IKeyHolder inner) : IKeyHolder
    {
        public ValueTask<IReadOnlyList<MadeKey>> Make(IReadOnlyList<ShelfId> shelves, CancellationToken cancellation) => inner.Make(shelves, cancellation);

        public ValueTask<EnvelopeKeys> Unwrap(Recorded<AccessEntry> entry, IReadOnlyList<SealedVersion> versions, CancellationToken cancellation) =>
            world.Around(() => inner.Unwrap(entry, versions, cancellation));

        public ValueTask<EnvelopeKeys> UnwrapToSeal(IReadOnlyList<SealingUse> uses, CancellationToken cancellation) => inner.UnwrapToSeal(uses, cancellation);

        public ValueTask<EnvelopeKeys> UnwrapToIndex(SealedVersion version, CancellationToken cancellation) => inner.UnwrapToIndex(version, cancellation);
    }

    /// <summary>The gateway's rows. What is applied reaches them through the ledger.</summary>
    private sealed class Store(InterleavedErasure world, IVaultStore inner) : IVaultStore
    {
        public ulong AppliedSize => inner.AppliedSize;

        public void Apply(ulong size, IReadOnlyList<ReadOnlyMemory<byte>> redo) => inner.Apply(size, redo);

        public void Erase(IReadOnlyList<RowPlace> places) => inner.Erase(places);

        public ValueTask<StoredRow?> Read(RowPlace place, CancellationToken cancellation) => world.Around(() => inner.Read(place, cancellation));

        public ValueTask<IReadOnlyList<StoredRow?>> Read(IReadOnlyList<RowPlace> places, CancellationToken cancellation) => world.Around(() => inner.Read(places, cancellation));

        public ValueTask<IReadOnlyList<RowChange>> ReadPage(VaultTable table, KeyedName shelf, KeyedName? after, int limit, CancellationToken cancellation) =>
            world.Around(() => inner.ReadPage(table, shelf, after, limit, cancellation));

        public ValueTask<IReadOnlyList<RowChange>> ReadHeadAndSegments(KeyedName shelf, CancellationToken cancellation) => world.Around(() => inner.ReadHeadAndSegments(shelf, cancellation));

        public void Dispose()
        {
        }
    }
}
