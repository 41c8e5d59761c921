namespace HealthLedger.Gateway.Fhir.Export;

/// <summary>What an export was asked for (http://hl7.org/fhir/uv/bulkdata, version 2): nothing but the request's own words, so it says nothing of what is stored.</summary>
internal sealed record ExportRequest
{
    public required ExportLevel Level { get; init; }

    /// <summary>The Group's id; null on the other levels.</summary>
    public string? Group { get; init; }

    /// <summary>At least one; a file is offered for each.</summary>
    public required string[] Types { get; init; }

    /// <summary>As <c>Type?query</c>; those of one type are alternatives.</summary>
    public string[] Filters { get; init; } = [];

    public DateTimeOffset? Since { get; init; }

    /// <summary>The elements of each resource that are wanted, as <c>name</c> for all types or <c>Type.name</c>; empty for whole resources.</summary>
    public string[] Elements { get; init; } = [];

    /// <summary>What was asked for and is not served, left out since the client said that it may be; as the client is told.</summary>
    public string[] LeftOut { get; init; } = [];

    /// <summary>Ids of the patients that it is limited to; null where it is not limited.</summary>
    public string[]? Patients { get; init; }
}

/// <summary>What an export is called on.</summary>
internal enum ExportLevel
{
    /// <summary>Everything.</summary>
    System,

    /// <summary>The compartments of all patients.</summary>
    Patient,

    /// <summary>The compartments of a Group's members.</summary>
    Group,
}
