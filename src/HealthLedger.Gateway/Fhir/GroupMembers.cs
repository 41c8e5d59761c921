using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Json;
using HealthLedger.Smart;

namespace HealthLedger.Gateway.Fhir;

/// <summary>The patients that a Group names (http://hl7.org/fhir/R4/group.html), for who has read the Group.</summary>
internal sealed class GroupMembers(SmartUrls urls)
{
    /// <summary>The patients of this server that a Group has as active members, each once, in its order. Members that are Groups themselves are not followed.</summary>
    public IReadOnlyList<string> Active(ReadOnlyMemory<byte> group)
    {
        using var document = JsonDocument.Parse(group);
        var members = new List<string>();
        foreach (var member in document.RootElement.TryGetProperty("member"u8, out var all) ? all.EnumerateArray() : default)
        {
            var isInactive = member.TryGetProperty("inactive"u8, out var inactive) && inactive.ValueKind == JsonValueKind.True;
            if (!isInactive && member.TryGetProperty("entity"u8, out var entity) && entity.TryGetProperty("reference"u8, out var reference)
                && LocalPatient(reference.GetString()!) is { } patient)
            {
                members.Add(patient);
            }
        }

        return [.. members.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The id in a reference to a patient of this server; null for every other reference.</summary>
    public string? LocalPatient(string reference)
    {
        var parsed = LiteralReference.Parse(Encoding.UTF8.GetBytes(reference));
        return parsed.ResourceType == "Patient"
            && (parsed.Kind == ReferenceKind.Relative || (parsed.Kind == ReferenceKind.Absolute && Encoding.UTF8.GetString(parsed.BaseUrl) == urls.Fhir))
            ? Encoding.UTF8.GetString(parsed.Id)
            : null;
    }
}
