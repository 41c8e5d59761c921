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
}
