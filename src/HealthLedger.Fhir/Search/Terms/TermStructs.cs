namespace HealthLedger.Fhir.Search;

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
/// <param name="Parameter">Index among the search parameters of the resource's type.</param>
/// <param name="Origin">Where it comes from.</param>
/// <param name="System">Null where there is none.</param>
/// <param name="Code">Null where only a system is stated.</param>
internal readonly record struct TokenTerm(ushort Parameter, TokenOrigin Origin, string? System, string? Code);

/// <summary>
/// A reference. With <see cref="IsAbsolute"/>, or without a <see cref="Type"/>, <see cref="Target"/> is the whole address (URL, urn, canonical with its version); otherwise the id.
/// </summary>
internal readonly record struct ReferenceTerm(ushort Parameter, bool IsAbsolute, string? Type, string Target)
{
    /// <summary>The id of a resource of this server, or null.</summary>
    public string? LocalId => IsAbsolute || Type is null ? null : Target;
}

/// <summary>The instants a date may mean, [Low, High) in UTC ticks (100 ns since 0001-01-01); 0 and <see cref="long.MaxValue"/> are open ends.</summary>
internal readonly record struct DateTerm(ushort Parameter, long Low, long High);

/// <summary>A string or uri value as written.</summary>
internal readonly record struct TextTerm(ushort Parameter, string Text);

/// <summary>A number, or a range of numbers; <see cref="decimal.MinValue"/> and <see cref="decimal.MaxValue"/> are open ends.</summary>
internal readonly record struct NumberTerm(ushort Parameter, decimal Low, decimal High);

/// <summary>A quantity: as <see cref="NumberTerm"/>, with the coded unit and the unit as shown.</summary>
internal readonly record struct QuantityTerm(ushort Parameter, decimal Low, decimal High, string? System, string? Code, string? Unit);

/// <summary>A coding that consent rules may name. <see cref="IsMain"/>: it says what the record is (see <see cref="ResourceTerms.Codings"/>).</summary>
public readonly record struct CodingTerm(string? System, string? Code, bool IsMain);
