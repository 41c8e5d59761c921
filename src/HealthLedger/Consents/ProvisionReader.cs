using System.Collections.Immutable;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Consents;

/// <summary>Reads Consent.provision, to the depth and number that <see cref="ConsentCompiler"/> allows.</summary>
internal sealed class ProvisionReader(ElementReader reader)
{
    private const string ActionSystem = "http://terminology.hl7.org/CodeSystem/consentaction";
    private const string OptOut = "http://terminology.hl7.org/CodeSystem/v3-ActCode|OPTOUT";

    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "id", "extension", "modifierExtension", "type", "period", "actor", "action", "securityLabel", "purpose", "class", "code", "dataPeriod", "data",
        "provision",
    };

    private static readonly HashSet<string> KnownInActor = new(StringComparer.Ordinal) { "id", "extension", "modifierExtension", "role", "reference" };
    private static readonly HashSet<string> KnownInData = new(StringComparer.Ordinal) { "id", "extension", "modifierExtension", "meaning", "reference" };

    private int provisions;

    public Provision ReadRoot(JsonElement root, ImmutableArray<string> policyRules, bool modified)
    {
        var provision = Read(root, "Consent.provision", 1);
        if (modified)
        {
            reader.Remark("Consent", "carries a modifier that is not understood: its permits permit nothing, its denies deny everything");
            provision = provision with { Modified = true };
        }

        if (provision.Type is null && policyRules.Contains(OptOut))
        {
            return provision with { Type = ProvisionType.Deny };
        }

        if (provision.Type is null)
        {
            reader.Remark("Consent.provision.type", "is absent: the root decides nothing, only the provisions in it do");
        }

        return provision;
    }

    private Provision Read(JsonElement element, string place, int depth)
    {
        reader.OnlyKnown(element, place, Known);
        if (++provisions == ConsentCompiler.MaxProvisions + 1)
        {
            reader.Issue(place, $"is one provision too many: {ConsentCompiler.MaxProvisions} are allowed");
        }

        var modified = ElementReader.HasModifier(element);
        if (modified)
        {
            reader.Remark(place, "carries a modifier that is not understood: as a permit it permits nothing, as a deny it denies everything");
        }

        var draft = new ProvisionDraft(reader);
        draft.Each(element, place, "actor", ProvisionElements.Actor, ReadActor);
        draft.Each(element, place, "action", ProvisionElements.Action, ReadAction);
        draft.Each(element, place, "purpose", ProvisionElements.Purpose, ReadPurpose);
        draft.Each(element, place, "securityLabel", ProvisionElements.SecurityLabel, ReadLabel);
        draft.Each(element, place, "class", ProvisionElements.Class, ReadClass);
        draft.Each(element, place, "code", ProvisionElements.Code, ReadCode);
        draft.Each(element, place, "data", ProvisionElements.Data, ReadData);
        var dataPeriod = reader.Period(element, "dataPeriod", place);
        return draft.Finish() with
        {
            Type = ReadType(element, place, depth),
            Period = reader.Period(element, "period", place) ?? TimeInterval.Always,
            DataPeriod = dataPeriod,
            Stated = draft.Stated | (dataPeriod is null ? ProvisionElements.None : ProvisionElements.DataPeriod),
            Modified = modified,
            Provisions = ReadExceptions(element, place, depth),
        };
    }

    private ImmutableArray<Provision> ReadExceptions(JsonElement element, string place, int depth)
    {
        var nested = reader.Each(element, "provision", place);
        if (nested.Count > 0 && depth == ConsentCompiler.MaxDepth)
        {
            reader.Issue(place + ".provision", $"nests deeper than {ConsentCompiler.MaxDepth} provisions");
            return [];
        }

        // Reading stops once there are too many, so that a hostile Consent costs no more than the limit.
        var exceptions = ImmutableArray.CreateBuilder<Provision>();
        foreach (var (value, at) in nested)
        {
            if (provisions > ConsentCompiler.MaxProvisions)
            {
                break;
            }

            exceptions.Add(Read(value, at, depth + 1));
        }

        return exceptions.ToImmutable();
    }

    private ProvisionType? ReadType(JsonElement element, string place, int depth)
    {
        var stated = element.TryGetProperty("type", out var type);
        if (stated && type.ValueKind == JsonValueKind.String && type.ValueEquals("permit"))
        {
            return ProvisionType.Permit;
        }

        if (stated && type.ValueKind == JsonValueKind.String && type.ValueEquals("deny"))
        {
            return ProvisionType.Deny;
        }

        if (stated || depth > 1)
        {
            reader.Issue(place + ".type", "must be permit or deny; only the root may leave it out");
        }

        return null;
    }

    private string? ReadActor(JsonElement actor, string place, ProvisionDraft draft)
    {
        reader.OnlyKnown(actor, place, KnownInActor);
        var role = reader.Object(actor, "role", place);
        var reference = reader.Object(actor, "reference", place);
        if (role is null || reference is null)
        {
            reader.Issue(place, "must have a role and a reference");
            return null;
        }

        if (ElementReader.HasModifier(actor))
        {
            return "carries a modifier";
        }

        if (!reader.Concept(role.Value, place + ".role").Any(IsRecipient))
        {
            return "has a role other than recipient of the information (IRCP, PRCP, GRANTEE)";
        }

        if (reader.Reference(reference.Value, place + ".reference") is not { } literal)
        {
            return "is not a literal reference to a resource of this server";
        }

        draft.Actors.Add(literal);
        return null;
    }

    private static bool IsRecipient((string System, string Code) role) => role is
        ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP" or "PRCP") or ("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "GRANTEE");

    private string? ReadAction(JsonElement action, string place, ProvisionDraft draft)
    {
        foreach (var (system, code) in reader.Concept(action, place))
        {
            ConsentAction? read = (system, code) switch
            {
                (ActionSystem, "access") => ConsentAction.Access,
                (ActionSystem, "collect") => ConsentAction.Collect,
                (ActionSystem, "use") => ConsentAction.Use,
                (ActionSystem, "disclose") => ConsentAction.Disclose,
                (ActionSystem, "correct") => ConsentAction.Correct,
                _ => null,
            };
            if (read is { } known)
            {
                draft.Actions.Add(known);
                return null;
            }
        }

        return "is no action of R4";
    }

    private string? ReadPurpose(JsonElement purpose, string place, ProvisionDraft draft)
    {
        if (reader.Coding(purpose, place) is not (PurposeOfUseCodes.System, var code) || PurposeSet.Touched(code) is not { } touched)
        {
            return "is no purpose of HL7 v3 PurposeOfUse";
        }

        draft.Touched = draft.Touched.With(touched);
        if (PurposeOfUseCodes.Parse(code) is { } named)
        {
            draft.Purposes = draft.Purposes.With(PurposeSet.Of(named));
        }

        return null;
    }

    private string? ReadLabel(JsonElement label, string place, ProvisionDraft draft)
    {
        if (reader.Coding(label, place) is not var (system, code) || (system == Confidentiality.System && !Confidentiality.IsKnown(code)))
        {
            return "is no label with system and code, or no known degree of confidentiality";
        }

        draft.Labels.Add($"{system}|{code}");
        return null;
    }

    private string? ReadClass(JsonElement contentClass, string place, ProvisionDraft draft)
    {
        switch (reader.Coding(contentClass, place))
        {
            case ("http://hl7.org/fhir/resource-types", var type) when FhirDefinitions.R4.ResourceType(type) is not null:
                draft.Types.Add(type);
                return null;
            case ("urn:ietf:rfc:3986", var profile) when !profile.Contains('|'):
                draft.Profiles.Add(profile);
                return null;
            default:
                return "is neither an R4 resource type nor the url of a profile";
        }
    }

    private string? ReadCode(JsonElement concept, string place, ProvisionDraft draft)
    {
        var codings = reader.Concept(concept, place);
        draft.Codes.AddRange(codings.Select(c => $"{c.System}|{c.Code}"));
        return codings.Count == 0 ? "has no coding with system and code" : null;
    }

    private string? ReadData(JsonElement data, string place, ProvisionDraft draft)
    {
        reader.OnlyKnown(data, place, KnownInData);
        DataMeaning? meaning = reader.Text(data, "meaning", place) switch
        {
            "instance" => DataMeaning.Instance,
            "related" => DataMeaning.Related,
            "dependents" => DataMeaning.Dependents,
            "authoredby" => DataMeaning.AuthoredBy,
            _ => null,
        };
        var reference = reader.Object(data, "reference", place);
        if (meaning is null || reference is null)
        {
            reader.Issue(place, "must have a reference and a meaning of instance, related, dependents or authoredby");
            return null;
        }

        if (ElementReader.HasModifier(data))
        {
            return "carries a modifier";
        }

        if (reader.Reference(reference.Value, place + ".reference") is not { } literal)
        {
            return "is not a literal reference to a resource of this server";
        }

        if (meaning == DataMeaning.Related && literal[..literal.IndexOf('/')] is not ("Encounter" or "EpisodeOfCare" or "CarePlan"))
        {
            return "means records related to something other than an Encounter, EpisodeOfCare or CarePlan";
        }

        draft.Data.Add(new DataReference(meaning.Value, literal));
        return null;
    }
}
