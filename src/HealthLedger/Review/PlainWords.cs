using HealthLedger.Access;

namespace HealthLedger.Review;

/// <summary>Codes of facts and consents in words that need no explaining. Codes that are not known come back as they are.</summary>
public static class PlainWords
{
    /// <summary>What the data is wanted for.</summary>
    public static string Of(PurposeOfUse? purpose) => purpose switch
    {
        PurposeOfUse.Treatment => "treatment",
        PurposeOfUse.EmergencyTreatment => "emergency treatment",
        PurposeOfUse.BreakTheGlass => "emergency: consent was overridden",
        PurposeOfUse.Payment => "payment",
        PurposeOfUse.Operations => "running the service",
        PurposeOfUse.Research => "research",
        PurposeOfUse.PatientRequested => "the patient asked",
        PurposeOfUse.PublicHealth => "public health",
        PurposeOfUse.Compliance => "review by a regulator",
        _ => "not said",
    };

    /// <summary>Why a decision came out as it did.</summary>
    public static string OfReason(string? code) => code switch
    {
        "consent-permit" => "Your consent permits it.",
        "consent-deny" => "Your consent forbids it.",
        "patient-access" => "It was you: you may always see your own record.",
        "custodian" => "They keep this record themselves.",
        "emergency" => "Emergency access. It is reviewed afterwards.",
        "outside-permit" => "Your consent permits them something, but not this.",
        "implicit-permit" => "No consent of yours applies, and the general rule permits it.",
        "implicit-deny" => "No consent of yours permits it.",
        "role-excluded" => "People in this role never see clinical data.",
        "directory" => "It describes the care system, not you.",
        "changed-meanwhile" => "Your consents changed while they asked, so it was refused.",
        "consent-granted" => "A consent was given.",
        "consent-withdrawn" => "A consent was taken back.",
        "consent-recorded" => "A consent was stored that gives nobody access.",
        "other-custodian" => "Somebody else keeps this record; only they may change it.",
        "version-conflict" => "The record had changed meanwhile.",
        "not-visible" => "They may not see this record, so they cannot change it.",
        "invalid" => "What they sent was not valid.",
        "absent" => "There is no such record.",
        "budget-charged" => "Your share of the privacy budget was used for released statistics.",
        "chain-bound" => "It says which numbers your events have, so that none can be left out unnoticed.",
        "erasure-previewed" => "They looked up how much would go if your records were erased. Nothing was opened or erased.",
        "counted" => "Your records were counted, not opened.",
        "user-registered" or "user-invited" or "user-disabled" or "user-enabled" or "user-unlocked" or "user-moved" or "user-removed" or "user-shown" => "Operators look after accounts. If you did not ask for this, ask them why.",
        null or "" => "No reason is recorded.",
        _ => code,
    };

    /// <summary>What was done, as the end of a sentence that begins with who did it.</summary>
    public static string Of(FactEvent happened) => (happened.Kind, happened.Interaction) switch
    {
        ("access", "read" or "vread") => "opened a record",
        ("access", "history-instance") => "opened the versions of a record",
        ("access", "history-type" or "history-system") => $"opened {happened.Targets.Length} versions of records",
        ("access", "operation") => $"opened {happened.Targets.Length} records at once",
        ("access", "search-type") => happened.Targets.Length == 1 ? "opened 1 record by a search" : $"opened {happened.Targets.Length} records by a search",
        ("access", _) => "opened records",
        ("refusal", "create" or "update" or "patch" or "delete" or "transaction" or "batch") => "tried to change a record and was refused",
        ("refusal", _) => "asked for a record and was refused",
        ("consent", _) => happened.Reason == "consent-withdrawn" ? "took back a consent" : "stored a consent",
        ("record", _) => happened.Targets.Length switch { 0 => "wrote records", 1 => "wrote 1 record", var n => $"wrote {n} records" },
        ("request", "operation") => "called an operation",
        ("request", _) => "searched",
        ("review", _) => "listed recorded events",
        ("enrol", _) => "fixed the numbering of your events",
        ("risk", _) => "computed a risk score",
        ("release", _) => "released statistics with noise",
        ("erasure", _) => "erased records",
        ("operation", _) => happened.Reason switch
        {
            "user-registered" => "registered somebody to sign in as you",
            "user-invited" => "made a code by which a new password for signing in as you is set",
            "user-disabled" => "ended signing in as you",
            "user-enabled" => "let somebody sign in as you again",
            "user-unlocked" => "forgot wrong passwords of somebody who signs in as you",
            "user-removed" => "removed somebody who signs in as you",
            "user-shown" => "looked at how you sign in",
            _ => "worked on the gateway",
        },
        _ => happened.Kind,
    };
}
