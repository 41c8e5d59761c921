using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Verify;

/// <summary>The last checkpoint that verified, kept as the signed note that it was: any transparency-log tool can read the file.</summary>
internal static class RememberedCheckpoint
{
    /// <summary>The remembered checkpoint, verified again; null where the file does not exist yet.</summary>
    /// <exception cref="UsageException">The file holds something else, or a checkpoint that the pinned key did not sign.</exception>
    public static VerifiedCheckpoint? Read(string path, LogPolicy policy)
    {
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            using var file = File.OpenRead(path);
            var note = new byte[Math.Min(file.Length, SignedNote.MaxBytes + 1)];
            file.ReadExactly(note);
            return CheckpointVerification.Verify(note, policy).TryGet(out var verified, out var fault)
                ? verified
                : throw new UsageException($"{path} does not hold a checkpoint under this key: {fault.Detail}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path} cannot be read: {e.Message}");
        }
    }

    /// <summary>Replaces the file in one step, so that a crash leaves the old one or the new one.</summary>
    /// <exception cref="UsageException">It cannot be written.</exception>
    public static void Write(string path, byte[] note)
    {
        var fresh = path + ".new";
        try
        {
            using (var file = new FileStream(fresh, FileMode.Create, FileAccess.Write))
            {
                file.Write(note);
                file.Flush(flushToDisk: true);
            }

            File.Move(fresh, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path} cannot be written: {e.Message}");
        }
    }
}
