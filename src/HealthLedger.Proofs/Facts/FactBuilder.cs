using System.Globalization;

namespace HealthLedger.Proofs.Facts;

/// <summary>Collects the fields of a fact. Not safe for several threads; may be built from more than once, each time with fresh random bytes.</summary>
public sealed class FactBuilder
{
    private const int RoundTrip = 28;
    private const int Milliseconds = 23;

    private readonly string?[] _fields = new string?[FactFields.Count];

    /// <summary>Gives a field its value; null makes it absent.</summary>
    public FactBuilder Set(FactField field, string? value)
    {
        _fields[(int)field] = value;
        return this;
    }

    /// <summary>Sets the time: RFC 3339, UTC, milliseconds.</summary>
    public FactBuilder At(DateTimeOffset time)
    {
        // The round trip form of .NET is this one with four more digits, and is written several times as fast as a pattern.
        Span<char> text = stackalloc char[RoundTrip];
        time.UtcDateTime.TryFormat(text, out _, "O", CultureInfo.InvariantCulture);
        text[Milliseconds] = 'Z';
        return Set(FactField.Time, new string(text[..(Milliseconds + 1)]));
    }

    /// <summary>Binds the fact to the operation and handle of its outer entry.</summary>
    public FactBuilder Bind(Entries.ConsentOperation operation, in Hash handle) => Set(FactField.Binding, Fact.BindingOf(operation, handle));

    /// <summary>The fact.</summary>
    /// <param name="r">32 fresh random bytes, never used for another fact.</param>
    /// <exception cref="ArgumentException">See <see cref="Fact.Create"/>.</exception>
    public Fact Build(ReadOnlySpan<byte> r) => Fact.Create(_fields, r);
}
