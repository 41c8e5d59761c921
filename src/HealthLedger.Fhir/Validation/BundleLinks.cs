using System.Text;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Json;

namespace HealthLedger.Fhir.Validation;

/// <summary>
/// What the entries of a Bundle say of each other (R4 bundle.html#references, #bundle-unique; documents.html#content): a fullUrl is absolute and says what its resource's
/// id says, and a document has the resources that its Composition refers to, each once.
/// </summary>
internal static class BundleLinks
{
    public static void Check(NodeItem bundle, Action<NodeItem, string> tell)
    {
        var entries = new Dictionary<string, List<NodeItem>>(StringComparer.Ordinal);
        NodeItem? first = null;
        foreach (var entry in bundle.Nodes)
        {
            if (entry.Name != "entry")
            {
                continue;
            }

            first ??= entry;
            if (entry.First("fullUrl") is { Text: { } fullUrl } node)
            {
                FullUrl(entry, node, fullUrl, tell);
                if (entry.First("resource") is { } resource)
                {
                    (entries.TryGetValue(fullUrl, out var same) ? same : entries[fullUrl] = []).Add(resource);
                }
            }
        }

        if (bundle.First("type")?.Text == "document" && first?.First("resource") is { Type.Name: "Composition" } composition)
        {
            Document(composition, first.First("fullUrl")?.Text ?? "", entries, tell);
        }
    }

    private static void FullUrl(NodeItem entry, NodeItem node, string fullUrl, Action<NodeItem, string> tell)
    {
        if (!fullUrl.Contains(':', StringComparison.Ordinal))
        {
            tell(node, "A fullUrl is an absolute URL or a urn:uuid: or urn:oid:.");
            return;
        }

        var parsed = LiteralReference.Parse(Encoding.UTF8.GetBytes(fullUrl));
        if (parsed.Kind != ReferenceKind.Absolute || parsed.ResourceType is not { } type || entry.First("resource") is not { } resource)
        {
            return;
        }

        var id = resource.First("id")?.Text;
        var isNew = id is null && entry.First("request")?.First("method")?.Text == "POST";
        if (!isNew && (resource.Type?.Name != type || id != Encoding.UTF8.GetString(parsed.Id)))
        {
            tell(node, "The fullUrl has the form of a server's address, and does not end with the type and id of the resource.");
        }
    }

    private static void Document(NodeItem composition, string fullUrl, Dictionary<string, List<NodeItem>> entries, Action<NodeItem, string> tell)
    {
        var own = LiteralReference.Parse(Encoding.UTF8.GetBytes(fullUrl));
        var root = own.Kind == ReferenceKind.Absolute && own.ResourceType is not null ? Encoding.UTF8.GetString(own.BaseUrl) : null;
        var waiting = new Stack<NodeItem>([composition]);
        while (waiting.TryPop(out var at))
        {
            foreach (var child in at.Nodes)
            {
                if (child.Name is "contained" or "extension" or "modifierExtension")
                {
                    continue;
                }

                waiting.Push(child);
                if (child is { Name: "reference", Parent.Type.Name: "Reference", Text: { Length: > 0 } text } && text[0] != '#')
                {
                    Target(child, text, root, entries, tell);
                }
            }
        }
    }

    private static void Target(NodeItem node, string text, string? root, Dictionary<string, List<NodeItem>> entries, Action<NodeItem, string> tell)
    {
        var cut = text.IndexOf("/_history/", StringComparison.Ordinal);
        var version = cut < 0 ? null : text[(cut + 10)..];
        var address = cut < 0 ? text : text[..cut];
        if (!address.Contains(':', StringComparison.Ordinal))
        {
            address = root is null ? address : $"{root.TrimEnd('/')}/{address}";
        }

        var count = 0;
        foreach (var resource in entries.GetValueOrDefault(address) ?? [])
        {
            count += version is null || resource.First("meta")?.First("versionId")?.Text == version ? 1 : 0;
        }

        if (count != 1)
        {
            tell(node, count == 0
                ? "The document does not have the resource that its Composition refers to: no entry has that fullUrl."
                : "Several entries of the document have the fullUrl that its Composition refers to. Name the version.");
        }
    }
}
