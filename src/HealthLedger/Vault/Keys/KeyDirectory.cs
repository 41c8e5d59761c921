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

    private KeyDirectory(string path, TenantId tenant, PinnedSecret master, bool passphraseWasMade)
    {
        Path = path;
        Tenant = tenant;
        this.master = master;
        PassphraseLiesWithKeys = passphraseWasMade;
    }

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>Whose keys these are.</summary>
    public TenantId Tenant { get; }

    /// <summary>True where the passphrase lies in the key directory itself: the keys are then as safe as that directory, which deserves a warning.</summary>
    public bool PassphraseLiesWithKeys { get; }

    /// <summary>Opens the key directory, makes it where neither it nor data exists, and binds the data directory to it.</summary>
    /// <exception cref="WrongPassphraseException">The passphrase is another's.</exception>
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

    /// <summary>Zeroes the master key.</summary>
    public void Dispose() => master.Dispose();

    private static KeyDirectory OpenExisting(KeyDirectoryOptions options, string path)
    {
        var header = MasterHeader.Read(path);
        var kept = System.IO.Path.Combine(options.Path, PassphraseFile);
        if (options.Passphrase is null && !File.Exists(kept))
        {
            throw new WrongPassphraseException(options.Path);
        }

        var own = options.Passphrase is null ? Passphrase.FromFile(kept) : null;
        using (own)
        {
            var master = header.OpenMaster((options.Passphrase ?? own)!.Span) ?? throw new WrongPassphraseException(options.Path);
            return new KeyDirectory(options.Path, header.Tenant, master, own is not null);
        }
    }

    private static KeyDirectory Create(KeyDirectoryOptions options, string path)
    {
        var kept = System.IO.Path.Combine(options.Path, PassphraseFile);
        var own = options.Passphrase is not null ? null : File.Exists(kept) ? Passphrase.FromFile(kept) : Passphrase.Random();
        using (own)
        {
            if (own is not null && !File.Exists(kept))
            {
                DurableFile.WriteNew(kept, own.Span); // before the header: a header without its passphrase would be lost for good
            }

            var (header, master) = MasterHeader.Create((options.Passphrase ?? own)!.Span, options.Scrypt);
            DurableFile.WriteNew(path, header.ToJson());
            return new KeyDirectory(options.Path, header.Tenant, master, own is not null);
        }
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
