namespace HealthLedger.Cli.Verify;

/// <summary>Something that does not hold.</summary>
/// <param name="Code">Stable, for programs.</param>
/// <param name="File">The served file that is concerned.</param>
/// <param name="Hash">Which hash or entry in that file, from 0; null where it cannot be told or is the whole file.</param>
/// <param name="Detail">A plain sentence.</param>
internal sealed record Finding(string Code, string File, int? Hash, string Detail);
