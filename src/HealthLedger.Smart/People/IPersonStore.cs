namespace HealthLedger.Smart.People;

/// <summary>Keeps people as sealed rows under keyed hashes: the store learns neither who they are nor how they sign in. Writes MUST be durable when they complete.</summary>
public interface IPersonStore
{
    /// <summary>The row of that key; null where there is none.</summary>
    Task<SealedPerson?> Find(byte[] key, CancellationToken cancellationToken);

    /// <summary>The row of that name; null where there is none.</summary>
    Task<SealedPerson?> FindByName(byte[] nameKey, CancellationToken cancellationToken);

    /// <summary>Rows in the order of their keys.</summary>
    /// <param name="after">The key after which they begin; empty for the first.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="cancellationToken">Stops it.</param>
    Task<IReadOnlyList<SealedPerson>> Read(byte[] after, int most, CancellationToken cancellationToken);

    /// <summary>Adds a row; false where its key or its name is taken.</summary>
    Task<bool> Insert(SealedPerson person, CancellationToken cancellationToken);

    /// <summary>Replaces the row of that key, provided that it still has the version before; false where it has not, or where the new name is taken.</summary>
    Task<bool> Update(SealedPerson person, CancellationToken cancellationToken);

    /// <summary>Removes the row of that key and version; false where it is not there.</summary>
    Task<bool> Delete(byte[] key, long version, CancellationToken cancellationToken);
}

/// <summary>One person's row.</summary>
/// <param name="Key">32 bytes: a keyed hash of the user id.</param>
/// <param name="NameKey">32 bytes: a keyed hash of the normalized username.</param>
/// <param name="Version">1 for a new row, one more with each change.</param>
/// <param name="Content">An envelope, bound to all of the above; its length tells the content's in steps of 512 bytes only.</param>
public sealed record SealedPerson(byte[] Key, byte[] NameKey, long Version, byte[] Content);
