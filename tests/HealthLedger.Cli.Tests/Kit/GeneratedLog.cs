using System.Text;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Tests.Kit;

/// <summary>A log with made-up entries, as the files that it serves. The key is fixed, so that two logs can be of one origin.</summary>
internal sealed class GeneratedLog : IDisposable
{
    public const string Origin = "ledger.example/log";

    private readonly NoteSigner signer = new(Origin, NoteKeyType.Ed25519, Ed25519PrivateKey.FromSeed([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));
    private readonly NoteSigner witness = new("witness.example/w", NoteKeyType.Cosignature, Ed25519PrivateKey.FromSeed([.. Enumerable.Range(50, 32).Select(i => (byte)i)]));

    /// <param name="size">Entries.</param>
    /// <param name="variant">Entries from <paramref name="variantFrom"/> on differ between variants.</param>
    /// <param name="variantFrom">The first entry that differs.</param>
    public GeneratedLog(int size, string variant = "", int variantFrom = 0)
        : this([.. Enumerable.Range(0, size).Select(i => Encoding.ASCII.GetBytes($"entry {i}{(i >= variantFrom ? variant : "")}"))])
    {
    }

    /// <param name="entries">The entries' bytes.</param>
    public GeneratedLog(IReadOnlyList<byte[]> entries)
    {
        var size = entries.Count;
        Files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var range = new CompactRange();
        var rows = Enumerable.Range(0, 4).Select(_ => new List<Hash>()).ToList();
        foreach (var entry in entries)
        {
            range.Append(MerkleHash.Leaf(entry), (int level, ulong _, in Hash hash) =>
            {
                if (level % 8 == 0)
                {
                    rows[level / 8].Add(hash);
                }
            });
        }

        for (var level = 0; level < rows.Count; level++)
        {
            foreach (var path in TilePath.AllAt(level, (ulong)size))
            {
                Files[path.ToString()] = [.. rows[level].Skip((int)path.Index * 256).Take(path.Width).SelectMany(hash => hash.ToArray())];
            }
        }

        foreach (var path in TilePath.AllAt(TilePath.EntriesLevel, (ulong)size))
        {
            Files[path.ToString()] = EntryBundle.Encode([.. entries.Skip((int)path.Index * 256).Take(path.Width).Select(entry => (ReadOnlyMemory<byte>)entry)]);
        }

        var checkpoint = new Checkpoint(Origin, (ulong)size, range.Root);
        Files["checkpoint"] = checkpoint.Sign(signer).ToBytes();
        Cosigned = checkpoint.Sign(signer).With(witness.Cosign(checkpoint.ToBytes(), DateTimeOffset.FromUnixTimeSeconds(1_800_000_000))).ToBytes();
    }

    public Dictionary<string, byte[]> Files { get; }

    /// <summary>The checkpoint with a witness's cosignature.</summary>
    public byte[] Cosigned { get; }

    public string Vkey => signer.Verifier.ToString();

    public string WitnessVkey => witness.Verifier.ToString();

    public IEnumerable<string> PublicFiles => Files.Keys.Where(path => !path.StartsWith("tile/entries/", StringComparison.Ordinal));

    /// <summary>Signs a checkpoint that the tiles do not lead to.</summary>
    public byte[] SignOther(ulong size, Hash root) => new Checkpoint(Origin, size, root).Sign(signer).ToBytes();

    public void WriteTo(string directory)
    {
        foreach (var (path, bytes) in Files)
        {
            var file = Path.Combine(directory, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, bytes);
        }
    }

    public void Dispose()
    {
        signer.Dispose();
        witness.Dispose();
    }
}
