namespace HealthLedger.Ledger;

/// <summary>Something that can be recorded: it knows what it appends.</summary>
public interface IRecordable
{
    /// <summary>The append that records this.</summary>
    AppendRequest ToAppend();
}

/// <summary>
/// Proof in the type system that <typeparamref name="T"/> stands in the ledger: durable, signed, published. There is no other way to get one than
/// <see cref="Append"/>, and what discloses takes nothing else; so a step that opens before it records does not compile.
/// </summary>
public sealed class Recorded<T>
    where T : class, IRecordable
{
    private Recorded(T value, AppendOutcome.Appended appended)
    {
        Value = value;
        Position = appended;
    }

    /// <summary>What was recorded.</summary>
    public T Value { get; }

    /// <summary>Where it stands.</summary>
    public AppendOutcome.Appended Position { get; }

    /// <summary>Appends <paramref name="value"/>; the result is <see cref="Recorded{T}"/> only after the durable append.</summary>
    /// <param name="log">The ledger.</param>
    /// <param name="value">What to record.</param>
    /// <param name="cancellation">Honoured until the append is sequenced; from then on the append runs to its end.</param>
    public static async ValueTask<RecordOutcome<T>> Append(IAppendOnly log, T value, CancellationToken cancellation) =>
        await log.Append(value.ToAppend(), cancellation) switch
        {
            AppendOutcome.Appended appended => new RecordOutcome<T>.Done(new Recorded<T>(value, appended)),
            AppendOutcome.Stale stale => new RecordOutcome<T>.Stale(stale.Subjects),
            AppendOutcome.Unavailable unavailable => new RecordOutcome<T>.Unavailable(unavailable.Reason),
            var other => throw new InvalidOperationException($"An append ended as {other.GetType().Name}, which this version does not know."),
        };
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
