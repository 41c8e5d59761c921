namespace HealthLedger.Cli;

/// <summary>What the process returns. A contract: scripts rely on it.</summary>
internal enum ExitCode
{
    /// <summary>Done; everything that was checked holds.</summary>
    Ok = 0,
    /// <summary>A verification failed, or the server refused.</summary>
    Failed = 1,
    /// <summary>The command line or a file named on it is wrong.</summary>
    Usage = 2,
    /// <summary>No key was pinned, so nothing could be verified.</summary>
    Unpinned = 3,
    /// <summary>The server or the directory cannot be read.</summary>
    Unreachable = 4,
}
