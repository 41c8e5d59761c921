namespace HealthLedger.Gateway.Hosting;

/// <summary>The process's exit codes: part of the contract with scripts (README, "Exit codes").</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Configuration = 2;
    public const int WrongPassphrase = 3;
    public const int DirectoryInUse = 4;
    public const int PortInUse = 5;
    public const int LedgerRefuses = 6;
}
