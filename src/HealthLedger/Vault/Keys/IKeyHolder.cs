using HealthLedger.Ledger;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>
/// Whoever can unwrap data keys. The gateway's own holder checks nothing that the gateway does not know already; a separate one (another party, an HSM) can
/// demand the receipt first and so see to it that no record opens without its entry.
/// </summary>
public interface IKeyHolder
{
    /// <summary>Unwraps a data key to open records with, against the position of the entry that permits it.</summary>
    /// <param name="wrapped">A key of kind <see cref="KeyKind.Data"/>.</param>
    /// <param name="receipt">Where the entry stands.</param>
    /// <param name="dataKey">32 bytes, zeroed by the caller as soon as possible.</param>
    /// <exception cref="DamagedKeysException">The wrapped key does not open.</exception>
    void Unwrap(WrappedKey wrapped, AppendOutcome.Appended receipt, Span<byte> dataKey);

    /// <summary>
    /// Unwraps a data key to seal a new record version with. With symmetric keys this is as much as opening; a holder that must not trust the gateway
    /// seals by itself or hands out a public key instead.
    /// </summary>
    /// <inheritdoc cref="Unwrap"/>
    void UnwrapToSeal(WrappedKey wrapped, Span<byte> dataKey);
}

/// <summary>The holder within the gateway: the key ring itself.</summary>
public sealed class LocalKeyHolder(KeyRing ring) : IKeyHolder
{
    /// <inheritdoc/>
    public void Unwrap(WrappedKey wrapped, AppendOutcome.Appended receipt, Span<byte> dataKey)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        if (receipt.Indices.IsDefaultOrEmpty || receipt.Indices.Any(index => index >= receipt.CheckpointSize))
        {
            throw new ArgumentException("The receipt's checkpoint does not cover its entries.", nameof(receipt));
        }

        UnwrapToSeal(wrapped, dataKey);
    }

    /// <inheritdoc/>
    public void UnwrapToSeal(WrappedKey wrapped, Span<byte> dataKey)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(dataKey.Length, Envelope.SecretSize, nameof(dataKey));
        if (wrapped.Kind != KeyKind.Data)
        {
            throw new ArgumentException("Only data keys are unwrapped here.", nameof(wrapped));
        }

        ring.Unwrap(wrapped, dataKey);
    }
}
