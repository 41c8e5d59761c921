using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Json;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Vault;

namespace HealthLedger.Access;

/// <summary>How long evidence is kept.</summary>
/// <param name="AuditRetentionDays">How long after an erasure the audit key is kept at least.</param>
/// <param name="KeyBackupDays">How long backups of the key directory are kept at most: only then is an erasure complete.</param>
public sealed record ErasurePolicy(int AuditRetentionDays, int KeyBackupDays);

/// <summary>A step with an erased patient's audit key.</summary>
public enum AuditKeyStep
{
    /// <summary>A legal hold begins.</summary>
    Hold,
    /// <summary>The legal hold ends.</summary>
    Release,
    /// <summary>One operator asks for its destruction.</summary>
    Request,
    /// <summary>Another one agrees, and it is destroyed.</summary>
    Confirm,
}

/// <summary>
/// The second half of an erasure: the audit key, the last that opens what was done with an erased patient's records. It goes only after the retention, without a legal hold, and by
/// two operators. Its ERASE entry stands on the tenant's chain and commits to which entries cannot be opened from then on, so that an auditor who draws one of them is answered.
/// </summary>
public sealed class AuditKeyErasure(RecordVault vault, LedgerLog log, ErasurePolicy policy, TimeProvider time) : IDisposable
{
    /// <summary>A request that nobody agreed to in this time is void.</summary>
    public static readonly TimeSpan RequestHolds = TimeSpan.FromDays(7);

    private const int EventsTogether = 10_000;

    /// <summary>Above this many bytes the list of entries does not fit a fact, which then commits to it by its root alone.</summary>
    private const int MaxListed = 600_000;

    private readonly SemaphoreSlim _one = new(1);

    /// <summary>When the retention of an erasure's audit key ends.</summary>
    public DateTimeOffset RetainedUntil(Erasure erasure) => erasure.At.AddDays(policy.AuditRetentionDays);

    /// <summary>Takes a step, or records that it was refused.</summary>
    /// <param name="caller">An operator.</param>
    /// <param name="requestId">For correlation.</param>
    /// <param name="mark">Which erasure.</param>
    /// <param name="step">What to do.</param>
    /// <param name="cancellation">Honoured until the append is sequenced.</param>
    public async ValueTask<AuditKeyResult> Take(Caller caller, string requestId, KeyedName mark, AuditKeyStep step, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            var erasure = vault.Erasures.Find(mark);

            // Whoever comes back is given keys under this lock: not between the look whether the audit key is in use again and its end.
            using var held = step == AuditKeyStep.Confirm && PatientOf(erasure) is { } patient ? await vault.LockForWrite([patient], cancellation) : null;
            var now = Instants.Now(time);
            var fact = AccessFacts.Start(caller, PurposeOfUse.Operations, "audit-key", requestId, "erasure", now);
            if (Fault(erasure, step, Name(caller), now) is { } fault)
            {
                fact.Set(FactField.Decision, "deny").Set(FactField.Reason, $"{Code(step)}-{Code(fault)}").Set(FactField.Evidence, erasure?.Id);
                return await Append(new AppendRequest { Events = [AccessFacts.Finish(fact, vault.TenantChain)] }, cancellation)
                    ? new AuditKeyResult.Refused(fault)
                    : new AuditKeyResult.Unavailable();
            }

            var after = After(erasure!, step, Name(caller), now);
            var (redo, commit) = vault.PrepareChange(erasure!, after);
            fact.Set(FactField.Decision, "permit").Set(FactField.Reason, Code(step)).Set(FactField.Evidence, step == AuditKeyStep.Confirm ? Evidence(erasure!) : erasure!.Id);
            var entry = AccessFacts.Finish(fact, vault.TenantChain) with { Kind = step == AuditKeyStep.Confirm ? EntryKind.Erase : EntryKind.Event };
            if (!await Append(new AppendRequest { Events = [entry], Redo = redo, Committed = commit }, cancellation))
            {
                return new AuditKeyResult.Unavailable();
            }

            vault.Complete();
            return new AuditKeyResult.Done(vault.Erasures.Find(mark)!);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>The code of a step, as facts and answers have it.</summary>
    public static string Code(AuditKeyStep step) => step switch
    {
        AuditKeyStep.Hold => "audit-key-held",
        AuditKeyStep.Release => "audit-key-released",
        AuditKeyStep.Request => "audit-key-requested",
        _ => "audit-key-destroyed",
    };

    /// <summary>The code of a refusal.</summary>
    public static string Code(AuditKeyFault fault) => fault switch
    {
        AuditKeyFault.NotThere => "absent",
        AuditKeyFault.Destroyed => "gone",
        AuditKeyFault.Retained => "retained",
        AuditKeyFault.Held => "on-hold",
        AuditKeyFault.InUse => "in-use",
        AuditKeyFault.NotRequested => "not-requested",
        _ => "same-operator",
    };

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private static string Name(Caller caller) => caller.UserId is { } user ? $"{caller.ClientId} {user}" : caller.ClientId;

    private AuditKeyFault? Fault(Erasure? erasure, AuditKeyStep step, string who, DateTimeOffset now) =>
        erasure is null ? AuditKeyFault.NotThere
        : erasure.AuditKeyDestroyed is not null ? AuditKeyFault.Destroyed
        : step is AuditKeyStep.Hold or AuditKeyStep.Release ? null
        : erasure.Held ? AuditKeyFault.Held
        : now < RetainedUntil(erasure) ? AuditKeyFault.Retained
        : vault.Erasures.IsBack(erasure) ? AuditKeyFault.InUse
        : step == AuditKeyStep.Request ? null
        : erasure.RequestedBy is null || now - erasure.RequestedAt > RequestHolds ? AuditKeyFault.NotRequested
        : erasure.RequestedBy == who ? AuditKeyFault.SameOperator
        : null;

    private static Erasure After(Erasure erasure, AuditKeyStep step, string who, DateTimeOffset now) => step switch
    {
        AuditKeyStep.Hold => erasure with { Held = true, RequestedBy = null },
        AuditKeyStep.Release => erasure with { Held = false },
        AuditKeyStep.Request => erasure with { RequestedBy = who, RequestedAt = now },
        _ => erasure with { AuditKeyDestroyed = now },
    };

    /// <summary>Whose records were erased, as the facts on the chain say; null where it does not open any more.</summary>
    private ShelfId? PatientOf(Erasure? erasure) =>
        erasure is not null && vault.Erasures.ChainOf(erasure) is { } chain && log.EventsOf(chain, 0, 1, newestFirst: true) is [var last]
        && log.FactOf(last.Index, chain) is { } fact
            ? ShelfId.Parse(fact[FactField.Patient] ?? "")
            : null;

    /// <summary>Which entries cannot be opened from then on: their count, the RFC 6962 root over their indices, and the indices, each as the distance to the one before in LEB128.</summary>
    private string Evidence(Erasure erasure)
    {
        var indices = new List<ulong>();
        if (vault.Erasures.ChainOf(erasure) is { } chain)
        {
            for (ulong from = 0; log.EventsOf(chain, from, EventsTogether) is { Count: > 0 } page; from += (ulong)page.Count)
            {
                indices.AddRange(page.Select(each => each.Index));
            }
        }

        indices.Sort();
        var tree = new CompactRange();
        var listed = new MemoryStream();
        Span<byte> leaf = stackalloc byte[sizeof(ulong)];
        ulong before = 0;
        foreach (var index in indices)
        {
            BinaryPrimitives.WriteUInt64BigEndian(leaf, index);
            tree.Append(MerkleHash.Leaf(leaf));
            var distance = index - before;
            for (before = index; distance >= 0x80; distance >>= 7)
            {
                listed.WriteByte((byte)(distance | 0x80));
            }

            listed.WriteByte((byte)distance);
        }

        return JsonSerializer.Serialize(new
        {
            erasure = erasure.Id,
            entries = indices.Count,
            root = tree.Root.ToString(),
            indices = listed.Length <= MaxListed ? Convert.ToBase64String(listed.ToArray()) : null,
        });
    }

    private async ValueTask<bool> Append(AppendRequest request, CancellationToken cancellation) =>
        await Recorded<ErasureEntry>.Append(log, new ErasureEntry(request), cancellation) is RecordOutcome<ErasureEntry>.Done;
}

/// <summary>What became of a step.</summary>
public abstract record AuditKeyResult
{
    private AuditKeyResult()
    {
    }

    /// <summary>It is done.</summary>
    /// <param name="Erasure">As it stands now.</param>
    public sealed record Done(Erasure Erasure) : AuditKeyResult;

    /// <summary>It is not done; that it was asked for is recorded.</summary>
    public sealed record Refused(AuditKeyFault Fault) : AuditKeyResult;

    /// <summary>The ledger takes no entry now, so nothing was done.</summary>
    public sealed record Unavailable : AuditKeyResult;
}

/// <summary>Why a step is refused.</summary>
public enum AuditKeyFault
{
    /// <summary>There is no such erasure.</summary>
    NotThere,
    /// <summary>The audit key is destroyed already.</summary>
    Destroyed,
    /// <summary>The retention has not ended.</summary>
    Retained,
    /// <summary>There is a legal hold.</summary>
    Held,
    /// <summary>The patient has records again, and the chain goes on.</summary>
    InUse,
    /// <summary>Nobody asked, or too long ago.</summary>
    NotRequested,
    /// <summary>Who asked cannot agree too.</summary>
    SameOperator,
}
