namespace HealthLedger.Proofs.Entries;

/// <summary>What an entry records.</summary>
public enum EntryKind : byte
{
    /// <summary>One event of a patient or tenant, or a dummy that looks the same.</summary>
    Event = 1,

    /// <summary>The consent-state map's root, last entry of each batch.</summary>
    State = 2,

    /// <summary>Binds the chain's patient to its tag key (docs/formats/completeness.md).</summary>
    Enrol = 3,

    /// <summary>Closes an epoch: the root over the sorted tags of the entries since the epoch before.</summary>
    Epoch = 4,

    /// <summary>Keys of a patient were destroyed, and with them what they open.</summary>
    Erase = 5,

    /// <summary>The log's key is succeeded by another, or names its offline key (docs/formats/succession.md).</summary>
    Succession = 6,
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
