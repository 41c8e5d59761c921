namespace HealthLedger.Fhir.Validation;

/// <summary>One fault of a resource. It names elements and expected forms, never a value: values are personal data.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Type">What kind it is.</param>
/// <param name="Message">What is wrong and what to do, in a sentence.</param>
/// <param name="Location">The element as simple FHIRPath, such as <c>Patient.contact[0].name.given[1]</c>; empty where there is none.</param>
/// <param name="Line">Line in the text, from 1; 0 where it is not known.</param>
/// <param name="Column">Byte of JSON, or character of XML, in that line, from 1; 0 where it is not known.</param>
public sealed record ValidationIssue(IssueSeverity Severity, IssueType Type, string Message, string Location, int Line = 0, int Column = 0);

/// <summary>What validation found.</summary>
/// <param name="ResourceType">The type of the resource; null where it could not be told.</param>
/// <param name="Issues">The faults in the order of the text, at most <see cref="ResourceValidator.MaxIssues"/>; the last one says so where there were more.</param>
public sealed record ValidationOutcome(string? ResourceType, IReadOnlyList<ValidationIssue> Issues)
{
    /// <summary>True where no issue is an error or fatal.</summary>
    public bool IsValid
    {
        get
        {
            foreach (var issue in Issues)
            {
                if (issue.Severity is IssueSeverity.Error or IssueSeverity.Fatal)
                {
                    return false;
                }
            }

            return true;
        }
    }
}
