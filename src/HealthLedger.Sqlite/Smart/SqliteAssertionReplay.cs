using HealthLedger.Smart.Clients;

namespace HealthLedger.Sqlite.Smart;

/// <summary>Used client assertions in SQLite: a restart forgets none.</summary>
/// <param name="database">Where.</param>
/// <param name="time">Says what may be forgotten.</param>
/// <param name="capacity">The most assertions that are remembered at once.</param>
/// <param name="share">The most of one client.</param>
public sealed class SqliteAssertionReplay(
    SmartDatabase database, TimeProvider time, int capacity = SqliteAssertionReplay.DefaultCapacity, int share = SqliteAssertionReplay.DefaultShare) : IAssertionReplay
{
    /// <summary>Room for 30 tokens a second of one client, who needs one in some minutes.</summary>
    public const int DefaultShare = 10_000;

    /// <summary>Room for 600 tokens a second over five minutes; about 10 MB.</summary>
    public const int DefaultCapacity = 200_000;

    private long? count;

    /// <inheritdoc/>
    public async Task<AssertionUse> Use(ReadOnlyMemory<byte> key, DateTimeOffset forgetAfter, CancellationToken cancellationToken)
    {
        try
        {
            return await database.Run(transaction => Use(transaction, key, forgetAfter), cancellationToken);
        }
        catch
        {
            // The transaction may or may not have been kept: count anew.
            count = null;
            throw;
        }
    }

    private AssertionUse Use(SmartTransaction transaction, ReadOnlyMemory<byte> key, DateTimeOffset forgetAfter)
    {
        // Only one transaction runs at a time, so the number in memory is the table's.
        var remembered = count ?? transaction.Rows("SELECT count(*) FROM smart_assertion", row => row.GetInt64(0))[0];
        remembered -= transaction.Change("DELETE FROM smart_assertion WHERE forget_after <= $now", ("$now", time.GetUtcNow().ToUnixTimeSeconds()));
        var use = Mark(transaction, key, forgetAfter, remembered);
        count = use == AssertionUse.First ? remembered + 1 : remembered;
        return use;
    }

    private AssertionUse Mark(SmartTransaction transaction, ReadOnlyMemory<byte> key, DateTimeOffset forgetAfter, long remembered)
    {
        var bytes = key.ToArray();
        if (transaction.Rows("SELECT 1 FROM smart_assertion WHERE key = $key", row => row.GetInt64(0), ("$key", bytes)).Count > 0)
        {
            return AssertionUse.Repeated;
        }

        if (remembered >= capacity || OfClient(transaction, bytes) >= share)
        {
            return AssertionUse.Full;
        }

        transaction.Change(
            "INSERT INTO smart_assertion (key, forget_after) VALUES ($key, $until)", ("$key", bytes), ("$until", forgetAfter.ToUnixTimeSeconds()));
        return AssertionUse.First;
    }

    /// <summary>How many are remembered of the client that a key names: a range of the table, at most a share long.</summary>
    private long OfClient(SmartTransaction transaction, byte[] key)
    {
        var (from, to) = (key.ToArray(), key.ToArray());
        from.AsSpan(IAssertionReplay.ClientSize).Clear();
        to.AsSpan(IAssertionReplay.ClientSize).Fill(byte.MaxValue);
        return transaction.Rows(
            "SELECT count(*) FROM (SELECT 1 FROM smart_assertion WHERE key BETWEEN $from AND $to LIMIT $share)", row => row.GetInt64(0), ("$from", from), ("$to", to), ("$share", share))[0];
    }
}
