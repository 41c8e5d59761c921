using HealthLedger.Proofs;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;
using HealthLedger.Proofs.Witnesses;

namespace HealthLedger.Cli.Witness;

/// <summary>An answer of a witness.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">What is said, with its last newline.</param>
/// <param name="ContentType">The body's type.</param>
/// <param name="Code">For the log: <c>cosigned</c>, <c>conflict</c>, or a fault's code.</param>
internal sealed record WitnessReply(int Status, string Body, string ContentType, string Code)
{
    /// <summary>Of which log a checkpoint was shown: one that is witnessed here, or null. Signed by it only where that is what <see cref="Code"/> says.</summary>
    public string? Origin { get; init; }

    /// <summary>How many entries the checkpoint has; null where the origin is.</summary>
    public ulong? Size { get; init; }
}

/// <summary>
/// A witness: decides by <see cref="WitnessRules"/>, lets the entries be replayed where it is an auditor too, records durably, then cosigns. Comparing and
/// recording are one step under a lock. Safe for many threads.
/// </summary>
internal sealed class CheckpointWitness(IReadOnlyList<NoteSigner> signers, IReadOnlyList<NoteVerifier> logs, IReadOnlyList<LogLineage> lineages, WitnessState state, LedgerFollower? follower, TimeProvider time, CancellationToken lifetime)
{
    /// <summary>How long a request waits for the replay, which goes on without it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>After so many more entries how far the replay is is kept: less than a second of it is lost where the process is killed.</summary>
    private const ulong KeptEvery = 100_000;

    private const string Text = "text/plain; charset=utf-8";
    private ulong kept = follower?.Size ?? 0;
    private readonly Lock gate = new();
    private (Checkpoint Target, Task<Followed> Work)? replaying;

    /// <summary>The note cosigned last for the log of this name (<see cref="WitnessState.NameOf"/>); null where there is none.</summary>
    public byte[]? Recorded(string name)
    {
        lock (gate)
        {
            return state.Note(name);
        }
    }

    /// <summary>Keeps how far the replay is, where it is at what was cosigned last: before the process ends.</summary>
    public void KeepReplay()
    {
        lock (gate)
        {
            if (logs.Select(log => log.Name).Distinct(StringComparer.Ordinal).ToList() is [var origin])
            {
                KeepReplay(origin);
            }
        }
    }

    /// <summary>Answers one add-checkpoint.</summary>
    /// <exception cref="IOException">The checkpoint could not be recorded; nothing was cosigned.</exception>
    public async Task<WitnessReply> Add(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var reply = await Answer(body, cancellationToken);

        // What is logged of a name are names that were given on the command line: nobody writes other words into the log.
        return AddCheckpointRequest.Parse(body.Span).TryGet(out var request, out _) && Checkpoint.Parse(request.Note.Text).TryGet(out var shown, out _) && logs.Any(log => log.Name == shown.Origin)
            ? reply with { Origin = shown.Origin, Size = shown.Size }
            : reply;
    }

    private async Task<WitnessReply> Answer(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        WitnessDecision decision;
        lock (gate)
        {
            decision = WitnessRules.Decide(body.Span, logs, state.Last, lineages);
        }

        if (decision is WitnessDecision.Cosign asked && follower is not null && await Replay(asked, follower, cancellationToken) is { } refused)
        {
            return refused;
        }

        // Decided again under the lock that records: another request may have been answered in between.
        lock (gate)
        {
            decision = WitnessRules.Decide(body.Span, logs, state.Last, lineages);
            if (decision is not WitnessDecision.Cosign cosign)
            {
                return Refusal(decision);
            }

            var now = time.GetUtcNow();
            var lines = signers.Select(signer => signer.Cosign(cosign.Note.Text, now)).ToList();
            state.Record(cosign.Checkpoint, new SignedNote(cosign.Note.Text, [.. OfTrusted(cosign), .. lines]));
            if (cosign.Checkpoint.Size - Math.Min(kept, cosign.Checkpoint.Size) >= KeptEvery)
            {
                KeepReplay(cosign.Checkpoint.Origin);
            }

            return new WitnessReply(200, string.Concat(lines.Select(line => line + "\n")), Text, "cosigned");
        }
    }

    private void KeepReplay(string origin)
    {
        // A replay that runs is further, or about to be.
        if (follower is null || replaying is { Work.IsCompleted: false } || state.Last(origin) is not { } last || follower.Snapshot(last, state.Note(WitnessState.NameOf(origin))!) is not { } snapshot)
        {
            return;
        }

        try
        {
            state.Keep(origin, snapshot);
            kept = last.Size;
        }
        catch (IOException)
        {
            // What was cosigned is recorded; only the next start takes longer.
        }
    }

    /// <summary>Signatures of keys that nobody here knows are not kept: they would be others' bytes in our state.</summary>
    private IEnumerable<NoteSignature> OfTrusted(WitnessDecision.Cosign cosign) =>
        cosign.Note.Signatures.Where(signature => logs.Any(log => log.KeyId == signature.KeyId && log.Name == signature.Name)).Take(4);

    /// <summary>Null where the replay agrees with the checkpoint.</summary>
    private async Task<WitnessReply?> Replay(WitnessDecision.Cosign asked, LedgerFollower ledger, CancellationToken cancellationToken)
    {
        var origin = asked.Checkpoint.Origin;
        Task<Followed> work;
        lock (gate)
        {
            if (state.IsRefused(origin))
            {
                return Refusal(422, new Fault("witness-refused-log", "This log was found to break its rules; its checkpoints are no longer cosigned here."));
            }

            if (replaying is { Work.IsCompleted: false } busy && busy.Target != asked.Checkpoint)
            {
                return Refusal(503, new Fault("witness-replaying", "Entries of an earlier checkpoint are still being replayed."));
            }

            if (replaying is not { Work.IsCompleted: false })
            {
                replaying = (asked.Checkpoint, Task.Run(() => ledger.ReadTo(asked.Checkpoint, lifetime), lifetime));
            }

            work = replaying.Value.Work;
        }

        try
        {
            var followed = await work.WaitAsync(Patience, time, cancellationToken);
            if (followed is { Fault: { } found, Proven: true })
            {
                lock (gate)
                {
                    state.Refuse(origin, asked.Note);
                }
            }

            return followed.Fault is null ? null : Refusal(followed.Proven ? 422 : 503, followed.Fault);
        }
        catch (TimeoutException)
        {
            return Refusal(503, new Fault("witness-replaying", "The entries are still being replayed."));
        }
        catch (UnreachableException)
        {
            return Refusal(503, new Fault("witness-entries", "The log's entries cannot be fetched."));
        }
    }

    private static WitnessReply Refusal(WitnessDecision decision) => decision switch
    {
        WitnessDecision.Conflict conflict => new WitnessReply(conflict.Status, $"{conflict.Recorded}\n", WitnessDecision.Conflict.ContentType, "conflict"),
        WitnessDecision.Refused refused => Refusal(refused.Status, refused.Fault),
        _ => throw new ArgumentException("Not a refusal.", nameof(decision)),
    };

    private static WitnessReply Refusal(int status, Fault fault) => new(status, $"{fault}\n", Text, fault.Code);
}
