using System.Diagnostics;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Patch;

/// <summary>How long the expressions of patches may take: a second for each patch, and a few for all that come in one request. Of a FHIRPath Patch only evaluating counts, of an XML Patch all of applying it. Not for several threads.</summary>
/// <param name="total">For all patches together; null: 5 seconds.</param>
public sealed class PatchTime(TimeSpan? total = null)
{
    private long _left = (long)((total ?? TimeSpan.FromSeconds(5)).TotalSeconds * Stopwatch.Frequency);

    /// <summary>True where nothing is left of it.</summary>
    internal bool IsUp => _left == 0;

    /// <summary>Begins one patch; it ends when what is returned is disposed of.</summary>
    /// <param name="deadline">Until when it may evaluate, a timestamp of <see cref="Stopwatch"/>.</param>
    internal Running Begin(out long deadline)
    {
        var began = Stopwatch.GetTimestamp();
        deadline = began + Math.Min(FhirPathContext.DefaultTime, _left);
        return new Running(this, began);
    }

    internal readonly struct Running(PatchTime time, long began) : IDisposable
    {
        public void Dispose() => time._left = Math.Max(0, time._left - (Stopwatch.GetTimestamp() - began));
    }
}
