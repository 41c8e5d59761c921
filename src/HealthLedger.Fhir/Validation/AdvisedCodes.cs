using System.Collections.Concurrent;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.Terminology;

namespace HealthLedger.Fhir.Validation;

/// <summary>
/// The codes that R4 advises for its own elements: extensible bindings, where a code of the value set is to be taken if one fits, and preferred ones
/// (http://hl7.org/fhir/R4/terminologies.html#strength). Safe for many threads.
/// </summary>
internal sealed class AdvisedCodes(ITerminology terminology)
{
    // By the value sets of the definitions table, so that there are as many as that names.
    private readonly ConcurrentDictionary<string, CodeList?> _lists = new(StringComparer.Ordinal);

    /// <summary>The codes of such a binding; null of any other, and where not all codes of the value set are known here: then a code may be one of them.</summary>
    public CodeList? Of(BindingDefinition? binding) => binding is { Strength: BindingStrength.Extensible or BindingStrength.Preferred, ValueSet.Length: > 0 }
        ? _lists.GetOrAdd(binding.ValueSet, static (url, known) => known.CodesOf(url, out _), terminology)
        : null;
}
