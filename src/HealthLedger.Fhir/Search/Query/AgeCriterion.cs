namespace HealthLedger.Fhir.Search;

/// <summary>
/// <c>age</c> of Patient, in whole years as of now: of the date of birth, and without those who died (R4 SearchParameter patient-extensions-Patient-age, which has a description and no FHIRPath). A date of birth
/// that is a month or a year leaves a range of ages, compared like any range. <c>:missing</c> is true where there is no age: no date of birth, or a death.
/// </summary>
/// <param name="plan">Of Patient.</param>
/// <param name="ages">Any of them.</param>
/// <param name="isMissing">For <c>:missing</c>, what is asked; null otherwise.</param>
/// <param name="now">Today, by UTC.</param>
internal sealed class AgeCriterion(TypePlan plan, NumberValue[] ages, bool? isMissing, DateTimeOffset now) : SearchCriterion("age", isMissing is null ? "" : "missing")
{
    private readonly ushort _birth = plan.IndexOf("birthdate")!.Value, _deceased = plan.IndexOf("deceased")!.Value;
    private readonly DateTime _today = now.UtcDateTime.Date;

    /// <summary>Whether the parameter of the type is this one.</summary>
    public static bool Serves(PlannedParameter parameter) => parameter.Definition.Url == "http://hl7.org/fhir/SearchParameter/patient-extensions-Patient-age";

    internal override bool Matches(in SearchCandidate candidate) => Any(candidate.Terms) != (isMissing == true);

    private bool Any(ResourceTerms terms)
    {
        if (Array.Exists(terms.Tokens, t => t.Parameter == _deceased && t.Code == "true")) return false;
        foreach (ref readonly var birth in terms.Dates.AsSpan())
        {
            if (birth.Parameter != _birth || birth.Low > _today.Ticks) continue;
            int least = Years(Math.Min(birth.High - 1, _today.Ticks)), most = Years(birth.Low);
            if (isMissing is not null || Array.Exists(ages, a => a.Matches(least, most))) return true;
        }
        return false;
    }

    private int Years(long birth)
    {
        var day = new DateTime(birth).Date;
        var years = _today.Year - day.Year;
        return _today < day.AddYears(years) ? years - 1 : years;
    }
}
