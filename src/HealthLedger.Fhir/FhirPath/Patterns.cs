using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>Compiled patterns of matches(), matchesFull() and replaceMatches(), kept up to a number. Safe for many threads.</summary>
internal sealed class Patterns
{
    private const int MaxLength = 4096;
    private const RegexOptions Options = RegexOptions.Singleline | RegexOptions.CultureInvariant;
    private static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<string, Regex> _known = new(StringComparer.Ordinal);
    private readonly int _most;
    private readonly bool _mayBacktrack;

    private Patterns(int most, bool mayBacktrack)
    {
        _most = most;
        _mayBacktrack = mayBacktrack;
    }

    /// <summary>Those of the published definitions: what cannot go without backtracking has it, under a timeout.</summary>
    public static Patterns Published { get; } = new(1000, mayBacktrack: true);

    /// <summary>Those of one caller's run: time linear in the text, or refused.</summary>
    public static Patterns OfCaller() => new(32, mayBacktrack: false);

    /// <exception cref="FhirPathEvaluationException">The pattern is malformed, too long, or needs backtracking where it may not.</exception>
    public Regex Of(string pattern)
    {
        if (_known.TryGetValue(pattern, out var known)) return known;
        var made = Compile(pattern);
        if (_known.Count < _most) _known.TryAdd(pattern, made);
        return made;
    }

    private Regex Compile(string pattern)
    {
        if (pattern.Length > MaxLength) throw new FhirPathEvaluationException("A pattern is too long");
        try
        {
            return new Regex(pattern, Options | RegexOptions.NonBacktracking, Timeout);
        }
        catch (NotSupportedException)
        {
            return _mayBacktrack
                ? new Regex(pattern, Options, Timeout)
                : throw new FhirPathEvaluationException("A pattern uses what is not supported here: look-around, back references, atomic groups, conditions, or counts that multiply");
        }
        catch (ArgumentException)
        {
            throw new FhirPathEvaluationException("A pattern is malformed");
        }
    }
}
