using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using HealthLedger.Ledger;
using HealthLedger.Sealing;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Keys.Holding;

namespace HealthLedger.Gateway.Keys;

/// <summary>
/// Data keys with a key holder: each opening goes with the receipts of the entries that permit it, and the holder alone decides. This side can be trusted with nothing; what it does
/// wrong is refused there.
/// </summary>
internal sealed class RemoteKeyHolder(HolderConnection holder, KeyRing ring, LedgerLog ledger, TimeProvider time) : IKeyHolder
{
    /// <summary>One request has at most about so many bytes of rows and receipts, and at least one row.</summary>
    private const int Together = 16 << 20;

    private static readonly TimeSpan s_untilFinal = TimeSpan.FromMilliseconds(50);
    private readonly ConditionalWeakTable<Recorded<AccessEntry>, RecordedTargets> _targets = [];

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<MadeKey>> Make(IReadOnlyList<ShelfId> shelves, CancellationToken cancellation)
    {
        var (parts, code) = await holder.Ask(new HolderRequest.Make([.. shelves.Select(shelf => shelf.Value)]), shelves.Count * HeldKeys.HeldSize, cancellation);
        var made = parts ?? throw Refused(code);
        return [.. Enumerable.Range(0, shelves.Count).Select(i => new MadeKey(KeyKind.HeldData, PinnedSecret.CopyOf(made.Span.Slice(i * HeldKeys.HeldSize, HeldKeys.HeldSize))))];
    }

    /// <inheritdoc/>
    public async ValueTask<EnvelopeKeys> Unwrap(Recorded<AccessEntry> entry, IReadOnlyList<SealedVersion> versions, CancellationToken cancellation)
    {
        if (entry.Promised is not null)
        {
            throw new KeyHolderException("A key holder opens records against receipts, and a promise is none.");
        }

        var targets = _targets.GetValue(entry, RecordedTargets.Of);
        var keys = EnvelopeKeys.For(versions.Count);
        try
        {
            for (var from = 0; from < versions.Count;)
            {
                from += await UnwrapSome(targets, versions, from, keys, cancellation);
            }

            return keys;
        }
        catch
        {
            keys.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<EnvelopeKeys> UnwrapToSeal(IReadOnlyList<SealingUse> uses, CancellationToken cancellation)
    {
        var keys = EnvelopeKeys.For(uses.Count);
        if (uses.Count > 0)
        {
            await Ask(new HolderRequest.Seal([.. uses.Select(use => new HeldSealing(use.Shelf.Value, ring.HeldKey(use.Data), use.IsContentKey))]), keys, 0, uses.Count, cancellation);
        }

        return keys;
    }

    /// <inheritdoc/>
    public async ValueTask<EnvelopeKeys> UnwrapToIndex(SealedVersion version, CancellationToken cancellation)
    {
        var keys = EnvelopeKeys.For(1);
        await Ask(new HolderRequest.Index(version.Shelf.Value, new HeldVersion(0, 0, ring.HeldKey(version.Data), version.Stored, version.Shared)), keys, 0, 1, cancellation);
        return keys;
    }

    /// <summary>Asks for some versions together; how many.</summary>
    private async ValueTask<int> UnwrapSome(RecordedTargets targets, IReadOnlyList<SealedVersion> versions, int from, EnvelopeKeys keys, CancellationToken cancellation)
    {
        var events = new List<int>();
        var held = new List<HeldVersion>();
        for (var (at, bytes) = (from, 0L); at < versions.Count && (at == from || bytes < Together); at++)
        {
            var version = versions[at];
            var (place, target) = targets.Find(version);
            if (!events.Contains(place))
            {
                events.Add(place);
                bytes += 2 * targets.FactOf(place).Length;
            }

            bytes += version.Stored.Length;
            held.Add(new HeldVersion(events.IndexOf(place), target, ring.HeldKey(version.Data), version.Stored, version.Shared));
        }

        for (var began = time.GetTimestamp(); ; await Task.Delay(s_untilFinal, time, cancellation))
        {
            var request = new HolderRequest.Open([.. events.Select(place => new ReadOnlyMemory<byte>(ReceiptOf(targets, place)))], held);
            if (await Ask(request, keys, from, held.Count, cancellation, mayWait: true))
            {
                return held.Count;
            }

            if (time.GetElapsedTime(began) > holder.Patience)
            {
                throw new KeyHolderException("The key holder wants cosignatures, and the witnesses' quorum has not covered the entry in time.");
            }
        }
    }

    private byte[] ReceiptOf(RecordedTargets targets, int place) =>
        (ledger.ReceiptOf(targets.IndexOf(place), chain: null) with { Fact = targets.FactOf(place).ToArray() }).ToJson();

    /// <summary>False where the holder wants more cosignatures and that may be waited for.</summary>
    private async ValueTask<bool> Ask(HolderRequest request, EnvelopeKeys keys, int from, int count, CancellationToken cancellation, bool mayWait = false)
    {
        var (parts, code) = await holder.Ask(request, count * Envelope.KeyOfOneSize, cancellation);
        if (parts is not { } given)
        {
            return mayWait && code == HolderAnswer.WantsQuorum && ledger.Cosignatures is not null ? false : throw Refused(code);
        }

        for (var i = 0; i < count; i++)
        {
            given.Span.Slice(i * Envelope.KeyOfOneSize, Envelope.KeyOfOneSize).CopyTo(keys.At(from + i));
        }

        CryptographicOperations.ZeroMemory(given.Span);
        return true;
    }

    private static KeyHolderException Refused(string code) => new($"The key holder refuses: {code}.");
}
