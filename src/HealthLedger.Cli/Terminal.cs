namespace HealthLedger.Cli;

/// <summary>Where a command writes.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Complaints and progress.</param>
/// <param name="ShowsProgress">True where <paramref name="Error"/> is a terminal, on which a line can be drawn again.</param>
internal sealed record Terminal(TextWriter Out, TextWriter Error, bool ShowsProgress)
{
    /// <summary>Where somebody types; null where nobody does.</summary>
    public TextReader? In { get; init; }
}
