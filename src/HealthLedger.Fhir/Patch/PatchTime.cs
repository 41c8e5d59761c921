using System.Diagnostics;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Patch;

/// <summary>What the patches of one request may cost together. How long their expressions may take: a second for each patch, and a few for all that come in one request. Of a FHIRPath Patch only evaluating counts, of an XML Patch all of applying it. Not for several threads.</summary>
/// <param name="total">For all patches together; null: 5 seconds.</param>
public sealed class PatchTime(TimeSpan? total = null)
{
    private long _left = (long)((total ?? TimeSpan.FromSeconds(5)).TotalSeconds * Stopwatch.Frequency);

    /// <summary>The most bytes of resources that the patches of one request read and make together: the results wait in memory for each other, and each is stored.</summary>
    private const long MaxBytes = 256L * 1024 * 1024;

    private long _bytes = MaxBytes;

    /// <summary>Takes the bytes of a resource; false where they are more than is left.</summary>
    internal bool Takes(int bytes) => (_bytes -= bytes) >= 0;

    /// <summary>True where nothing is left of the time.</summary>
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
