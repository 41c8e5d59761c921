using System.Text;
using System.Text.Json;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Validation;

/// <summary>Contained resources and the references to them (R4 references.html#contained, invariants ref-1 and dom-3).</summary>
internal ref partial struct ResourceWalk
{
    /// <summary>Validates a resource, the outermost or one inside; the reader stands on its start.</summary>
    private void Resource(TypeDefinition type, bool isContained)
    {
        var start = _reader.TokenStartIndex;
        if (isContained)
        {
            var fragments = _fragments ??= new();
            var contained = new Contained(IdAhead(_reader), type, start);
            fragments.Resources.Add(contained);
            var outer = fragments.Current;
            fragments.Current = contained;
            Object(type, null, isResource: true);
            fragments.Current = outer;
            return;
        }

        var (surrounding, hadOuterRules) = (_fragments, _hasOuterRules);
        (_fragments, _hasOuterRules) = (null, false);
        Object(type, null, isResource: true);
        if (!_log.IsFull)
        {
            if (_hasOuterRules)
            {
                OuterRules(start);
            }

            CheckFragments();
        }

        (_fragments, _hasOuterRules) = (surrounding, hadOuterRules);
    }

    /// <summary>A URI that begins with '#', without it: it counts as a reference to a contained resource, but need not be one.</summary>
    private void Fragment(ReadOnlySpan<byte> id) => (_fragments ??= new()).Note(id);

    /// <summary>Narrative refers to contained resources by its links and images (R4 narrative.html#id).</summary>
    private void NarrativeFragments(ReadOnlySpan<byte> xhtml)
    {
        while (xhtml.IndexOf("=\"#"u8) is >= 0 and var start)
        {
            xhtml = xhtml[(start + 3)..];
            if (xhtml.IndexOf((byte)'"') is > 0 and <= 64 and var end)
            {
                Fragment(xhtml[..end]);
            }
        }
    }

    private void FragmentReference(ElementType? use, ReadOnlySpan<byte> id)
    {
        var fragments = _fragments ??= new();
        fragments.Note(id);
        if (!id.IsEmpty)
        {
            fragments.References.Add((Encoding.UTF8.GetString(id), use, _log.Place(), _reader.TokenStartIndex));
        }
    }

    private readonly void CheckFragments()
    {
        if (_fragments is not { } fragments)
        {
            return;
        }

        var byId = new Dictionary<string, Contained>(StringComparer.Ordinal);
        foreach (var contained in fragments.Resources)
        {
            if (contained.Id is null)
            {
                continue;
            }

            if (!byId.TryAdd(contained.Id, contained))
            {
                _log.ErrorAt("contained", IssueType.Duplicate, "Two contained resources have the same id.", contained.Offset);
            }

            if (!fragments.Named.Contains(contained.Id) && !contained.RefersToContainer)
            {
                _log.ErrorAt("contained", IssueType.Invariant, "dom-3: A contained resource is not referred to from elsewhere in the resource, nor does it refer to the resource that contains it.", contained.Offset);
            }
        }

        foreach (var (id, use, place, offset) in fragments.References)
        {
            if (!byId.TryGetValue(id, out var target))
            {
                _log.ErrorThere(place, IssueType.Invariant, "ref-1: The reference names a contained resource, and there is none with that id.", offset);
            }
            else if (use is { ReferenceTargets: { Count: > 0 } targets } && !targets.Contains(target.Type.Name) && !targets.Contains("Resource"))
            {
                _log.ErrorThere(place, IssueType.Structure, $"A reference to {target.Type.Name} is not allowed here; allowed are {string.Join(", ", targets)}.", offset);
            }
        }
    }

    /// <summary>The id of the resource that a copy of the reader stands at.</summary>
    private static string? IdAhead(Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // By its bytes: a name with escapes is none of FHIR's, and half a surrogate pair could not even be compared.
            var isId = reader.ValueSpan.SequenceEqual("id"u8);
            reader.Read();
            if (isId && reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped)
            {
                return Encoding.UTF8.GetString(reader.ValueSpan);
            }

            reader.Skip();
        }

        return null;
    }

    /// <summary>A contained resource.</summary>
    private sealed class Contained(string? id, TypeDefinition type, long offset)
    {
        public string? Id { get; } = id;

        public TypeDefinition Type { get; } = type;

        public long Offset { get; } = offset;

        public bool RefersToContainer { get; set; }
    }

    /// <summary>What one outermost resource contains, and what it names with '#'.</summary>
    private sealed class Fragments
    {
        public List<Contained> Resources { get; } = [];

        public HashSet<string> Named { get; } = new(StringComparer.Ordinal);

        public List<(string Id, ElementType? Use, string Place, long Offset)> References { get; } = [];

        public Contained? Current { get; set; }

        public void Note(ReadOnlySpan<byte> id)
        {
            if (!id.IsEmpty)
            {
                Named.Add(Encoding.UTF8.GetString(id));
            }
            else if (Current is { } current)
            {
                current.RefersToContainer = true;
            }
        }
    }
}
