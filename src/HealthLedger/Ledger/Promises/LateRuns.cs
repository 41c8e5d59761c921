using System.Buffers.Binary;
using System.Security.Cryptography;
using HealthLedger.Ledger.Storage;

namespace HealthLedger.Ledger.Promises;

/// <summary>
/// Where in the ledger entries stand that were recorded late, and how early what they record happened: whoever looks for the events of a day looks there too. A file of records that is only
/// added to: <c>first entry u64 | behind the last u64, 2^64-1 while they are being recorded | Unix seconds of the earliest i64 | zeros 8 | SHA-256 of all before</c>.
/// </summary>
/// <remarks>Safe for several threads.</remarks>
internal sealed class LateRuns
{
    public const string FileName = "late";
    private const int Length = 64;
    private readonly Lock _gate = new();
    private readonly ILedgerStorage _storage;
    private readonly List<Run> _runs = [];

    private LateRuns(ILedgerStorage storage) => _storage = storage;

    /// <summary>Reads what is stored.</summary>
    /// <exception cref="LedgerRefusesToStartException">The file is damaged.</exception>
    public static LateRuns Open(ILedgerStorage storage)
    {
        var runs = new LateRuns(storage);
        if (!storage.List().Contains(FileName))
        {
            return runs;
        }

        using var file = storage.Open(FileName);
        var record = new byte[Length];
        for (long at = 0; at < file.Length; at += Length)
        {
            if (file.Read(record, at) != Length || !SHA256.HashData(record.AsSpan(0, 32)).AsSpan().SequenceEqual(record.AsSpan(32)))
            {
                // The last one may be torn: its entries were not begun.
                if (at + Length >= file.Length)
                {
                    break;
                }

                throw new LedgerRefusesToStartException("The file that says which entries were recorded late is damaged.", $"Restore {FileName} in the ledger's directory from a backup.");
            }

            runs._runs.Add(new Run(
                BinaryPrimitives.ReadUInt64BigEndian(record), BinaryPrimitives.ReadUInt64BigEndian(record.AsSpan(8)),
                DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(record.AsSpan(16)))));
        }

        return runs;
    }

    /// <summary>Says, durably, that from here on come entries of what happened since <paramref name="earliest"/>. A run that was broken off goes on.</summary>
    public void Begin(ulong first, DateTimeOffset earliest)
    {
        lock (_gate)
        {
            if (_runs is not [.., { Behind: ulong.MaxValue } open])
            {
                Write(_runs.Count, new Run(first, ulong.MaxValue, earliest));
            }
            else if (earliest < open.Earliest)
            {
                Write(_runs.Count - 1, open with { Earliest = earliest });
            }
        }
    }

    /// <summary>The run ends here.</summary>
    public void End(ulong behind)
    {
        lock (_gate)
        {
            if (_runs is [.., { Behind: ulong.MaxValue } open])
            {
                Write(_runs.Count - 1, open with { Behind = behind });
            }
        }
    }

    /// <summary>Behind the last entry that may record, late, what happened at or before an instant; 0 where none does.</summary>
    public ulong BehindOf(DateTimeOffset until)
    {
        lock (_gate)
        {
            return _runs.Where(run => run.Earliest <= until).Select(run => run.Behind).DefaultIfEmpty().Max();
        }
    }

    /// <summary>The file's bytes; null where there is none.</summary>
    public byte[]? File()
    {
        lock (_gate)
        {
            return _runs.Count == 0 ? null : [.. _runs.SelectMany(ToBytes)];
        }
    }

    private void Write(int at, Run run)
    {
        using var file = _storage.Open(FileName);
        file.Write(ToBytes(run), (long)at * Length);
        file.Flush();
        _storage.FlushDirectory();
        if (at == _runs.Count)
        {
            _runs.Add(run);
        }
        else
        {
            _runs[at] = run;
        }
    }

    private static byte[] ToBytes(Run run)
    {
        var record = new byte[Length];
        BinaryPrimitives.WriteUInt64BigEndian(record, run.First);
        BinaryPrimitives.WriteUInt64BigEndian(record.AsSpan(8), run.Behind);
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(16), run.Earliest.ToUnixTimeSeconds());
        SHA256.HashData(record.AsSpan(0, 32), record.AsSpan(32));
        return record;
    }

    private readonly record struct Run(ulong First, ulong Behind, DateTimeOffset Earliest);
}
