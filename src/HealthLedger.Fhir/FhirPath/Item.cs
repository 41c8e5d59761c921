using System.Globalization;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>One member of a FHIRPath collection: a node of a resource, or a value of the System types.</summary>
internal abstract class Item
{
    /// <summary>"FHIR" or "System".</summary>
    public abstract string TypeNamespace { get; }

    public abstract string TypeName { get; }

    /// <summary>The System value: itself, what a FHIR primitive or Quantity converts to, or null for everything else.</summary>
    public virtual Item? Value => this;

    /// <summary>Whether the item is of the type or of one derived from it.</summary>
    public virtual bool Is(TypeName type) => type.Namespace is null or "System" && type.Name == TypeName;

    public virtual Items Children() => Items.Empty;

    public virtual Items Child(string name) => Items.Empty;
}

/// <summary>A type specifier: <see cref="Namespace"/> is null when the expression leaves it out.</summary>
internal readonly record struct TypeName(string? Namespace, string Name);

internal sealed class BooleanItem : Item
{
    public static readonly BooleanItem True = new(true), False = new(false);
    private BooleanItem(bool value) => Bool = value;
    public bool Bool { get; }
    public static BooleanItem Of(bool value) => value ? True : False;
    public override string TypeNamespace => "System";
    public override string TypeName => "Boolean";
    public override string ToString() => Bool ? "true" : "false";
}

internal sealed class IntegerItem(int value) : Item
{
    public int Integer { get; } = value;
    public override string TypeNamespace => "System";
    public override string TypeName => "Integer";
    public override string ToString() => Integer.ToString(CultureInfo.InvariantCulture);
}

internal sealed class DecimalItem(decimal value) : Item
{
    public decimal Decimal { get; } = value;
    public override string TypeNamespace => "System";
    public override string TypeName => "Decimal";
    public override string ToString() => Decimal.ToString(CultureInfo.InvariantCulture);
}

internal sealed class StringItem(string value) : Item
{
    public string Text { get; } = value;
    public override string TypeNamespace => "System";
    public override string TypeName => "String";
    public override string ToString() => Text;
}

internal sealed class TemporalItem(Temporal value) : Item
{
    public Temporal Temporal { get; } = value;
    public override string TypeNamespace => "System";
    public override string TypeName => Temporal.Kind switch { TemporalKind.Date => "Date", TemporalKind.Time => "Time", _ => "DateTime" };
    public override string ToString() => Temporal.ToString();
}

/// <summary>A quantity; <see cref="Unit"/> is a UCUM code ('mg') or, with <see cref="IsCalendar"/>, a calendar word in the singular (day). "1" is the unit of a bare number.</summary>
internal sealed class QuantityItem(decimal amount, string unit, bool isCalendar) : Item
{
    public decimal Amount { get; } = amount;
    public string Unit { get; } = unit;
    public bool IsCalendar { get; } = isCalendar;
    public override string TypeNamespace => "System";
    public override string TypeName => "Quantity";

    public override Items Child(string name) => name switch
    {
        "value" => new Items(new DecimalItem(Amount)),
        "unit" or "code" => new Items(new StringItem(Unit)),
        _ => Items.Empty,
    };

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Amount} {(IsCalendar ? (Amount == 1 ? Unit : Unit + "s") : $"'{Unit}'")}");
}

/// <summary>The result of type(): namespace and name of an item's type.</summary>
internal sealed class TypeItem(string typeNamespace, string typeName) : Item
{
    public override string TypeNamespace => "System";
    public override string TypeName => "TypeInfo";

    public override Items Child(string name) => name switch
    {
        "namespace" => new Items(new StringItem(typeNamespace)),
        "name" => new Items(new StringItem(typeName)),
        _ => Items.Empty,
    };

    public override string ToString() => typeNamespace + "." + typeName;
}
