using HealthLedger.Proofs.Promises;

namespace HealthLedger.Ledger;

/// <summary>Something that can be recorded: it knows what it appends.</summary>
public interface IRecordable
{
    /// <summary>The append that records this.</summary>
    AppendRequest ToAppend();
}

/// <summary>
/// Proof in the type system that <typeparamref name="T"/> is recorded: durable and signed. It stands in the ledger, published; or, of a read in an emergency while the ledger takes no entry, in the
/// emergency journal, promised. There is no other way to get one than <see cref="Append"/> and <see cref="Promise"/>, and what discloses takes nothing else; so a step that opens before it
/// records does not compile.
/// </summary>
public sealed class Recorded<T>
    where T : class, IRecordable
{
    private readonly AppendOutcome.Appended? _appended;

    private Recorded(T value, AppendOutcome.Appended? appended, GivenPromise? promise) => (Value, _appended, Promised) = (value, appended, promise);

    /// <summary>What was recorded.</summary>
    public T Value { get; }

    /// <summary>Where it stands in the ledger.</summary>
    /// <exception cref="InvalidOperationException">It is only promised.</exception>
    public AppendOutcome.Appended Position => _appended ?? throw new InvalidOperationException("It is promised, and not in the ledger yet.");

    /// <summary>The promise that it will stand in the ledger; null where it does.</summary>
    public GivenPromise? Promised { get; }

    /// <summary>Appends <paramref name="value"/>; the result is <see cref="Recorded{T}"/> only after the durable append.</summary>
    /// <param name="log">The ledger.</param>
    /// <param name="value">What to record.</param>
    /// <param name="cancellation">Honoured until the append is sequenced; from then on the append runs to its end.</param>
    public static async ValueTask<RecordOutcome<T>> Append(IAppendOnly log, T value, CancellationToken cancellation) =>
        await log.Append(value.ToAppend(), cancellation) switch
        {
            AppendOutcome.Appended appended => new RecordOutcome<T>.Done(new Recorded<T>(value, appended, null)),
            AppendOutcome.Stale stale => new RecordOutcome<T>.Stale(stale.Subjects),
            AppendOutcome.Unavailable unavailable => new RecordOutcome<T>.Unavailable(unavailable.Reason),
            var other => throw new InvalidOperationException($"An append ended as {other.GetType().Name}, which this version does not know."),
        };

    /// <summary>Promises what <see cref="Append"/> could not record; the result is <see cref="Recorded{T}"/> only after the promise is signed and durable.</summary>
    /// <param name="journal">The ledger.</param>
    /// <param name="valueAt">What to record, as the promise of this number: its facts say so.</param>
    /// <param name="cancellation">Honoured until its turn has come.</param>
    internal static async ValueTask<RecordOutcome<T>> Promise(IPromising journal, Func<LateMark, T> valueAt, CancellationToken cancellation)
    {
        T? value = null;
        return await journal.Promise(mark => (value = valueAt(mark)).ToAppend(), cancellation) switch
        {
            PromiseOutcome.Promised promised => new RecordOutcome<T>.Done(new Recorded<T>(value!, null, promised.Given)),
            PromiseOutcome.Stale stale => new RecordOutcome<T>.Stale(stale.Subjects),
            PromiseOutcome.Unavailable unavailable => new RecordOutcome<T>.Unavailable(unavailable.Reason),
            var other => throw new InvalidOperationException($"A promise ended as {other.GetType().Name}, which this version does not know."),
        };
    }
}

/// <summary>The one thing recording needs of a ledger.</summary>
public interface IAppendOnly
{
    /// <summary>
    /// Appends all events of the request or none. Returns <see cref="AppendOutcome.Appended"/> only when they are durable and a published signed
    /// checkpoint covers them. Implementations MUST NOT return it earlier.
    /// </summary>
    ValueTask<AppendOutcome> Append(AppendRequest request, CancellationToken cancellation);
}

/// <summary>What a ledger does for reads in an emergency while it takes no entry.</summary>
public interface IPromising
{
    /// <summary>
    /// Promises an append that <see cref="AppendRequest.MayBePromised"/>. Returns <see cref="PromiseOutcome.Promised"/> only when the signed promise and what it is about are durable; nothing is
    /// promised while the ledger takes entries. Implementations MUST NOT return it earlier, and MUST append what they promised before anything else.
    /// </summary>
    /// <param name="requestAt">Asked for the append once its place among the promises is known.</param>
    /// <param name="cancellation">Honoured until its turn has come.</param>
    ValueTask<PromiseOutcome> Promise(Func<LateMark, AppendRequest> requestAt, CancellationToken cancellation);
}

/// <summary>A promise that was given.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Before">How many events the chain of its first event had: the entry comes behind them.</param>
public sealed record GivenPromise(ulong Number, ulong Before);

/// <summary>What became of promising.</summary>
public abstract record PromiseOutcome
{
    private PromiseOutcome()
    {
    }

    /// <summary>It is durable, and the ledger is held to it.</summary>
    public sealed record Promised(GivenPromise Given) : PromiseOutcome;

    /// <summary>Nothing was promised: decide these subjects again.</summary>
    public sealed record Stale(System.Collections.Immutable.ImmutableArray<string> Subjects) : PromiseOutcome;

    /// <summary>Nothing was promised, and nothing may be disclosed.</summary>
    public sealed record Unavailable(string Reason) : PromiseOutcome;
}

/// <summary>What became of recording a <typeparamref name="T"/>.</summary>
public abstract record RecordOutcome<T>
    where T : class, IRecordable
{
    private RecordOutcome()
    {
    }

    /// <summary>It is recorded.</summary>
    public sealed record Done(Recorded<T> Recorded) : RecordOutcome<T>;

    /// <summary>Nothing was recorded: decide these subjects again.</summary>
    public sealed record Stale(System.Collections.Immutable.ImmutableArray<string> Subjects) : RecordOutcome<T>;

    /// <summary>Nothing was recorded, and nothing may be disclosed or changed.</summary>
    public sealed record Unavailable(string Reason) : RecordOutcome<T>;
}
