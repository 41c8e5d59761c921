using HealthLedger.Access;

namespace HealthLedger.Gateway.Fhir.Export;

/// <summary>An accepted export: what was asked, by whom, and when. It holds nothing of what is stored; each file is read anew, under the consents of that moment.</summary>
internal sealed record ExportJob
{
    /// <summary>32 hexadecimal digits, random.</summary>
    public required string Id { get; init; }

    /// <summary>For limits: the client that asked.</summary>
    public required string Client { get; init; }

    /// <summary>Who alone may ask for it, and for which purpose.</summary>
    public required string Owner { get; init; }

    /// <summary>The kick-off's URL as it came.</summary>
    public required string RequestUrl { get; init; }

    /// <summary>What the client gives as <c>_since</c> the next time.</summary>
    public required DateTimeOffset TransactionTime { get; init; }

    /// <summary>Records that were made later are not part of it.</summary>
    public required DateTimeOffset Until { get; init; }

    public required DateTimeOffset Expires { get; init; }

    public required ExportRequest Asked { get; init; }

    /// <summary>Its path below the FHIR base, which also names it in the facts of its entries.</summary>
    public string Path => $"{FhirExports.Segment}/{Id}";

    /// <summary>The caller and the purpose as a job is bound to them.</summary>
    public static string OwnerOf(Caller caller, PurposeOfUse purpose) =>
        string.Join('\n', caller.ClientId, caller.UserId, caller.Organization, caller.Role, caller.Patient, purpose.Code());
}
