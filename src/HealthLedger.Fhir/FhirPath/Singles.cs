namespace HealthLedger.Fhir.FhirPath;

/// <summary>Singleton evaluation of collections (FHIRPath 2.0, 4.5): empty is null, several items end the evaluation.</summary>
internal static class Singles
{
    /// <summary>A lone item that is no Boolean counts as true.</summary>
    public static bool? Boolean(in Items items)
    {
        if (!items.TryGetSingle(out var item)) return null;
        return item.Value is BooleanItem b ? b.Bool : true;
    }

    public static int? Integer(in Items items)
    {
        if (!items.TryGetSingle(out var item)) return null;
        return item.Value is IntegerItem i ? i.Integer : throw new FhirPathEvaluationException("An integer is expected");
    }

    public static string? String(in Items items)
    {
        if (!items.TryGetSingle(out var item)) return null;
        return item.Value is StringItem s ? s.Text : throw new FhirPathEvaluationException("A string is expected");
    }

    public static decimal? Number(Item item) => item.Value switch
    {
        IntegerItem i => i.Integer,
        DecimalItem d => d.Decimal,
        _ => null,
    };
}
