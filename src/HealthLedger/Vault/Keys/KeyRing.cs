using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>Takes a raw key to look for; MUST NOT keep it longer than the search.</summary>
public delegate void RawKeyNeedle(ReadOnlySpan<byte> key);

/// <summary>
/// The random keys, each wrapped on its own: four for each patient (data, row, terms, audit), and the gateway's named secrets. They are never derived from
/// anything, so that destroying the wrapped bytes destroys the key. Safe for concurrent use.
/// </summary>
public sealed class KeyRing : IDisposable
{
    /// <summary>The greatest size of a named secret in bytes.</summary>
    public const int MaxSecretSize = 4096;

    private const int CurrentEpoch = 1;
    private const int MaxEpoch = 1_000_000;
    private static readonly KeyKind[] ErasableKinds = [KeyKind.Data, KeyKind.Row, KeyKind.Terms];
    private readonly KeyDirectory directory;
    private readonly IKeyStore store;
    private readonly PinnedSecret subjects;
    private readonly ConcurrentDictionary<int, PinnedSecret> wrapping = new();

    /// <param name="directory">Opened; the ring does not dispose it.</param>
    /// <param name="store">Its wrapped keys; the ring does not dispose it.</param>
    public KeyRing(KeyDirectory directory, IKeyStore store)
    {
        this.directory = directory;
        this.store = store;
        subjects = directory.Derive("subject");
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

    /// <summary>A key derived from the master key, as <see cref="KeyDirectory.Derive"/>.</summary>
    public PinnedSecret Derive(string label) => directory.Derive(label);

    /// <summary>The keys of a shelf; null where it has none, or where they were destroyed.</summary>
    internal ShelfKeys? Find(ShelfId shelf) => Open(store.Of(SubjectOf(shelf)));

    /// <summary>Sees to it that each of these shelves has keys; the new ones are durable on return, by one write for all.</summary>
    internal void Make(IEnumerable<ShelfId> shelves)
    {
        KeyedName[] names = [.. shelves.Select(SubjectOf)];
        WrappedKey[] missing;
        do
        {
            missing = [.. names.SelectMany(subject => Missing(subject).Select(kind => WrapFresh(subject, kind)))];
        }
        while (missing.Length > 0 && !store.TryAdd(missing)); // false: somebody else was first
    }

    /// <summary>The audit key of a shelf, which outlives the others; null where the shelf never had keys. The caller owns it.</summary>
    internal PinnedSecret? FindAudit(ShelfId shelf) =>
        store.Of(SubjectOf(shelf)).FirstOrDefault(key => key.Kind == KeyKind.Audit) is { } wrapped ? Unwrap(wrapped) : null;

    /// <summary>Destroys the keys that open and name a shelf's records; the audit key stays.</summary>
    internal void Shred(ShelfId shelf) => store.Destroy(SubjectOf(shelf), ErasableKinds);

    internal void Unwrap(WrappedKey wrapped, Span<byte> key)
    {
        Span<byte> associated = stackalloc byte[AssociatedSize];
        WriteAssociated(wrapped.Subject, wrapped.Kind, wrapped.Epoch, associated);
        if (wrapped.Sealed.Length != key.Length + Envelope.Overhead
            || !Envelope.TryOpen(WrappingKey(wrapped.Epoch).Span, "wrapped-key", associated, wrapped.Sealed.Span, key))
        {
            throw new DamagedKeysException("A wrapped key does not open: keys.db is damaged or belongs to another key directory. Restore it from a backup of the key directory.");
        }
    }

    /// <summary>
    /// Hands each raw key of a shelf to <paramref name="needle"/>, for the one check that needs them: that stored files hold none. The span is zeroed when it returns.
    /// </summary>
    public void ExposeToLeakSearch(ShelfId shelf, RawKeyNeedle needle)
    {
        Span<byte> key = stackalloc byte[Envelope.SecretSize];
        foreach (var wrapped in store.Of(SubjectOf(shelf)))
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
        foreach (var key in wrapping.Values)
        {
            key.Dispose();
        }
    }

    private IEnumerable<KeyKind> Missing(KeyedName subject)
    {
        var stored = store.Of(subject);
        return stored.Any(key => key.Kind != KeyKind.Audit) ? [] : stored.Count > 0 ? ErasableKinds : [.. ErasableKinds, KeyKind.Audit];
    }

    private KeyedName SubjectOf(ShelfId shelf) => KeyedName.Of(subjects.Span, "shelf", shelf.Value);

    private ShelfKeys? Open(IReadOnlyList<WrappedKey> stored)
    {
        WrappedKey? data = null, row = null, terms = null;
        foreach (var key in stored)
        {
            switch (key.Kind)
            {
                case KeyKind.Data: data = key; break;
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
            store.TryAdd([Wrap(subject, kind, secret)]); // false: somebody else was first
        }
    }

    private PinnedSecret Unwrap(WrappedKey wrapped) =>
        wrapped.Sealed.Length - Envelope.Overhead is > 0 and <= MaxSecretSize
            ? PinnedSecret.Create(wrapped.Sealed.Length - Envelope.Overhead, (this, wrapped), static (key, state) => state.Item1.Unwrap(state.wrapped, key))
            : throw new DamagedKeysException("A wrapped key has a length that no key has: keys.db is damaged.");

    private WrappedKey WrapFresh(KeyedName subject, KeyKind kind)
    {
        using var key = PinnedSecret.Random(Envelope.SecretSize);
        return Wrap(subject, kind, key);
    }

    private WrappedKey Wrap(KeyedName subject, KeyKind kind, PinnedSecret key)
    {
        Span<byte> associated = stackalloc byte[AssociatedSize];
        WriteAssociated(subject, kind, CurrentEpoch, associated);
        return new WrappedKey(subject, kind, CurrentEpoch, Envelope.Seal(WrappingKey(CurrentEpoch).Span, "wrapped-key", associated, key.Span));
    }

    private PinnedSecret WrappingKey(int epoch) =>
        epoch is < 1 or > MaxEpoch ? throw new DamagedKeysException($"A wrapped key names the epoch {epoch}: keys.db is damaged.")
        : wrapping.TryGetValue(epoch, out var key) ? key
        : wrapping.GetOrAdd(epoch, static (number, keys) => keys.Derive("wrap/" + number), directory);

    private const int AssociatedSize = TenantId.Size + KeyedName.Size + 1 + sizeof(int);

    private void WriteAssociated(KeyedName subject, KeyKind kind, int epoch, Span<byte> associated)
    {
        directory.Tenant.CopyTo(associated);
        subject.CopyTo(associated[TenantId.Size..]);
        associated[TenantId.Size + KeyedName.Size] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(associated[(TenantId.Size + KeyedName.Size + 1)..], epoch);
    }
}
