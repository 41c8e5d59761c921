namespace HealthLedger.Proofs.Facts;

/// <summary>
/// Which pattern of IHE BALP 1.1 (https://profiles.ihe.net/ITI/BALP/content.html) a fact follows, and the codes that go with it. BALP has patterns for what was
/// permitted and done: create, read, update, delete and query. Everything else is an R4 AuditEvent of the same shape that claims none.
/// </summary>
/// <param name="Type">AuditEvent.type; null where it is not opened.</param>
/// <param name="Action">AuditEvent.action; null where it cannot be told.</param>
/// <param name="IsRest">True where the interaction is one of FHIR's and becomes the subtype.</param>
/// <param name="Profile">Last part of the profile's name, such as <c>Read</c>; null where none is claimed.</param>
/// <param name="Client">Type of the client's agent; null where it cannot be told.</param>
/// <param name="Server">Type of the server's agent; null where it cannot be told.</param>
/// <param name="User">Code of the acting person's participation.</param>
internal sealed record AuditPattern((string System, string Code)? Type, string? Action, bool IsRest, string? Profile, (string System, string Code)? Client, (string System, string Code)? Server, string User)
{
    private const string Dicom = "http://dicom.nema.org/resources/ontology/DCM";
    private const string AuditType = "http://terminology.hl7.org/CodeSystem/audit-event-type";

    /// <summary>DICOM's ways of data: out of the source, into the destination.</summary>
    private static readonly (string, string) s_source = (Dicom, "110153"), s_destination = (Dicom, "110152");

    public static AuditPattern Of(FactOpening fact)
    {
        var (happened, interaction) = (fact.ValueOf(FactField.Event), fact.ValueOf(FactField.Interaction));
        (string, string)? type = happened switch
        {
            "signin" => (Dicom, "110114"),
            "risk" or "release" or "enrol" => (Dicom, "110100"),
            "review" => (Dicom, "110101"),
            null when interaction is null => null,
            _ => (AuditType, "rest"),
        };
        if (interaction is null)
        {
            // Which way the data went is not told where the interaction is not opened: a guess would be a statement.
            return new AuditPattern(type, null, false, null, null, null, "IRCP");
        }

        // Reads come out of the server; queries, like everything else, go into it (BALP, "Query").
        var (action, profile, client, server, user) = interaction switch
        {
            "read" or "vread" => ("R", "Read", s_destination, s_source, "IRCP"),
            "history-instance" or "history-type" or "history-system" => ("R", null, s_destination, s_source, "IRCP"),
            "search-type" or "search-system" => ("E", "Query", s_source, s_destination, "IRCP"),
            "create" => ("C", "Create", s_source, s_destination, "AUT"),
            "update" or "patch" => ("U", "Update", s_source, s_destination, "AUT"),
            "delete" => ("D", "Delete", (Dicom, "110150"), ("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian"), "AUT"),
            _ => ("E", (string?)null, s_source, s_destination, "IRCP"),
        };
        var isDone = happened is "access" or "request" or "record" or "consent" && fact.ValueOf(FactField.Decision) == "permit" && fact.ValueOf(FactField.Client) is { Length: > 0 };
        return new AuditPattern(type, action, happened is not ("signin" or "risk" or "release" or "review" or "enrol"), isDone ? profile : null, client, server, user);
    }
}
