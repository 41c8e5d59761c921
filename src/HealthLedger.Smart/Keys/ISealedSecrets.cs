namespace HealthLedger.Smart.Keys;

/// <summary>Keeps the authorization server's secrets: implemented over the key directory, which seals them at rest.</summary>
public interface ISealedSecrets
{
    /// <summary>
    /// The secret of that name. Where there is none yet, <paramref name="create"/> makes it, and it MUST be sealed and durable before this returns.
    /// The caller owns the returned array and zeroes it.
    /// </summary>
    /// <param name="name">Lower-case letters and hyphens, such as <c>smart-signing</c>; at most 40 characters.</param>
    /// <param name="create">Makes the secret; its array is zeroed by the implementation after sealing, unless it is the one returned.</param>
    byte[] GetOrCreate(string name, Func<byte[]> create);

    /// <summary>Puts a secret in the place of the one of that name, which MUST be overwritten; sealed and durable before this returns.</summary>
    /// <param name="name">As for <see cref="GetOrCreate"/>.</param>
    /// <param name="secret">At most 4,096 bytes; the caller zeroes it.</param>
    void Replace(string name, ReadOnlySpan<byte> secret);
}
