using HealthLedger.Fhir.Json;

namespace HealthLedger.Gateway.Fhir;

/// <summary>
/// Keeps the answers to one Bundle within a number of bytes. From the first answer on that does not fit, no read is made any more, and changes, which are made, show nothing of
/// their records. Counts what is disclosed alone.
/// </summary>
internal sealed class AnswerLimit
{
    /// <summary>The most bytes of resources and outcomes in the answer to one Bundle: 32 MiB.</summary>
    public const int Maximum = 32 * 1024 * 1024;

    private long _left = Maximum;

    /// <summary>True where an answer did not fit.</summary>
    public bool IsReached { get; private set; }

    /// <summary>True where it fits, and all before it did; then its bytes are taken.</summary>
    public bool Takes(EntryToWrite answer)
    {
        var size = (long)answer.Resource.Length + (answer.Response?.Outcome.Length ?? 0);
        IsReached |= size > _left;
        _left -= IsReached ? 0 : size;
        return !IsReached;
    }
}
