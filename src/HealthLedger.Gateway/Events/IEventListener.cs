namespace HealthLedger.Gateway.Events;

/// <summary>
/// Somebody in this process who hears <see cref="HealthLedger.Events.LedgerEvents"/>, and about whom at this moment: nobody, some patients, or everybody. What nobody listens for is not
/// published, and while nobody listens at all the ledger's journal is not even read.
/// </summary>
/// <remarks>
/// Asked from any thread. Answers MUST come from under the lock under which listening begins, so that both sides agree on what was first: who is not listening yet when asked reads
/// afterwards everything that was committed before.
/// </remarks>
internal interface IEventListener
{
    /// <summary>False where it listens for nobody now.</summary>
    bool IsListening { get; }

    /// <summary>Whether it listens now for events that name this patient (or, of a release, this run).</summary>
    bool ListensFor(string named);
}

/// <summary>Where events leave the process nobody here knows who listens: everything is published.</summary>
internal sealed class EverybodyListens : IEventListener
{
    public bool IsListening => true;

    public bool ListensFor(string named) => true;
}
