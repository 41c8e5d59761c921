using System.Buffers;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// The stored form: version (1 byte), fingerprint of vocabulary and parameters (4 bytes), type (index among the resource types), then per kind of term a count and its entries in the order below.
/// Parameters are their index among the type's; a composite's, and that of a place, is followed by component and instance. Terms are derived data: bytes of another version or fingerprint are not converted, the caller extracts them again.
/// </summary>
internal static class ResourceTermsFormat
{
    public const byte Version = 3;

    public static bool IsCurrent(ReadOnlySpan<byte> bytes) =>
        bytes.Length > 5 && bytes[0] == Version && System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes[1..]) == TermVocabulary.Fingerprint;

    public static void Write(ResourceTerms terms, IBufferWriter<byte> output)
    {
        var writer = new TermWriter(output);
        writer.Byte(Version);
        writer.UInt32(TermVocabulary.Fingerprint);
        writer.Number((ulong)IndexOf(terms.ResourceType));
        var plan = terms.Plan;
        WriteTokens(writer, plan, terms.Tokens);
        writer.Number((ulong)terms.References.Length);
        foreach (var t in terms.References)
        {
            WriteKey(writer, plan, t.Key, 1, t.IsAbsolute ? 1u : 0);
            writer.String(t.Type);
            writer.String(t.Target);
        }
        WriteTokens(writer, plan, terms.ReferenceIdentifiers);
        writer.Number((ulong)terms.Dates.Length);
        foreach (var t in terms.Dates)
        {
            WriteKey(writer, plan, t.Key, 0, 0);
            writer.Number((ulong)t.Low);
            writer.Number((ulong)(t.High - t.Low));
        }
        WriteTexts(writer, plan, terms.Strings);
        WriteTexts(writer, plan, terms.Uris);
        writer.Number((ulong)terms.Numbers.Length);
        foreach (var t in terms.Numbers)
        {
            WriteKey(writer, plan, t.Key, 0, 0);
            writer.Decimal(t.Low);
            writer.Decimal(t.High);
        }
        writer.Number((ulong)terms.Quantities.Length);
        foreach (var t in terms.Quantities)
        {
            WriteKey(writer, plan, t.Key, 1, t.Low == t.High ? 1u : 0);
            writer.Decimal(t.Low);
            if (t.Low != t.High) writer.Decimal(t.High);
            writer.String(t.System);
            writer.String(t.Code);
            writer.String(t.Unit);
        }
        WriteCodings(writer, terms.Codings);
        WriteCodings(writer, terms.SecurityLabels);
        WriteTexts(writer, plan, terms.TokenTexts);
        writer.Number((ulong)terms.TypedIdentifiers.Length);
        foreach (var t in terms.TypedIdentifiers)
        {
            WriteKey(writer, plan, t.Key, 0, 0);
            writer.String(t.TypeSystem);
            writer.String(t.TypeCode);
            writer.String(t.Value);
        }
        WriteWords(writer, terms.NarrativeWords);
        WriteWords(writer, terms.OtherWords);
    }

    private static void WriteWords(in TermWriter writer, uint[] words)
    {
        writer.Number((ulong)words.Length);
        foreach (var word in words) writer.UInt32(word);
    }

    private static void WriteKey(in TermWriter writer, TypePlan plan, TermKey key, int flagBits, uint flags)
    {
        writer.Number((ulong)key.Parameter << flagBits | flags);
        if (plan.Parameters[key.Parameter].Parts == 0) return;
        writer.Byte(key.Component);
        writer.Number(key.Instance);
    }

    private static void WriteTokens(in TermWriter writer, TypePlan plan, TokenTerm[] tokens)
    {
        writer.Number((ulong)tokens.Length);
        foreach (var t in tokens)
        {
            WriteKey(writer, plan, t.Key, 2, (byte)t.Origin);
            writer.String(t.System);
            writer.String(t.Code);
        }
    }

    private static void WriteTexts(in TermWriter writer, TypePlan plan, TextTerm[] texts)
    {
        writer.Number((ulong)texts.Length);
        foreach (var t in texts)
        {
            WriteKey(writer, plan, t.Key, 0, 0);
            writer.String(t.Text);
        }
    }

    private static void WriteCodings(in TermWriter writer, IReadOnlyList<CodingTerm> codings)
    {
        writer.Number((ulong)codings.Count);
        foreach (var c in codings)
        {
            writer.Byte(c.IsMain ? (byte)1 : (byte)0);
            writer.String(c.System);
            writer.String(c.Code);
        }
    }

    public static ResourceTerms Read(ReadOnlySpan<byte> bytes, TermPool pool)
    {
        if (!IsCurrent(bytes)) throw new InvalidDataException("The stored terms are of another version.");
        var scanner = new TermScanner(bytes[5..], pool);
        var types = FhirDefinitions.R4.ResourceTypes;
        var type = scanner.Number();
        if (type >= (ulong)types.Count) throw TermScanner.Damaged();
        var plan = TypePlan.Of(types[(int)type]);
        var terms = new ResourceTerms(plan)
        {
            Tokens = ReadTokens(ref scanner, plan),
            References = ReadReferences(ref scanner, plan),
            ReferenceIdentifiers = ReadTokens(ref scanner, plan),
            Dates = ReadDates(ref scanner, plan),
            Strings = ReadTexts(ref scanner, plan),
            Uris = ReadTexts(ref scanner, plan),
            Numbers = ReadNumbers(ref scanner, plan),
            Quantities = ReadQuantities(ref scanner, plan),
            Codings = ReadCodings(ref scanner),
            SecurityLabels = ReadCodings(ref scanner),
            TokenTexts = ReadTexts(ref scanner, plan),
            TypedIdentifiers = ReadTypedIdentifiers(ref scanner, plan),
            NarrativeWords = ReadWords(ref scanner),
            OtherWords = ReadWords(ref scanner),
        };
        return scanner.IsAtEnd ? terms : throw TermScanner.Damaged();
    }

    private static TermKey ReadKey(ref TermScanner scanner, TypePlan plan, int flagBits, out uint flags)
    {
        var head = scanner.Number();
        flags = (uint)(head & ((1u << flagBits) - 1));
        var number = head >> flagBits;
        if (number >= (ulong)plan.Parameters.Length) throw TermScanner.Damaged();
        if (plan.Parameters[number].Parts == 0) return new TermKey((ushort)number);
        var component = scanner.Byte();
        var instance = scanner.Number();
        if (component >= plan.Parameters[number].Parts || instance > ushort.MaxValue) throw TermScanner.Damaged();
        return new TermKey((ushort)number, component, (ushort)instance);
    }

    private static TokenTerm[] ReadTokens(ref TermScanner scanner, TypePlan plan)
    {
        var tokens = new TokenTerm[scanner.Count()];
        for (var i = 0; i < tokens.Length; i++)
        {
            var key = ReadKey(ref scanner, plan, 2, out var flags);
            var origin = (TokenOrigin)flags;
            if (origin > TokenOrigin.Personal) throw TermScanner.Damaged();
            var system = scanner.Vocabulary();
            tokens[i] = new TokenTerm(key, origin, system, origin == TokenOrigin.Personal ? scanner.Personal() : scanner.Vocabulary());
        }
        return tokens;
    }

    private static ReferenceTerm[] ReadReferences(ref TermScanner scanner, TypePlan plan)
    {
        var references = new ReferenceTerm[scanner.Count()];
        for (var i = 0; i < references.Length; i++)
        {
            var key = ReadKey(ref scanner, plan, 1, out var flags);
            var type = scanner.Vocabulary();
            references[i] = new ReferenceTerm(key, flags == 1, type, scanner.RequiredPersonal());
        }
        return references;
    }

    private static DateTerm[] ReadDates(ref TermScanner scanner, TypePlan plan)
    {
        var dates = new DateTerm[scanner.Count()];
        for (var i = 0; i < dates.Length; i++)
        {
            var key = ReadKey(ref scanner, plan, 0, out _);
            ulong low = scanner.Number(), length = scanner.Number();
            if (low > long.MaxValue || length > long.MaxValue - low) throw TermScanner.Damaged();
            dates[i] = new DateTerm(key, (long)low, (long)(low + length));
        }
        return dates;
    }

    private static TextTerm[] ReadTexts(ref TermScanner scanner, TypePlan plan)
    {
        var texts = new TextTerm[scanner.Count()];
        for (var i = 0; i < texts.Length; i++)
        {
            var key = ReadKey(ref scanner, plan, 0, out _);
            texts[i] = new TextTerm(key, scanner.RequiredPersonal());
        }
        return texts;
    }

    private static NumberTerm[] ReadNumbers(ref TermScanner scanner, TypePlan plan)
    {
        var numbers = new NumberTerm[scanner.Count()];
        for (var i = 0; i < numbers.Length; i++)
        {
            var key = ReadKey(ref scanner, plan, 0, out _);
            var low = scanner.Decimal();
            numbers[i] = new NumberTerm(key, low, scanner.Decimal());
        }
        return numbers;
    }

    private static QuantityTerm[] ReadQuantities(ref TermScanner scanner, TypePlan plan)
    {
        var quantities = new QuantityTerm[scanner.Count()];
        for (var i = 0; i < quantities.Length; i++)
        {
            var key = ReadKey(ref scanner, plan, 1, out var flags);
            var low = scanner.Decimal();
            var high = flags == 1 ? low : scanner.Decimal();
            string? system = scanner.Vocabulary(), code = scanner.Vocabulary();
            quantities[i] = new QuantityTerm(key, low, high, system, code, scanner.Vocabulary());
        }
        return quantities;
    }

    private static CodingTerm[] ReadCodings(ref TermScanner scanner)
    {
        var codings = new CodingTerm[scanner.Count()];
        for (var i = 0; i < codings.Length; i++)
        {
            var isMain = scanner.Byte() switch { 0 => false, 1 => true, _ => throw TermScanner.Damaged() };
            var system = scanner.Vocabulary();
            codings[i] = new CodingTerm(system, scanner.Vocabulary(), isMain);
        }
        return codings;
    }

    private static TypedIdentifierTerm[] ReadTypedIdentifiers(ref TermScanner scanner, TypePlan plan)
    {
        var identifiers = new TypedIdentifierTerm[scanner.Count()];
        for (var i = 0; i < identifiers.Length; i++)
        {
            var key = ReadKey(ref scanner, plan, 0, out _);
            var system = scanner.Vocabulary();
            var code = scanner.Vocabulary() ?? throw TermScanner.Damaged();
            identifiers[i] = new TypedIdentifierTerm(key, system, code, scanner.RequiredPersonal());
        }
        return identifiers;
    }

    private static uint[] ReadWords(ref TermScanner scanner)
    {
        var words = new uint[scanner.Count(sizeof(uint))];
        for (var i = 0; i < words.Length; i++) words[i] = scanner.UInt32();
        return words;
    }

    private static int IndexOf(string type)
    {
        var types = FhirDefinitions.R4.ResourceTypes;
        int low = 0, high = types.Count - 1;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (string.CompareOrdinal(types[middle], type) < 0) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
