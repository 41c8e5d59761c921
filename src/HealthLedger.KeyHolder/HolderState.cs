using HealthLedger.Sealing;
using HealthLedger.Vault.Keys.Holding;

namespace HealthLedger.KeyHolder;

/// <summary>The holder's directory: its <c>key</c>, the list <c>unwrapped</c>, and <c>LOCK</c> while a process holds it.</summary>
internal sealed class HolderState : IDisposable
{
    private const string KeyFile = "key";
    private const string ListFile = "unwrapped";
    private readonly FileStream held;
    private readonly PinnedSecret key;

    private HolderState(FileStream held, PinnedSecret key, UnwrapList list)
    {
        (this.held, this.key) = (held, key);
        (Keys, List) = (new HeldKeys(key), list);
    }

    public HeldKeys Keys { get; }

    public UnwrapList List { get; }

    /// <summary>Makes a new directory with a key of its own.</summary>
    /// <exception cref="UsageException">It holds a key already, or cannot be written.</exception>
    public static void Create(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            // The list before the key, whose writing makes both names durable.
            File.OpenHandle(Path.Combine(directory, ListFile), FileMode.OpenOrCreate, FileAccess.Write).Dispose();
            using var key = PinnedSecret.Random(Envelope.SecretSize);
            SecretFile.Write(Path.Combine(directory, KeyFile), key);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--state: {e.Message}");
        }
    }

    /// <summary>Takes the directory for this process.</summary>
    /// <exception cref="UsageException">There is no key, another process holds it, or its list was changed.</exception>
    public static HolderState Open(string directory, ulong oldest)
    {
        FileStream? held = null;
        PinnedSecret? key = null;
        try
        {
            held = new FileStream(Path.Combine(directory, "LOCK"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            key = SecretFile.Read(Path.Combine(directory, KeyFile));
            return new HolderState(held, key, UnwrapList.Open(Path.Combine(directory, ListFile), oldest));
        }
        catch (Exception e)
        {
            key?.Dispose();
            held?.Dispose();
            throw e is IOException or UnauthorizedAccessException or InvalidDataException ? new UsageException($"--state: {e.Message}") : e;
        }
    }

    /// <summary>Reads the list, whoever holds the directory.</summary>
    /// <exception cref="UsageException">There is none, or it was changed.</exception>
    public static (IReadOnlyList<Unwrapped> Records, string Head) ReadList(string directory)
    {
        try
        {
            return UnwrapList.Read(Path.Combine(directory, ListFile));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new UsageException($"--state: {e.Message}");
        }
    }

    public void Dispose()
    {
        List.Dispose();
        key.Dispose();
        held.Dispose();
    }
}
