using HealthLedger.Ledger;

namespace HealthLedger.Vault.Keys;

/// <summary>A stored version of a record that is to be opened.</summary>
/// <param name="Shelf">Whose data key opens it.</param>
/// <param name="Data">That data key, of kind <see cref="KeyKind.Data"/> or <see cref="KeyKind.HeldData"/>.</param>
/// <param name="Key">Which version of which record.</param>
/// <param name="Stored">The row's bytes, whose SHA-256 the entry's fact names.</param>
/// <param name="Shared">Where the content is several shelves': its key, wrapped for this one.</param>
public sealed record SealedVersion(ShelfId Shelf, WrappedKey Data, RecordKey Key, ReadOnlyMemory<byte> Stored, SharedKey? Shared);

/// <summary>The key of shared content, wrapped under one shelf's data key.</summary>
/// <param name="Wrapped">An envelope of 32 bytes.</param>
/// <param name="Place">Its associated data: the row, and the shelf that it is wrapped for.</param>
public sealed record SharedKey(ReadOnlyMemory<byte> Wrapped, ReadOnlyMemory<byte> Place);

/// <summary>One envelope that is to be sealed under a shelf's data key.</summary>
/// <param name="Shelf">Whose data key seals it.</param>
/// <param name="Data">That data key.</param>
/// <param name="IsContentKey">True for the key of shared content, false for a record.</param>
public readonly record struct SealingUse(ShelfId Shelf, WrappedKey Data, bool IsContentKey);

/// <summary>A data key that was made for a shelf, as the key ring wraps it.</summary>
/// <param name="Kind"><see cref="KeyKind.Data"/>: the key itself; <see cref="KeyKind.HeldData"/>: sealed by a key holder.</param>
/// <param name="Key">The bytes.</param>
public sealed record MadeKey(KeyKind Kind, Sealing.PinnedSecret Key) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Key.Dispose();
}

/// <summary>
/// Whoever can use data keys. It gives out keys of single envelopes and never a data key, so that what is opened is what was asked for. The gateway's own holder checks nothing that
/// the gateway does not know already; a separate one (another party's process) demands the receipt first and so sees to it that no record opens without its entry.
/// </summary>
public interface IKeyHolder
{
    /// <summary>A fresh data key for each shelf, in their order. The caller disposes them.</summary>
    /// <exception cref="KeyHolderException">The holder refuses or cannot be reached.</exception>
    ValueTask<IReadOnlyList<MadeKey>> Make(IReadOnlyList<ShelfId> shelves, CancellationToken cancellation);

    /// <summary>The key of each version's envelope, against the entry that permits it.</summary>
    /// <param name="entry">The recorded entry, whose facts name the versions.</param>
    /// <param name="versions">At least one.</param>
    /// <param name="cancellation">Stops the asking.</param>
    /// <returns>In their order; the caller disposes it. A version whose key cannot be derived has one that opens nothing.</returns>
    /// <exception cref="DamagedKeysException">A wrapped key does not open.</exception>
    /// <exception cref="KeyHolderException">The holder refuses or cannot be reached.</exception>
    ValueTask<EnvelopeKeys> Unwrap(Recorded<AccessEntry> entry, IReadOnlyList<SealedVersion> versions, CancellationToken cancellation);

    /// <summary>Keys of envelopes that are to be sealed, each under a fresh salt that the holder draws: they open nothing that was sealed before.</summary>
    /// <inheritdoc cref="Unwrap"/>
    ValueTask<EnvelopeKeys> UnwrapToSeal(IReadOnlyList<SealingUse> uses, CancellationToken cancellation);

    /// <summary>
    /// The key of a version whose search terms must be extracted again, because they were written under other definitions: there is no entry. A separate holder refuses this unless its
    /// own operator permits it, and counts it.
    /// </summary>
    /// <inheritdoc cref="Unwrap"/>
    ValueTask<EnvelopeKeys> UnwrapToIndex(SealedVersion version, CancellationToken cancellation);
}

/// <summary>A key holder refuses, or cannot be reached. Nothing is opened or changed; the message has no personal data.</summary>
public sealed class KeyHolderException(string message, Exception? inner = null) : Exception(message, inner);
