using System.Security.Cryptography;
using HealthLedger.Proofs;
using HealthLedger.Sealing;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Keys.Holding;

namespace HealthLedger.KeyHolder;

/// <summary>What became of a request.</summary>
/// <param name="Answer">For the gateway; the caller zeroes it.</param>
/// <param name="Operation">make, seal, open, index or none.</param>
/// <param name="Versions">How many keys to open with went out.</param>
/// <param name="Code">granted, or why not.</param>
internal sealed record Held(byte[] Answer, string Operation, int Versions, string Code);

/// <summary>
/// The key holder: makes data keys, gives out keys to seal with, and keys to open with only against receipts, each named version once. Checking, recording and unwrapping are one step
/// under a lock. Safe for many threads.
/// </summary>
internal sealed class Holder(HeldKeys keys, ReceiptRules rules, UnwrapList list, bool allowsIndexing, TimeProvider time)
{
    private readonly Lock gate = new();

    /// <exception cref="IOException">The list could not be made durable; nothing was unwrapped.</exception>
    public Held Answer(ReadOnlyMemory<byte> request) => HolderRequest.Parse(request) switch
    {
        HolderRequest.Make make => Make(make),
        HolderRequest.Seal seal => Seal(seal),
        HolderRequest.Open open => Open(open),
        HolderRequest.Index index => Index(index),
        _ => Refused("none", "request-broken"),
    };

    private Held Make(HolderRequest.Make make)
    {
        var parts = new List<byte>(make.Shelves.Count * HeldKeys.HeldSize);
        foreach (var name in make.Shelves)
        {
            if (ShelfId.Parse(name) is not { } shelf)
            {
                return Refused("make", "shelf-unknown");
            }

            parts.AddRange(keys.Make(shelf));
        }

        return new Held(HolderAnswer.Granted([.. parts]), "make", 0, "granted");
    }

    private Held Seal(HolderRequest.Seal seal) => Derive("seal", 0, seal.Sealings.Count, (i, dataKey, key) =>
    {
        var sealing = seal.Sealings[i];
        if (ShelfId.Parse(sealing.Shelf) is not { } shelf || !keys.TryOpen(shelf, sealing.Held.Span, dataKey))
        {
            return false;
        }

        DataKeyUse.ToSeal(dataKey, sealing.IsContentKey, key);
        return true;
    });

    private Held Open(HolderRequest.Open open)
    {
        var permissions = new Permission[open.Receipts.Count];
        for (var i = 0; i < permissions.Length; i++)
        {
            if (!rules.Read(open.Receipts[i].Span).TryGet(out permissions[i]!, out var fault))
            {
                return Refused("open", fault.Code);
            }
        }

        var uses = new List<Unwrapped>(open.Versions.Count);
        foreach (var version in open.Versions)
        {
            if (version.Receipt >= permissions.Length || version.Target >= permissions[version.Receipt].Targets.Length)
            {
                return Refused("open", "target-unknown");
            }

            var permission = permissions[version.Receipt];
            if (permission.Targets[version.Target].Sha256 != new Hash(SHA256.HashData(version.Stored.Span)))
            {
                return Refused("open", "target-other");
            }

            uses.Add(new Unwrapped(permission.Index, (uint)version.Target, permission.Time));
        }

        lock (gate)
        {
            if (uses.Exists(use => list.Has(use.Index, use.Target)) || uses.Distinct().Count() != uses.Count)
            {
                return Refused("open", "target-used");
            }

            var held = Derive("open", uses.Count, uses.Count, (i, dataKey, key) =>
            {
                var version = open.Versions[i];
                var shelf = permissions[version.Receipt].Targets[version.Target].Shelf;
                return keys.TryOpen(shelf, version.Held.Span, dataKey) && DataKeyUse.TryToOpen(dataKey, version.Stored.Span, version.Shared, key);
            });
            if (held.Code == "granted")
            {
                Record(held, uses);
            }

            return held;
        }
    }

    private Held Index(HolderRequest.Index index)
    {
        if (!allowsIndexing)
        {
            return Refused("index", "indexing-off");
        }

        lock (gate)
        {
            var held = Derive("index", 1, 1, (_, dataKey, key) =>
                ShelfId.Parse(index.Shelf) is { } shelf && keys.TryOpen(shelf, index.Version.Held.Span, dataKey)
                && DataKeyUse.TryToOpen(dataKey, index.Version.Stored.Span, index.Version.Shared, key));
            if (held.Code == "granted")
            {
                Record(held, [new Unwrapped(UnwrapList.NoEntry, 0, (ulong)time.GetUtcNow().ToUnixTimeSeconds() / 60 * 60)]);
            }

            return held;
        }
    }

    /// <summary>What is not on the list does not go out.</summary>
    private void Record(Held held, IReadOnlyList<Unwrapped> uses)
    {
        try
        {
            list.Add(uses, rules.Oldest);
        }
        catch
        {
            CryptographicOperations.ZeroMemory(held.Answer);
            throw;
        }
    }

    private delegate bool Use(int i, Span<byte> dataKey, Span<byte> key);

    private static Held Derive(string operation, int versions, int count, Use use)
    {
        using var derived = EnvelopeKeys.For(count);
        Span<byte> dataKey = stackalloc byte[Envelope.SecretSize];
        try
        {
            for (var i = 0; i < count; i++)
            {
                if (!use(i, dataKey, derived.At(i)))
                {
                    return Refused(operation, "key-foreign");
                }
            }

            var answer = GC.AllocateArray<byte>(1 + (count * Envelope.KeyOfOneSize), pinned: true);
            for (var i = 0; i < count; i++)
            {
                derived[i].CopyTo(answer.AsSpan(1 + (i * Envelope.KeyOfOneSize)));
            }

            return new Held(answer, operation, versions, "granted");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
        }
    }

    private static Held Refused(string operation, string code) => new(HolderAnswer.Refused(code), operation, 0, code);
}
