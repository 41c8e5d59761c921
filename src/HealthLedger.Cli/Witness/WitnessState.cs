using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Cli.Verify;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Cli.Witness;

/// <summary>
/// What a witness remembers, one file for each log: the checkpoint that it cosigned last, as the signed note that it is, named by the hex of the origin's
/// SHA-256. Beside it, with <c>.refused</c>, a checkpoint whose replay showed that the log broke its rules. Held by one process. Not safe for several threads.
/// </summary>
internal sealed class WitnessState : IDisposable
{
    private readonly string directory;
    private readonly NoteVerifier witness;
    private readonly FileStream held;
    private readonly Dictionary<string, (Checkpoint Checkpoint, byte[] Note)> last = new(StringComparer.Ordinal);

    private WitnessState(string directory, NoteVerifier witness, FileStream held) => (this.directory, this.witness, this.held) = (directory, witness, held);

    /// <summary>Takes the directory, which is made where it is missing.</summary>
    /// <param name="directory">The state directory.</param>
    /// <param name="witness">The witness's own key: it must have cosigned what is recorded.</param>
    /// <param name="logs">The logs whose records are read.</param>
    /// <exception cref="UsageException">Another process holds it, or what it holds was not written by this witness.</exception>
    public static WitnessState Open(string directory, NoteVerifier witness, IEnumerable<NoteVerifier> logs)
    {
        FileStream? held = null;
        try
        {
            Directory.CreateDirectory(directory);
            held = new FileStream(Path.Combine(directory, "LOCK"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            var state = new WitnessState(directory, witness, held);
            foreach (var origin in logs.Select(log => log.Name).Distinct(StringComparer.Ordinal))
            {
                state.Load(origin);
            }

            return state;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            throw new UsageException($"--state: {e.Message}");
        }
        catch
        {
            held?.Dispose();
            throw;
        }
    }

    /// <summary>The name of a log's file, and of its place in the monitoring URL.</summary>
    public static string NameOf(string origin) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(origin)));

    /// <summary>The checkpoint cosigned last; null for a log that was never cosigned.</summary>
    public Checkpoint? Last(string origin) => last.TryGetValue(origin, out var recorded) ? recorded.Checkpoint : null;

    /// <summary>The note cosigned last, by the name of its file; null where there is none.</summary>
    public byte[]? Note(string name) => last.Where(each => NameOf(each.Key) == name).Select(each => each.Value.Note).FirstOrDefault();

    /// <summary>True where the log was found to break its rules: nothing of it is cosigned until somebody looked into it and removed the file.</summary>
    public bool IsRefused(string origin) => File.Exists(RefusedPath(origin));

    /// <summary>Where the evidence of a refusal lies.</summary>
    public string RefusedPath(string origin) => Path.Combine(directory, NameOf(origin) + ".refused");

    /// <summary>Records a cosigned checkpoint; returns when it is durable.</summary>
    /// <exception cref="IOException">It could not be made durable: the cosignature must not leave.</exception>
    public void Record(Checkpoint checkpoint, SignedNote cosigned)
    {
        var note = cosigned.ToBytes();
        Replace(Path.Combine(directory, NameOf(checkpoint.Origin)), note);
        last[checkpoint.Origin] = (checkpoint, note);
    }

    /// <summary>Keeps a log's signed checkpoint as evidence against it.</summary>
    public void Refuse(string origin, SignedNote evidence) => Replace(RefusedPath(origin), evidence.ToBytes());

    /// <summary>Keeps how far a log was replayed; a crash leaves the earlier one or this one.</summary>
    /// <exception cref="IOException">It could not be written: the next start replays more.</exception>
    public void Keep(string origin, ReplaySnapshot snapshot) => Replace(ReplayPath(origin), snapshot.Write);

    /// <summary>How far a log was replayed; null where that is not known, or not as this witness would have written it.</summary>
    public ReplaySnapshot? Replayed(string origin)
    {
        try
        {
            using var file = new BufferedStream(File.OpenRead(ReplayPath(origin)), 1 << 16);
            return ReplaySnapshot.Read(file, origin, witness);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The successions of a log's key as they were given last; null where none were.</summary>
    /// <exception cref="UsageException">The file is there and cannot be read.</exception>
    public SuccessionFile? Successions(string origin) => File.Exists(SuccessionsPath(origin)) ? SuccessionOptions.Read(SuccessionsPath(origin)) : null;

    /// <summary>Keeps them, durably.</summary>
    public void Keep(string origin, SuccessionFile successions) => Replace(SuccessionsPath(origin), successions.ToJson());

    public void Dispose() => held.Dispose();

    private string SuccessionsPath(string origin) => Path.Combine(directory, NameOf(origin) + ".successions");

    private string ReplayPath(string origin) => Path.Combine(directory, NameOf(origin) + ".replay");

    private void Load(string origin)
    {
        var path = Path.Combine(directory, NameOf(origin));
        if (!File.Exists(path))
        {
            return;
        }

        var bytes = File.ReadAllBytes(path);
        if (!SignedNote.Parse(bytes).TryGet(out var note, out _) || !note.Verify([witness]).IsValid
            || !Checkpoint.Parse(note.Text).TryGet(out var checkpoint, out _) || checkpoint.Origin != origin)
        {
            throw new UsageException($"--state: {path} is damaged, or was not written with this key. A witness that forgets what it cosigned can be made to sign two histories: restore the file.");
        }

        last[origin] = (checkpoint, bytes);
    }

    private void Replace(string path, byte[] content) => Replace(path, file => file.Write(content));

    private void Replace(string path, Action<Stream> write)
    {
        var fresh = path + ".new";
        using (var file = new FileStream(fresh, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
        {
            write(file);
            file.Flush(flushToDisk: true);
        }

        File.Move(fresh, path, overwrite: true);
        if (!OperatingSystem.IsWindows())
        {
            FlushDirectory();
        }
    }

    /// <summary>A renamed file is durable under its new name once its directory is flushed, which the framework cannot open.</summary>
    private void FlushDirectory()
    {
        var descriptor = Posix.Open(directory, 0, 0);
        var flushed = descriptor >= 0 && Posix.Flush(descriptor) == 0;
        var error = Marshal.GetLastPInvokeError();
        if (descriptor >= 0)
        {
            _ = Posix.Close(descriptor);
        }

        if (!flushed)
        {
            throw new IOException($"The state directory could not be flushed (error {error}).");
        }
    }

    private static class Posix
    {
        [DllImport("libc", EntryPoint = "open", SetLastError = true)]
        public static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, int mode);

        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        public static extern int Flush(int descriptor);

        [DllImport("libc", EntryPoint = "close", SetLastError = true)]
        public static extern int Close(int descriptor);
    }
}
