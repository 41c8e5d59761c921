namespace HealthLedger.Vault;

/// <summary>The vault's limits.</summary>
public sealed record VaultOptions
{
    /// <summary>Bytes of memory for opened shelves, estimated; the ones not used for longest are dropped. Default 512 MiB.</summary>
    public long ShelfCacheBytes { get; init; } = 512L << 20;

    /// <summary>Bytes of memory for sealed rows of records that were read lately, estimated; 0 for none. Default 128 MiB.</summary>
    public long RowCacheBytes { get; init; } = 128L << 20;

    /// <summary>How many records' places are remembered, absent ones too. Default 200,000: about 60 MB.</summary>
    public int LocatorCacheEntries { get; init; } = 200_000;

    /// <summary>The greatest record in bytes. Default 16 MiB.</summary>
    public int MaxRecordBytes { get; init; } = 16 << 20;

    /// <summary>The greatest number of records in one change. Default 10,000.</summary>
    public int MaxWrites { get; init; } = 10_000;

    /// <summary>The greatest size of a record's terms in bytes. Default 4 MiB.</summary>
    public int MaxTermsBytes { get; init; } = 4 << 20;

    /// <summary>This server's FHIR address without the last slash, for terms that must be extracted again; as the writers of records give it.</summary>
    public string LocalBase { get; init; } = "";

    /// <summary>The greatest size of an annotation in bytes.</summary>
    public const int MaxAnnotationBytes = 64 << 10;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ShelfCacheBytes, 1 << 20, nameof(ShelfCacheBytes));
        ArgumentOutOfRangeException.ThrowIfNegative(RowCacheBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(LocatorCacheEntries);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxRecordBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxWrites);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxTermsBytes);
    }
}
