using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Json;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>FHIR's functions (http://hl7.org/fhir/R4/fhirpath.html#functions) and type(). memberOf() asks the context; subsumes() is not known here.</summary>
internal static class FhirFunctions
{
    private const string CoreProfile = "http://hl7.org/fhir/StructureDefinition/";

    public static void AddTo(Dictionary<string, Function> all)
    {
        all["type"] = new(0, 0, (in Scope _, Items input, Expr[] _) => input.TryGetSingle(out var item) ? new Items(new TypeItem(item.TypeNamespace, item.TypeName)) : Items.Empty);
        all["extension"] = new(1, 1, (in Scope s, Items input, Expr[] a) => Extensions(input, Singles.String(a[0].Evaluate(s))));
        all["hasExtension"] = new(1, 1, (in Scope s, Items input, Expr[] a) => Operators.Of(!Extensions(input, Singles.String(a[0].Evaluate(s))).IsEmpty));
        all["hasValue"] = new(0, 0, (in Scope _, Items input, Expr[] _) => Operators.Of(input.Count == 1 && (input[0] is NodeItem n ? n.HasPrimitiveValue : input[0].Value is not null)));
        all["getValue"] = new(0, 0, (in Scope _, Items input, Expr[] _) =>
            input.TryGetSingle(out var item) && item is NodeItem { IsPrimitive: true, Value: { } value } ? new Items(value) : Items.Empty);
        all["resolve"] = new(0, 0, Resolve);
        all["memberOf"] = new(1, 1, (in Scope s, Items input, Expr[] a) =>
            input.TryGetSingle(out var item) && Singles.String(a[0].Evaluate(s)) is { } valueSet ? Operators.Of(s.Context.MemberOf?.Invoke(item, valueSet)) : Items.Empty);
        all["conformsTo"] = new(1, 1, ConformsTo);
        // Narrative's markup has rules of its own, which structural validation checks; an expression takes it as sound.
        all["htmlChecks"] = new(0, 0, (in Scope _, Items _, Expr[] _) => new Items(BooleanItem.True));
        all["checkModifiers"] = new(0, 64, (in Scope _, Items input, Expr[] _) => input);
    }

    private static Items Extensions(in Items input, string? url)
    {
        var result = new ItemsBuilder();
        foreach (var item in input)
            foreach (var extension in item.Child("extension"))
                if (extension is NodeItem node && node.First("url")?.Text == url) result.Add(extension);
        return result.Build();
    }

    private static Items ConformsTo(in Scope scope, Items input, Expr[] arguments)
    {
        if (!input.TryGetSingle(out var item) || Singles.String(arguments[0].Evaluate(scope)) is not { } url) return Items.Empty;
        if (url.StartsWith(CoreProfile, StringComparison.Ordinal) && FhirDefinitions.R4.Type(url[CoreProfile.Length..]) is { } type)
            return Operators.Of(item.Is(new TypeName("FHIR", type.Name)));
        return Operators.Of(scope.Context.ConformsTo?.Invoke(item, url) ?? throw new FhirPathEvaluationException("The profile is not known here"));
    }

    private static Items Resolve(in Scope scope, Items input, Expr[] _)
    {
        var result = new ItemsBuilder();
        foreach (var item in input)
            if (item is NodeItem node && Resolve(scope.Context, node) is { } target) result.Add(target);
        return result.Build();
    }

    private static Item? Resolve(FhirPathContext context, NodeItem node)
    {
        var reference = node.IsPrimitive ? node.Text : node.First("reference")?.Text;
        if (reference is { Length: > 1 } && reference[0] == '#') return Contained(node, reference[1..]);
        if (reference is not null && context.Resolve?.Invoke(reference) is { } found) return found;
        var type = reference is null ? null : ReferencedResource.Of(reference)?.Type;
        type ??= node.First("type")?.Text;
        return type is not null && FhirDefinitions.R4.ResourceType(type) is { } known ? new UnresolvedItem(known) : null;
    }

    private static NodeItem? Contained(NodeItem node, string id)
    {
        // A contained resource's references look in its container.
        for (var at = node; at is not null; at = at.Parent)
        {
            if (!at.IsResource) continue;
            foreach (var contained in at.Nodes)
                if (contained.Name == "contained" && contained.First("id")?.Text == id) return contained;
        }
        return null;
    }

    /// <summary>The target of a reference of which only the type is known: it answers "is" and has no children.</summary>
    private sealed class UnresolvedItem(TypeDefinition type) : Item
    {
        public override string TypeNamespace => "FHIR";
        public override string TypeName => type.Name;
        public override Item? Value => null;
        public override bool Is(TypeName wanted) => wanted.Namespace is null or "FHIR" && type.Is(wanted.Name);
    }
}
