namespace HealthLedger.Vault.Keys;

/// <summary>What a stored key is for. The numbers are stored.</summary>
public enum KeyKind : byte
{
    /// <summary>Opens a shelf's records. Its destruction erases them.</summary>
    Data = 1,
    /// <summary>Names a shelf's rows.</summary>
    Row = 2,
    /// <summary>Opens a shelf's search terms.</summary>
    Terms = 3,
    /// <summary>Opens a patient's facts and makes the tags of the patient's chain. Outlives the other three.</summary>
    Audit = 4,
    /// <summary>A secret of the gateway itself, by name.</summary>
    Secret = 5,
    /// <summary>In the place of <see cref="Data"/>: the data key as a key holder sealed it, who alone can use it.</summary>
    HeldData = 6,
}

/// <summary>One random key, sealed under the wrapping key of an epoch.</summary>
/// <param name="Subject">The keyed name of whose key it is.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Epoch">Of the wrapping key, from 1 upwards.</param>
/// <param name="Sealed">An envelope.</param>
public sealed record WrappedKey(KeyedName Subject, KeyKind Kind, int Epoch, ReadOnlyMemory<byte> Sealed);

/// <summary>Where wrapped keys lie: apart from the data, with backups of its own.</summary>
public interface IKeyStore : IDisposable
{
    /// <summary>All keys of a subject, in no particular order; empty where it has none.</summary>
    IReadOnlyList<WrappedKey> Of(KeyedName subject);

    /// <summary>
    /// Adds all keys or, where a subject has one of that kind already, none; then false. MUST be durable on return: what is sealed under a lost key is lost.
    /// </summary>
    bool TryAdd(IReadOnlyList<WrappedKey> keys);

    /// <summary>Destroys keys of a subject. MUST overwrite them in the file and be durable on return. Does nothing where they are gone.</summary>
    void Destroy(KeyedName subject, IReadOnlyList<KeyKind> kinds);

    /// <summary>Puts a key in the place of the subject's key of that kind, or adds it. MUST overwrite the one before in the file and be durable on return.</summary>
    void Replace(WrappedKey key);

    /// <summary>Puts others in the place of keys that are wrapped in earlier epochs, in one transaction. MUST be durable on return.</summary>
    /// <param name="epoch">Keys of this epoch stay.</param>
    /// <param name="max">How many at most.</param>
    /// <param name="rewrap">The same key wrapped in this epoch.</param>
    /// <returns>How many it was; 0 once there are none. When it returns 0, it MUST have overwritten those before in the file.</returns>
    int Rewrap(int epoch, int max, Func<WrappedKey, WrappedKey> rewrap);

    /// <summary>True where there is any key of that kind. May read all keys.</summary>
    bool Has(KeyKind kind);

    /// <summary>The store's own list of erasures, in no particular order: it outlives the data that it is about, so that a restored copy of the data is found out.</summary>
    IReadOnlyList<ErasedKeys> Erased();

    /// <summary>Puts an erasure on the list, or another in the place of the one with its mark. MUST be durable on return.</summary>
    void List(ErasedKeys erased);
}

/// <summary>An erasure as the key store keeps it.</summary>
/// <param name="Mark">Names the erasure.</param>
/// <param name="Sealed">What it is, sealed by the vault.</param>
public sealed record ErasedKeys(KeyedName Mark, ReadOnlyMemory<byte> Sealed);
