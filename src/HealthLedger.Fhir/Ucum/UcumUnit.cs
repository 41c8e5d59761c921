using System.Collections.Concurrent;
using System.Globalization;

namespace HealthLedger.Fhir.Ucum;

/// <summary>
/// A unit of the Unified Code for Units of Measure (https://ucum.org/ucum), by its case-sensitive code, reduced to base units. The atoms are those of <see cref="UcumAtoms"/>; logarithmic
/// units are not among them. Unlike UCUM, which takes the mole for a number, it is a base unit here: an amount of substance is never compared with a bare number.
/// </summary>
internal sealed class UcumUnit
{
    private const int MaxLength = 64;
    private const int MaxExponent = 30;
    private const int MaxDepth = 8;
    private const int MaxKnown = 4096;

    private static readonly ConcurrentDictionary<string, UcumUnit?> Known = new(StringComparer.Ordinal);

    /// <summary>What one unit is in base units.</summary>
    private readonly double _factor;

    /// <summary>Added to a value before the factor counts: temperatures have different zeros.</summary>
    private readonly double _offset;

    private readonly string _dimension;

    private UcumUnit(double factor, double offset, string dimension) => (_factor, _offset, _dimension) = (factor, offset, dimension);

    /// <summary>The unit of a code; null where it is none, or made of atoms that are not known here.</summary>
    public static UcumUnit? Of(string code)
    {
        if (Known.TryGetValue(code, out var known)) return known;
        var unit = code.Length is > 0 and <= MaxLength ? Parse(code) : null;
        if (Known.Count < MaxKnown) Known.TryAdd(code, unit);
        return unit;
    }

    public bool IsCommensurable(UcumUnit other) => _dimension == other._dimension;

    /// <summary>
    /// How many of another unit are one of this, where both begin at zero; null where they are not commensurable, or the number has no room. <c>IsExact</c> is false where
    /// the ratio is no short decimal, such as 5/9: then what it gives is good to twelve digits, and no measurement is so exact.
    /// </summary>
    public (decimal Ratio, bool IsExact)? To(UcumUnit other)
    {
        var wanted = _factor / other._factor;
        if (!IsCommensurable(other) || wanted is not (> 1e-28 and < 7e28)) return null;

        // A double becomes a decimal by its first 15 digits: what is a round ratio is one again.
        var ratio = (decimal)wanted;
        return Math.Abs((double)ratio - wanted) <= wanted * 1e-13 ? (ratio, ToDigits(ratio) == ratio) : null;
    }

    /// <summary>A value of this unit in another; null where they are not commensurable, or the number has no room.</summary>
    public decimal? Convert(decimal value, UcumUnit to)
    {
        if (To(to) is not var (ratio, isExact)) return null;
        try
        {
            var converted = (value + (decimal)_offset) * ratio - (decimal)to._offset;
            return isExact ? converted : ToDigits(converted);
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    /// <summary>The order of two values: exact where one of the units is a short decimal number of the other, else by twelve digits. Null where they have none.</summary>
    public int? Compare(decimal value, UcumUnit other, decimal otherValue)
    {
        if (To(other) is (_, true)) return Convert(value, other)?.CompareTo(otherValue);
        return other.To(this) is (_, true) ? other.Convert(otherValue, this) is { } back ? value.CompareTo(back) : null : Convert(value, other)?.CompareTo(ToDigits(otherValue));
    }

    /// <summary>To 12 digits.</summary>
    private static decimal ToDigits(decimal value)
    {
        if (value == 0) return 0;
        var places = 11 - (int)Math.Floor(Math.Log10((double)Math.Abs(value)));
        return places is >= 0 and <= 28 ? Math.Round(value, places) : value;
    }

    private static UcumUnit? Parse(string code)
    {
        if (UcumAtoms.Zero(code) is { } zero) return new UcumUnit(zero.Factor, zero.Offset, "K1");
        var term = new Reader(code).Read();
        if (term is not { } read || !double.IsFinite(read.Factor) || read.Factor <= 0) return null;
        var powers = read.Powers.Where(p => p.Value != 0).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Key + p.Value.ToString(CultureInfo.InvariantCulture));
        return new UcumUnit(read.Factor, 0, string.Join('.', powers));
    }

    private readonly record struct Term(double Factor, IReadOnlyDictionary<string, int> Powers)
    {
        public static readonly Term One = new(1, new Dictionary<string, int>());

        public Term Times(Term other, int exponent)
        {
            var powers = new Dictionary<string, int>(Powers, StringComparer.Ordinal);
            foreach (var (name, power) in other.Powers) powers[name] = powers.GetValueOrDefault(name) + power * exponent;
            return new Term(Factor * Math.Pow(other.Factor, exponent), powers);
        }
    }

    /// <summary>The grammar of UCUM section 2: components joined by '.' and '/', from left to right, with parentheses, exponents and {annotations}.</summary>
    private sealed class Reader(string code)
    {
        private int _at;
        private int _depth;

        public Term? Read() => Terms() is { } all && _at == code.Length ? all : null;

        private Term? Terms()
        {
            var all = Term.One;
            var isBelow = Take('/');
            while (true)
            {
                if (Component() is not { } next) return null;
                all = all.Times(next, isBelow ? -1 : 1);
                if (Take('.')) isBelow = false;
                else if (Take('/')) isBelow = true;
                else return all;
            }
        }

        private Term? Component()
        {
            if (Take('('))
            {
                if (++_depth > MaxDepth || Terms() is not { } inner || !Take(')')) return null;
                _depth--;
                return inner;
            }
            var start = _at;
            while (_at < code.Length && code[_at] is not ('.' or '/' or '(' or ')' or '{'))
            {
                if (code[_at] == '[') _at = code.IndexOf(']', _at) is >= 0 and var end ? end : code.Length - 1;
                _at++;
            }
            var unit = code[start.._at];
            var isAnnotated = Take('{');
            if (isAnnotated)
            {
                if (code.IndexOf('}', _at) is not (>= 0 and var end)) return null;
                _at = end + 1;
            }
            return unit.Length > 0 ? Unit(unit) : isAnnotated ? Term.One : null;
        }

        private bool Take(char expected)
        {
            if (_at >= code.Length || code[_at] != expected) return false;
            _at++;
            return true;
        }

        private static Term? Unit(string text)
        {
            if (text.All(char.IsAsciiDigit)) return double.Parse(text, CultureInfo.InvariantCulture) is > 0 and var number ? Term.One with { Factor = number } : null;
            var isTen = text.StartsWith("10*", StringComparison.Ordinal) || text.StartsWith("10^", StringComparison.Ordinal);
            var end = isTen ? 3 : text.Length;
            if (!isTen)
            {
                while (end > 0 && char.IsAsciiDigit(text[end - 1])) end--;
                if (end > 0 && end < text.Length && text[end - 1] is '+' or '-') end--;
            }
            var exponent = 1;
            if (end < text.Length && (!int.TryParse(text.AsSpan(end), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent) || Math.Abs(exponent) > MaxExponent)) return null;
            var atom = isTen ? (Factor: 10, Of: "") : UcumAtoms.Find(text[..end]);
            if (atom is not { } found) return null;
            var own = Term.One with { Factor = found.Factor };
            foreach (var part in found.Of.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                var sign = part.AsSpan().IndexOfAny("-123456789");
                own = own.Times(new Term(1, new Dictionary<string, int> { [sign < 0 ? part : part[..sign]] = sign < 0 ? 1 : int.Parse(part.AsSpan(sign), CultureInfo.InvariantCulture) }), 1);
            }
            return Term.One.Times(own, exponent);
        }
    }
}
