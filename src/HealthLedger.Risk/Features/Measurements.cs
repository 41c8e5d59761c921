using System.Text.Json;

namespace HealthLedger.Risk.Features;

/// <summary>How a kind of measurement is written: by which units, each with what it takes to reach the unit of the scores (value · factor + offset).</summary>
internal sealed class UnitTable(params (string Unit, double Factor, double Offset)[] units)
{
    private const string Filtration = "mL/min/{1.73_m2}";

    public static readonly UnitTable Pressure = new(("mm[Hg]", 1, 0), ("mmHg", 1, 0), ("kPa", 7.50062, 0));

    // The factor of the PREVENT equations themselves, so that mg/dL and mmol/L of one sample give one score.
    public static readonly UnitTable Cholesterol = new(("mg/dL", 1, 0), ("mmol/L", 1 / 0.02586, 0));
    public static readonly UnitTable Creatinine = new(("mg/dL", 1, 0), ("umol/L", 1 / 88.4, 0), ("µmol/L", 1 / 88.4, 0), ("mmol/L", 1000 / 88.4, 0));
    public static readonly UnitTable FiltrationRate = new((Filtration, 1, 0), ("mL/min/1.73m2", 1, 0), ("mL/min/1.73 m2", 1, 0), ("mL/min/1.73.m2", 1, 0));
    public static readonly UnitTable BodyMassIndex = new(("kg/m2", 1, 0));
    public static readonly UnitTable Weight = new(("kg", 1, 0), ("g", 0.001, 0), ("[lb_av]", 0.45359237, 0));
    public static readonly UnitTable Height = new(("cm", 0.01, 0), ("m", 1, 0), ("[in_i]", 0.0254, 0));

    // NGSP from IFCC: the master equation of the NGSP (ngsp.org).
    public static readonly UnitTable GlycatedHemoglobin = new(("%", 1, 0), ("mmol/mol", 0.09148, 2.152));
    public static readonly UnitTable AlbuminCreatinineRatio = new(("mg/g", 1, 0), ("mg/g{creat}", 1, 0), ("ug/mg", 1, 0), ("mg/mmol", 8.84, 0));

    public double? Convert(double value, string? unit)
    {
        foreach (var (name, factor, offset) in units)
        {
            if (name == unit) return value * factor + offset;
        }
        return null;
    }
}

/// <summary>One dated result: the element that holds its value, and the resource that it is from.</summary>
internal readonly record struct Measurement(JsonElement Holder, DateTimeOffset When, string Source);

/// <summary>Finds the latest result of a kind, and its number in the unit of the scores.</summary>
internal sealed class Measurements(Chart chart, DateOnly at, int mostYears)
{
    private readonly DateOnly _oldest = at.AddYears(-mostYears);

    /// <summary>
    /// The latest valid result decides: when it cannot be used, an older one does not take its place. Results without any value are passed over. Of several
    /// of one moment the one whose reference sorts last counts, so that the answer does not depend on the order of the record.
    /// </summary>
    public Feature<T> Latest<T>(CodeSet codes, Func<Measurement, Feature<T>> read, CodeSet? componentOf = null)
    {
        Measurement? latest = null;
        foreach (var candidate in Candidates(codes, componentOf))
        {
            if (DateOnly.FromDateTime(candidate.When.UtcDateTime) > at) continue;
            if (latest is not { } best || (candidate.When, candidate.Source).CompareTo((best.When, best.Source)) > 0) latest = candidate;
        }
        if (latest is not { } found) return new Feature<T>.Missing(MissingReason.NotRecorded);
        return DateOnly.FromDateTime(found.When.UtcDateTime) < _oldest ? new Feature<T>.Missing(MissingReason.TooOld) : read(found);
    }

    public Feature<double> LatestNumber(CodeSet codes, UnitTable units, CodeSet? componentOf = null) =>
        Latest(codes, m => Number(m, units), componentOf);

    public static Feature<double> Number(Measurement measurement, UnitTable units)
    {
        var quantity = Json.Member(measurement.Holder, "valueQuantity");
        if (quantity is not { } q || Json.Member(q, "comparator") is not null
            || Json.Member(q, "value") is not { ValueKind: JsonValueKind.Number } value || !value.TryGetDouble(out var number))
            return new Feature<double>.Missing(MissingReason.NoUsableValue);
        var coded = Json.Text(q, "system") == "http://unitsofmeasure.org" ? Json.Text(q, "code") : null;
        return units.Convert(number, coded ?? Json.Text(q, "unit")) is { } converted
            ? new Feature<double>.Known(converted, [measurement.Source])
            : new Feature<double>.Missing(MissingReason.UnitNotUnderstood);
    }

    private IEnumerable<Measurement> Candidates(CodeSet codes, CodeSet? componentOf)
    {
        foreach (var observation in chart.OfType("Observation"))
        {
            var json = observation.Json;
            if (Json.Text(json, "status") is not ("final" or "amended" or "corrected") || When(json) is not { } when) continue;
            var code = Json.Member(json, "code");
            if (Json.HasCode(code, codes) && HasValue(json)) yield return new Measurement(json, when, observation.Reference);
            if (componentOf is null || !Json.HasCode(code, componentOf)) continue;
            foreach (var component in Json.Items(json, "component"))
            {
                if (Json.HasCode(Json.Member(component, "code"), codes) && HasValue(component)) yield return new Measurement(component, when, observation.Reference);
            }
        }
    }

    private static bool HasValue(JsonElement holder) => Json.Member(holder, "valueQuantity") is not null || Json.Member(holder, "valueCodeableConcept") is not null;

    private static DateTimeOffset? When(JsonElement observation)
    {
        if (Json.Moment(Json.Text(observation, "effectiveDateTime") ?? Json.Text(observation, "effectiveInstant")) is { } moment) return moment;
        return Json.Member(observation, "effectivePeriod") is { } period ? Json.Moment(Json.Text(period, "end") ?? Json.Text(period, "start")) : null;
    }
}
