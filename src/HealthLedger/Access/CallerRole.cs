namespace HealthLedger.Access;

/// <summary>What a caller is allowed to try, from its role; the patient's consent is a separate question.</summary>
public enum CallerRole
{
    /// <summary>A software client on its own behalf (SMART backend service).</summary>
    System,
    /// <summary>A person who treats patients.</summary>
    Clinician,
    /// <summary>A patient, on their own record.</summary>
    Patient,
    /// <summary>An auditor or regulator: sees the ledger, never clinical data.</summary>
    Regulator,
    /// <summary>An operator: runs the gateway, never sees clinical data.</summary>
    Operator,
}

/// <summary>The codes of <see cref="CallerRole"/>: in tokens, in what operators send and see, and in facts.</summary>
public static class CallerRoleCodes
{
    private static readonly string[] Codes = ["system", "clinician", "patient", "regulator", "operator"];

    /// <summary>For instance <c>regulator</c>.</summary>
    public static string Code(this CallerRole role) => Codes[(int)role];

    /// <summary>Reads a code, case-sensitively; null where it is none.</summary>
    public static CallerRole? Parse(string? code)
    {
        var index = Array.IndexOf(Codes, code);
        return index < 0 ? null : (CallerRole)index;
    }
}
