using System.Text;
using HealthLedger.Proofs.Hashing;

namespace HealthLedger.Proofs.Facts;

/// <summary>The fields of a fact, in the order of its bytes and of its leaves. The set is fixed: what is absent has a leaf too.</summary>
public enum FactField
{
    /// <summary>access, refusal, consent, record, request, review, risk, release, erasure, operation, signin or enrol.</summary>
    Event,

    /// <summary>RFC 3339 in UTC with milliseconds.</summary>
    Time,

    /// <summary>The client that asked.</summary>
    Client,

    /// <summary>The person on whose behalf.</summary>
    User,

    /// <summary>The organization they act for.</summary>
    Organization,

    /// <summary>The purpose of use.</summary>
    Purpose,

    /// <summary>The FHIR interaction.</summary>
    Interaction,

    /// <summary>The patient concerned.</summary>
    Patient,

    /// <summary>The records concerned, with the hashes of their opened versions.</summary>
    Targets,

    /// <summary>permit or deny.</summary>
    Decision,

    /// <summary>The reason code of the decision.</summary>
    Reason,

    /// <summary>The consent version and rule that decided.</summary>
    Consent,

    /// <summary>What was redacted or demanded.</summary>
    Obligations,

    /// <summary>The request's id.</summary>
    Request,

    /// <summary>Signatures and assertions that support the event.</summary>
    Evidence,

    /// <summary>Operation and handle of the outer entry in hexadecimal; empty without an operation.</summary>
    Binding,
}

/// <summary>Names of the fields as they enter the salts and the openings.</summary>
public static class FactFields
{
    /// <summary>Fields in every fact.</summary>
    public const int Count = 16;

    private static readonly string[] s_names =
        [.. Enum.GetValues<FactField>().Select(field => field.ToString().ToLowerInvariant())];

    /// <summary>What is hashed under the key r to give each field's salt.</summary>
    internal static PreparedMessage[] SaltLabels { get; } = [.. s_names.Select(name => new PreparedMessage(Encoding.ASCII.GetBytes("healthledger/fact/v1/" + name)))];

    /// <summary>All fields in order.</summary>
    public static IReadOnlyList<FactField> All { get; } = Enum.GetValues<FactField>();

    /// <summary>The lower-case name of a field.</summary>
    public static string Name(this FactField field) => s_names[(int)field];

    /// <summary>The field of this exact name; null for any other.</summary>
    public static FactField? Parse(string name) => Array.IndexOf(s_names, name) is var index and >= 0 ? (FactField)index : null;
}
