namespace HealthLedger.Fhir.Search;

/// <summary>Which parameter a term belongs to. The values of a composite parameter carry the component they stand for and the instance (of Observation.component, say) they were found in.</summary>
/// <param name="Parameter">Index among the search parameters of the resource's type.</param>
/// <param name="Component">Index of a composite's component; 0 for the others.</param>
/// <param name="Instance">Number of a composite's instance within the resource; 0 for the others.</param>
internal readonly record struct TermKey(ushort Parameter, byte Component = 0, ushort Instance = 0)
{
    public static implicit operator TermKey(ushort parameter) => new(parameter);
}

/// <summary>What all terms have.</summary>
internal interface ITerm
{
    TermKey Key { get; }
}

/// <summary>Where a token comes from.</summary>
internal enum TokenOrigin : byte
{
    /// <summary>A coding or a boolean.</summary>
    Coded = 0,

    /// <summary>A bare code: its system follows from its binding and is not in the record, so that both <c>system|code</c> and <c>|code</c> find it.</summary>
    Bare = 1,

    /// <summary>An identifier, contact, id or other text that may name a person: not shared between patients.</summary>
    Personal = 2,
}

/// <summary>A token value.</summary>
/// <param name="Key">Its parameter.</param>
/// <param name="Origin">Where it comes from.</param>
/// <param name="System">Null where there is none.</param>
/// <param name="Code">Null where only a system is stated.</param>
internal readonly record struct TokenTerm(TermKey Key, TokenOrigin Origin, string? System, string? Code) : ITerm
{
    public ushort Parameter => Key.Parameter;
}

/// <summary>
/// A reference. With <see cref="IsAbsolute"/>, or without a <see cref="Type"/>, <see cref="Target"/> is the whole address (URL, urn, canonical with its version); otherwise the id.
/// </summary>
internal readonly record struct ReferenceTerm(TermKey Key, bool IsAbsolute, string? Type, string Target) : ITerm
{
    public ushort Parameter => Key.Parameter;

    /// <summary>The id of a resource of this server, or null.</summary>
    public string? LocalId => IsAbsolute || Type is null ? null : Target;
}

/// <summary>The instants a date may mean, [Low, High) in UTC ticks (100 ns since 0001-01-01); 0 and <see cref="long.MaxValue"/> are open ends.</summary>
internal readonly record struct DateTerm(TermKey Key, long Low, long High) : ITerm
{
    public ushort Parameter => Key.Parameter;
}

/// <summary>A string or uri value as written.</summary>
internal readonly record struct TextTerm(TermKey Key, string Text) : ITerm
{
    public ushort Parameter => Key.Parameter;
}

/// <summary>A number, or a range of numbers; <see cref="decimal.MinValue"/> and <see cref="decimal.MaxValue"/> are open ends.</summary>
internal readonly record struct NumberTerm(TermKey Key, decimal Low, decimal High) : ITerm
{
    public ushort Parameter => Key.Parameter;
}

/// <summary>A quantity: as <see cref="NumberTerm"/>, with the coded unit and the unit as shown.</summary>
internal readonly record struct QuantityTerm(TermKey Key, decimal Low, decimal High, string? System, string? Code, string? Unit) : ITerm
{
    public ushort Parameter => Key.Parameter;
}

/// <summary>An identifier with a coding of its type, for <c>:of-type</c>.</summary>
internal readonly record struct TypedIdentifierTerm(TermKey Key, string? TypeSystem, string TypeCode, string Value) : ITerm
{
    public ushort Parameter => Key.Parameter;
}

/// <summary>A coding that consent rules may name. <see cref="IsMain"/>: it says what the record is (see <see cref="ResourceTerms.Codings"/>).</summary>
public readonly record struct CodingTerm(string? System, string? Code, bool IsMain);
