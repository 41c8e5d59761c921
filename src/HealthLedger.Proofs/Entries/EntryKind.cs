namespace HealthLedger.Proofs.Entries;

/// <summary>What an entry records.</summary>
public enum EntryKind : byte
{
    /// <summary>One event of a patient or tenant, or a dummy that looks the same.</summary>
    Event = 1,

    /// <summary>The consent-state map's root, last entry of each batch.</summary>
    State = 2,

    /// <summary>A patient's chain is bound to a key. Reserved: parsed, not yet made.</summary>
    Enrol = 3,

    /// <summary>The tags of an epoch. Reserved: parsed, not yet made.</summary>
    Epoch = 4,

    /// <summary>Keys were destroyed. Reserved: parsed, not yet made.</summary>
    Erase = 5,
}

/// <summary>What an entry does to the consent-state map.</summary>
public enum ConsentOperation : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A consent begins under a fresh handle.</summary>
    Grant = 1,

    /// <summary>A granted consent ends.</summary>
    Withdraw = 2,
}
