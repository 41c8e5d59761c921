using System.Collections.Frozen;

namespace HealthLedger.Fhir.Ucum;

/// <summary>The atoms and prefixes of UCUM (sections 4.2 to 4.5 of the specification) that measurements in care use, with what they are in m, s, g, rad, K, C, cd and mol.</summary>
internal static class UcumAtoms
{
    private static readonly FrozenDictionary<string, double> Prefixes = new Dictionary<string, double>
    {
        ["Y"] = 1e24, ["Z"] = 1e21, ["E"] = 1e18, ["P"] = 1e15, ["T"] = 1e12, ["G"] = 1e9, ["M"] = 1e6, ["k"] = 1e3, ["h"] = 1e2, ["da"] = 1e1, ["d"] = 1e-1, ["c"] = 1e-2, ["m"] = 1e-3,
        ["u"] = 1e-6, ["n"] = 1e-9, ["p"] = 1e-12, ["f"] = 1e-15, ["a"] = 1e-18, ["z"] = 1e-21, ["y"] = 1e-24,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // Atom, factor, base units with their exponents.
    private static readonly FrozenDictionary<string, (double Factor, string Of)> Metric = Table(
        ("m", 1, "m"), ("s", 1, "s"), ("g", 1, "g"), ("rad", 1, "rad"), ("K", 1, "K"), ("C", 1, "C"), ("cd", 1, "cd"), ("mol", 1, "mol"), ("eq", 1, "mol"), ("osm", 1, "mol"),
        ("l", 1e-3, "m3"), ("L", 1e-3, "m3"), ("sr", 1, "rad2"), ("Hz", 1, "s-1"), ("Bq", 1, "s-1"), ("N", 1e3, "m g s-2"), ("Pa", 1e3, "m-1 g s-2"), ("J", 1e3, "m2 g s-2"), ("W", 1e3, "m2 g s-3"),
        ("A", 1, "C s-1"), ("V", 1e3, "m2 g s-2 C-1"), ("F", 1e-3, "m-2 g-1 s2 C2"), ("Ohm", 1e3, "m2 g s-1 C-2"), ("S", 1e-3, "m-2 g-1 s C2"), ("Wb", 1e3, "m2 g s-1 C-1"), ("T", 1e3, "g s-1 C-1"),
        ("H", 1e3, "m2 g C-2"), ("lm", 1, "cd rad2"), ("lx", 1, "m-2 cd rad2"), ("Gy", 1, "m2 s-2"), ("Sv", 1, "m2 s-2"), ("kat", 1, "mol s-1"), ("U", 1e-6 / 60, "mol s-1"), ("t", 1e6, "g"),
        ("u", 1.66054021e-24, "g"), ("eV", 1.602177331e-16, "m2 g s-2"), ("bar", 1e8, "m-1 g s-2"), ("cal", 4184, "m2 g s-2"), ("cal_th", 4184, "m2 g s-2"), ("cal_IT", 4186.8, "m2 g s-2"),
        ("gf", 9.80665, "m g s-2"), ("dyn", 1e-2, "m g s-2"), ("erg", 1e-4, "m2 g s-2"), ("P", 1e2, "m-1 g s-1"), ("St", 1e-4, "m2 s-1"), ("G", 1e-1, "g s-1 C-1"), ("Ci", 3.7e10, "s-1"), ("RAD", 1e-2, "m2 s-2"),
        ("REM", 1e-2, "m2 s-2"), ("R", 2.58e-7, "C g-1"), ("m[H2O]", 9.80665e6, "m-1 g s-2"), ("m[Hg]", 133.3220e6, "m-1 g s-2"), ("[iU]", 1, "[iU]"), ("[IU]", 1, "[iU]"), ("ar", 1e2, "m2"), ("st", 1, "m3"));

    private static readonly FrozenDictionary<string, (double Factor, string Of)> Plain = Table(
        ("%", 1e-2, ""), ("[ppth]", 1e-3, ""), ("[ppm]", 1e-6, ""), ("[ppb]", 1e-9, ""), ("[pptr]", 1e-12, ""), ("[pi]", Math.PI, ""), ("deg", Math.PI / 180, "rad"), ("'", Math.PI / 10_800, "rad"), ("''", Math.PI / 648_000, "rad"),
        ("gon", Math.PI / 200, "rad"), ("circ", 2 * Math.PI, "rad"), ("min", 60, "s"), ("h", 3600, "s"), ("d", 86_400, "s"), ("wk", 604_800, "s"), ("mo", 2_629_800, "s"), ("mo_j", 2_629_800, "s"), ("mo_s", 2_551_442.976, "s"),
        ("mo_g", 2_629_746, "s"), ("a", 31_557_600, "s"), ("a_j", 31_557_600, "s"), ("a_g", 31_556_952, "s"), ("a_t", 31_556_925.216, "s"), ("atm", 101_325e3, "m-1 g s-2"), ("att", 98_066.5e3, "m-1 g s-2"),
        ("[in_i]", 0.0254, "m"), ("[ft_i]", 0.3048, "m"), ("[yd_i]", 0.9144, "m"), ("[mi_i]", 1609.344, "m"), ("[mi_us]", 6336000d / 3937, "m"), ("[nmi_i]", 1852, "m"), ("[kn_i]", 1852d / 3600, "m s-1"), ("[sin_i]", 0.00064516, "m2"), ("[sft_i]", 0.09290304, "m2"),
        ("[cin_i]", 0.000016387064, "m3"), ("[gr]", 0.06479891, "g"), ("[lb_av]", 453.59237, "g"), ("[oz_av]", 28.349523125, "g"), ("[dr_av]", 1.7718451953125, "g"), ("[stone_av]", 6350.29318, "g"), ("[oz_tr]", 31.1034768, "g"),
        ("[lbf_av]", 4448.2216152605, "m g s-2"), ("[psi]", 6_894_757.293168361, "m-1 g s-2"), ("[gal_us]", 0.003785411784, "m3"), ("[qt_us]", 0.000946352946, "m3"), ("[pt_us]", 0.000473176473, "m3"), ("[cup_us]", 0.0002365882365, "m3"),
        ("[foz_us]", 0.0000295735295625, "m3"), ("[tbs_us]", 0.00001478676478125, "m3"), ("[tsp_us]", 0.00000492892159375, "m3"), ("[drp]", 5e-8, "m3"), ("[Cal]", 4_184_000, "m2 g s-2"), ("[Btu]", 1_055_056, "m2 g s-2"),
        ("[Ch]", 1e-3 / 3, "m"), ("[diop]", 1, "m-1"), ("[HPF]", 1, ""), ("[LPF]", 100, ""), ("[car_m]", 0.2, "g"), ("[arb'U]", 1, "[arb'U]"), ("[USP'U]", 1, "[USP'U]"), ("[GPL'U]", 1, "[GPL'U]"), ("[MPL'U]", 1, "[MPL'U]"),
        ("[APL'U]", 1, "[APL'U]"), ("[beth'U]", 1, "[beth'U]"), ("[anti'Xa'U]", 1, "[anti'Xa'U]"), ("[todd'U]", 1, "[todd'U]"), ("[dye'U]", 1, "[dye'U]"), ("[smgy'U]", 1, "[smgy'U]"), ("[bdsk'U]", 1, "[bdsk'U]"),
        ("[ka'U]", 1, "[ka'U]"), ("[knk'U]", 1, "[knk'U]"), ("[mclg'U]", 1, "[mclg'U]"), ("[tb'U]", 1, "[tb'U]"), ("[CCID_50]", 1, "[CCID_50]"), ("[TCID_50]", 1, "[TCID_50]"), ("[EID_50]", 1, "[EID_50]"), ("[PFU]", 1, "[PFU]"),
        ("[FFU]", 1, "[FFU]"), ("[CFU]", 1, "[CFU]"), ("[BAU]", 1, "[BAU]"), ("[AU]", 1, "[AU]"), ("[Amb'a'1'U]", 1, "[Amb'a'1'U]"), ("[PNU]", 1, "[PNU]"), ("[Lf]", 1, "[Lf]"), ("[D'ag'U]", 1, "[D'ag'U]"), ("[FEU]", 1, "[FEU]"),
        ("[ELU]", 1, "[ELU]"), ("[EU]", 1, "[EU]"), ("[IR]", 1, "[IR]"), ("[hp'_X]", 1, "[hp'_X]"));

    /// <summary>What an atom, with or without a prefix, is in base units; null where it is not known.</summary>
    public static (double Factor, string Of)? Find(string text)
    {
        if (Plain.TryGetValue(text, out var plain) || Metric.TryGetValue(text, out plain)) return plain;
        for (var length = 2; length >= 1; length--)
        {
            if (text.Length > length && Prefixes.TryGetValue(text[..length], out var prefix) && Metric.TryGetValue(text[length..], out var metric)) return (prefix * metric.Factor, metric.Of);
        }
        return null;
    }

    /// <summary>Temperatures, whose zeros differ: kelvin = (value + offset) x factor. They stand alone.</summary>
    public static (double Factor, double Offset)? Zero(string code) => code switch
    {
        "Cel" => (1, 273.15),
        "mCel" => (1e-3, 273_150),
        "[degF]" => (5d / 9, 459.67),
        "[degR]" => (5d / 9, 0),
        "[degRe]" => (1.25, 218.52),
        _ => null,
    };

    private static FrozenDictionary<string, (double Factor, string Of)> Table(params (string Atom, double Factor, string Of)[] atoms) =>
        atoms.ToFrozenDictionary(a => a.Atom, a => (a.Factor, a.Of), StringComparer.Ordinal);
}
