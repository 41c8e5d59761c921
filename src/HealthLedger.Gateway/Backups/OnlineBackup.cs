using HealthLedger.Access;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Ledger;
using HealthLedger.Sqlite.Smart;

namespace HealthLedger.Gateway.Backups;

/// <summary>Why no backup was made.</summary>
internal enum BackupFault
{
    NotConfigured,
    Exists,
    Busy,
    NoRoom,
    Failed,
}

/// <summary>What came of it.</summary>
internal abstract record BackupResult
{
    private BackupResult()
    {
    }

    /// <summary>It is there, whole and durable.</summary>
    public sealed record Made(BackupManifest Manifest) : BackupResult;

    /// <summary>Nothing of it is there.</summary>
    public sealed record Refused(BackupFault Fault) : BackupResult;
}

/// <summary>
/// Backups of the running gateway, one at a time, and the end of those of the keys. The order is what counts (docs/decisions/0015): the ledger holds its journal, then the vault
/// is copied, then the ledger up to a checkpoint that covers it; so the copied vault is never ahead, and the copied journal brings it forward.
/// </summary>
internal sealed class OnlineBackup(GatewayOptions options, Storage storage, TimeProvider time, ILogger<OnlineBackup> logger)
{
    /// <summary>SQLITE_FULL never comes here; ENOSPC and EDQUOT do, and ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL.</summary>
    private static readonly int[] Full = OperatingSystem.IsWindows() ? [0x70, 0x27] : [28, 122];

    /// <summary>What a backup leaves free: where it lies on the disk of the data, the ledger goes on.</summary>
    private const long Reserve = 128L << 20;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly BackupPlace? _data = options.Backups.DataPlace is { } data ? new BackupPlace(BackupKind.Data, data, storage.KeyDirectory.Tenant) : null;
    private readonly BackupPlace? _keys = options.Backups.KeysPlace is { } keys ? new BackupPlace(BackupKind.Keys, keys, storage.KeyDirectory.Tenant) : null;

    /// <summary>Makes the places usable; before anything is served.</summary>
    /// <exception cref="ConfigurationException">One cannot be used.</exception>
    public void Prepare()
    {
        foreach (var (name, place) in new[] { ("Data", _data), ("Keys", _keys) })
        {
            try
            {
                place?.Prepare();
            }
            catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
            {
                throw new ConfigurationException($"HealthLedger:Backups:{name} cannot be used as a directory: {unusable.Message}");
            }
        }
    }

    public IReadOnlyList<StoredBackup> List(BackupKind kind) => PlaceOf(kind)?.List(options.Erasure.KeyBackupDays) ?? [];

    /// <summary>A backup of the data: everything up to one checkpoint, published when this was called or later.</summary>
    public Task<BackupResult> Data(SmartDatabase people, string name, CancellationToken stopping) => Make(_data, name, DataBytes, directory =>
    {
        var created = Now();
        var data = Path.Combine(directory, "data");
        var ledger = Path.Combine(data, "ledger");
        BackupPlace.Make(data);
        BackupPlace.Make(ledger);
        BackupPlace.WriteNew(Path.Combine(data, "tenant"), File.ReadAllBytes(Path.Combine(options.DataDirectory, "tenant")));
        Published published;
        using (var copy = storage.Ledger.BeginCopy())
        {
            var applied = storage.Rows.CopyTo(Path.Combine(data, "vault.db"), stopping);
            published = copy.Write(ledger, applied, stopping);
        }

        people.CopyTo(Path.Combine(data, "smart.db"), stopping);
        return new BackupManifest(BackupKind.Data, name, storage.KeyDirectory.Tenant, created, null, published.Size, Convert.ToBase64String(published.Root.ToArray()));
    });

    /// <summary>A backup of the keys as they are now, sealed as they are, without the passphrase.</summary>
    public Task<BackupResult> Keys(string name, CancellationToken stopping) => Make(_keys, name, KeysBytes, directory =>
    {
        // Before the first file is read: what is erased from then on is gone from all backups no later than the day that the erasure states.
        var created = Now();
        var keys = Path.Combine(directory, "keys");
        BackupPlace.Make(keys);
        storage.Keys.Copy(keys, () => storage.WrappedKeys.CopyTo(Path.Combine(keys, "keys.db"), stopping));
        if (storage.Seen.Read() is { } seen)
        {
            BackupPlace.WriteNew(Path.Combine(keys, Ledger.SeenCheckpoint.FileName), seen);
        }

        return new BackupManifest(BackupKind.Keys, name, storage.KeyDirectory.Tenant, created, created.AddDays(options.Erasure.KeyBackupDays), null, null);
    });

    /// <summary>Destroys the backups of keys that are due. Complains of those that it cannot destroy or date, each time.</summary>
    /// <returns>How many were destroyed, how many are due and still there or cannot be dated, and when the next is due.</returns>
    public async Task<(int Destroyed, int Left, DateTimeOffset? Next)> DestroyDue(CancellationToken cancellation)
    {
        if (_keys is null)
        {
            return default;
        }

        await _turn.WaitAsync(cancellation);
        try
        {
            var (destroyed, left) = (0, 0);
            DateTimeOffset? next = null;
            _keys.Prepare();
            foreach (var backup in List(BackupKind.Keys))
            {
                if (backup.DeleteAfter is not { } deleteAfter)
                {
                    left++;
                    logger.LogError("In HealthLedger:Backups:Keys lies {Name}, which is no backup of this gateway's keys, or a damaged one: nobody knows when it must be gone. See to it by hand.", backup.Name);
                }
                else if (!backup.IsDue(time.GetUtcNow()))
                {
                    next = next < deleteAfter ? next : deleteAfter;
                }
                else if (Destroyed(backup.Name))
                {
                    destroyed++;
                }
                else
                {
                    left++;
                }
            }

            return (destroyed, left, next);
        }
        finally
        {
            _turn.Release();
        }
    }

    private BackupPlace? PlaceOf(BackupKind kind) => kind == BackupKind.Data ? _data : _keys;

    private bool Destroyed(string name)
    {
        try
        {
            _keys!.Destroy(name);
            return true;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            logger.LogError("The backup {Name} of the keys had to be gone by now and could not be destroyed ({Type}): erasures are not complete until it is. Destroy it by hand.", name, failed.GetType().Name);
            return false;
        }
    }

    private async Task<BackupResult> Make(BackupPlace? place, string name, Func<long> bytes, Func<string, BackupManifest> write)
    {
        if (place is null)
        {
            return new BackupResult.Refused(BackupFault.NotConfigured);
        }

        if (!await _turn.WaitAsync(0))
        {
            return new BackupResult.Refused(BackupFault.Busy);
        }

        try
        {
            return place.Has(name) ? new BackupResult.Refused(BackupFault.Exists)
                : place.FreeBytes < bytes() + Reserve ? new BackupResult.Refused(BackupFault.NoRoom)
                : new BackupResult.Made(await Task.Run(() => place.Write(name, write)));
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            var full = failed is IOException && (Full.Contains(failed.HResult & 0xffff) || (failed.InnerException as Microsoft.Data.Sqlite.SqliteException)?.SqliteErrorCode == SQLitePCL.raw.SQLITE_FULL);
            logger.LogWarning("A backup was not made: {Type} {Place}", failed.GetType().Name, failed.StackTrace?.Split('\n').FirstOrDefault()?.Trim());
            return new BackupResult.Refused(full ? BackupFault.NoRoom : BackupFault.Failed);
        }
        finally
        {
            _turn.Release();
        }
    }

    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());

    private long DataBytes()
    {
        using var copy = storage.Ledger.BeginCopy();
        return copy.Bytes + SizeOf(options.DataDirectory, "vault.db") + SizeOf(options.DataDirectory, "smart.db");
    }

    private long KeysBytes() => SizeOf(options.KeysDirectory, "keys.db");

    /// <summary>Without the database's log, which is moved into it before it is longer than what is left free, and whose file is longer than what is in it.</summary>
    private static long SizeOf(string directory, string file) => new FileInfo(Path.Combine(directory, file)).Length;
}
