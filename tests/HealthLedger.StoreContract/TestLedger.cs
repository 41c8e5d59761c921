using System.Collections.Immutable;
using HealthLedger.Ledger;
using HealthLedger.Vault.Storage;

namespace HealthLedger.StoreContract;

/// <summary>
/// A ledger that keeps nothing but the order that the vault relies on: journal, apply, committed, appended. It can stop after the journal, as a crash would.
/// </summary>
public sealed class TestLedger(IVaultStore store) : IAppendOnly
{
    private readonly Lock gate = new();

    /// <summary>The redo bytes of every append, by the size after it.</summary>
    public List<(ulong Size, ReadOnlyMemory<byte> Redo)> Journal { get; } = [];

    /// <summary>True makes appends end as unavailable, with nothing written.</summary>
    public bool Refuses { get; set; }

    /// <summary>True makes the next append stop after the journal.</summary>
    public bool CrashesAfterJournal { get; set; }

    public ulong Size { get; private set; } = store.AppliedSize;

    public ValueTask<AppendOutcome> Append(AppendRequest request, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (Refuses)
            {
                return ValueTask.FromResult<AppendOutcome>(new AppendOutcome.Unavailable("full"));
            }

            var first = Size;
            Size += (ulong)request.Events.Length;
            if (!request.Redo.IsEmpty)
            {
                Journal.Add((Size, request.Redo));
                if (CrashesAfterJournal)
                {
                    throw new CrashException();
                }

                store.Apply(Size, [request.Redo]);
            }

            request.Committed?.Invoke();
            var indices = Enumerable.Range(0, request.Events.Length).Select(i => first + (ulong)i).ToImmutableArray();
            return ValueTask.FromResult<AppendOutcome>(new AppendOutcome.Appended(indices, Size, default));
        }
    }

    /// <summary>Applies again what a store has not applied, as a start does.</summary>
    public static void Recover(IVaultStore store, IEnumerable<(ulong Size, ReadOnlyMemory<byte> Redo)> journal)
    {
        foreach (var (size, redo) in journal)
        {
            store.Apply(size, [redo]);
        }
    }

    /// <summary>The process ended here.</summary>
    public sealed class CrashException : Exception;
}
