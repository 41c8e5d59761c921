namespace HealthLedger.Consents;

/// <summary>What holds where no directive applies to a request (the implicit policies of IHE PCF).</summary>
public enum ImplicitPolicy
{
    /// <summary><c>deny</c>.</summary>
    Deny,
    /// <summary><c>permit-treatment</c>: clinicians and systems, purpose TREAT.</summary>
    PermitTreatment,
    /// <summary><c>permit-all</c>: clinicians and systems, every purpose.</summary>
    PermitAll,
}

/// <summary>The deployment's part of the combining rule (settings under <c>HealthLedger:Consents</c>).</summary>
public sealed record ConsentPolicy
{
    /// <summary>Setting <c>ImplicitPolicy</c>; the default is <see cref="ImplicitPolicy.Deny"/>.</summary>
    public ImplicitPolicy Implicit { get; init; } = ImplicitPolicy.Deny;

    /// <summary>Setting <c>Custodian</c>: an organization may read the records it keeps itself. The default is true (<c>permit</c>).</summary>
    public bool Custodian { get; init; } = true;

    /// <summary>Setting <c>Emergency</c>: purposes ETREAT and BTG override what does not name them. The default is true (<c>permit</c>).</summary>
    public bool Emergency { get; init; } = true;

    /// <summary>Reads the three settings; null stands for a setting's default. Returns null and names the setting and its values where one is none of them.</summary>
    public static ConsentPolicy? Parse(string? implicitPolicy, string? custodian, string? emergency, out string? problem)
    {
        ImplicitPolicy? implied = implicitPolicy switch
        {
            null or "deny" => ImplicitPolicy.Deny,
            "permit-treatment" => ImplicitPolicy.PermitTreatment,
            "permit-all" => ImplicitPolicy.PermitAll,
            _ => null,
        };
        problem = implied is null ? "ImplicitPolicy is one of deny, permit-treatment, permit-all"
            : custodian is not (null or "permit" or "off") ? "Custodian is one of permit, off"
            : emergency is not (null or "permit" or "off") ? "Emergency is one of permit, off"
            : null;
        return problem is null ? new ConsentPolicy { Implicit = implied!.Value, Custodian = custodian != "off", Emergency = emergency != "off" } : null;
    }
}
