namespace HealthLedger.Proofs;

/// <summary>Why something was refused: a stable code for programs and a sentence for people.</summary>
/// <param name="Code">Lower-case words joined by hyphens, prefixed by the subject, such as <c>note-bad-signature</c>. Stable across versions.</param>
/// <param name="Detail">A plain sentence. Never holds personal data or secrets.</param>
public sealed record Fault(string Code, string Detail)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Code}: {Detail}";
}

/// <summary>The outcome of a verification: it holds, or a <see cref="Fault"/> says why not.</summary>
/// <remarks>The default value does not hold, so that a forgotten assignment can never pass for a success.</remarks>
public readonly record struct Verdict
{
    private static readonly Fault s_unset = new("unset", "No verification was made.");
    private readonly Fault? _fault;

    private Verdict(bool holds, Fault? fault) => (Holds, _fault) = (holds, fault);

    /// <summary>The verdict that everything checked holds.</summary>
    public static Verdict Valid => new(true, null);

    /// <summary>True where everything checked holds.</summary>
    public bool Holds { get; }

    /// <summary>The reason of a refusal; null where the verdict holds.</summary>
    public Fault? Fault => Holds ? null : _fault ?? s_unset;

    /// <summary>A refusal with its reason.</summary>
    public static Verdict Refused(string code, string detail) => new(false, new Fault(code, detail));

    /// <summary>A refusal with its reason.</summary>
    public static implicit operator Verdict(Fault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return new Verdict(false, fault);
    }

    /// <inheritdoc/>
    public override string ToString() => Holds ? "valid" : Fault!.ToString();
}

/// <summary>A value read from untrusted bytes, or the <see cref="Proofs.Fault"/> that says why they were refused.</summary>
/// <remarks>The default value is a refusal.</remarks>
public readonly struct Parsed<T>
{
    private readonly T _value;
    private readonly Fault? _fault;

    private Parsed(T value)
    {
        _value = value;
        IsValid = true;
        _fault = null;
    }

    private Parsed(Fault fault)
    {
        _value = default!;
        _fault = fault;
        IsValid = false;
    }

    /// <summary>True where a value was read.</summary>
    public bool IsValid { get; }

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">The bytes were refused: ask <see cref="IsValid"/> first.</exception>
    public T Value => IsValid ? _value : throw new InvalidOperationException($"Refused: {Fault}");

    /// <summary>The reason of a refusal; null where a value was read.</summary>
    public Fault? Fault => IsValid ? null : _fault ?? new Fault("unset", "Nothing was read.");

    /// <summary>The value where there is one.</summary>
    public bool TryGet([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T value, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out Fault? fault)
    {
        value = _value;
        fault = Fault;
        return IsValid;
    }

    /// <summary>A value that was read.</summary>
    public static implicit operator Parsed<T>(T value) => new(value);

    /// <summary>A refusal.</summary>
    public static implicit operator Parsed<T>(Fault fault) => new(fault);
}
