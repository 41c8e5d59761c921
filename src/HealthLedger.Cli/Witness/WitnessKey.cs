using System.Text;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Witness;

/// <summary>A witness's signing key in a file that its owner alone may read: one line, the form of Go's sumdb/note with key type 4 or 6.</summary>
internal static class WitnessKey
{
    /// <summary>As <c>--type</c> names them.</summary>
    public const string Ed25519 = "ed25519";

    /// <summary>As <c>--type</c> names them.</summary>
    public const string MlDsa44 = "ml-dsa-44";

    private const int MaxBytes = 4096;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a key and writes it; the public half.</summary>
    /// <param name="name">The witness's name.</param>
    /// <param name="path">The file, which must not exist.</param>
    /// <param name="type"><see cref="Ed25519"/> or <see cref="MlDsa44"/>.</param>
    /// <exception cref="UsageException">The name is not one, the file exists or cannot be written, or the platform has no such keys.</exception>
    public static NoteVerifier Create(string name, string path, string type = Ed25519)
    {
        if (type is not (Ed25519 or MlDsa44))
        {
            throw new UsageException($"--type: a witness's key is {Ed25519} or {MlDsa44}.");
        }

        try
        {
            using var signer = type == MlDsa44 ? new NoteSigner(name, MlDsa44PrivateKey.Generate()) : new NoteSigner(name, NoteKeyType.Cosignature, Ed25519PrivateKey.Generate());
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
        catch (PlatformNotSupportedException missing)
        {
            throw new UsageException($"--type: {missing.Message}");
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

    /// <summary>Reads a witness's keys: one Ed25519 key, which comes first, and at most one ML-DSA-44 key of the same name.</summary>
    /// <exception cref="UsageException">A file is refused as <see cref="Read"/> does, or these are not the keys of one witness.</exception>
    public static IReadOnlyList<NoteSigner> Read(IEnumerable<string> paths)
    {
        var signers = new List<NoteSigner>();
        try
        {
            foreach (var path in paths)
            {
                signers.Add(Read(path));
            }

            signers.Sort((one, other) => one.Verifier.Type.CompareTo(other.Verifier.Type));
            return signers.Select(each => each.Verifier.Type).ToList() is [NoteKeyType.Cosignature] or [NoteKeyType.Cosignature, NoteKeyType.MlDsa44Cosignature]
                && signers.TrueForAll(each => each.Verifier.Name == signers[0].Verifier.Name)
                    ? signers
                    : throw new UsageException("--key: a witness has one Ed25519 key and, where it likes, one ML-DSA-44 key of the same name.");
        }
        catch
        {
            signers.ForEach(signer => signer.Dispose());
            throw;
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
                return signer.Verifier.IsCosigner ? signer : throw new UsageException($"--key: {path} holds a log's key, not a witness's.");
            }

            throw new UsageException($"--key: {path}: {fault.Detail}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--key: {e.Message}");
        }
    }
}
