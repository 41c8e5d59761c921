using HealthLedger.Access;

namespace HealthLedger.Consents;

/// <summary>A set of <see cref="PurposeOfUse"/>, and what the codes of HL7 v3 PurposeOfUse mean in terms of it.</summary>
/// <param name="Bits">Bit <c>n</c> stands for the purpose of value <c>n</c>.</param>
public readonly record struct PurposeSet(int Bits)
{
    /// <summary>Every purpose the gateway accepts.</summary>
    public static readonly PurposeSet All = new((1 << Enum.GetValues<PurposeOfUse>().Length) - 1);

    /// <summary>The set of these.</summary>
    public static PurposeSet Of(params ReadOnlySpan<PurposeOfUse> purposes)
    {
        var bits = 0;
        foreach (var purpose in purposes)
        {
            bits |= 1 << (int)purpose;
        }

        return new PurposeSet(bits);
    }

    /// <summary>True where <paramref name="purpose"/> is in it.</summary>
    public bool Contains(PurposeOfUse purpose) => (Bits & (1 << (int)purpose)) != 0;

    /// <summary>What is in either.</summary>
    public PurposeSet With(PurposeSet other) => new(Bits | other.Bits);

    /// <summary>The wire codes, in ordinal order.</summary>
    public IEnumerable<string> Codes()
    {
        var set = this;
        return Enum.GetValues<PurposeOfUse>().Where(set.Contains).Select(p => p.Code()).Order(StringComparer.Ordinal);
    }

    /// <summary>
    /// The purposes that a request may have while doing what <paramref name="code"/> names: the purpose itself, those below it and those above it in
    /// v3-ActReason (TREAT holds ETREAT, ETREAT holds BTG, HOPERAT holds HCOMPL; research on a trial happens under HRESCH). Null where the code is
    /// none of PurposeOfUse's. A deny counts for all of them; a permit counts only for the purpose it names.
    /// </summary>
    internal static PurposeSet? Touched(string code) => code switch
    {
        "PurposeOfUse" => All,
        "TREAT" => Of(PurposeOfUse.Treatment, PurposeOfUse.EmergencyTreatment, PurposeOfUse.BreakTheGlass),
        "ETREAT" => Emergency,
        "BTG" => Of(PurposeOfUse.BreakTheGlass),
        "ERTREAT" => Emergency,
        "CLINTRL" or "COC" or "POPHLTH" => Of(PurposeOfUse.Treatment),
        "HPAYMT" or "CLMATTCH" or "COVAUTH" or "COVERAGE" or "ELIGDTRM" or "ELIGVER" or "ENROLLM" or "MILDCRG" or "REMITADV" => Of(PurposeOfUse.Payment),
        "HOPERAT" => Of(PurposeOfUse.Operations, PurposeOfUse.Compliance),
        "HCOMPL" => Of(PurposeOfUse.Compliance),
        "CAREMGT" or "DONAT" or "FRAUD" or "GOV" or "HACCRED" or "HDECD" or "HDIRECT" or "HDM" or "HLEGAL" or "HOUTCOMS" or "HPRGRP" or "HQUALIMP"
            or "HSYSADMIN" or "LABELING" or "METAMGT" or "MEMADMIN" or "MILCDM" or "PATADMIN" or "PATSFTY" or "PERFMSR" or "RECORDMGT" or "SYSDEV"
            or "HTEST" or "TRAIN" => Of(PurposeOfUse.Operations),
        "HRESCH" or "BIORCH" or "CLINTRCH" or "CLINTRCHNPC" or "CLINTRCHPC" or "PRECLINTRCH" or "DSRCH" or "POARCH" or "TRANSRCH" => Of(PurposeOfUse.Research),
        "PATRQT" or "FAMRQT" or "PWATRNY" or "SUPNWK" => Of(PurposeOfUse.PatientRequested),
        "PUBHLTH" or "DISASTER" or "THREAT" => Of(PurposeOfUse.PublicHealth),
        "HMARKT" => default(PurposeSet),
        _ => null,
    };

    private static PurposeSet Emergency => Of(PurposeOfUse.EmergencyTreatment, PurposeOfUse.BreakTheGlass);
}
