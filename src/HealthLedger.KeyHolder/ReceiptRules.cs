using System.Collections.Immutable;
using System.Text.Json;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Vault;

namespace HealthLedger.KeyHolder;

/// <summary>A record version that an entry permits to be opened.</summary>
/// <param name="Shelf">Whose data key may be used: the patient's whom the fact names, or its type's where it names none.</param>
/// <param name="Sha256">The hash of the stored bytes.</param>
internal readonly record struct PermittedTarget(ShelfId Shelf, Hash Sha256);

/// <summary>What a receipt permits.</summary>
/// <param name="Index">The entry.</param>
/// <param name="Time">The entry's, in Unix seconds.</param>
/// <param name="Targets">In the fact's order.</param>
internal sealed record Permission(ulong Index, ulong Time, ImmutableArray<PermittedTarget> Targets);

/// <summary>
/// When a receipt permits keys to be used: a log of the policy signed the checkpoint and the quorum cosigned it, the entry is under it, the fact is the one that the entry commits to, it
/// says that the access was permitted, and it is not old.
/// </summary>
/// <param name="policy">Whose ledger.</param>
/// <param name="maxAge">How old an entry may be.</param>
/// <param name="time">The holder's own clock.</param>
internal sealed class ReceiptRules(LogPolicy policy, TimeSpan maxAge, TimeProvider time)
{
    /// <summary>By how much the ledger's clock may be ahead of this one.</summary>
    private const ulong MaxAheadSeconds = 300;

    /// <summary>Entries from before this Unix second permit nothing.</summary>
    public ulong Oldest => (ulong)Math.Max(0, time.GetUtcNow().ToUnixTimeSeconds() - (long)maxAge.TotalSeconds - (long)LedgerEntry.TimeStep);

    public Parsed<Permission> Read(ReadOnlySpan<byte> json)
    {
        if (!Receipt.Parse(json).TryGet(out var receipt, out var fault))
        {
            return fault;
        }

        var verdict = receipt.Verify(policy);
        if (!verdict.Holds)
        {
            return verdict.Fault!;
        }

        if (verdict is not { Entry: { } entry, Fact: { } fact })
        {
            return new Fault("receipt-without-fact", "The receipt does not show its fact.");
        }

        if (entry.Kind != EntryKind.Event || fact[FactField.Event] is not ("access" or "request") || fact[FactField.Decision] != "permit")
        {
            return new Fault("receipt-no-permit", "The entry permits no record to be opened.");
        }

        if (entry.Time < Oldest || entry.Time > (ulong)time.GetUtcNow().ToUnixTimeSeconds() + MaxAheadSeconds)
        {
            return new Fault("receipt-age", "The entry is too old, or from a time to come.");
        }

        return Targets(fact) is { } targets ? new Permission(receipt.Index, entry.Time, targets) : new Fault("receipt-targets", "The fact's targets cannot be read.");
    }

    private static ImmutableArray<PermittedTarget>? Targets(Fact fact)
    {
        if (fact[FactField.Targets] is not { } text)
        {
            return [];
        }

        try
        {
            var patient = fact[FactField.Patient] is not { } name ? (ShelfId?)null : ShelfId.Parse(name) is { IsPatient: true } shelf ? shelf : throw new FormatException();
            using var json = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 3 });
            return
            [
                .. json.RootElement.EnumerateArray().Select(target => new PermittedTarget(
                    patient ?? ShelfId.ForDirectory(target.GetProperty("ref").GetString()!.Split('/')[0]),
                    target.TryGetProperty("sha256", out var hash) ? new Hash(Convert.FromHexString(hash.GetString()!)) : Hash.Zero)),
            ];
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            return null;
        }
    }
}
