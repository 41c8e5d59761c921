namespace HealthLedger.Proofs.Facts;

/// <summary>The shapes that an AuditEvent's entities have, after the patterns of IHE BALP.</summary>
internal enum AuditShape
{
    /// <summary>R4 alone: no pattern of BALP fits, and none is claimed.</summary>
    Plain,

    /// <summary>Read, Create, Update, Delete: one object of data.</summary>
    Data,

    /// <summary>Query: the question as it came.</summary>
    Query,

    /// <summary>PrivacyDisclosure.Source: a patient's records left by another way than read and search.</summary>
    Disclosure,

    /// <summary>AuthZconsent: a decision, with the patient and the consents it rests on and nothing else.</summary>
    Decision,
}

/// <summary>
/// Which pattern of IHE BALP 1.1 (https://profiles.ihe.net/ITI/BALP/content.html) a fact follows, and the codes that go with it. docs/decisions/0018 says for each kind of fact
/// why this one, and for which kinds there is none: those are R4 AuditEvents that claim none.
/// </summary>
/// <param name="Shape">Which entities there are.</param>
/// <param name="Profile">Last part of the profile's name, such as <c>PatientRead</c>; null where none is claimed.</param>
/// <param name="Type">AuditEvent.type; null where it is not opened.</param>
/// <param name="Action">AuditEvent.action; null where it cannot be told.</param>
/// <param name="Subtypes">AuditEvent.subtype.</param>
/// <param name="Client">Type of the client's agent; null where it cannot be told.</param>
/// <param name="Server">Type of the server's agent; null where it cannot be told.</param>
/// <param name="User">Code of the acting person's participation.</param>
internal sealed record AuditPattern(
    AuditShape Shape, string? Profile, AuditCode? Type, string? Action, IReadOnlyList<AuditCode> Subtypes, AuditCode? Client, AuditCode? Server, string User)
{
    private const string Dicom = "http://dicom.nema.org/resources/ontology/DCM";
    private const string Lifecycle = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";

    /// <summary>DICOM's ways of data: out of the source, into the destination.</summary>
    private static readonly AuditCode s_source = new(Dicom, "110153"), s_destination = new(Dicom, "110152"), s_application = new(Dicom, "110150");
    private static readonly AuditCode s_custodian = new("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian");
    private static readonly AuditCode s_authorizer = new("http://terminology.hl7.org/CodeSystem/extra-security-role-type", "authserver");
    private static readonly AuditCode s_rest = new("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest");

    /// <summary>Whether the client stands for the person too: BALP's decisions have a user, which for software on its own behalf is the token's subject, the client.</summary>
    public bool WantsUser => Shape == AuditShape.Decision;

    public static AuditPattern Of(FactOpening fact, AuditPseudonyms pseudonyms)
    {
        var (happened, interaction) = (fact.ValueOf(FactField.Event), fact.ValueOf(FactField.Interaction));
        if (DecisionOf(fact, pseudonyms) is { } decided)
        {
            return new AuditPattern(AuditShape.Decision, "AuthZconsent", new AuditCode(Dicom, "110113"), "E", [decided], s_application, s_authorizer, "IRCP");
        }

        AuditCode? type = happened switch
        {
            "signin" => new AuditCode(Dicom, "110114"),
            "review" when interaction is not ("search-type" or "read") => new AuditCode(Dicom, "110101"),
            "erasure" => new AuditCode(Lifecycle, "destroy"),
            "risk" or "release" or "enrol" or "operation" => new AuditCode(Dicom, "110100"),
            null when interaction is null => null,
            _ when interaction is null || IsOfRest(interaction) => s_rest,
            _ => new AuditCode(Dicom, "110100"),
        };
        if (interaction is null)
        {
            // Which way the data went is not told where the interaction is not opened: a guess would be a statement.
            return new AuditPattern(AuditShape.Plain, null, type, null, [], null, null, "IRCP");
        }

        // Reads come out of the server; queries, like everything else, go into it (BALP, "Query").
        var (action, pattern, client, server, user) = interaction switch
        {
            "read" or "vread" => ("R", "Read", s_destination, s_source, "IRCP"),
            "history-instance" or "history-type" or "history-system" => ("R", null, s_destination, s_source, "IRCP"),
            "search-type" or "search-system" => ("E", "Query", s_source, s_destination, "IRCP"),
            "create" => ("C", "Create", s_source, s_destination, "AUT"),
            "update" or "patch" => ("U", "Update", s_source, s_destination, "AUT"),
            "delete" => ("D", "Delete", s_application, s_custodian, "AUT"),
            _ => ("E", (string?)null, s_source, s_destination, "IRCP"),
        };
        AuditCode[] subtypes = type == s_rest ? [new AuditCode("http://hl7.org/fhir/restful-interaction", interaction)] : [];
        var isDone = type == s_rest && happened is "access" or "request" or "record" or "consent" or "review" && fact.ValueOf(FactField.Decision) == "permit" && fact.ValueOf(FactField.Client) is { Length: > 0 };
        if (!isDone)
        {
            return new AuditPattern(AuditShape.Plain, null, type, action, subtypes, client, server, user);
        }

        var ofPatient = fact.ValueOf(FactField.Patient) is { Length: > 0 } || pseudonyms.Patient is not null;
        return pattern switch
        {
            not null => new AuditPattern(pattern == "Query" ? AuditShape.Query : AuditShape.Data, (ofPatient ? "Patient" : "") + pattern, type, action, subtypes, client, server, user),
            null when happened == "access" && ofPatient => new AuditPattern(
                AuditShape.Disclosure, "PrivacyDisclosure.Source", new AuditCode(Dicom, "110106"), "R", [new AuditCode(Lifecycle, "disclose"), .. subtypes], s_destination, s_source, "IRCP"),
            _ => new AuditPattern(AuditShape.Plain, null, type, action, subtypes, client, server, user),
        };
    }

    /// <summary>
    /// The kind of decision that a refusal was: by consents, or by role alone; null where it was none (nothing was there, or what was sent was wrong), or where it cannot be told of
    /// whom, by whom or for which organization.
    /// </summary>
    private static AuditCode? DecisionOf(FactOpening fact, AuditPseudonyms pseudonyms)
    {
        var code = (fact.ValueOf(FactField.Event), fact.ValueOf(FactField.Decision), fact.ValueOf(FactField.Reason)) switch
        {
            ("refusal", "deny", "consent-deny" or "outside-permit" or "implicit-deny" or "changed-meanwhile" or "not-visible") => "AuthZ-Consent",
            ("refusal", "deny", "role-excluded" or "other-custodian") => "AuthZ-Role",
            _ => null,
        };
        var isComplete = fact.ValueOf(FactField.Client) is { Length: > 0 } && fact.ValueOf(FactField.Organization) is { Length: > 0 }
            && (fact.ValueOf(FactField.Patient) is { Length: > 0 } || pseudonyms.Patient is not null)
            && (fact[FactField.User].Opened || pseudonyms.User is not null);
        return code is not null && isComplete ? new AuditCode("https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType", code) : null;
    }

    /// <summary>True for the codes of http://hl7.org/fhir/restful-interaction; what else a fact has as interaction is a word of our own.</summary>
    private static bool IsOfRest(string interaction) => interaction is "read" or "vread" or "update" or "patch" or "delete" or "history" or "history-instance" or "history-type" or "history-system"
        or "create" or "search" or "search-type" or "search-system" or "capabilities" or "transaction" or "batch" or "operation";
}

/// <summary>A code of a code system.</summary>
internal sealed record AuditCode(string System, string Code);
