using System.Globalization;
using HealthLedger.Fhir.Ucum;

namespace HealthLedger.Fhir.Search;

/// <summary><c>near</c> of Location (R4 location.html#positional): the position is within a distance of any of the places, along the great circle.</summary>
internal sealed class NearCriterion(string code, ushort index, PlaceValue[] places) : SearchCriterion(code, "")
{
    internal override bool Matches(in SearchCandidate candidate)
    {
        decimal? north = null, east = null;
        foreach (ref readonly var term in candidate.Terms.Numbers.AsSpan())
        {
            if (term.Parameter != index) continue;
            if (term.Key.Component == 0) north = term.Low;
            else east = term.Low;
        }
        return north is { } latitude && east is { } longitude && Array.Exists(places, p => p.Metres(latitude, longitude) <= p.Within);
    }
}

/// <param name="Latitude">Degrees, -90 to 90 (WGS84).</param>
/// <param name="Longitude">Degrees, -180 to 180.</param>
/// <param name="Within">The distance in metres that counts as near, from 0.</param>
internal readonly record struct PlaceValue(decimal Latitude, decimal Longitude, double Within)
{
    /// <summary>Metres that count as near where the query states none: R4 leaves them to the server.</summary>
    private const double Unstated = 50_000;

    /// <summary>The earth's mean radius in metres (IUGG): on a sphere distances differ from those on the ellipsoid by at most 0.6 %.</summary>
    private const double Radius = 6_371_008.8;

    private static readonly UcumUnit Metre = UcumUnit.Of("m")!;

    /// <summary><c>latitude|longitude|distance|units</c>; without units kilometres. Null where it is malformed.</summary>
    public static PlaceValue? Parse(string text)
    {
        var parts = SearchText.Split(text, '|').ConvertAll(SearchText.Unescape);
        if (parts.Count is < 2 or > 4 || Degrees(parts[0], 90) is not { } latitude || Degrees(parts[1], 180) is not { } longitude) return null;
        if (parts.Count == 2 || parts[2].Length == 0) return new PlaceValue(latitude, longitude, Unstated);
        var unit = parts.Count == 3 || parts[3].Length == 0 ? "km" : parts[3];
        return Decimal(parts[2]) is >= 0 and var distance && UcumUnit.Of(unit == "mi" ? "[mi_i]" : unit) is { } ucum && ucum.IsCommensurable(Metre) && ucum.Convert(distance, Metre) is { } metres
            ? new PlaceValue(latitude, longitude, (double)metres)
            : null;
    }

    /// <summary>The distance to a position, in metres (haversine formula).</summary>
    public double Metres(decimal latitude, decimal longitude)
    {
        double from = double.DegreesToRadians((double)Latitude), to = double.DegreesToRadians((double)latitude);
        double north = Math.Sin((to - from) / 2), east = Math.Sin(double.DegreesToRadians((double)longitude - (double)Longitude) / 2);
        var h = (north * north) + (Math.Cos(from) * Math.Cos(to) * east * east);
        return 2 * Radius * Math.Asin(Math.Sqrt(Math.Clamp(h, 0, 1)));
    }

    private static decimal? Degrees(string text, int most) => Decimal(text) is { } degrees && Math.Abs(degrees) <= most ? degrees : null;

    private static decimal? Decimal(string text) =>
        text.Length <= 40 && decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;
}
