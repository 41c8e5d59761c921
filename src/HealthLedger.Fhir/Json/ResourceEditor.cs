using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace HealthLedger.Fhir.Json;

/// <summary>Where a link stands that may be rewritten.</summary>
public enum LinkPlace
{
    /// <summary>Reference.reference.</summary>
    Reference,

    /// <summary>A value of type uri, url, oid or uuid.</summary>
    Uri,

    /// <summary>The target of a link or an image in a narrative.</summary>
    Narrative,
}

/// <summary>Says what a link becomes.</summary>
/// <param name="utf8Link">The link, unescaped.</param>
/// <param name="place">Where it stands.</param>
/// <returns>The new link; null to leave it.</returns>
public delegate string? LinkRewriter(ReadOnlySpan<byte> utf8Link, LinkPlace place);

/// <summary>What to change in a resource. Null leaves a part as it is.</summary>
public sealed record ResourceEdit
{
    /// <summary>The new Resource.id.</summary>
    public string? Id { get; init; }

    /// <summary>The new meta.versionId.</summary>
    public string? VersionId { get; init; }

    /// <summary>The new meta.lastUpdated, written in UTC with milliseconds.</summary>
    public DateTimeOffset? LastUpdated { get; init; }

    /// <summary>Asked for each link of the resource.</summary>
    public LinkRewriter? Links { get; init; }
}

/// <summary>
/// Writes a resource anew, minified, with the server's id and version and with links rewritten (R4 http.html#create, http.html#transaction-rules:
/// references, uri, url, oid, uuid and narrative links; canonicals stay). Numbers and strings that do not change keep their bytes. resourceType,
/// id and meta come first, all else in its order.
/// </summary>
public static class ResourceEditor
{
    /// <summary>The edited resource.</summary>
    /// <exception cref="JsonException">The text is not well-formed JSON.</exception>
    /// <exception cref="ArgumentException">It is not a JSON object with a resource type of R4.</exception>
    public static byte[] Edit(ReadOnlySpan<byte> resource, ResourceEdit edit)
    {
        var output = new ArrayBufferWriter<byte>(resource.Length + 256);
        Edit(resource, edit, output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The same into a buffer.</summary>
    /// <exception cref="JsonException">The text is not well-formed JSON.</exception>
    /// <exception cref="ArgumentException">It is not a JSON object with a resource type of R4.</exception>
    public static void Edit(ReadOnlySpan<byte> resource, ResourceEdit edit, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(edit);
        ArgumentNullException.ThrowIfNull(output);
        var walk = new LinkWalk(resource, new JsonSink(output), edit.Links);
        walk.Root(edit);
    }

    internal static string Instant(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
