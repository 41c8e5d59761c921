namespace HealthLedger.Gateway.Demo.Hospital;

/// <summary>
/// A small invented hospital as FHIR R4 transaction Bundles: the directory first, then one Bundle per patient. The same arguments give
/// the same bytes, and patient n is the same however many are asked for. Every date lies before the reference date.
/// </summary>
/// <remarks>
/// Positions, not chance, decide who is unusual, so that even ten patients show each case. Counting from 0, of each ten: numbers 1, 4 and 6
/// have records labelled HIV, ETH (substance use) and PSY; 7 is under 30 and 8 is 80 or older (outside PREVENT's ages); 9 lacks an input.
/// </remarks>
internal static class DemoHospital
{
    public const int MaximumPatients = 1_000_000;

    public static IEnumerable<DemoBundle> Generate(ulong seed, int patients, DateOnly referenceDate)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(patients);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(patients, MaximumPatients);
        ArgumentOutOfRangeException.ThrowIfLessThan(referenceDate, new DateOnly(1950, 1, 1));
        return Stream();

        IEnumerable<DemoBundle> Stream()
        {
            yield return HospitalDirectory.Write();
            for (var number = 0; number < patients; number++) yield return Patient(seed, number, referenceDate);
        }
    }

    /// <summary>Patient <paramref name="number"/> alone, with the same bytes as in the stream.</summary>
    public static DemoBundle Patient(ulong seed, int number, DateOnly referenceDate)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        var random = new SeededGenerator(seed, (ulong)number);
        var female = random.Chance(0.51);
        var age = (number % 10) switch
        {
            7 => random.Between(3, 29),
            8 => random.Between(80, 94),
            _ => random.Between(31, 78),
        };
        var birth = referenceDate.AddYears(-age).AddDays(-random.Between(1, 350));
        var health = Health.Draw(random, number, age, female);
        var record = new PatientRecord(random, health, number, birth, referenceDate);
        return record.Write();
    }
}
