using System.Globalization;
using System.Text.Json;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Gateway.Backups;

/// <summary>What a backup holds.</summary>
internal enum BackupKind
{
    Data,
    Keys,
}

/// <summary>What a backup says of itself, in its <c>backup.json</c> (docs/formats/backup.md).</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Name">Its name in its place.</param>
/// <param name="Tenant">Whose it is.</param>
/// <param name="Created">A second at or before the moment that it shows.</param>
/// <param name="DeleteAfter">Of keys: when it must be gone. Null of data.</param>
/// <param name="LedgerSize">Of data: how many entries its ledger has.</param>
/// <param name="LedgerRoot">Of data: the root over them, base64.</param>
internal sealed record BackupManifest(
    BackupKind Kind, string Name, TenantId Tenant, DateTimeOffset Created, DateTimeOffset? DeleteAfter, ulong? LedgerSize, string? LedgerRoot)
{
    public const string FileName = "backup.json";
    private const string Format = "healthledger/backup/v1";
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const int MaxBytes = 4096;

    public static string CodeOf(BackupKind kind) => kind == BackupKind.Data ? "data" : "keys";

    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    public byte[] ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteString("kind", CodeOf(Kind));
            json.WriteString("name", Name);
            json.WriteString("tenant", Tenant.ToString());
            json.WriteString("created", Text(Created));
            if (DeleteAfter is { } deleteAfter)
            {
                json.WriteString("deleteAfter", Text(deleteAfter));
            }

            if (LedgerSize is { } size)
            {
                json.WriteStartObject("ledger");
                json.WriteNumber("size", size);
                json.WriteString("root", LedgerRoot);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>Reads a backup's manifest; null where there is none, or none that can be read.</summary>
    public static BackupManifest? Read(string backup)
    {
        try
        {
            var file = new FileInfo(Path.Combine(backup, FileName));
            if (!file.Exists || file.LinkTarget is not null || file.Length > MaxBytes)
            {
                return null;
            }

            using var json = JsonDocument.Parse(File.ReadAllBytes(file.FullName), new JsonDocumentOptions { MaxDepth = 3 });
            var root = json.RootElement;
            BackupKind? kind = root.GetProperty("kind").GetString() switch { "data" => BackupKind.Data, "keys" => BackupKind.Keys, _ => null };
            var deleteAfter = kind == BackupKind.Keys ? Time(root.GetProperty("deleteAfter")) : (DateTimeOffset?)null;
            var ledger = kind == BackupKind.Data ? root.GetProperty("ledger") : default(JsonElement?);
            return kind is not null && root.GetProperty("format").GetString() == Format && TenantId.Parse(root.GetProperty("tenant").GetString()) is { } tenant
                ? new BackupManifest(
                    kind.Value, root.GetProperty("name").GetString() ?? "", tenant, Time(root.GetProperty("created")), deleteAfter,
                    ledger?.GetProperty("size").GetUInt64(), ledger?.GetProperty("root").GetString())
                : null;
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static DateTimeOffset Time(JsonElement text) =>
        DateTimeOffset.ParseExact(text.GetString() ?? "", TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
}
