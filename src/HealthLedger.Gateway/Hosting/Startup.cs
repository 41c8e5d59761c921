using System.Net.Sockets;
using System.Security.Cryptography;
using HealthLedger.Gateway.Demo;
using HealthLedger.Ledger;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using Microsoft.AspNetCore.Connections;
using Microsoft.Data.Sqlite;

namespace HealthLedger.Gateway.Hosting;

/// <summary>The process from arguments to exit code. Every way not to start ends in one sentence on the error stream and a code of its own.</summary>
internal static class Startup
{
    private const int SqliteCorrupt = 11;
    private const int SqliteNotADatabase = 26;
    private const string PassphraseVariable = "HEALTHLEDGER_PASSPHRASE";

    public static async Task<int> Run(string[] arguments, TextWriter output, TextWriter errors)
    {
        var line = CommandLine.Parse(arguments, out var fault);
        if (line is null)
        {
            return Refuse(errors, ExitCode.Configuration, fault!);
        }

        if (line.Help)
        {
            await output.WriteLineAsync(CommandLine.HelpText);
            return ExitCode.Ok;
        }

        try
        {
            return await Run(line, output, errors);
        }
        catch (Exception full) when (IsFull(full))
        {
            return Refuse(errors, ExitCode.LedgerRefuses, "There is no room on a disk that holds the data or the keys, and a start needs some. Nothing is lost: make room and start again.");
        }
        catch (ConfigurationException configuration)
        {
            return Refuse(errors, ExitCode.Configuration, configuration.Message);
        }
        catch (WrongPassphraseException wrong)
        {
            return Refuse(errors, ExitCode.WrongPassphrase, wrong.Message);
        }
        catch (KeyProviderException provider)
        {
            return Refuse(errors, ExitCode.WrongPassphrase, provider.Message);
        }
        catch (Exception keys) when (keys is ForeignDirectoryException or DamagedKeysException)
        {
            return Refuse(errors, ExitCode.Configuration, keys.Message);
        }
        catch (UnauthorizedAccessException forbidden)
        {
            return Refuse(errors, ExitCode.Configuration, $"A directory or file may not be used by this user: {forbidden.Message}");
        }
        catch (DirectoryInUseException inUse)
        {
            return Refuse(errors, ExitCode.DirectoryInUse, inUse.Message);
        }
        catch (LedgerRefusesToStartException refuses)
        {
            return Refuse(errors, ExitCode.LedgerRefuses, refuses.Message);
        }
        catch (Exception damaged) when (damaged is TamperedRecordException or InvalidDataException or CryptographicException or SqliteException { SqliteErrorCode: SqliteCorrupt or SqliteNotADatabase })
        {
            return Refuse(errors, ExitCode.LedgerRefuses, $"What is stored is damaged ({damaged.GetType().Name}): {damaged.Message} Restore the data directory, or the keys directory where it names keys.db, from a backup.");
        }
        catch (IOException port) when (port.InnerException is AddressInUseException or SocketException)
        {
            return Refuse(errors, ExitCode.PortInUse, port.Message + " Choose another with --urls, or 0 for a free one.");
        }
    }

    private static async Task<int> Run(CommandLine line, TextWriter output, TextWriter errors)
    {
        CheckDemoFiles(line);
        await using var gateway = await GatewayHost.Build(line, errors);
        await gateway.Start(errors);
        await output.WriteLineAsync($"listening {gateway.Url}");
        if (line.Demo)
        {
            var proved = await DemoRun.Walk(gateway, line);
            if (line.Once)
            {
                return proved ? ExitCode.Ok : ExitCode.Failed;
            }
        }

        gateway.Ready();
        await gateway.WaitForShutdown();
        return ExitCode.Ok;
    }

    /// <summary>Said before the walk: it would find out only after it has stored the hospital, or at its last but one step.</summary>
    private static void CheckDemoFiles(CommandLine line)
    {
        if (line.Demo)
        {
            Verifier.Require(AppContext.BaseDirectory);
        }

        if (line.DemoData is { } folder && !Directory.Exists(folder))
        {
            throw new ConfigurationException($"--demo-data {folder} is no folder.");
        }

        if (line.Demo && Path.GetDirectoryName(Path.GetFullPath(line.DemoCredentials)) is var directory && !Directory.Exists(directory))
        {
            throw new ConfigurationException($"--demo-credentials {line.DemoCredentials}: there is no folder {directory}. Make it, or name another file.");
        }
    }

    /// <summary>The passphrase from the environment or a file; null where neither is given.</summary>
    public static Passphrase? ReadPassphrase(GatewayOptions options)
    {
        try
        {
            return Environment.GetEnvironmentVariable(PassphraseVariable) is { Length: > 0 } text ? Passphrase.FromText(text)
                : options.PassphraseFile is { } file ? Passphrase.FromFile(file)
                : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigurationException($"The passphrase cannot be read: {unreadable.Message}");
        }
    }

    /// <summary>SQLITE_FULL and SQLITE_IOERR_SHMSIZE (https://www.sqlite.org/rescode.html); ENOSPC and EDQUOT.</summary>
    private static bool IsFull(Exception exception) =>
        exception is SqliteException { SqliteErrorCode: 13 } or SqliteException { SqliteExtendedErrorCode: 4874 } or IOException { HResult: 28 or 122 }
        || (exception.InnerException is { } inner && IsFull(inner));

    private static int Refuse(TextWriter errors, int code, string message)
    {
        errors.WriteLine("healthledger: " + message);
        return code;
    }
}

/// <summary>A setting that cannot be used; the message names it and says what to do.</summary>
internal sealed class ConfigurationException(string message) : Exception(message);
