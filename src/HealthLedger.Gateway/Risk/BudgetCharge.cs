using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HealthLedger.Risk.Privacy;
using HealthLedger.Risk.Release;

namespace HealthLedger.Gateway.Risk;

/// <summary>
/// What one run cost one patient, as the fact on the patient's chain tells it: mechanism and noise, from which the cost follows; the stated price; and a
/// digest of the cost, so that a reader who computes it otherwise notices.
/// </summary>
internal sealed class BudgetCharge
{
    private const string Mechanism = "discrete-gaussian";

    private BudgetCharge(RunId run, double variance, double epsilon, double delta)
    {
        (Run, Variance, Epsilon, Delta) = (run, variance, epsilon, delta);
        Cost = RenyiVector.OfGaussian(DiscreteGaussian.WithVariance(variance).Sigma, NoisePlan.Sensitivity);
    }

    public RunId Run { get; }

    /// <summary>The noise's parameter, squared: an exact fraction.</summary>
    public double Variance { get; }

    public double Epsilon { get; }

    public double Delta { get; }

    /// <summary>What is added to the patient's account.</summary>
    public RenyiVector Cost { get; }

    public static BudgetCharge Of(RunId run, NoisePlan plan)
    {
        var charge = new BudgetCharge(run, plan.Noise.Variance, plan.Price.Epsilon, plan.Price.Delta);
        return charge.Cost.Equals(plan.Cost) ? charge : throw new ArgumentException("The plan's cost does not follow from its noise.", nameof(plan));
    }

    /// <summary>The evidence field of the fact.</summary>
    /// <param name="spent">The epsilon, at the lifetime's delta, that the patient has spent with this charge.</param>
    public string ToJson(double spent)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("run", Run.ToString());
            json.WriteString("mechanism", Mechanism);
            json.WriteNumber("variance", Variance);
            json.WriteNumber("sensitivity", NoisePlan.Sensitivity);
            json.WriteNumber("epsilon", Epsilon);
            json.WriteNumber("delta", Delta);
            json.WriteString("cost", Digest());
            json.WriteNumber("spent", spent);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>Reads <see cref="ToJson"/>.</summary>
    /// <exception cref="InvalidDataException">It is of another mechanism, or its cost is not what this program computes: no run may then proceed.</exception>
    public static BudgetCharge Parse(string? evidence)
    {
        try
        {
            using var document = JsonDocument.Parse(evidence ?? "");
            var json = document.RootElement;
            var charge = new BudgetCharge(
                RunId.From(Convert.FromHexString(json.GetProperty("run").GetString()!)),
                json.GetProperty("variance").GetDouble(), json.GetProperty("epsilon").GetDouble(), json.GetProperty("delta").GetDouble());
            if (json.GetProperty("mechanism").GetString() == Mechanism && json.GetProperty("sensitivity").GetDouble() == NoisePlan.Sensitivity
                && json.GetProperty("cost").GetString() == charge.Digest())
            {
                return charge;
            }
        }
        catch (Exception broken) when (broken is JsonException or KeyNotFoundException or FormatException or ArgumentException or InvalidOperationException)
        {
            // Said below, without the content.
        }

        throw new InvalidDataException("A charge of a privacy budget on the ledger cannot be read by this program.");
    }

    /// <summary>SHA-256 of the cost's values, big-endian, in the order of the standard orders.</summary>
    private string Digest()
    {
        var bytes = new byte[Cost.Values.Length * sizeof(double)];
        for (var i = 0; i < Cost.Values.Length; i++)
        {
            BinaryPrimitives.WriteDoubleBigEndian(bytes.AsSpan(i * sizeof(double)), Cost.Values[i]);
        }

        return Convert.ToHexStringLower(SHA256.HashData(bytes));
    }
}
