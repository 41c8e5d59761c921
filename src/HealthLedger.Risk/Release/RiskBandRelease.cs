using System.Buffers;
using System.Numerics;
using System.Text.Json;
using HealthLedger.Risk.Privacy;
using HealthLedger.Risk.Scores;

namespace HealthLedger.Risk.Release;

/// <summary>
/// How many of the admitted patients fall into each band of risk, with noise that hides each single patient. Carries everything that a reader needs to
/// judge the guarantee, and no exact number: neither how many were admitted nor how many had no score.
/// </summary>
public sealed class RiskBandRelease
{
    /// <summary>What the counts are of.</summary>
    public const string Outcome = "ten-year risk of atherosclerotic cardiovascular disease, PREVENT base 2023";

    public const string Adjacency = "one patient, with all of the patient's records, added or removed";

    public const string Mechanism = "discrete Gaussian (Canonne, Kamath and Steinke 2020), independent for each band";

    public const string Accountant = "exact (epsilon, delta) of this release alone; across releases a Rényi filter per patient, orders 1.1 to 1024";

    public const string PostProcessing = "negative counts are set to zero";

    private readonly long[] _counts;

    private RiskBandRelease(RunId run, NoisePlan plan, long[] counts)
    {
        Run = run;
        Epsilon = plan.Price.Epsilon;
        Delta = plan.Price.Delta;
        Sigma = plan.Noise.Sigma;
        _counts = counts;
    }

    public RunId Run { get; }

    public double Epsilon { get; }

    public double Delta { get; }

    /// <summary>The parameter of the noise; its standard deviation is at most that.</summary>
    public double Sigma { get; }

    /// <summary>Noisy counts in the order of <see cref="RiskBand"/>, after <see cref="PostProcessing"/>.</summary>
    public IReadOnlyList<long> Counts => _counts;

    /// <summary>
    /// Draws the noise and makes the release. Patients without a score count in no band. Noise is added to every band, also to an empty one.
    /// </summary>
    /// <param name="reservation">Made with the plan's cost, naming at least every patient of <paramref name="patients"/>; used up by this call.</param>
    /// <exception cref="ArgumentException">A patient occurs twice or is not named by the reservation, or the reservation paid for another plan. The reservation is then not used.</exception>
    /// <exception cref="InvalidOperationException">The reservation has been used.</exception>
    public static RiskBandRelease Draw(BudgetReservation reservation, NoisePlan plan, IReadOnlyCollection<PatientAssessment> patients, RandomBytes random)
    {
        ArgumentNullException.ThrowIfNull(patients);
        return Draw(reservation, plan, patients.Select(p => (p.Account, p.Band)), random);
    }

    internal static RiskBandRelease Draw(
        BudgetReservation reservation, NoisePlan plan, IEnumerable<(PrivacyAccount Account, RiskBand? Band)> patients, RandomBytes random)
    {
        ArgumentNullException.ThrowIfNull(reservation);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(random);
        if (!reservation.Cost.Equals(plan.Cost)) throw new ArgumentException("The reservation paid for another plan.", nameof(reservation));
        var exact = new long[RiskBands.Count];
        var seen = new HashSet<PrivacyAccount>();
        foreach (var (account, band) in patients)
        {
            if (!reservation.Names(account)) throw new ArgumentException("A patient is not named by the reservation.", nameof(patients));
            if (!seen.Add(account)) throw new ArgumentException("A patient occurs twice.", nameof(patients));
            if (band is { } known) exact[(int)known]++;
        }
        reservation.Use();
        var noisy = Array.ConvertAll(exact, count => (long)BigInteger.Max(0, count + plan.Noise.Sample(random)));
        return new RiskBandRelease(reservation.Run, plan, noisy);
    }

    /// <summary>The release as UTF-8 JSON, for publication and for the ledger to commit to.</summary>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("release", "risk-bands/v1");
            json.WriteString("run", Run.ToString());
            json.WriteString("outcome", Outcome);
            json.WriteNumber("epsilon", Epsilon);
            json.WriteNumber("delta", Delta);
            json.WriteNumber("sigma", Sigma);
            json.WriteNumber("sensitivity", NoisePlan.Sensitivity);
            json.WriteString("adjacency", Adjacency);
            json.WriteString("mechanism", Mechanism);
            json.WriteString("accountant", Accountant);
            json.WriteString("postProcessing", PostProcessing);
            json.WriteStartObject("counts");
            foreach (var band in Enum.GetValues<RiskBand>()) json.WriteNumber(Name(band), _counts[(int)band]);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static string Name(RiskBand band) => band switch
    {
        RiskBand.Low => "low",
        RiskBand.Borderline => "borderline",
        RiskBand.Intermediate => "intermediate",
        RiskBand.High => "high",
        _ => throw new ArgumentOutOfRangeException(nameof(band)),
    };
}
