using System.Text;
using HealthLedger.Sealing;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Vault;

/// <summary>
/// Which patients there are: one sealed row for each, opened at first use and then held in memory, about 150 bytes a patient (docs/threats.md says so).
/// Safe for concurrent use.
/// </summary>
/// <remarks>A row's content: <c>format u8 = 1 | patient id</c>.</remarks>
public sealed class PatientDirectory
{
    private const byte Format = 1;
    private const int PageSize = 1000;
    private readonly IVaultStore store;
    private readonly RowSealer sealer;
    private readonly PinnedSecret names;
    private readonly PinnedSecret tenantKey;
    private readonly SemaphoreSlim loading = new(1);
    private readonly Lock gate = new();
    private readonly HashSet<string> known = [];
    private readonly HashSet<string> erased = [];
    private string[] ids = [];
    private int count;
    private bool loaded;

    internal PatientDirectory(IVaultStore store, RowSealer sealer, PinnedSecret names, PinnedSecret tenantKey)
    {
        this.store = store;
        this.sealer = sealer;
        this.names = names;
        this.tenantKey = tenantKey;
    }

    /// <summary>The ids of all patients with a committed shelf, in no particular order: a view that stays as it is.</summary>
    /// <exception cref="TamperedRecordException">A stored row does not open.</exception>
    public async ValueTask<ReadOnlyMemory<string>> PatientIds(CancellationToken cancellation)
    {
        if (!Volatile.Read(ref loaded))
        {
            await Load(cancellation);
        }

        lock (gate)
        {
            return ids.AsMemory(0, count);
        }
    }

    /// <summary>The patients as storage has them now, by ascending row.</summary>
    /// <param name="after">The last row of the page before; null for the first.</param>
    /// <param name="max">How many at most.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <returns>Each row with the patient's id; null where it does not open.</returns>
    internal async ValueTask<IReadOnlyList<(RowPlace Place, string? PatientId)>> ReadPage(KeyedName? after, int max, CancellationToken cancellation) =>
        [.. (await store.ReadPage(VaultTable.Patient, default, after, max, cancellation)).Select(row => (row.Place, Read(row)))];

    /// <summary>The row of a new patient.</summary>
    internal RowChange Change(string patientId)
    {
        var place = new RowPlace(VaultTable.Patient, default, KeyedName.Of(names.Span, "patient", patientId));
        return new RowChange(place, sealer.Seal(tenantKey.Span, place, 0, [Format, .. Encoding.UTF8.GetBytes(patientId)]));
    }

    /// <summary>Takes note of a committed patient. Before the first use there is nothing to note: the row will be read.</summary>
    internal void Committed(string patientId)
    {
        lock (gate)
        {
            erased.Remove(patientId);
            Add(patientId);
        }
    }

    /// <summary>The row of a patient who is erased.</summary>
    internal RowChange Removal(string patientId) => new(new RowPlace(VaultTable.Patient, default, KeyedName.Of(names.Span, "patient", patientId)), default);

    /// <summary>Takes note of a committed erasure. A row that is being read meanwhile does not bring the patient back.</summary>
    internal void Erased(string patientId)
    {
        lock (gate)
        {
            erased.Add(patientId);
            if (known.Remove(patientId))
            {
                ids = [.. ids.Take(count).Where(id => id != patientId)]; // views given out keep the old array
                count = ids.Length;
            }
        }
    }

    private async Task Load(CancellationToken cancellation)
    {
        await loading.WaitAsync(cancellation);
        try
        {
            KeyedName? after = null;
            while (!loaded && await store.ReadPage(VaultTable.Patient, default, after, PageSize, cancellation) is { Count: > 0 } page)
            {
                foreach (var row in page)
                {
                    Open(row);
                }

                after = page[^1].Place.Row;
            }

            Volatile.Write(ref loaded, true);
        }
        finally
        {
            loading.Release();
        }
    }

    private void Open(RowChange row)
    {
        var patientId = Read(row) ?? throw new TamperedRecordException(row.Place, "a patient's row in the directory does not open");
        lock (gate)
        {
            Add(patientId);
        }
    }

    private string? Read(RowChange row)
    {
        using var opened = sealer.Open(tenantKey.Span, row.Place, 0, row.Sealed.Span);
        return opened is null || opened.Length < 2 || opened.Memory.Span[0] != Format ? null : Encoding.UTF8.GetString(opened.Memory.Span[1..]);
    }

    private void Add(string patientId)
    {
        if (erased.Contains(patientId) || !known.Add(patientId))
        {
            return;
        }

        if (count == ids.Length)
        {
            Array.Resize(ref ids, Math.Max(16, 2 * ids.Length)); // views given out keep the old array
        }

        ids[count++] = patientId;
    }
}
