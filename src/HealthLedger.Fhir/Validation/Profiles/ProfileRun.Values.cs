using System.Globalization;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Fhir.Validation.Profiles;

/// <summary>Values: fixed and pattern, bounds, types and their profiles, value sets.</summary>
internal sealed partial class ProfileRun
{
    private void Value(NodeItem node, ProfileElement element, Profile profile)
    {
        if (element.Fixed is { } whole && !JsonMatch.Same(whole, node.Json, this))
        {
            Error(node, IssueType.Value, $"{element.Path} has another value than the fixed one of profile {profile.Url}.");
        }

        if (element.Pattern is { } part && !JsonMatch.Covers(part, node.Json, this))
        {
            Error(node, IssueType.Value, $"{element.Path} does not have the values of the pattern in profile {profile.Url}.");
        }

        if (element.MaxLength is { } longest && node.Text is { } text && text.Length > longest)
        {
            Error(node, IssueType.TooLong, $"{element.Path} has at most {longest} characters in profile {profile.Url}.");
        }

        if (element.Extras is { } extras)
        {
            Extras(node, element, extras, profile);
        }

        Bound(node, element.MinValue, -1, element, profile);
        Bound(node, element.MaxValue, 1, element, profile);
        if (element.Binding is { } binding)
        {
            Binding(node, element, binding, profile);
        }
    }

    /// <summary>What later releases of FHIR, or HL7's extensions, let a profile ask of an element.</summary>
    private void Extras(NodeItem node, ProfileElement element, ProfileExtras extras, Profile profile)
    {
        var hasValue = !node.IsPrimitive || node.HasPrimitiveValue;
        if (extras.MustHaveValue && !hasValue)
        {
            Error(node, IssueType.Required, $"{element.Path} must have a value, not extensions alone (profile {profile.Url}).");
        }

        if (extras.ValueAlternatives.Count > 0 && !hasValue && !node.Nodes.ToArray().Any(c => c.Name == "extension" && c.First("url")?.Text is { } url && extras.ValueAlternatives.Contains(url)))
        {
            Error(node, IssueType.Required, $"{element.Path} has neither a value nor one of the extensions that may stand for it (profile {profile.Url}).");
        }

        if (extras.NarrativeLanguage is { } wish && node.First("div")?.Text is { } div)
        {
            var inner = div.IndexOf('>', StringComparison.Ordinal) is > 0 and var open ? div[open..] : "";
            if (wish != inner.Contains(" lang=", StringComparison.Ordinal))
            {
                Error(node, IssueType.BusinessRule, $"The narrative {(wish ? "needs" : "must not have")} sections for languages (profile {profile.Url}).");
            }
        }

        foreach (var valueSet in extras.RequiredValueSets)
        {
            Binding(node, element, new(BindingStrength.Required, valueSet), profile);
        }
    }

    /// <summary>A smallest (-1) or largest (1) value, of the type of the node.</summary>
    private void Bound(NodeItem node, JsonElement? bound, int direction, ProfileElement element, Profile profile)
    {
        if (bound is not { } limit || node.Type is not { } type || NodeItem.Element(node.Name, type, limit).Value is not { } edge || node.Value is not { } value)
        {
            return;
        }

        int? order;
        try
        {
            order = Equality.Compare(new Items(value), new Items(edge));
        }
        catch (FhirPathEvaluationException)
        {
            return;
        }

        if (order is { } found && found * direction > 0)
        {
            Error(node, IssueType.Value, $"{element.Path} is {(direction < 0 ? "below the smallest" : "above the largest")} value of profile {profile.Url}.");
        }
    }

    private void Binding(NodeItem node, ProfileElement element, ProfileBinding binding, Profile profile)
    {
        var isRequired = binding.Strength == BindingStrength.Required;
        if (!isRequired && (!_withWarnings || binding.Strength == BindingStrength.Example || (node.Type?.Name == "CodeableConcept" && node.First("coding") is null)))
        {
            return;
        }

        var valueSet = binding.ValueSet.Split('|')[0];
        if (InValueSet(node, binding.ValueSet) != Membership.No || (!isRequired && node.Definition?.Binding is { } own && own.ValueSet == valueSet && own.Strength <= binding.Strength && advised!.Of(own) is not null))
        {
            // The last: profiles repeat what the base says of an element, and that has been told.
            return;
        }

        var message = $"{element.Path}: the code is not in the value set {valueSet} (profile {profile.Url}).";
        switch (binding.Strength)
        {
            case BindingStrength.Required:
                Error(node, IssueType.CodeInvalid, message);
                break;
            case BindingStrength.Extensible:
                Warning(node, IssueType.CodeInvalid, message + " Use one of its codes if one fits.");
                break;
            default:
                Tell(node, IssueSeverity.Information, IssueType.CodeInvalid, message + " Its codes are preferred.");
                break;
        }
    }

    private Membership InValueSet(NodeItem node, string valueSet)
    {
        _steps -= 10;
        switch (node.Type?.Name)
        {
            case "CodeableConcept":
                var result = OfNoSystem(valueSet, "");
                foreach (var coding in node.Nodes)
                {
                    if (coding.Name != "coding")
                    {
                        continue;
                    }

                    switch (Coded(coding, valueSet))
                    {
                        case Membership.Yes:
                            return Membership.Yes;
                        case Membership.Unknown:
                            result = Membership.Unknown;
                            break;
                    }
                }

                return result;
            case "Coding":
                return Coded(node, valueSet);
            case "Quantity" or "SimpleQuantity" or "Age" or "Duration" or "Distance" or "Count" or "Money" or "MoneyQuantity":
                return node.First("code") is null ? Membership.Unknown : Coded(node, valueSet);
            default:
                return node.IsPrimitive && node.Text is { } code ? terminology.Contains(valueSet, null, code) : Membership.Unknown;
        }
    }

    private Membership Coded(NodeItem coding, string valueSet)
    {
        _steps -= 10;
        var code = coding.First("code")?.Text ?? "";
        return coding.First("system")?.Text is { } system ? terminology.Contains(valueSet, system, code) : OfNoSystem(valueSet, code);
    }

    /// <summary>A code without a system is in no value set, as far as that one is known.</summary>
    private Membership OfNoSystem(string valueSet, string code) => terminology.Contains(valueSet, null, code) == Membership.Unknown ? Membership.Unknown : Membership.No;

    private void Types(NodeItem node, ProfileElement element, Profile profile)
    {
        if (element.Types.Count == 0 || node.Type is not { } type)
        {
            return;
        }

        if (type.Kind == TypeKind.Backbone)
        {
            OfProfiles(node, element, [.. element.Types], profile);
            return;
        }

        var fitting = element.Types.Where(t => t.Code.Length == 0 || type.Is(t.Code) || t.Code == "Element" || t.Code == "BackboneElement").ToList();
        if (fitting.Count == 0)
        {
            Error(node, IssueType.Structure, $"{element.Path} must be {string.Join(" or ", element.Types.Select(t => t.Code).Distinct())} in profile {profile.Url}, and is {type.Name}.");
            return;
        }

        OfProfiles(node, element, fitting, profile);
        if (type.Name is "Reference" && fitting.SelectMany(t => t.Targets).ToList() is { Count: > 0 } targets)
        {
            Reference(node, element, targets, profile);
        }
    }

    /// <summary>A type may name profiles: the value meets one of them.</summary>
    private void OfProfiles(NodeItem node, ProfileElement element, List<ProfileType> types, Profile profile)
    {
        if (types.Exists(t => t.Profiles.Count == 0))
        {
            return;
        }

        var wanted = types.SelectMany(t => t.Profiles).Distinct().ToList();
        var known = new List<Profile>();
        foreach (var canonical in wanted)
        {
            if (ProfileStore.CoreType(canonical) is { } core)
            {
                if (node.Is(new TypeName("FHIR", core.Name)))
                {
                    return;
                }
            }
            else if (Of(canonical) is { } found)
            {
                known.Add(found);
            }
            else
            {
                // One that is not known may be the one that is met.
                Warning(node, IssueType.NotFound, $"{element.Path} names the profile {canonical}, which is not known here.");
                return;
            }
        }

        if (known is [var only])
        {
            Whole(node, only);
        }
        else if (!known.Exists(p => Meets(node, p)))
        {
            Error(node, IssueType.Structure, $"{element.Path} meets none of the profiles {string.Join(", ", wanted)} (profile {profile.Url}).");
        }
    }

    internal void Charge(int steps) => _steps -= steps;

    /// <summary>Comparison of JSON values as fixed[x] and pattern[x] define it (R4 elementdefinition.html).</summary>
    private static class JsonMatch
    {
        /// <summary>All the same; the order of properties does not matter.</summary>
        public static bool Same(JsonElement expected, JsonElement actual, ProfileRun run)
        {
            run.Charge(1);
            switch (expected.ValueKind, actual.ValueKind)
            {
                case (JsonValueKind.Object, JsonValueKind.Object):
                    var count = 0;
                    foreach (var property in expected.EnumerateObject())
                    {
                        count++;
                        if (!actual.TryGetProperty(property.Name, out var value) || !Same(property.Value, value, run))
                        {
                            return false;
                        }
                    }

                    return actual.EnumerateObject().Count() == count;
                case (JsonValueKind.Array, JsonValueKind.Array):
                    return expected.GetArrayLength() == actual.GetArrayLength()
                           && expected.EnumerateArray().Zip(actual.EnumerateArray()).All(pair => Same(pair.First, pair.Second, run));
                default:
                    return SamePrimitive(expected, actual);
            }
        }

        /// <summary>The actual value has all that the pattern has: its properties, and for each item of an array one that it covers.</summary>
        public static bool Covers(JsonElement pattern, JsonElement actual, ProfileRun run)
        {
            run.Charge(1);
            if (run.IsExhausted)
            {
                return false;
            }

            switch (pattern.ValueKind, actual.ValueKind)
            {
                case (JsonValueKind.Object, JsonValueKind.Object):
                    foreach (var property in pattern.EnumerateObject())
                    {
                        if (!actual.TryGetProperty(property.Name, out var value) || !Covers(property.Value, value, run))
                        {
                            return false;
                        }
                    }

                    return true;
                case (JsonValueKind.Array, JsonValueKind.Array):
                    return pattern.EnumerateArray().All(item => actual.EnumerateArray().Any(value => Covers(item, value, run)));
                default:
                    return SamePrimitive(pattern, actual);
            }
        }

        private static bool SamePrimitive(JsonElement expected, JsonElement actual) => (expected.ValueKind, actual.ValueKind) switch
        {
            (JsonValueKind.String, JsonValueKind.String) => actual.ValueEquals(expected.GetString()),
            (JsonValueKind.Number, JsonValueKind.Number) =>
                expected.GetRawText() == actual.GetRawText()
                || (decimal.TryParse(expected.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out var a)
                    && decimal.TryParse(actual.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out var b) && a == b),
            var (a, b) => a == b && a is JsonValueKind.True or JsonValueKind.False,
        };
    }
}
