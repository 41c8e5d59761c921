namespace HealthLedger.Cli.Verify;

/// <summary>A copy of a ledger's served files in a directory.</summary>
internal sealed class DirectoryLedger(string directory) : LedgerSource
{
    public override string Name => directory;

    public override bool MayHoldEntries => true;

    public override async Task<byte[]?> Fetch(string path, int maxBytes, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(Path.Combine(directory, path));
            return await Read(file, maxBytes, cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UnreachableException($"{path} cannot be read: {e.Message}");
        }
    }
}
