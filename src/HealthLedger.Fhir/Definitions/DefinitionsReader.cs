using System.Text;

namespace HealthLedger.Fhir.Definitions;

/// <summary>Reads the embedded table. Its layout is described in fhir-profiles/generator/README.md.</summary>
internal sealed class DefinitionsReader
{
    private const int Version = 2;

    private readonly byte[] _table;
    private int _at;
    private string[] _strings = [];

    private DefinitionsReader(byte[] table) => _table = table;

    public Dictionary<string, TypeDefinition> Types { get; } = new(StringComparer.Ordinal);

    public List<SearchParameterDefinition> SearchParameters { get; private set; } = [];

    public List<CompartmentDefinition> Compartments { get; private set; } = [];

    /// <exception cref="InvalidDataException">The table is not one that this version reads: the build is broken.</exception>
    public static DefinitionsReader Read(byte[] unpackedTable)
    {
        var reader = new DefinitionsReader(unpackedTable);
        if (!unpackedTable.AsSpan().StartsWith("HLFD"u8))
        {
            throw new InvalidDataException("The definitions table does not start with HLFD: regenerate it (fhir-profiles/generator).");
        }

        reader._at = 4;
        if (reader.Number() is var version && version != Version)
        {
            throw new InvalidDataException($"The definitions table has version {version}, expected is {Version}: regenerate it (fhir-profiles/generator).");
        }

        reader.ReadAll();
        return reader;
    }

    private void ReadAll()
    {
        _strings = List(() =>
        {
            var length = Number();
            _at += length;
            return Encoding.UTF8.GetString(_table, _at - length, length);
        });
        var invariants = List(() => new InvariantDefinition(Text(), Number() == 1, Text(), Text()));
        var valueSets = List(ValueSet);
        ReadTypes(invariants, valueSets);
        SearchParameters = [.. List(Search)];
        Compartments = [.. List(Compartment)];
        if (_at != _table.Length)
        {
            throw new InvalidDataException("The definitions table has bytes after its end: regenerate it (fhir-profiles/generator).");
        }
    }

    private CodeList? ValueSet()
    {
        var url = Text();
        var open = Number() == 1;
        var systems = List(() => KeyValuePair.Create(Text(), Texts()));
        return open ? null : new CodeList(url, systems);
    }

    /// <summary>Types name each other freely, so all are made before their elements are.</summary>
    private void ReadTypes(InvariantDefinition[] invariants, CodeList?[] valueSets)
    {
        var start = _at;
        var bases = new List<(TypeDefinition Type, string Base)>();
        Each(() =>
        {
            var type = new TypeDefinition(Text(), (TypeKind)Number(), Number() == 1, BaseThen(out var baseName), List(() => invariants[Number()]));
            bases.Add((type, baseName));
            Types.Add(type.Name, type);
            Each(SkipElement);
        });
        foreach (var (type, baseName) in bases)
        {
            type.Base = baseName.Length == 0 ? null : Types[baseName];
        }

        _at = start;
        Each(() =>
        {
            var type = Types[Text()];
            Number();
            Number();
            BaseThen(out _);
            Each(() => Number());
            var index = 0;
            type.Complete(List(() => Element(type, index++, invariants, valueSets)));
        });
    }

    private string BaseThen(out string baseName)
    {
        baseName = Text();
        return Text();
    }

    private void SkipElement()
    {
        Text();
        Number();
        Number();
        Number();
        Each(() =>
        {
            Text();
            Each(() => Number());
            Each(() => Number());
        });
        if (Number() > 0)
        {
            Text();
            Number();
        }

        Each(() => Number());
    }

    private ElementDefinition Element(TypeDefinition owner, int index, InvariantDefinition[] invariants, CodeList?[] valueSets)
    {
        var name = Text();
        var min = Number();
        var max = Number();
        var flags = Number();
        var types = List(() => new ElementType(Types[Text()], Texts(), Texts()));
        BindingDefinition? binding = null;
        if (Number() is > 0 and var strength)
        {
            var url = Text();
            var codes = Number();
            binding = new BindingDefinition((BindingStrength)strength, url, codes == 0 ? null : valueSets[codes - 1]);
        }

        return new ElementDefinition(owner, name, index, min, max, flags, types, binding, List(() => invariants[Number()]));
    }

    private SearchParameterDefinition Search()
    {
        var url = Text();
        var code = Text();
        var type = Enum.Parse<SearchParameterType>(Text(), ignoreCase: true);
        var usage = Text();
        var expression = Text();
        var bases = Texts();
        var targets = Texts();
        var components = List(() => new SearchComponentDefinition(Text(), Text()));
        var comparators = Texts();
        var modifiers = Texts();
        var multiple = Number();
        return new(url, code, type, usage, expression, bases, targets, components, comparators, modifiers, (multiple & 1) != 0, (multiple & 2) != 0);
    }

    private CompartmentDefinition Compartment()
    {
        var code = Text();
        var parameters = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        Each(() => parameters[Text()] = Texts());
        return new CompartmentDefinition(code, parameters);
    }

    private string Text() => _strings[Number()];

    private string[] Texts() => List(Text);

    private T[] List<T>(Func<T> read)
    {
        var count = Number();
        if (count == 0)
        {
            return [];
        }

        var items = new T[count];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = read();
        }

        return items;
    }

    private void Each(Action read)
    {
        for (var left = Number(); left > 0; left--)
        {
            read();
        }
    }

    private int Number()
    {
        var value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = _table[_at++];
            value |= (part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }
}
