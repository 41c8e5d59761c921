using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Cli.Verify;

/// <summary>
/// The folder in which a gateway keeps its ledger, or a copy of it: the tiles lie one after the other in flat files (docs/formats/ledger-files.md), from which
/// they are cut as the gateway would serve them.
/// </summary>
internal sealed class StoredLedger(string directory) : LedgerSource
{
    private const string Entries = "entries.dat";

    /// <summary>The newest checkpoint that the witnesses' quorum cosigned.</summary>
    private const string Final = "cosigned";

    public override string Name => directory;

    public override bool MayHoldEntries => true;

    /// <summary>True for the files that a gateway writes and no served tiles.</summary>
    public static bool Is(string directory) => File.Exists(Path.Combine(directory, Entries)) && !Directory.Exists(Path.Combine(directory, "tile"));

    public override async Task<byte[]?> Fetch(string path, int maxBytes, CancellationToken cancellationToken)
    {
        if (TilePath.Parse(path) is not { } tile)
        {
            return await Cut(path == "final/checkpoint" ? Final : path, 0, maxBytes + 1, cancellationToken);
        }

        var first = (long)tile.Index * TilePath.FullWidth;
        if (!tile.IsEntries)
        {
            return Whole(await Cut($"level-{tile.Level}.dat", first * Hash.Length, tile.Width * Hash.Length, cancellationToken), tile.Width * Hash.Length);
        }

        var entries = await Cut(Entries, first * LedgerEntry.Size, tile.Width * LedgerEntry.Size, cancellationToken);
        return Whole(entries, tile.Width * LedgerEntry.Size) is null
            ? null
            : EntryBundle.Encode([.. Enumerable.Range(0, tile.Width).Select(i => (ReadOnlyMemory<byte>)entries.AsMemory(i * LedgerEntry.Size, LedgerEntry.Size))]);
    }

    /// <summary>Files that end early lack the tile.</summary>
    private static byte[]? Whole(byte[]? bytes, int length) => bytes?.Length == length ? bytes : null;

    private async Task<byte[]?> Cut(string name, long offset, int length, CancellationToken cancellationToken)
    {
        try
        {
            // Shared, since the gateway that writes the file may be running.
            await using var file = new FileStream(Path.Combine(directory, name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Position = offset;
            var bytes = new byte[length];
            var read = await file.ReadAtLeastAsync(bytes, length, throwOnEndOfStream: false, cancellationToken);
            return bytes.AsSpan(0, read).ToArray();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UnreachableException($"{name} cannot be read: {e.Message}");
        }
    }
}
