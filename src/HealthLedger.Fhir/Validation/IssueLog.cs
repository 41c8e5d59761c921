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
    private int _depth;

    public IssueLog(ReadOnlyMemory<byte> text) => _text = text;

    public IReadOnlyList<ValidationIssue> Issues => _issues ?? (IReadOnlyList<ValidationIssue>)[];

    public bool IsFull => _issues?.Count >= ResourceValidator.MaxIssues;

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

    public void Fatal(IssueType type, string message, long offset) => Add(IssueSeverity.Fatal, type, message, Location(null), offset);

    private void Add(IssueSeverity severity, IssueType type, string message, string location, long offset)
    {
        if (IsFull)
        {
            return;
        }

        _issues ??= [];
        var (line, column) = LineAndColumn(offset);
        _issues.Add(_issues.Count == ResourceValidator.MaxIssues - 1
            ? new(IssueSeverity.Error, IssueType.TooCostly, $"More than {ResourceValidator.MaxIssues - 1} faults; the rest is not listed. Correct these and validate again.", location, line, column)
            : new(severity, type, message, location, line, column));
    }

    private (int Line, int Column) LineAndColumn(long offset)
    {
        var before = _text.Span[..(int)Math.Clamp(offset, 0, _text.Length)];
        var lastBreak = before.LastIndexOf((byte)'\n');
        return (before.Count((byte)'\n') + 1, before.Length - lastBreak);
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
