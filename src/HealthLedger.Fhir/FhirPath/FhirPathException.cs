namespace HealthLedger.Fhir.FhirPath;

/// <summary>The text is not an expression of the FHIRPath grammar (http://hl7.org/fhirpath/N1/grammar.html). <see cref="Position"/> is a character offset.</summary>
public sealed class FhirPathSyntaxException(string message, int position)
    : FormatException($"{message} (at character {position})")
{
    /// <summary>Offset of the fault in the expression, in characters, from 0.</summary>
    public int Position { get; } = position;
}

/// <summary>A well-formed expression met values that the specification says end its evaluation (for instance several items where one is demanded), or a limit of this engine.</summary>
public sealed class FhirPathEvaluationException(string message, bool isTooCostly = false) : Exception(message)
{
    /// <summary>True where it took too many steps or too long: what else the same request would evaluate is not to be tried.</summary>
    public bool IsTooCostly { get; } = isTooCostly;
}
