namespace HealthLedger.Ledger;

/// <summary>Another process holds the directory. The host exits with code 4.</summary>
public sealed class DirectoryInUseException(string directory, Exception? inner = null)
    : IOException($"Another process uses the directory {directory}. Stop that process, or give this one a directory of its own.", inner);

/// <summary>
/// What the ledger's directory holds cannot be what this ledger once acknowledged. It does not start, so that it cannot sign a second history.
/// The message says what was found and what to do. The host exits with code 6.
/// </summary>
public sealed class LedgerRefusesToStartException(string found, string advice, Exception? inner = null)
    : Exception($"The ledger refuses to start: {found} {advice}", inner)
{
    /// <summary>What was found.</summary>
    public string Found { get; } = found;
}

/// <summary>
/// The ledger stopped while an append was under way, and whether the append became durable is not known: a restart decides it. Whatever needed the
/// entry must not happen; a change that was asked for may still turn out to have happened.
/// </summary>
public sealed class LedgerStoppedException(string reason, Exception? inner = null)
    : Exception($"The ledger stopped: {reason}", inner);

/// <summary>Stops the process when going on would be worse than stopping: after a failed flush nobody knows what the disk holds.</summary>
public interface IFatal
{
    /// <summary>Stops the process, or begins to. The ledger takes nothing more after this call even where it returns.</summary>
    /// <param name="reason">What happened, without personal data.</param>
    /// <param name="cause">The exception behind it.</param>
    void Stop(string reason, Exception? cause);
}

/// <summary>Ends the process at once, without running anything that could write.</summary>
public sealed class FailFast : IFatal
{
    /// <inheritdoc/>
    public void Stop(string reason, Exception? cause) => Environment.FailFast(reason, cause);
}
