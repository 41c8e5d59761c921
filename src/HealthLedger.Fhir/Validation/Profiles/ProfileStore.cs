using System.Collections.Concurrent;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Packages;

namespace HealthLedger.Fhir.Validation.Profiles;

/// <summary>The profiles among conformance resources, each compiled on its first use.</summary>
internal sealed class ProfileStore
{
    private const string Core = "http://hl7.org/fhir/StructureDefinition/";
    private const int LongestChain = 16;

    private readonly ConformanceResources _resources;
    private readonly ConcurrentDictionary<string, Profile?> _profiles = new(StringComparer.Ordinal);
    private readonly Lazy<Dictionary<string, List<Profile>>> _globals;

    public ProfileStore(ConformanceResources resources)
    {
        _resources = resources;
        _globals = new(ReadGlobals);
    }

    /// <summary>Whether loaded guides ask profiles of resources that claim none.</summary>
    public bool HasGlobals => _globals.Value.Count > 0;

    /// <summary>The type of R4 itself that a canonical URL names; null where it names none.</summary>
    public static TypeDefinition? CoreType(string canonical)
    {
        var url = canonical.Split('|')[0];
        return url.StartsWith(Core, StringComparison.Ordinal) ? FhirDefinitions.R4.Type(url[Core.Length..]) : null;
    }

    /// <summary>The profile of this canonical URL; null where none is loaded, or it cannot be used.</summary>
    public Profile? Find(string canonical)
    {
        if (_profiles.TryGetValue(canonical, out var known))
        {
            return known;
        }

        // Senders name profiles freely: only what is there is remembered.
        return _resources.Find("StructureDefinition", canonical) is { } definition ? _profiles.GetOrAdd(canonical, _ => Compile(definition, 0)) : null;
    }

    /// <summary>The canonical URLs, without versions, of the profiles that can be validated against, by the resource type they constrain.</summary>
    public ILookup<string, string> ByResourceType() => _resources.Urls("StructureDefinition")
        .Select(Find)
        .OfType<Profile>()
        .Where(p => FhirDefinitions.R4.Type(p.Type)?.Kind == TypeKind.Resource)
        .ToLookup(p => p.Type, p => p.Url);

    /// <summary>The profiles that loaded guides ask of every resource of a type (R4 ImplementationGuide.global).</summary>
    public IReadOnlyList<Profile> Globals(string type) => _globals.Value.GetValueOrDefault(type) ?? [];

    private Dictionary<string, List<Profile>> ReadGlobals()
    {
        var globals = new Dictionary<string, List<Profile>>(StringComparer.Ordinal);
        foreach (var guide in _resources.Urls("ImplementationGuide").Select(u => _resources.Find("ImplementationGuide", u)).OfType<JsonElement>())
        {
            foreach (var global in guide.TryGetProperty("global"u8, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [])
            {
                if (global.TryGetProperty("type"u8, out var type) && global.TryGetProperty("profile"u8, out var url) && url.GetString() is { } canonical && Find(canonical) is { } profile)
                {
                    (globals.TryGetValue(type.GetString()!, out var of) ? of : globals[type.GetString()!] = []).Add(profile);
                }
            }
        }

        return globals;
    }

    private Profile? Compile(JsonElement definition, int depth)
    {
        // Types of R4 in a package say what the definitions table says.
        if (definition.TryGetProperty("derivation"u8, out var derivation) && derivation.ValueEquals("specialization"u8))
        {
            return null;
        }

        try
        {
            return ProfileReader.Read(definition, () => Base(definition, depth));
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private ProfileElement? Base(JsonElement definition, int depth)
    {
        if (depth >= LongestChain
            || !definition.TryGetProperty("baseDefinition"u8, out var url)
            || url.GetString() is not { } canonical
            || CoreType(canonical) is not null
            || _resources.Find("StructureDefinition", canonical) is not { } found)
        {
            return null;
        }

        return Compile(found, depth + 1)?.Root;
    }
}
