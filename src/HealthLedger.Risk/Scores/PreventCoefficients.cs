namespace HealthLedger.Risk.Scores;

/// <summary>
/// Log-odds coefficients of the ten PREVENT models, by sex and outcome. Source: Khan et al. 2024 (doi:10.1161/CIRCULATIONAHA.123.067626),
/// supplementary tables S12A to S12J. Rows: female then male, each in the order of <see cref="PreventOutcome"/>; columns in the order in
/// which <see cref="Prevent"/> writes its terms.
/// </summary>
internal static partial class PreventCoefficients
{
    public static ReadOnlySpan<double> Of(PreventModel model, PreventHorizon horizon, Sex sex, PreventOutcome outcome)
    {
        var table = (model, horizon) switch
        {
            (PreventModel.Base, PreventHorizon.TenYears) => s_baseTenYears,
            (PreventModel.Base, PreventHorizon.ThirtyYears) => s_baseThirtyYears,
            (PreventModel.HbA1c, PreventHorizon.TenYears) => s_hbA1cTenYears,
            (PreventModel.HbA1c, PreventHorizon.ThirtyYears) => s_hbA1cThirtyYears,
            (PreventModel.Uacr, PreventHorizon.TenYears) => s_uacrTenYears,
            (PreventModel.Uacr, PreventHorizon.ThirtyYears) => s_uacrThirtyYears,
            (PreventModel.Sdi, PreventHorizon.TenYears) => s_sdiTenYears,
            (PreventModel.Sdi, PreventHorizon.ThirtyYears) => s_sdiThirtyYears,
            (PreventModel.Full, PreventHorizon.TenYears) => s_fullTenYears,
            (PreventModel.Full, PreventHorizon.ThirtyYears) => s_fullThirtyYears,
            _ => throw new ArgumentOutOfRangeException(nameof(model)),
        };
        return table[(sex == Sex.Female ? 0 : 5) + (int)outcome];
    }
}
