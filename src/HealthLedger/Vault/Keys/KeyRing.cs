using System.Security.Cryptography;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>Takes a raw key to look for; MUST NOT keep it longer than the search.</summary>
public delegate void RawKeyNeedle(ReadOnlySpan<byte> key);

/// <summary>
/// The random keys, each wrapped on its own: four for each patient (data, row, terms, audit), and the gateway's named secrets. They are never derived from
/// anything, so that destroying the wrapped bytes destroys the key. Safe for concurrent use.
/// </summary>
public sealed partial class KeyRing : IDisposable
{
    /// <summary>The greatest size of a named secret in bytes.</summary>
    public const int MaxSecretSize = 4096;

    private const string RecordsLabel = "erased";
    private static readonly KeyKind[] ErasableKinds = [KeyKind.Data, KeyKind.HeldData, KeyKind.Row, KeyKind.Terms];
    private readonly KeyDirectory directory;
    private readonly IKeyStore store;
    private readonly PinnedSecret subjects;

    /// <param name="directory">Opened; the ring does not dispose it.</param>
    /// <param name="store">Its wrapped keys; the ring does not dispose it.</param>
    public KeyRing(KeyDirectory directory, IKeyStore store)
    {
        this.directory = directory;
        this.store = store;
        subjects = directory.Derive("subject");
        epoch = directory.Epoch;
        if (directory.IsRotating)
        {
            lock (rotating)
            {
                FinishRotation(); // of a process that ended in the midst of it
            }
        }
    }

    /// <summary>Whose keys these are.</summary>
    public TenantId Tenant => directory.Tenant;

    /// <summary>The gateway's own secret of that name, made at its first use: signing seeds, token keys. The caller disposes it.</summary>
    /// <param name="name">Such as <c>ledger/signing-seed</c>; 1 to 100 characters.</param>
    /// <param name="size">1 to <see cref="MaxSecretSize"/> bytes; the same at every call.</param>
    /// <exception cref="DamagedKeysException">The stored secret does not open.</exception>
    /// <exception cref="ArgumentException">The stored secret has another size.</exception>
    public PinnedSecret GetOrCreate(string name, int size)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, 100, nameof(name));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, MaxSecretSize);
        var secret = GetOrCreate(KeyedName.Of(subjects.Span, "secret", name), KeyKind.Secret, () => PinnedSecret.Random(size));
        if (secret.Length == size)
        {
            return secret;
        }

        secret.Dispose();
        throw new ArgumentException($"The secret {name} has {secret.Length} bytes, not {size}.", nameof(size));
    }

    /// <summary>
    /// The gateway's own secret of that name, made by <paramref name="make"/> at its first use (such as exported signing keys). The caller disposes it.
    /// </summary>
    /// <param name="name">1 to 100 characters.</param>
    /// <param name="make">1 to <see cref="MaxSecretSize"/> bytes; zeroed afterwards.</param>
    /// <exception cref="DamagedKeysException">The stored secret does not open.</exception>
    public PinnedSecret GetOrCreate(string name, Func<byte[]> make)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, 100, nameof(name));
        return GetOrCreate(KeyedName.Of(subjects.Span, "secret", name), KeyKind.Secret, () =>
        {
            var made = make();
            try
            {
                return PinnedSecret.CopyOf(made);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(made);
            }
        });
    }

    /// <summary>The gateway's own secret of that name; null where none was made. The caller disposes it.</summary>
    /// <param name="name">1 to 100 characters.</param>
    /// <exception cref="DamagedKeysException">The stored secret does not open.</exception>
    public PinnedSecret? Find(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, 100, nameof(name));
        return store.Of(KeyedName.Of(subjects.Span, "secret", name)).FirstOrDefault(key => key.Kind == KeyKind.Secret) is { } wrapped ? Unwrap(wrapped) : null;
    }

    /// <summary>Puts a secret in the place of the one of that name, or makes it; the one before is overwritten. Durable on return.</summary>
    /// <param name="name">1 to 100 characters.</param>
    /// <param name="secret">1 to <see cref="MaxSecretSize"/> bytes; the caller zeroes it.</param>
    public void Replace(string name, ReadOnlySpan<byte> secret)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, 100, nameof(name));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(secret.Length, MaxSecretSize, nameof(secret));
        using var copy = PinnedSecret.CopyOf(secret);
        Wrapping(() =>
        {
            store.Replace(Wrap(KeyedName.Of(subjects.Span, "secret", name), KeyKind.Secret, copy));
            return true;
        });
    }

    /// <summary>A key derived from the master key, as <see cref="KeyDirectory.Derive"/>.</summary>
    public PinnedSecret Derive(string label) => directory.Derive(label);

    /// <summary>The keys of a shelf; null where it has none, or where they were destroyed.</summary>
    internal ShelfKeys? Find(ShelfId shelf) => Open(store.Of(SubjectOf(shelf)));

    /// <summary>Sees to it that each of these shelves has keys; the new ones are durable on return, by one write for all.</summary>
    /// <exception cref="KeyHolderException">The holder of data keys makes none.</exception>
    internal async ValueTask Make(IEnumerable<ShelfId> shelves, IKeyHolder holder, CancellationToken cancellation)
    {
        ShelfId[] lacking = [.. shelves.Where(LacksRecordKeys)];
        if (lacking.Length == 0)
        {
            return;
        }

        var made = await holder.Make(lacking, cancellation);
        try
        {
            var subjects = lacking.Select(SubjectOf).ToArray();
            while (!Wrapping(() =>
            {
                WrappedKey[] missing = [.. subjects.SelectMany((subject, i) => Missing(subject, made[i]))];
                return missing.Length == 0 || store.TryAdd(missing);
            }))
            {
                // somebody else was first
            }
        }
        finally
        {
            foreach (var key in made)
            {
                key.Dispose();
            }
        }
    }

    /// <summary>The data key as its holder sealed it: no secret to anybody else.</summary>
    /// <param name="wrapped">A key of kind <see cref="KeyKind.HeldData"/>.</param>
    /// <exception cref="DamagedKeysException">The wrapped key does not open.</exception>
    public byte[] HeldKey(WrappedKey wrapped)
    {
        ArgumentNullException.ThrowIfNull(wrapped);
        ArgumentOutOfRangeException.ThrowIfNotEqual((byte)wrapped.Kind, (byte)KeyKind.HeldData, nameof(wrapped));
        using var held = Unwrap(wrapped);
        return held.Span.ToArray();
    }

    /// <summary>True where a shelf has no keys that open records.</summary>
    internal bool LacksRecordKeys(ShelfId shelf) => LacksRecordKeys(SubjectOf(shelf));

    /// <summary>The audit key of a shelf; null where the shelf has no keys, or where its records were erased. The caller owns it.</summary>
    internal PinnedSecret? FindAudit(ShelfId shelf)
    {
        var stored = store.Of(SubjectOf(shelf));
        return stored.Any(key => key.Kind is KeyKind.Data or KeyKind.HeldData) && stored.FirstOrDefault(key => key.Kind == KeyKind.Audit) is { } wrapped ? Unwrap(wrapped) : null;
    }

    /// <summary>What keys a subject has, and the marks that tell them from keys that it had before or gets later: null where there is none.</summary>
    internal (KeyedName? Records, KeyedName? Audit) MarksOf(KeyedName subject)
    {
        var stored = store.Of(subject);
        return (Mark(KeyKind.Row, RecordsLabel), Mark(KeyKind.Audit, "erased-audit"));

        KeyedName? Mark(KeyKind kind, string label)
        {
            using var key = stored.FirstOrDefault(key => key.Kind == kind) is { } wrapped ? Unwrap(wrapped) : null;
            return key is null ? null : KeyedName.Of(key.Span, label, "");
        }
    }

    /// <summary>The mark of a shelf's records, as <see cref="MarksOf"/> has it.</summary>
    /// <param name="keys">The shelf's keys.</param>
    internal static KeyedName MarkOf(ShelfKeys keys) => KeyedName.Of(keys.Row.Span, RecordsLabel, "");

    /// <summary>The audit key of a subject, whether or not its records were erased; null where it is destroyed. The caller owns it.</summary>
    internal PinnedSecret? FindAudit(KeyedName subject) => store.Of(subject).FirstOrDefault(key => key.Kind == KeyKind.Audit) is { } wrapped ? Unwrap(wrapped) : null;

    /// <summary>Destroys the keys that open and name a subject's records; the audit key stays.</summary>
    internal void Shred(KeyedName subject) => store.Destroy(subject, ErasableKinds);

    /// <summary>Destroys a subject's audit key.</summary>
    internal void ShredAudit(KeyedName subject) => store.Destroy(subject, [KeyKind.Audit]);

    internal IReadOnlyList<ErasedKeys> Erased() => store.Erased();

    internal void List(ErasedKeys erased) => store.List(erased);

    /// <summary>
    /// Hands each raw key of a shelf to <paramref name="needle"/>, for the one check that needs them: that stored files hold none. The span is zeroed when it returns.
    /// </summary>
    public void ExposeToLeakSearch(ShelfId shelf, RawKeyNeedle needle)
    {
        Span<byte> key = stackalloc byte[Envelope.SecretSize];
        foreach (var wrapped in store.Of(SubjectOf(shelf)).Where(key => key.Kind != KeyKind.HeldData))
        {
            Unwrap(wrapped, key);
            needle(key);
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Zeroes the keys derived for wrapping and naming.</summary>
    public void Dispose()
    {
        subjects.Dispose();
        wrappingGate.Dispose();
        foreach (var key in wrapping.Values)
        {
            key.Dispose();
        }
    }

    private bool LacksRecordKeys(KeyedName subject) => store.Of(subject).All(key => key.Kind == KeyKind.Audit);

    private IEnumerable<WrappedKey> Missing(KeyedName subject, MadeKey data)
    {
        if (!LacksRecordKeys(subject))
        {
            return [];
        }

        KeyKind[] fresh = store.Of(subject).Count > 0 ? [KeyKind.Row, KeyKind.Terms] : [KeyKind.Row, KeyKind.Terms, KeyKind.Audit];
        return [Wrap(subject, data.Kind, data.Key), .. fresh.Select(kind => WrapFresh(subject, kind))];
    }

    internal KeyedName SubjectOf(ShelfId shelf) => KeyedName.Of(subjects.Span, "shelf", shelf.Value);

    private ShelfKeys? Open(IReadOnlyList<WrappedKey> stored)
    {
        WrappedKey? data = null, row = null, terms = null;
        foreach (var key in stored)
        {
            switch (key.Kind)
            {
                case KeyKind.Data or KeyKind.HeldData: data = key; break;
                case KeyKind.Row: row = key; break;
                case KeyKind.Terms: terms = key; break;
            }
        }

        return (data, row, terms) switch
        {
            (null, null, null) => null,
            ({ }, { }, { }) => new ShelfKeys(data, Unwrap(row), Unwrap(terms)),
            _ => throw new DamagedKeysException("A shelf has lost some of its keys: keys.db is damaged. Restore it from a backup of the key directory."),
        };
    }

    private PinnedSecret GetOrCreate(KeyedName subject, KeyKind kind, Func<PinnedSecret> make)
    {
        while (true)
        {
            if (store.Of(subject).FirstOrDefault(key => key.Kind == kind) is { } wrapped)
            {
                return Unwrap(wrapped);
            }

            using var secret = make();
            ArgumentOutOfRangeException.ThrowIfGreaterThan(secret.Length, MaxSecretSize, nameof(make));
            Wrapping(() => store.TryAdd([Wrap(subject, kind, secret)])); // false: somebody else was first
        }
    }
}
