namespace HealthLedger.Ledger;

/// <summary>What a ledger takes now.</summary>
public enum LedgerState
{
    /// <summary>Every entry.</summary>
    Taking,

    /// <summary>The disk is nearly full: only what may use the reserve.</summary>
    TakingFromReserve,

    /// <summary>Nothing.</summary>
    TakingNothing,
}

/// <summary>How a ledger stands.</summary>
/// <param name="State">What it takes.</param>
/// <param name="Reason">Why it does not take everything: a sentence without personal data; empty where it does.</param>
public sealed record LedgerCondition(LedgerState State, string Reason)
{
    /// <summary>True where reads in an emergency go on all the same, into the emergency journal.</summary>
    public bool PromisesReads { get; init; }

    internal static readonly LedgerCondition Good = new(LedgerState.Taking, "");

    internal static LedgerCondition Nothing(string reason) => new(LedgerState.TakingNothing, reason);
}
