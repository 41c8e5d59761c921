using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Fhir.Validation.Profiles;

/// <summary>Slices (R4 profiling.html#slicing): each value goes to the first slice that its discriminators point to.</summary>
internal sealed partial class ProfileRun
{
    private void Slices(NodeItem parent, ProfileElement sliced, List<NodeItem> values, Profile profile)
    {
        if (sliced.Slicing is not { } slicing)
        {
            return;
        }

        var slices = sliced.Slices;
        var members = new List<NodeItem>[slices.Count];
        var last = -1;
        var sawOther = false;
        foreach (var value in values)
        {
            var at = slices.FindIndex(s => IsIn(value, s.Element, slicing, profile));
            if (IsExhausted)
            {
                return;
            }

            if (at < 0)
            {
                sawOther = true;
                if (slicing.Rules == "closed")
                {
                    Error(value, IssueType.Structure, $"{sliced.Path}: the value is in none of the slices {string.Join(", ", slices.Select(s => s.Name).Take(16))}, and no other is allowed (profile {profile.Url}).");
                }

                continue;
            }

            if (sawOther && slicing.Rules == "openAtEnd")
            {
                Error(value, IssueType.Structure, $"{sliced.Path}: a value of slice {slices[at].Name} comes after one that is in no slice (profile {profile.Url}).");
            }

            if (slicing.Ordered && at < last)
            {
                Error(value, IssueType.Structure, $"{sliced.Path}: slice {slices[at].Name} comes after slice {slices[last].Name} (profile {profile.Url}).");
            }

            last = Math.Max(last, at);
            (members[at] ??= []).Add(value);
        }

        for (var i = 0; i < slices.Count; i++)
        {
            Children(parent, slices[i].Element, members[i] ?? [], profile);
        }
    }

    private bool IsIn(NodeItem value, ProfileElement slice, Slicing slicing, Profile profile)
    {
        _steps--;
        if (slicing.Discriminators.Count == 0)
        {
            // Nothing tells the slices apart: their numbers alone are compared, and those of an unsliced list.
            return false;
        }

        // A slice may leave one of several discriminators open.
        var isMeant = false;
        foreach (var discriminator in slicing.Discriminators)
        {
            switch (PointsTo(value, slice, discriminator, profile))
            {
                case Membership.No:
                    return false;
                case Membership.Yes:
                    isMeant = true;
                    break;
            }
        }

        return isMeant;
    }

    private Membership PointsTo(NodeItem value, ProfileElement slice, Discriminator discriminator, Profile profile)
    {
        if (discriminator.Expression is null || IsExhausted)
        {
            return Membership.No;
        }

        var context = Context(value, isRoot: false);
        Items found;
        try
        {
            found = discriminator.Expression.Evaluate(value, context);
        }
        catch (FhirPathEvaluationException)
        {
            return Membership.No;
        }

        _steps = context.Budget;
        var meant = Meant(slice, discriminator.Steps, 0, profile, 0);
        if (meant.Exists(m => m.Element.Max == 0))
        {
            return found.IsEmpty ? Membership.Yes : Membership.No;
        }

        if (discriminator.Type == "exists")
        {
            return meant.Exists(m => m.Element.Min > 0) ? Said(!found.IsEmpty) : Membership.Unknown;
        }

        if (!meant.Exists(m => Distinguishes(m.Element, m.Profile, discriminator)))
        {
            return Membership.Unknown;
        }

        foreach (var item in found)
        {
            if (item is NodeItem node && meant.Exists(m => Fits(node, m.Element, m.Profile, discriminator)))
            {
                return Membership.Yes;
            }
        }

        return Membership.No;
    }

    private static Membership Said(bool isIn) => isIn ? Membership.Yes : Membership.No;

    /// <summary>Whether the definition says anything that the discriminator could tell slices apart by.</summary>
    private bool Distinguishes(ProfileElement element, Profile profile, Discriminator discriminator) => discriminator.Type switch
    {
        "type" or "profile" => element.Types.Count > 0 || ReferenceEquals(element, profile.Root),
        _ => IsFixed(element, 0)
             || element.Binding is { Strength: BindingStrength.Required }
             || element.Types.Any(t => t.Profiles.Any(p => Of(p) is { } typed && IsFixed(typed.Root, 0))),
    };

    private bool Fits(NodeItem node, ProfileElement element, Profile profile, Discriminator discriminator)
    {
        _steps--;
        switch (discriminator.Type)
        {
            case "type":
                return element.Types.Count > 0
                    ? element.Types.Any(t => t.Code == "Resource" && t.Profiles.Count > 0 ? t.Profiles.Any(p => IsOfType(node, p)) : node.Is(new TypeName("FHIR", t.Code)))
                    : ReferenceEquals(element, profile.Root) && node.Is(new TypeName("FHIR", profile.Type));
            case "profile":
                return element.Types.Any(t => t.Profiles.Count == 0 ? ReferenceEquals(element, profile.Root) && Meets(node, profile) : t.Profiles.Any(p => MeetsNamed(node, p)))
                    || (element.Types.Count == 0 && ReferenceEquals(element, profile.Root) && Meets(node, profile));
            default:
                return Identifies(node, element, profile, 0) == Membership.Yes;
        }
    }

    private bool IsOfType(NodeItem node, string canonical) =>
        (ProfileStore.CoreType(canonical)?.Name ?? Of(canonical)?.Type) is { } type && node.Is(new TypeName("FHIR", type));

    private bool MeetsNamed(NodeItem node, string canonical) =>
        ProfileStore.CoreType(canonical) is { } core ? node.Is(new TypeName("FHIR", core.Name)) : Of(canonical) is { } profile && Meets(node, profile);

    /// <summary>Whether the value is what the definition fixes; unknown where it fixes nothing.</summary>
    private Membership Identifies(NodeItem node, ProfileElement element, Profile profile, int depth)
    {
        _steps--;
        if (depth > 16 || IsExhausted)
        {
            return Membership.Unknown;
        }

        if (element.Fixed is { } whole)
        {
            return JsonMatch.Same(whole, node.Json, this) ? Membership.Yes : Membership.No;
        }

        if (element.Pattern is { } part)
        {
            return JsonMatch.Covers(part, node.Json, this) ? Membership.Yes : Membership.No;
        }

        var result = Membership.Unknown;
        foreach (var child in element.Children.Values)
        {
            var any = Membership.Unknown;
            var count = 0;
            foreach (var value in node.Nodes)
            {
                if (value.Name == child.Name)
                {
                    count++;
                    var one = Identifies(value, child, profile, depth + 1);
                    any = any == Membership.Yes || one == Membership.Unknown ? any : one;
                }
            }

            // A slice that must be there identifies too.
            foreach (var (_, slice) in child.Slices)
            {
                if (slice.Min > 0 && IsFixed(slice, 0))
                {
                    any = node.Nodes.ToArray().Any(v => v.Name == child.Name && Identifies(v, slice, profile, depth + 1) == Membership.Yes) ? Membership.Yes : Membership.No;
                }
            }

            if (count == 0 && child.Min > 0 && IsFixed(child, 0))
            {
                any = Membership.No;
            }

            if (any == Membership.No)
            {
                return Membership.No;
            }

            result = any == Membership.Yes ? Membership.Yes : result;
        }

        if (result == Membership.Unknown && element.Binding is { Strength: BindingStrength.Required } binding)
        {
            result = InValueSet(node, binding.ValueSet);
        }

        if (result == Membership.Unknown && element.Types.SelectMany(t => t.Profiles).ToList() is { Count: > 0 } profiles)
        {
            foreach (var canonical in profiles)
            {
                if (Of(canonical) is { } typed && Identifies(node, typed.Root, typed, depth + 1) is var one and not Membership.Unknown)
                {
                    result = result == Membership.Yes ? result : one;
                }
            }
        }

        return result;
    }

    private static bool IsFixed(ProfileElement element, int depth) =>
        element.Fixed is not null
        || element.Pattern is not null
        || (depth < 8 && element.Children.Values.Any(c => IsFixed(c, depth + 1) || c.Slices.Exists(s => s.Element.Min > 0 && IsFixed(s.Element, depth + 1))));

    /// <summary>What a slice says of the element that a discriminator's path leads to. The path may go through type profiles and references.</summary>
    private List<(ProfileElement Element, Profile Profile)> Meant(ProfileElement element, IReadOnlyList<string> steps, int at, Profile profile, int depth)
    {
        _steps--;
        if (at == steps.Count)
        {
            return [(element, profile)];
        }

        if (depth > 8 || IsExhausted)
        {
            return [];
        }

        var step = steps[at];
        var through = new List<(ProfileElement, Profile)>();
        if (step == "resolve()")
        {
            foreach (var canonical in element.Types.SelectMany(t => t.Targets))
            {
                through.AddRange(OfProfile(canonical, steps, at + 1, depth));
            }

            return through;
        }

        if (step.StartsWith("ofType(", StringComparison.Ordinal))
        {
            var type = step[7..^1];
            var typed = element.Slices.Find(s => s.Element.Types.Any(t => t.Code == type)).Element;
            return [.. Meant(element, steps, at + 1, profile, depth), .. typed is null ? [] : Meant(typed, steps, at + 1, profile, depth)];
        }

        if (step.StartsWith("extension(", StringComparison.Ordinal))
        {
            var url = step[10..^1].Trim('\'', '"');
            if (element.Children.TryGetValue("extension", out var extensions))
            {
                foreach (var (_, slice) in extensions.Slices)
                {
                    if (slice.Types.Any(t => t.Profiles.Any(p => p.Split('|')[0] == url)) || (slice.Children.TryGetValue("url", out var own) && own.Fixed is { } text && text.ValueEquals(url)))
                    {
                        through.AddRange(Meant(slice, steps, at + 1, profile, depth));
                    }
                }
            }

            return through;
        }

        if (element.Children.TryGetValue(step, out var child))
        {
            through.AddRange(Meant(child, steps, at + 1, profile, depth));
            foreach (var (_, slice) in child.Slices)
            {
                if (slice.Min > 0)
                {
                    through.AddRange(Meant(slice, steps, at + 1, profile, depth));
                }
            }
        }

        foreach (var canonical in element.Types.SelectMany(t => t.Profiles))
        {
            through.AddRange(OfProfile(canonical, steps, at, depth));
        }

        return through;
    }

    private List<(ProfileElement Element, Profile Profile)> OfProfile(string canonical, IReadOnlyList<string> steps, int at, int depth)
    {
        if (Of(canonical) is { } profile)
        {
            return Meant(profile.Root, steps, at, profile, depth + 1);
        }

        // A type of R4 itself tells its type and nothing else.
        return at == steps.Count && ProfileStore.CoreType(canonical) is { } core
            ? [(Plain(core.Name), new Profile(canonical, core.Name, Plain(core.Name), []))]
            : [];
    }

    private static ProfileElement Plain(string type) => new(type, type) { Types = [new(type, [], [])] };
}
