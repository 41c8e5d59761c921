using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>
/// The key-encryption keys, one for each epoch, each random and in a file of its own, sealed under the master key: <c>wrapping-E.json</c>. Destroying the file of an epoch
/// destroys every copy of the keys that were wrapped in it, backups among them. A directory of an earlier version has none for epoch 1, whose key is derived.
/// </summary>
internal sealed class WrappingEpochs(string directory, TenantId tenant)
{
    private const int Format = 1;
    private const int MaxFileSize = 4096;
    private const string Prefix = "wrapping-";
    private const string Suffix = ".json";
    private const string Label = "wrapping-key";
    private static readonly int SealedSize = Envelope.SecretSize + Envelope.Overhead;

    /// <summary>The epochs that have a file, ascending.</summary>
    internal IReadOnlyList<int> Stored() =>
    [
        .. Directory.EnumerateFiles(directory, Prefix + "*" + Suffix)
            .Select(path => Path.GetFileName(path)[Prefix.Length..^Suffix.Length])
            .Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var epoch) ? epoch : 0)
            .Where(epoch => epoch > 0)
            .Order(),
    ];

    /// <summary>Makes the key of an epoch; durable on return.</summary>
    internal void Make(int epoch, PinnedSecret sealing)
    {
        using var key = PinnedSecret.Random(Envelope.SecretSize);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Format);
            json.WriteNumber("epoch", epoch);
            json.WriteBase64String("sealed", Envelope.Seal(sealing.Span, Label, AssociatedData(epoch), key.Span));
            json.WriteEndObject();
        }

        DurableFile.WriteNew(PathOf(epoch), stream.ToArray());
    }

    /// <summary>The key of an epoch; null where it has no file.</summary>
    /// <exception cref="DamagedKeysException">The file is damaged, or another's.</exception>
    internal PinnedSecret? Open(int epoch, PinnedSecret sealing)
    {
        var path = PathOf(epoch);
        if (!File.Exists(path))
        {
            return null;
        }

        var stored = Read(path, epoch);
        return PinnedSecret.Create(Envelope.SecretSize, (sealing, stored, data: AssociatedData(epoch), path), static (key, state) =>
        {
            if (!Envelope.TryOpen(state.sealing.Span, Label, state.data, state.stored, key))
            {
                throw Damaged(state.path);
            }
        });
    }

    /// <summary>Copies the files, sealed as they are.</summary>
    internal void CopyTo(string to)
    {
        foreach (var path in Stored().Select(PathOf))
        {
            DurableFile.WriteNew(Path.Combine(to, Path.GetFileName(path)), File.ReadAllBytes(path));
        }
    }

    /// <summary>Destroys the keys of all epochs before this one: overwritten, then removed.</summary>
    internal void DestroyBefore(int epoch)
    {
        foreach (var earlier in Stored().Where(stored => stored < epoch))
        {
            DurableFile.Destroy(PathOf(earlier));
        }
    }

    private static byte[] Read(string path, int epoch)
    {
        if (new FileInfo(path).Length > MaxFileSize)
        {
            throw Damaged(path);
        }

        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 2 });
            var root = json.RootElement;
            var key = root.GetProperty("sealed").GetBytesFromBase64();
            return root.GetProperty("format").GetInt32() == Format && root.GetProperty("epoch").GetInt32() == epoch && key.Length == SealedSize ? key : throw Damaged(path);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Damaged(path, e);
        }
    }

    private static DamagedKeysException Damaged(string path, Exception? inner = null) =>
        new($"{path} is damaged or belongs to another key directory: restore it from a backup of the key directory.", inner);

    private string PathOf(int epoch) => Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{epoch}{Suffix}"));

    private byte[] AssociatedData(int epoch)
    {
        var data = new byte[16 + TenantId.Size + sizeof(int)];
        Encoding.ASCII.GetBytes("healthledger/wk1", data);
        tenant.CopyTo(data.AsSpan(16));
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(16 + TenantId.Size), epoch);
        return data;
    }
}
