using System.Collections.Frozen;

namespace HealthLedger.Fhir.Definitions;

/// <summary>How binding a value set is (R4 terminologies.html#strength).</summary>
public enum BindingStrength
{
    /// <summary>The code must be in the value set.</summary>
    Required = 1,

    /// <summary>The code must be in the value set where that has a fitting one.</summary>
    Extensible = 2,

    /// <summary>The value set is encouraged.</summary>
    Preferred = 3,

    /// <summary>The value set is an example.</summary>
    Example = 4,
}

/// <summary>The value set an element is bound to.</summary>
/// <param name="Strength">How binding it is.</param>
/// <param name="ValueSet">Canonical URL without a version; empty where the definition names none.</param>
/// <param name="Codes">The codes of a required binding; null where they cannot be computed from complete code systems, or the binding is not required.</param>
public sealed record BindingDefinition(BindingStrength Strength, string ValueSet, CodeList? Codes);

/// <summary>The codes of one value set by code system.</summary>
public sealed class CodeList
{
    private readonly FrozenSet<string> _codes;
    private readonly Utf8Table<object> _utf8Codes;

    internal CodeList(string url, IReadOnlyList<KeyValuePair<string, string[]>> systems)
    {
        Url = url;
        Systems = systems;
        _codes = systems.SelectMany(s => s.Value).ToFrozenSet(StringComparer.Ordinal);
        _utf8Codes = new Utf8Table<object>(_codes.Count);
        foreach (var code in _codes)
        {
            _utf8Codes.Add(code, code);
        }
    }

    /// <summary>The value set's canonical URL without a version.</summary>
    public string Url { get; }

    /// <summary>The codes by the URL of their code system.</summary>
    public IReadOnlyList<KeyValuePair<string, string[]>> Systems { get; }

    /// <summary>All codes, whatever their system.</summary>
    public IReadOnlyCollection<string> Codes => _codes;

    /// <summary>True where any system of the value set has the code. Codes are compared with regard to case.</summary>
    public bool Contains(string code) => _codes.Contains(code);

    /// <summary>The same for the UTF-8 bytes of a code.</summary>
    public bool Contains(ReadOnlySpan<byte> utf8Code) => _utf8Codes.TryGet(utf8Code, out _);

    /// <summary>True where this system of the value set has the code.</summary>
    public bool Contains(string system, string code)
    {
        foreach (var (url, codes) in Systems)
        {
            if (url == system && Array.BinarySearch(codes, code, StringComparer.Ordinal) >= 0)
            {
                return true;
            }
        }

        return false;
    }
}
