using System.Security.Cryptography;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>What a data key is used for, by whoever holds it: from it follow the keys of single envelopes (docs/formats/vault.md).</summary>
public static class DataKeyUse
{
    internal const string ContentKeyLabel = "vault/content-key";

    /// <summary>The key of an envelope that is to be sealed.</summary>
    /// <param name="dataKey">32 bytes.</param>
    /// <param name="isContentKey">True for the key of shared content, false for a record.</param>
    /// <param name="key">Receives <see cref="Envelope.KeyOfOneSize"/> bytes.</param>
    public static void ToSeal(ReadOnlySpan<byte> dataKey, bool isContentKey, Span<byte> key) => Envelope.KeyToSeal(dataKey, isContentKey ? ContentKeyLabel : RowSealer.RecordLabel, key);

    /// <summary>The key of a stored version's envelope; false, and zeros, where none can be derived. Whether it opens shows when it is used.</summary>
    /// <param name="dataKey">32 bytes.</param>
    /// <param name="stored">The row's bytes.</param>
    /// <param name="shared">Where the content is several shelves'.</param>
    /// <param name="key">Receives <see cref="Envelope.KeyOfOneSize"/> bytes.</param>
    public static bool TryToOpen(ReadOnlySpan<byte> dataKey, ReadOnlySpan<byte> stored, SharedKey? shared, Span<byte> key)
    {
        var envelope = RowSealer.EnvelopeOf(stored);
        if (shared is null)
        {
            return Envelope.TryKeyToOpen(dataKey, RowSealer.RecordLabel, envelope, key);
        }

        Span<byte> contentKey = stackalloc byte[Envelope.SecretSize];
        try
        {
            if (shared.Wrapped.Length == Envelope.SecretSize + Envelope.Overhead && Envelope.TryOpen(dataKey, ContentKeyLabel, shared.Place.Span, shared.Wrapped.Span, contentKey))
            {
                return Envelope.TryKeyToOpen(contentKey, RowSealer.RecordLabel, envelope, key);
            }

            key.Clear();
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(contentKey);
        }
    }
}
