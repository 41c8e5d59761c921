using System.Text.Json;
using System.Text.Json.Nodes;

namespace HealthLedger.Fhir.Patch;

/// <summary>Why a patch cannot be applied.</summary>
public enum PatchFaultKind
{
    /// <summary>The document is no patch of its kind: told from the document alone.</summary>
    Malformed,

    /// <summary>It does not fit the resource: a place that is not there, a test that fails.</summary>
    NotApplicable,

    /// <summary>It costs more than one request may.</summary>
    TooCostly,
}

/// <summary>What is wrong with a patch.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Operation">Which operation, from 0; null where it is the document as a whole.</param>
/// <param name="Message">What was wrong, in words for the client; no value of patch or resource.</param>
public sealed record PatchFault(PatchFaultKind Kind, int? Operation, string Message);

/// <summary>
/// A patch of one resource in its JSON form (http://hl7.org/fhir/R4/http.html#patch): <see cref="JsonPatch"/>, <see cref="XmlPatch"/> or <see cref="FhirPathPatch"/>. Immutable. What comes out is
/// not validated; what the patch leaves without content is taken out, since FHIR has no empty arrays and objects.
/// </summary>
public abstract class ResourcePatch
{
    /// <summary>The most operations of one patch.</summary>
    public const int MaxOperations = 1000;

    /// <summary>The deepest nesting while a patch is applied; what is stored is limited by validation.</summary>
    internal const int MaxDepth = 128;

    private static readonly PatchFault TooMuch = new(PatchFaultKind.TooCostly, null, "the patches of this request read and make too many bytes of records together: send fewer at once.");

    private protected ResourcePatch()
    {
    }

    /// <summary>The patched resource, or the fault. The same patch on the same resource gives the same result.</summary>
    /// <param name="resource">A valid resource, UTF-8 JSON.</param>
    /// <param name="time">What a caller's expressions may take, where several patches share it; null for a patch of its own.</param>
    public (byte[]? Patched, PatchFault? Fault) Apply(ReadOnlyMemory<byte> resource, PatchTime? time = null)
    {
        var at = -1;
        time ??= new PatchTime();
        if (!time.Takes(resource.Length))
        {
            return (null, TooMuch);
        }

        try
        {
            var root = Apply(JsonNode.Parse(resource.Span, documentOptions: Reading), time, ref at);
            Prune(root);
            if (root is not JsonObject)
            {
                return (null, new PatchFault(PatchFaultKind.NotApplicable, null, "The patch leaves no resource."));
            }

            var patched = JsonSerializer.SerializeToUtf8Bytes(root, Writing);
            return time.Takes(patched.Length) ? (patched, null) : (null, TooMuch);
        }
        catch (PatchException refused)
        {
            return (null, new PatchFault(refused.Kind, at < 0 ? null : at, refused.Message));
        }
        catch (JsonException)
        {
            return (null, new PatchFault(PatchFaultKind.TooCostly, at < 0 ? null : at, "what it makes is nested too deeply."));
        }
        catch (InvalidOperationException)
        {
            // The one thing that JSON allows and strings of the platform do not: half of a surrogate pair.
            return (null, new PatchFault(PatchFaultKind.NotApplicable, at < 0 ? null : at, "a text holds half of a surrogate pair."));
        }
    }

    internal abstract JsonNode? Apply(JsonNode? resource, PatchTime time, ref int at);

    internal static readonly JsonDocumentOptions Reading = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    internal static readonly JsonSerializerOptions Writing = new() { MaxDepth = 2 * MaxDepth, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Takes out objects and arrays without content; true where nothing is left of <paramref name="node"/>.</summary>
    private static bool Prune(JsonNode? node, bool keepsPlaces = false)
    {
        switch (node)
        {
            case JsonObject members:
                foreach (var (name, _) in members.Where(m => m.Value is JsonObject or JsonArray && Prune(m.Value, m.Key.StartsWith('_'))).ToList())
                {
                    members.Remove(name);
                }

                return members.Count == 0;
            case JsonArray items:
                for (var i = items.Count - 1; i >= 0; i--)
                {
                    if (items[i] is JsonObject or JsonArray && Prune(items[i]))
                    {
                        // The extensions of a list of primitives stand at the places of their values (R4 json.html#primitive).
                        if (keepsPlaces)
                        {
                            items[i] = null;
                        }
                        else
                        {
                            items.RemoveAt(i);
                        }
                    }
                }

                return items.All(i => i is null);
            default:
                return false;
        }
    }
}

/// <summary>Ends the application of a patch; becomes a <see cref="PatchFault"/>.</summary>
internal sealed class PatchException(PatchFaultKind kind, string message) : Exception(message)
{
    public PatchFaultKind Kind { get; } = kind;
}
