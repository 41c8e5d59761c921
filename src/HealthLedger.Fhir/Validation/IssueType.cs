namespace HealthLedger.Fhir.Validation;

/// <summary>How bad an issue is (R4 valueset-issue-severity.html).</summary>
public enum IssueSeverity
{
    Fatal,
    Error,
    Warning,
    Information,
}

/// <summary>What kind of issue it is (R4 valueset-issue-type.html).</summary>
public enum IssueType
{
    Invalid,
    Structure,
    Required,
    Value,
    Invariant,
    Security,
    Login,
    Unknown,
    Expired,
    Forbidden,
    Suppressed,
    Processing,
    NotSupported,
    Duplicate,
    MultipleMatches,
    NotFound,
    Deleted,
    TooLong,
    CodeInvalid,
    Extension,
    TooCostly,
    BusinessRule,
    Conflict,
    Transient,
    LockError,
    NoStore,
    Exception,
    Timeout,
    Incomplete,
    Throttled,
    Informational,
}

/// <summary>The codes as an OperationOutcome carries them.</summary>
public static class IssueCodes
{
    /// <summary>The code of a severity, such as <c>error</c>.</summary>
    public static string ToCode(this IssueSeverity severity) => severity switch
    {
        IssueSeverity.Fatal => "fatal",
        IssueSeverity.Error => "error",
        IssueSeverity.Warning => "warning",
        IssueSeverity.Information => "information",
        _ => throw new ArgumentOutOfRangeException(nameof(severity)),
    };

    /// <summary>The code of an issue type, such as <c>code-invalid</c>.</summary>
    public static string ToCode(this IssueType type) => type switch
    {
        IssueType.NotSupported => "not-supported",
        IssueType.MultipleMatches => "multiple-matches",
        IssueType.NotFound => "not-found",
        IssueType.TooLong => "too-long",
        IssueType.CodeInvalid => "code-invalid",
        IssueType.TooCostly => "too-costly",
        IssueType.BusinessRule => "business-rule",
        IssueType.LockError => "lock-error",
        IssueType.NoStore => "no-store",
        >= IssueType.Invalid and <= IssueType.Informational => type.ToString().ToLowerInvariant(),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };
}
