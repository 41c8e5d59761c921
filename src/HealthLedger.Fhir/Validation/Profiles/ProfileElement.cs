using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Validation.Profiles;

/// <summary>What a profile says of one element, or of one slice of it (R4 elementdefinition.html). What it does not say is null or empty: the base definitions have said it already.</summary>
internal sealed class ProfileElement(string name, string path)
{
    /// <summary>The name without "[x]".</summary>
    public string Name { get; } = name;

    /// <summary>The path in the definition, for messages: <c>Patient.name:official.family</c>.</summary>
    public string Path { get; } = path;

    public int Min { get; set; }

    /// <summary>Null where there is no bound.</summary>
    public int? Max { get; set; }

    public IReadOnlyList<ProfileType> Types { get; set; } = [];

    public JsonElement? Fixed { get; set; }

    public JsonElement? Pattern { get; set; }

    public JsonElement? MinValue { get; set; }

    public JsonElement? MaxValue { get; set; }

    public int? MaxLength { get; set; }

    public ProfileBinding? Binding { get; set; }

    public ProfileExtras? Extras { get; set; }

    public bool MustSupport { get; set; }

    /// <summary>The path of the element whose content this one repeats.</summary>
    public string? ContentPath { get; set; }

    public List<ProfileRule> Rules { get; } = [];

    public Dictionary<string, ProfileElement> Children { get; } = new(StringComparer.Ordinal);

    /// <summary>How the values are divided; null where they are not.</summary>
    public Slicing? Slicing { get; set; }

    /// <summary>The slices by name, in order.</summary>
    public List<(string Name, ProfileElement Element)> Slices { get; } = [];

    public ProfileElement? Slice(string sliceName) => Slices.Find(s => s.Name == sliceName).Element;

    public ProfileElement Child(string childName)
    {
        if (!Children.TryGetValue(childName, out var child))
        {
            Children[childName] = child = new(childName, Path + "." + childName);
        }

        return child;
    }
}

/// <summary>One allowed type.</summary>
/// <param name="Code">The type's name.</param>
/// <param name="Profiles">Profiles of which the value meets one; empty where any value will do.</param>
/// <param name="Targets">For references: profiles of which the target meets one.</param>
internal sealed record ProfileType(string Code, IReadOnlyList<string> Profiles, IReadOnlyList<string> Targets);

/// <summary>A value set that a profile binds an element to.</summary>
internal sealed record ProfileBinding(BindingStrength Strength, string ValueSet);

/// <summary>What extensions of a definition ask.</summary>
/// <param name="MustHaveValue">A primitive has a value and not extensions alone (R5 ElementDefinition.mustHaveValue).</param>
/// <param name="ValueAlternatives">Extensions one of which stands for a missing value (R5 ElementDefinition.valueAlternatives).</param>
/// <param name="RequiredValueSets">Further required value sets (R5 ElementDefinition.binding.additional).</param>
/// <param name="NarrativeLanguage">Whether narrative must have, or must not have, sections for languages; null for either.</param>
internal sealed record ProfileExtras(bool MustHaveValue, IReadOnlyList<string> ValueAlternatives, IReadOnlyList<string> RequiredValueSets, bool? NarrativeLanguage);

/// <summary>An invariant of a profile. The expression is null where this engine does not know a function in it.</summary>
internal sealed record ProfileRule(string Key, bool IsWarning, string Human, FhirPathExpression? Expression);

/// <summary>How an element's values are divided into slices (R4 profiling.html#slicing).</summary>
/// <param name="Discriminators">What tells the slices apart.</param>
/// <param name="Rules">open, closed or openAtEnd.</param>
/// <param name="Ordered">Whether values come in the order of the slices.</param>
internal sealed record Slicing(IReadOnlyList<Discriminator> Discriminators, string Rules, bool Ordered);

/// <summary>One discriminator: its type (value, pattern, type, profile, exists), and its path as steps and as FHIRPath.</summary>
internal sealed record Discriminator(string Type, string Path, IReadOnlyList<string> Steps, FhirPathExpression? Expression)
{
    public static Discriminator Of(string type, string path)
    {
        path = path.Replace("[x]", "", StringComparison.Ordinal);
        FhirPathExpression? expression = null;
        try
        {
            expression = FhirPathExpression.Parse(path);
        }
        catch (FhirPathSyntaxException)
        {
            // Such a discriminator finds nothing, so that no value is in the slice.
        }

        return new(type, path, [.. Split(path).Where(s => s != "$this")], expression);
    }

    /// <summary>At dots outside parentheses and quotes.</summary>
    private static IEnumerable<string> Split(string path)
    {
        var start = 0;
        var depth = 0;
        for (var i = 0; i < path.Length; i++)
        {
            depth += path[i] == '(' ? 1 : path[i] == ')' ? -1 : 0;
            if (path[i] == '.' && depth == 0)
            {
                yield return path[start..i];
                start = i + 1;
            }
        }

        yield return path[start..];
    }
}

/// <summary>A profile, ready to be validated against.</summary>
/// <param name="Url">Its canonical URL without a version.</param>
/// <param name="Type">The resource or data type it constrains.</param>
/// <param name="Root">What it says.</param>
/// <param name="Contexts">Of an extension: where it may stand, as (type, expression).</param>
internal sealed record Profile(string Url, string Type, ProfileElement Root, IReadOnlyList<(string Type, string Expression)> Contexts);
