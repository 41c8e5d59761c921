using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Patch;

/// <summary>Finds in a resource's tree the places that a path names. The path is evaluated on the resource as typed elements; each of them knows its parents.</summary>
internal sealed partial class PatchPlaces(JsonObject resource, NodeItem root, int budget, long deadline)
{
    /// <summary>The one element that the path names.</summary>
    /// <exception cref="PatchException">It names none or several.</exception>
    public ElementPlace One(string path) => OneOrNone(path) ?? throw new PatchException(PatchFaultKind.NotApplicable, "there is nothing at its path.");

    /// <summary>The same; null where it names none.</summary>
    /// <exception cref="PatchException">It names several.</exception>
    public ElementPlace? OneOrNone(string path) => Evaluate(path) switch
    {
        [] => null,
        [var node] => Place(node),
        _ => throw new PatchException(PatchFaultKind.NotApplicable, "its path names several elements, and takes one."),
    };

    /// <summary>The whole list that the path names; of <c>Patient.identifier</c> it may be an empty one.</summary>
    /// <exception cref="PatchException">It names no list, or a part of one.</exception>
    public ListSlot List(string path)
    {
        var found = Evaluate(path);
        if (found.Count == 0 && LastStep().Match(path) is { Success: true } step)
        {
            var owner = One(step.Groups["owner"].Value);
            return owner.ListOf(step.Groups["name"].Value);
        }

        if (found.Count == 0 || found[0].Parent is not { } parent || found.Any(n => n.Parent != parent || n.Name != found[0].Name))
        {
            throw new PatchException(PatchFaultKind.NotApplicable, "its path names no list.");
        }

        var list = Place(parent).ListOf(found[0].Name);
        return list.Count == found.Count ? list : throw new PatchException(PatchFaultKind.NotApplicable, "its path names a part of a list, and takes the whole.");
    }

    private List<NodeItem> Evaluate(string path)
    {
        try
        {
            var context = new FhirPathContext { Resource = root, Budget = budget, Deadline = deadline };
            var nodes = new List<NodeItem>();
            foreach (var item in FhirPathExpression.Parse(path).Evaluate(root, context))
            {
                nodes.Add(item as NodeItem ?? throw new PatchException(PatchFaultKind.NotApplicable, "its path names no element, but a value computed from them."));
            }

            return nodes;
        }
        catch (FhirPathEvaluationException costly) when (costly.IsTooCostly)
        {
            throw new PatchException(PatchFaultKind.TooCostly, "its path takes too much work: name the place more simply, or send fewer operations at once.");
        }
        catch (FhirPathEvaluationException)
        {
            throw new PatchException(PatchFaultKind.NotApplicable, "its path cannot be evaluated here, or has a pattern with look-around or back references, which are not supported.");
        }
    }

    private ElementPlace Place(NodeItem node)
    {
        if (node.Parent is not { } parent)
        {
            return new ElementPlace(resource, node.Type!, null);
        }

        var form = new ElementPlace.Slot(Place(parent), JsonName(node), node.Definition, Index(node, parent));
        return new ElementPlace(null, node.Type ?? throw new PatchException(PatchFaultKind.NotApplicable, "its path names an element that R4 does not define."), form);
    }

    private static string JsonName(NodeItem node) =>
        node is { Definition.IsChoice: true, Type: { } type } ? node.Name + char.ToUpperInvariant(type.Name[0]) + type.Name[1..] : node.Name;

    private static int Index(NodeItem node, NodeItem parent)
    {
        var index = 0;
        foreach (var sibling in parent.Nodes)
        {
            if (ReferenceEquals(sibling, node))
            {
                break;
            }

            index += sibling.Name == node.Name ? 1 : 0;
        }

        return index;
    }

    /// <summary>The last plain step of a path: of an empty list nothing but its name is known.</summary>
    [GeneratedRegex(@"^(?<owner>.+)\.(?<name>[A-Za-z]+)$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex LastStep();
}

/// <summary>One element in the tree. A primitive is two: its value, and its shadow <c>_name</c> with id and extensions (R4 json.html#primitive).</summary>
/// <param name="Root">The resource; null for an element inside of it.</param>
/// <param name="Type">Its type.</param>
/// <param name="At">Where it stands; null for the resource.</param>
internal sealed record ElementPlace(JsonObject? Root, TypeDefinition Type, ElementPlace.Slot? At)
{
    /// <summary>A name in an element, and the place in the list of that name.</summary>
    internal sealed record Slot(ElementPlace Owner, string JsonName, ElementDefinition? Definition, int Index)
    {
        public bool IsInList => Definition?.IsRepeating ?? false;
    }

    /// <summary>The list of that name in this element, which may be empty yet.</summary>
    /// <exception cref="PatchException">There is no such element, or it does not repeat.</exception>
    public ListSlot ListOf(string name) =>
        Type.Element(name) is { Definition.IsRepeating: true } form ? new ListSlot(Members(), form) : throw new PatchException(PatchFaultKind.NotApplicable, "its path names no list.");

    /// <summary>Appends to the list of that name, or sets the element that is not there yet.</summary>
    /// <exception cref="PatchException">There is no such element, or it is there and does not repeat.</exception>
    public void Add(string name, PatchValue value)
    {
        var form = PatchValue.FormOf(Type, name, value);
        var members = Members();
        if (form.Definition.IsRepeating)
        {
            var list = new ListSlot(members, form);
            list.Insert(list.Count, value);
            return;
        }

        if (Type.JsonNames(form.Definition).Any(n => members.ContainsKey(n) || members.ContainsKey("_" + n)))
        {
            throw new PatchException(PatchFaultKind.NotApplicable, "the element that it adds is there already and does not repeat: replace it.");
        }

        Set(members, form.JsonName, value.For(form.Type));
        Set(members, "_" + form.JsonName, value.Shadow);
    }

    /// <summary>Takes it out.</summary>
    /// <exception cref="PatchException">It is the resource itself.</exception>
    public void Delete()
    {
        var (owner, name, _, index) = Standing();
        var members = owner.Members();
        if (At!.IsInList)
        {
            ListSlot.RemoveAt(members, name, index);
            return;
        }

        members.Remove(name);
        members.Remove("_" + name);
    }

    /// <summary>Puts another value in its place; in a choice perhaps one of another type.</summary>
    /// <exception cref="PatchException">It is the resource itself, or does not take a value of that type.</exception>
    public void Replace(PatchValue value)
    {
        var (owner, name, definition, index) = Standing();
        var members = owner.Members();
        var form = PatchValue.FormOf(owner.Type, definition?.Name ?? name, value);
        if (At!.IsInList)
        {
            new ListSlot(members, form).Replace(index, value);
            return;
        }

        if (form.JsonName != name)
        {
            members.Remove(name);
        }

        members.Remove("_" + name);
        if (value.For(form.Type) is { } made)
        {
            members[form.JsonName] = made;
        }
        else
        {
            members.Remove(form.JsonName);
        }

        Set(members, "_" + form.JsonName, value.Shadow);
    }

    /// <summary>The members of this element: of a primitive those of its shadow, made where there is none.</summary>
    private JsonObject Members()
    {
        if (Root is not null)
        {
            return Root;
        }

        var (owner, name, _, index) = Standing();
        var members = owner.Members();
        if (!Type.IsPrimitive)
        {
            return (At!.IsInList ? (members[name] as JsonArray)?[index] : members[name]) as JsonObject ?? throw new PatchException(PatchFaultKind.NotApplicable, "its path leads through no element.");
        }

        if (At!.IsInList)
        {
            var shadows = ListSlot.Align(members, name, index + 1);
            if (shadows[index] is not JsonObject)
            {
                shadows[index] = new JsonObject();
            }

            return (JsonObject)shadows[index]!;
        }

        if (members["_" + name] is not JsonObject shadow)
        {
            members["_" + name] = shadow = [];
        }

        return shadow;
    }

    private Slot Standing() => At ?? throw new PatchException(PatchFaultKind.NotApplicable, "its path names the resource itself.");

    private static void Set(JsonObject members, string name, JsonNode? value)
    {
        if (value is not null)
        {
            members[name] = value;
        }
    }
}

/// <summary>A list in an element: the values and, for primitives, the shadows at their places.</summary>
internal sealed class ListSlot(JsonObject members, ElementForm form)
{
    /// <summary>How many elements it has.</summary>
    public int Count => Math.Max((members[form.JsonName] as JsonArray)?.Count ?? 0, (members["_" + form.JsonName] as JsonArray)?.Count ?? 0);

    /// <summary>Puts a value before the one at <paramref name="index"/>.</summary>
    /// <exception cref="PatchException">The index is beyond the end.</exception>
    public void Insert(int index, PatchValue value)
    {
        Check(index, Count);
        var shadow = value.Shadow;
        var needsShadows = shadow is not null || members["_" + form.JsonName] is JsonArray;
        Values(index).Insert(index, value.For(form.Type));
        if (needsShadows)
        {
            Align(members, form.JsonName, index).Insert(index, shadow);
        }
    }

    /// <summary>Puts a value in the place of another.</summary>
    public void Replace(int index, PatchValue value)
    {
        Values(index + 1)[index] = value.For(form.Type);
        if (value.Shadow is { } shadow)
        {
            Align(members, form.JsonName, index + 1)[index] = shadow;
        }
        else if (members["_" + form.JsonName] is JsonArray shadows && index < shadows.Count)
        {
            shadows[index] = null;
        }
    }

    /// <summary>Takes an element to another place: its index once it is there.</summary>
    /// <exception cref="PatchException">An index is beyond the end.</exception>
    public void Move(int source, int destination)
    {
        Check(source, Count - 1);
        Check(destination, Count - 1);
        Move(Values(Count), source, destination);
        if (members["_" + form.JsonName] is JsonArray)
        {
            Move(Align(members, form.JsonName, Count), source, destination);
        }
    }

    /// <summary>Takes out the element at that place.</summary>
    public static void RemoveAt(JsonObject members, string name, int index)
    {
        foreach (var list in new[] { members[name] as JsonArray, members["_" + name] as JsonArray })
        {
            if (list is not null && index < list.Count)
            {
                list.RemoveAt(index);
            }
        }
    }

    /// <summary>The shadows of a list, at least so many.</summary>
    public static JsonArray Align(JsonObject members, string name, int count)
    {
        if (members["_" + name] is not JsonArray shadows)
        {
            members["_" + name] = shadows = [];
        }

        while (shadows.Count < count)
        {
            shadows.Add(null);
        }

        return shadows;
    }

    private JsonArray Values(int count)
    {
        if (members[form.JsonName] is not JsonArray values)
        {
            members[form.JsonName] = values = [];
        }

        while (values.Count < count)
        {
            values.Add(null);
        }

        return values;
    }

    private static void Move(JsonArray list, int source, int destination)
    {
        var moved = list[source];
        list.RemoveAt(source);
        list.Insert(destination, moved);
    }

    private static void Check(int index, int last)
    {
        if (index > last)
        {
            throw new PatchException(PatchFaultKind.NotApplicable, "its index is beyond the end of the list.");
        }
    }
}
