using System.Globalization;
using System.Text;

namespace HealthLedger.Fhir.Validation;

/// <summary>Collects issues and knows the place in the resource. The place costs two array writes a step; its text is made only for an issue.</summary>
internal sealed class IssueLog
{
    private readonly string[] _names = new string[ResourceValidator.MaxDepth + 2];
    private readonly int[] _indexes = new int[ResourceValidator.MaxDepth + 2];
    private readonly ReadOnlyMemory<byte> _text;
    private List<ValidationIssue>? _issues;
    private int _advice;
    private int _depth;
    private int _lastOffset;
    private int _lastLine = 1;

    public IssueLog(ReadOnlyMemory<byte> text) => _text = text;

    public IReadOnlyList<ValidationIssue> Issues => _issues ?? (IReadOnlyList<ValidationIssue>)[];

    /// <summary>True where no issue is taken any more: the walk ends, so that a body of nothing but faults costs no more than one with 200.</summary>
    public bool IsFull { get; private set; }

    /// <summary>How many errors there are, fatal ones among them; warnings and remarks do not count.</summary>
    public int Errors { get; private set; }

    /// <summary>Steps into an element; <paramref name="index"/> is -1 where it does not repeat.</summary>
    public void Enter(string name, int index)
    {
        _names[_depth] = name;
        _indexes[_depth++] = index;
    }

    public void Leave() => _depth--;

    public void Error(IssueType type, string message, long offset) => Add(IssueSeverity.Error, type, message, Location(null), offset);

    /// <summary>An issue of a child element that has not been entered.</summary>
    public void ErrorAt(string child, IssueType type, string message, long offset) => Add(IssueSeverity.Error, type, message, Location(child), offset);

    /// <summary>An issue of a place left before.</summary>
    public void ErrorThere(string place, IssueType type, string message, long offset) => Add(IssueSeverity.Error, type, message, place, offset);

    /// <summary>Where the walk is.</summary>
    public string Place() => Location(null);

    public void Issue(IssueSeverity severity, IssueType type, string message, long offset) => Add(severity, type, message, Location(null), offset);

    public void Fatal(IssueType type, string message, long offset) => Add(IssueSeverity.Fatal, type, message, Location(null), offset);

    /// <summary>An issue whose place the caller knows.</summary>
    public void Error(IssueType type, string message, int line, int column) => Add(IssueSeverity.Error, type, message, Location(null), line, column);

    /// <summary>The same for a child element that has not been entered.</summary>
    public void ErrorAt(string child, IssueType type, string message, int line, int column) => Add(IssueSeverity.Error, type, message, Location(child), line, column);

    /// <summary>The same for what ends the reading.</summary>
    public void Fatal(IssueType type, string message, int line, int column) => Add(IssueSeverity.Fatal, type, message, Location(null), line, column);

    private void Add(IssueSeverity severity, IssueType type, string message, string location, long offset)
    {
        if (!IsFull)
        {
            var (line, column) = LineAndColumn(offset);
            Add(severity, type, message, location, line, column);
        }
    }

    private void Add(IssueSeverity severity, IssueType type, string message, string location, int line, int column)
    {
        var isError = severity is IssueSeverity.Error or IssueSeverity.Fatal;
        Errors += isError ? 1 : 0;
        if (IsFull || (!isError && ++_advice > ResourceValidator.MaxAdvice))
        {
            return;
        }

        _issues ??= [];
        if (_advice == ResourceValidator.MaxAdvice && !isError)
        {
            _issues.Add(ResourceValidator.MoreAdvice(location, line, column));
            return;
        }

        _issues.Add(_issues.Count == ResourceValidator.MaxIssues - 1
            ? new(IssueSeverity.Error, IssueType.TooCostly, $"More than {ResourceValidator.MaxIssues - 1} faults; the rest is not listed. Correct these and validate again.", location, line, column)
            : new(severity, type, message, location, line, column));
        IsFull = _issues.Count == ResourceValidator.MaxIssues;
    }

    /// <summary>Most issues come in the order of the text, so lines are counted from the last one on.</summary>
    private (int Line, int Column) LineAndColumn(long offset)
    {
        var end = (int)Math.Clamp(offset, 0, _text.Length);
        if (end < _lastOffset)
        {
            (_lastOffset, _lastLine) = (0, 1);
        }

        _lastLine += _text.Span[_lastOffset..end].Count((byte)'\n');
        _lastOffset = end;
        return (_lastLine, end - _text.Span[..end].LastIndexOf((byte)'\n'));
    }

    private string Location(string? child)
    {
        var path = new StringBuilder();
        for (var i = 0; i < _depth; i++)
        {
            path.Append(i == 0 ? "" : ".").Append(_names[i]);
            if (_indexes[i] >= 0)
            {
                path.Append(CultureInfo.InvariantCulture, $"[{_indexes[i]}]");
            }
        }

        if (child is not null)
        {
            path.Append(path.Length == 0 ? "" : ".").Append(child);
        }

        return path.ToString();
    }
}
