using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace HealthLedger.Fhir.FhirPath;

/// <summary>A function by name, with the number of arguments it takes.</summary>
internal readonly record struct Function(int Least, int Most, FunctionBody Body);

/// <summary>All functions: FHIRPath 2.0 section 5 to 7, the later ones that the official suite for R4 uses, and FHIR's own (http://hl7.org/fhir/R4/fhirpath.html#functions).</summary>
internal static class Functions
{
    private static readonly FrozenDictionary<string, Function> All = Build();

    public static bool TryGet(string name, [MaybeNullWhen(false)] out Function function) => All.TryGetValue(name, out function);

    private static FrozenDictionary<string, Function> Build()
    {
        var all = new Dictionary<string, Function>();
        CollectionFunctions.AddTo(all);
        LoopFunctions.AddTo(all);
        ConversionFunctions.AddTo(all);
        TextFunctions.AddTo(all);
        MathFunctions.AddTo(all);
        BoundaryFunctions.AddTo(all);
        FhirFunctions.AddTo(all);
        return all.ToFrozenDictionary();
    }
}
