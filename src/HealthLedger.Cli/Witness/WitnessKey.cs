using System.Text;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Witness;

/// <summary>A witness's signing key in a file that its owner alone may read: one line, the form of Go's sumdb/note with key type 4.</summary>
internal static class WitnessKey
{
    private const int MaxBytes = 4096;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a key and writes it; the public half.</summary>
    /// <exception cref="UsageException">The name is not one, or the file exists or cannot be written.</exception>
    public static NoteVerifier Create(string name, string path)
    {
        try
        {
            using var signer = new NoteSigner(name, NoteKeyType.Cosignature, Ed25519PrivateKey.Generate());
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            using var file = new FileStream(path, options);
            file.Write(Encoding.UTF8.GetBytes(signer.ExportSigningKey() + "\n"));
            file.Flush(flushToDisk: true);
            return signer.Verifier;
        }
        catch (ArgumentException)
        {
            throw new UsageException("--name: a key's name has 1 to 256 characters without blanks and '+', such as witness.example.org/w1.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--out: {e.Message}");
        }
    }

    /// <summary>Reads a key.</summary>
    /// <exception cref="UsageException">The file cannot be read, is open to others, or holds no cosigner's key.</exception>
    public static NoteSigner Read(string path)
    {
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0)
            {
                throw new UsageException($"--key: {path} is open to others than its owner; chmod 600 it.");
            }

            using var file = File.OpenRead(path);
            var bytes = new byte[Math.Min(file.Length, MaxBytes)];
            file.ReadExactly(bytes);
            if (NoteSigner.Parse(Encoding.UTF8.GetString(bytes).TrimEnd('\n')).TryGet(out var signer, out var fault))
            {
                return signer.Verifier.Type == NoteKeyType.Cosignature ? signer : throw new UsageException($"--key: {path} holds a log's key, not a witness's.");
            }

            throw new UsageException($"--key: {path}: {fault.Detail}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--key: {e.Message}");
        }
    }
}
