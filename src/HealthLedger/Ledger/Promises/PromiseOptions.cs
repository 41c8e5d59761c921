namespace HealthLedger.Ledger.Promises;

/// <summary>Where a ledger keeps what it promises while it can take no entry (docs/formats/emergency-journal.md).</summary>
public sealed record PromiseOptions
{
    /// <summary>The fewest slots of a journal.</summary>
    public const int MinSlots = 16;

    /// <summary>The most slots of a journal.</summary>
    public const int MaxSlots = 8_192;

    /// <summary>The emergency journal's directory, of its own; may lie on another disk than the ledger's.</summary>
    public required string Directory { get; init; }

    /// <summary>Where is kept, apart from the journal, how far it is: an older copy of the journal that is put back is behind it.</summary>
    public required string SeenDirectory { get; init; }

    /// <summary>32 bytes, the same at every start; stays the caller's. Seals what was promised, and authenticates what <see cref="SeenDirectory"/> holds.</summary>
    public required ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>Whether promises are given. Those that were given before are kept either way.</summary>
    public required bool Permits { get; init; }

    /// <summary>Promises that can wait at once, <see cref="EmergencyJournal.SlotSize"/> bytes of the disk each. <see cref="MinSlots"/> to <see cref="MaxSlots"/>.</summary>
    public int Slots { get; init; } = 1024;

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Directory);
        ArgumentException.ThrowIfNullOrWhiteSpace(SeenDirectory);
        ArgumentOutOfRangeException.ThrowIfNotEqual(Key.Length, 32, nameof(Key));
        ArgumentOutOfRangeException.ThrowIfLessThan(Slots, MinSlots);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Slots, MaxSlots);
    }
}
