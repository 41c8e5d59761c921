using System.Security.Cryptography;
using System.Text;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>Where the keys live and what opens them.</summary>
public sealed record KeyDirectoryOptions
{
    /// <summary>The key directory, beside the data and backed up apart from it.</summary>
    public required string Path { get; init; }

    /// <summary>The data directory that belongs to these keys.</summary>
    public required string DataPath { get; init; }

    /// <summary>What opens the keys; null takes the file <c>passphrase</c> in the key directory, which is made where there are no keys yet.</summary>
    public Passphrase? Passphrase { get; init; }

    /// <summary>The key that opens the master key instead of a passphrase, or that it can be moved to; null where there is none.</summary>
    public IMasterKeyProvider? Provider { get; init; }

    /// <summary>The cost of a new header; an existing one keeps its own.</summary>
    public ScryptParameters Scrypt { get; init; } = ScryptParameters.Default;
}

/// <summary>
/// The opened key directory: the tenant and its master key. The master key is random and sealed under the passphrase; from it come only keys that may be
/// derived (wrapping, keyed names of rows, cursors). Keys whose destruction must mean something are random and wrapped: <see cref="KeyRing"/>.
/// </summary>
public sealed class KeyDirectory : IDisposable
{
    private const string HeaderFile = "master.json";
    private const string PassphraseFile = "passphrase";
    private const string TenantFile = "tenant";
    private readonly PinnedSecret master;
    private readonly WrappingEpochs epochs;
    private readonly Lock header = new();
    private readonly KeyDirectoryOptions options;

    private KeyDirectory(KeyDirectoryOptions options, TenantId tenant, PinnedSecret master, bool passphraseWasMade)
    {
        this.options = options;
        Tenant = tenant;
        this.master = master;
        PassphraseLiesWithKeys = passphraseWasMade;
        epochs = new WrappingEpochs(options.Path, tenant);
    }

    /// <summary>The directory.</summary>
    public string Path => options.Path;

    /// <summary>Whose keys these are.</summary>
    public TenantId Tenant { get; }

    /// <summary>True where the passphrase lies in the key directory itself: the keys are then as safe as that directory, which deserves a warning.</summary>
    public bool PassphraseLiesWithKeys { get; private set; }

    /// <summary>The newest epoch of wrapping keys, from 1 upwards.</summary>
    internal int Epoch => epochs.Stored() is [.., var newest] ? newest : 1;

    /// <summary>True where a rotation of the wrapping key began and has not ended.</summary>
    internal bool IsRotating => epochs.Stored() is { Count: > 1 } or [2];

    /// <summary>Opens the key directory, makes it where neither it nor data exists, and binds the data directory to it.</summary>
    /// <exception cref="WrongPassphraseException">The passphrase is another's.</exception>
    /// <exception cref="KeyProviderException">The key outside cannot be reached, or is another one.</exception>
    /// <exception cref="ForeignDirectoryException">The data belongs to another key directory.</exception>
    /// <exception cref="DamagedKeysException">The header cannot be read.</exception>
    public static KeyDirectory Open(KeyDirectoryOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var header = System.IO.Path.Combine(options.Path, HeaderFile);
        var owner = ReadTenant(options.DataPath);
        if (owner is not null && !File.Exists(header))
        {
            throw new ForeignDirectoryException(options.DataPath, owner.Value, options.Path);
        }

        DurableFile.CreateDirectory(options.Path);
        var directory = File.Exists(header) ? OpenExisting(options, header) : Create(options, header);
        try
        {
            if (owner is null)
            {
                BindData(options.DataPath, directory.Tenant);
            }
            else if (owner != directory.Tenant)
            {
                throw new ForeignDirectoryException(options.DataPath, owner.Value, options.Path, directory.Tenant);
            }

            return directory;
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>A key derived from the master key: 32 bytes, the same for the same label. The caller disposes it.</summary>
    /// <param name="label">Names the use, such as <c>cursor</c>; 1 to 100 ASCII characters.</param>
    public PinnedSecret Derive(string label)
    {
        ArgumentException.ThrowIfNullOrEmpty(label);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(label.Length, 100, nameof(label));
        var info = Encoding.ASCII.GetBytes("healthledger/master/1/" + label);
        return PinnedSecret.Create(Envelope.SecretSize, (this, info), static (key, state) =>
        {
            Span<byte> salt = stackalloc byte[TenantId.Size];
            state.Item1.Tenant.CopyTo(salt);
            HKDF.DeriveKey(HashAlgorithmName.SHA256, state.Item1.master.Span, key, salt, state.info);
        });
    }

    /// <summary>
    /// Seals the master key under another passphrase, with a fresh salt. The header of before is overwritten, and so is a passphrase that lay with the keys; what is sealed below
    /// the master key stays as it is. A copy of the old header still opens by the old passphrase: let backups of the key directory run out.
    /// </summary>
    /// <param name="passphrase">From now on the only one; the caller disposes it.</param>
    public void ChangePassphrase(Passphrase passphrase)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        var file = System.IO.Path.Combine(Path, HeaderFile);
        lock (header)
        {
            DurableFile.Replace(file, MasterHeader.Read(file).Resealed(passphrase.Span, options.Scrypt, master).ToJson());
        }

        DropOwnPassphrase();
    }

    /// <summary>
    /// Seals the master key under the key outside (<see cref="KeyDirectoryOptions.Provider"/>), after that key has opened it once. From the next start on no passphrase opens this
    /// directory; a copy of the old header still opens by the old one.
    /// </summary>
    /// <returns>False, and nothing changed, where no key outside is configured.</returns>
    /// <exception cref="KeyProviderException">The key cannot be reached; nothing changed.</exception>
    public bool MoveToProvider()
    {
        if (options.Provider is not { } provider)
        {
            return false;
        }

        var file = System.IO.Path.Combine(Path, HeaderFile);
        lock (header)
        {
            DurableFile.Replace(file, MasterHeader.Read(file).Resealed(provider, master).ToJson());
        }

        DropOwnPassphrase();
        return true;
    }

    /// <summary>True where the master key opens by a key outside, false where by a passphrase.</summary>
    public bool IsWithProvider
    {
        get
        {
            lock (header)
            {
                return MasterHeader.Read(System.IO.Path.Combine(Path, HeaderFile)).Seal is MasterSeal.ByProvider;
            }
        }
    }

    /// <summary>
    /// Overwrites and removes a directory with all that is in it: a copy of keys must not be found on the disk again. Does nothing where it is gone. Of a link only the link goes: where
    /// it leads lie others' files, such as the keys in use.
    /// </summary>
    /// <exception cref="IOException">Something of it could not be overwritten or removed.</exception>
    public static void DestroyCopy(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        if (new DirectoryInfo(directory).LinkTarget is not null)
        {
            File.Delete(directory);
            return;
        }

        foreach (var file in Directory.EnumerateFiles(directory, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }).ToList())
        {
            DurableFile.Destroy(file);
        }

        Directory.Delete(directory, recursive: true);
        DurableFile.SyncDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(directory))!);
    }

    /// <summary>Copies the header and the sealed wrapping keys; the caller sees to it that these are not rotated meanwhile.</summary>
    internal void CopySealed(string to)
    {
        lock (header) // the header of before is overwritten when the passphrase changes
        {
            DurableFile.WriteNew(System.IO.Path.Combine(to, HeaderFile), File.ReadAllBytes(System.IO.Path.Combine(Path, HeaderFile)));
        }

        epochs.CopyTo(to);
    }

    /// <summary>The key-encryption key of an epoch; null where it was destroyed or never was. The caller disposes it.</summary>
    internal PinnedSecret? OpenWrappingKey(int epoch)
    {
        using var sealing = Derive("wrapping");
        return epochs.Open(epoch, sealing) ?? (epoch == 1 && (epochs.Stored() is [] or [2]) ? Derive("wrap/1") : null);
    }

    /// <summary>Makes the wrapping key of the next epoch, durably.</summary>
    internal void BeginEpoch()
    {
        using var sealing = Derive("wrapping");
        epochs.Make(Epoch + 1, sealing);
    }

    /// <summary>Destroys the wrapping keys of all epochs but the newest. Nothing may be wrapped in them any more.</summary>
    internal void EndEpochs() => epochs.DestroyBefore(Epoch);

    /// <summary>Zeroes the master key.</summary>
    public void Dispose() => master.Dispose();

    private static KeyDirectory OpenExisting(KeyDirectoryOptions options, string path)
    {
        var header = MasterHeader.Read(path);
        if (header.Seal is MasterSeal.ByProvider && options.Provider is { } provider)
        {
            return new KeyDirectory(options, header.Tenant, header.OpenMaster(provider), passphraseWasMade: false);
        }

        var kept = System.IO.Path.Combine(options.Path, PassphraseFile);
        if (header.Seal is MasterSeal.ByPassphrase && options.Passphrase is null && !File.Exists(kept))
        {
            throw new WrongPassphraseException(options.Path);
        }

        var own = options.Passphrase is null && File.Exists(kept) ? Passphrase.FromFile(kept) : null;
        using (own)
        {
            var master = header.OpenMaster((options.Passphrase ?? own) is { } given ? given.Span : []) ?? throw new WrongPassphraseException(options.Path);
            return new KeyDirectory(options, header.Tenant, master, own is not null);
        }
    }

    private static KeyDirectory Create(KeyDirectoryOptions options, string path)
    {
        if (options.Provider is { } provider)
        {
            var (sealedBy, opened) = MasterHeader.Create(provider);
            return Create(options, path, sealedBy, opened, passphraseWasMade: false);
        }

        var kept = System.IO.Path.Combine(options.Path, PassphraseFile);
        var own = options.Passphrase is not null ? null : File.Exists(kept) ? Passphrase.FromFile(kept) : Passphrase.Random();
        using (own)
        {
            if (own is not null && !File.Exists(kept))
            {
                DurableFile.WriteNew(kept, own.Span); // before the header: a header without its passphrase would be lost for good
            }

            var (header, master) = MasterHeader.Create((options.Passphrase ?? own)!.Span, options.Scrypt);
            return Create(options, path, header, master, own is not null);
        }
    }

    private static KeyDirectory Create(KeyDirectoryOptions options, string path, MasterHeader header, PinnedSecret master, bool passphraseWasMade)
    {
        var directory = new KeyDirectory(options, header.Tenant, master, passphraseWasMade);
        directory.MakeFirstEpoch(); // before the header, which makes the directory one with keys
        DurableFile.WriteNew(path, header.ToJson());
        return directory;
    }

    private void DropOwnPassphrase()
    {
        DurableFile.Destroy(System.IO.Path.Combine(Path, PassphraseFile));
        PassphraseLiesWithKeys = false;
    }

    private void MakeFirstEpoch()
    {
        epochs.DestroyBefore(int.MaxValue); // of a start that ended here before
        using var sealing = Derive("wrapping");
        epochs.Make(1, sealing);
    }

    private static TenantId? ReadTenant(string dataPath)
    {
        var path = System.IO.Path.Combine(dataPath, TenantFile);
        if (!File.Exists(path))
        {
            return null;
        }

        return TenantId.Parse(File.ReadAllText(path).TrimEnd())
            ?? throw new DamagedKeysException($"{path} is damaged: it must hold the tenant id of the key directory, 32 hexadecimal digits.");
    }

    private static void BindData(string dataPath, TenantId tenant)
    {
        DurableFile.CreateDirectory(dataPath);
        DurableFile.WriteNew(System.IO.Path.Combine(dataPath, TenantFile), Encoding.ASCII.GetBytes(tenant + "\n"));
    }
}
