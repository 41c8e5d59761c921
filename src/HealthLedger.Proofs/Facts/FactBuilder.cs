using System.Globalization;

namespace HealthLedger.Proofs.Facts;

/// <summary>Collects the fields of a fact. Not safe for several threads; may be built from more than once, each time with fresh random bytes.</summary>
public sealed class FactBuilder
{
    private readonly string?[] _fields = new string?[FactFields.Count];

    /// <summary>Gives a field its value; null makes it absent.</summary>
    public FactBuilder Set(FactField field, string? value)
    {
        _fields[(int)field] = value;
        return this;
    }

    /// <summary>Sets the time: RFC 3339, UTC, milliseconds.</summary>
    public FactBuilder At(DateTimeOffset time) =>
        Set(FactField.Time, time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));

    /// <summary>Binds the fact to the operation and handle of its outer entry.</summary>
    public FactBuilder Bind(Entries.ConsentOperation operation, in Hash handle) => Set(FactField.Binding, Fact.BindingOf(operation, handle));

    /// <summary>The fact.</summary>
    /// <param name="r">32 fresh random bytes, never used for another fact.</param>
    /// <exception cref="ArgumentException">See <see cref="Fact.Create"/>.</exception>
    public Fact Build(ReadOnlySpan<byte> r) => Fact.Create(_fields, r);
}
