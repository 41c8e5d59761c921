using System.Security.Cryptography;
using HealthLedger.Ledger;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>The holder within the gateway: the key ring itself.</summary>
public sealed class LocalKeyHolder(KeyRing ring) : IKeyHolder
{
    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<MadeKey>> Make(IReadOnlyList<ShelfId> shelves, CancellationToken cancellation) =>
        ValueTask.FromResult<IReadOnlyList<MadeKey>>([.. shelves.Select(_ => new MadeKey(KeyKind.Data, PinnedSecret.Random(Envelope.SecretSize)))]);

    /// <inheritdoc/>
    public ValueTask<EnvelopeKeys> Unwrap(Recorded<AccessEntry> entry, IReadOnlyList<SealedVersion> versions, CancellationToken cancellation)
    {
        if (entry.Promised is null && entry.Position is var receipt && (receipt.Indices.IsDefaultOrEmpty || receipt.Indices.Any(index => index >= receipt.CheckpointSize)))
        {
            throw new ArgumentException("The receipt's checkpoint does not cover its entries.", nameof(entry));
        }

        return ValueTask.FromResult(Derive(versions, version => version.Data, static (dataKey, version, key) => DataKeyUse.TryToOpen(dataKey, version.Stored.Span, version.Shared, key)));
    }

    /// <inheritdoc/>
    public ValueTask<EnvelopeKeys> UnwrapToSeal(IReadOnlyList<SealingUse> uses, CancellationToken cancellation) =>
        ValueTask.FromResult(Derive(uses, use => use.Data, static (dataKey, use, key) => DataKeyUse.ToSeal(dataKey, use.IsContentKey, key)));

    /// <inheritdoc/>
    public ValueTask<EnvelopeKeys> UnwrapToIndex(SealedVersion version, CancellationToken cancellation) =>
        ValueTask.FromResult(Derive([version], of => of.Data, static (dataKey, of, key) => DataKeyUse.TryToOpen(dataKey, of.Stored.Span, of.Shared, key)));

    private delegate void Use<T>(ReadOnlySpan<byte> dataKey, T of, Span<byte> key);

    /// <summary>The data key is there as long as those of one shelf follow each other.</summary>
    private EnvelopeKeys Derive<T>(IReadOnlyList<T> uses, Func<T, WrappedKey> dataOf, Use<T> use)
    {
        var keys = EnvelopeKeys.For(uses.Count);
        Span<byte> dataKey = stackalloc byte[Envelope.SecretSize];
        try
        {
            WrappedKey? unwrapped = null;
            for (var i = 0; i < uses.Count; i++)
            {
                var data = dataOf(uses[i]);
                if (!ReferenceEquals(data, unwrapped))
                {
                    ring.Unwrap(data.Kind == KeyKind.Data ? data : throw NotHere(data.Kind), dataKey);
                    unwrapped = data;
                }

                use(dataKey, uses[i], keys.At(i));
            }

            return keys;
        }
        catch
        {
            keys.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
        }
    }

    private static Exception NotHere(KeyKind kind) => kind == KeyKind.HeldData
        ? new KeyHolderException("The data keys are with a key holder, and none is configured: set HealthLedger:KeyHolder.")
        : new ArgumentException("Only data keys are used here.", nameof(kind));
}
