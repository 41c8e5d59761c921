// Renyi filter per patient: Lécuyer 2021 (arXiv:2103.01379), Feldman and Zrnic 2021 (arXiv:2008.11193). Reserved before, never refunded.
using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using HealthLedger.Risk.Privacy;

namespace HealthLedger.Risk.Tests.Privacy;

public sealed class BudgetLedgerTests
{
    private static readonly PrivacyBudget s_lifetime = new(2, 1e-6);

    [Fact]
    public void A_run_within_the_budget_is_reserved_and_charged_to_each_named_patient()
    {
        var decision = BudgetLedger.Empty(s_lifetime).Reserve(Run(1), [Patient(1), Patient(2)], RenyiVector.OfGaussian(5));
        var reserved = Assert.IsType<BudgetDecision.Reserved>(decision);
        var one = RenyiVector.OfGaussian(5).Epsilon(1e-6).Epsilon;
        Assert.Equal(one, reserved.Next.SpentEpsilon(Patient(1)));
        Assert.Equal(one, reserved.Next.SpentEpsilon(Patient(2)));
        Assert.Equal(0, reserved.Next.SpentEpsilon(Patient(3)));
        Assert.Equal(Run(1), reserved.Reservation.Run);
        Assert.Equal(RenyiVector.OfGaussian(5), reserved.Reservation.Cost);
        Assert.True(reserved.Reservation.Names(Patient(1)));
        Assert.False(reserved.Reservation.Names(Patient(3)));
    }

    [Fact]
    public void A_run_that_would_exceed_one_patients_budget_is_refused_and_charges_nobody()
    {
        var ledger = BudgetLedger.Empty(s_lifetime);
        for (var i = 1; ledger.Reserve(Run(i), [Patient(1)], RenyiVector.OfGaussian(5)) is BudgetDecision.Reserved reserved; i++) ledger = reserved.Next;
        var before = ledger.ToBytes();

        var refused = Assert.IsType<BudgetDecision.Refused>(ledger.Reserve(Run(900), [Patient(1), Patient(2)], RenyiVector.OfGaussian(5)));
        Assert.Equal(new BudgetDecision.Refused(BudgetRefusal.Exhausted, 1), refused);
        Assert.Equal(before, ledger.ToBytes());
        Assert.Equal(0, ledger.SpentEpsilon(Patient(2)));
        Assert.IsType<BudgetDecision.Reserved>(ledger.Reserve(Run(900), [Patient(2)], RenyiVector.OfGaussian(5)));
    }

    [Fact]
    public void Many_small_runs_are_accounted_together_more_closely_than_by_adding_their_epsilons()
    {
        var cost = RenyiVector.OfGaussian(40);
        var alone = cost.Epsilon(1e-6).Epsilon;
        var ledger = BudgetLedger.Empty(s_lifetime);
        var runs = 0;
        while (ledger.Reserve(Run(runs + 1), [Patient(1)], cost) is BudgetDecision.Reserved reserved)
        {
            ledger = reserved.Next;
            runs++;
        }
        Assert.True(runs > 2 * s_lifetime.Epsilon / alone, $"{runs} runs of {alone} each");
        Assert.True(ledger.SpentEpsilon(Patient(1)) <= s_lifetime.Epsilon);
    }

    [Fact]
    public void The_same_run_is_reserved_only_once()
    {
        var reserved = Assert.IsType<BudgetDecision.Reserved>(BudgetLedger.Empty(s_lifetime).Reserve(Run(1), [Patient(1)], RenyiVector.OfGaussian(9)));
        Assert.Equal(new BudgetDecision.Refused(BudgetRefusal.RunKnown, 0), reserved.Next.Reserve(Run(1), [Patient(2)], RenyiVector.OfGaussian(9)));
    }

    [Fact]
    public void Whatever_is_asked_for_no_patient_ever_exceeds_the_budget_and_spending_never_shrinks()
    {
        var request =
            from patients in Gen.Choose(1, 15)
            from sigma in Gen.Choose(200, 6000)
            select (Patients: patients, Sigma: sigma / 100.0);
        Prop.ForAll(request.ListOf().Where(l => l.Count < 60).ToArbitrary(), requests =>
        {
            var ledger = BudgetLedger.Empty(s_lifetime);
            var run = 0;
            foreach (var (mask, sigma) in requests)
            {
                var named = Enumerable.Range(0, 4).Where(p => (mask >> p & 1) != 0).Select(Patient).ToList();
                var before = Enumerable.Range(0, 4).Select(p => ledger.SpentEpsilon(Patient(p))).ToList();
                if (ledger.Reserve(Run(++run), named, RenyiVector.OfGaussian(sigma)) is BudgetDecision.Reserved reserved) ledger = reserved.Next;
                for (var p = 0; p < 4; p++)
                {
                    var spent = ledger.SpentEpsilon(Patient(p));
                    if (spent > s_lifetime.Epsilon || spent < before[p]) return false;
                }
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_state_survives_being_stored()
    {
        var ledger = BudgetLedger.Empty(s_lifetime);
        ledger = Assert.IsType<BudgetDecision.Reserved>(ledger.Reserve(Run(1), [Patient(1), Patient(2), Patient(3)], RenyiVector.OfGaussian(6))).Next;
        ledger = Assert.IsType<BudgetDecision.Reserved>(ledger.Reserve(Run(2), [Patient(3), Patient(4)], RenyiVector.OfGaussian(8))).Next;
        var bytes = ledger.ToBytes();
        var read = BudgetLedger.Parse(bytes);
        Assert.Equal(bytes, read.ToBytes());
        Assert.Equal((4, 2), (read.Patients, read.Runs));
        for (var p = 0; p < 6; p++) Assert.Equal(ledger.SpentEpsilon(Patient(p)), read.SpentEpsilon(Patient(p)));
        Assert.Equal(new BudgetDecision.Refused(BudgetRefusal.RunKnown, 0), read.Reserve(Run(2), [Patient(9)], RenyiVector.OfGaussian(9)));
        Assert.Equal(BudgetLedger.Empty(s_lifetime).ToBytes(), BudgetLedger.Parse(BudgetLedger.Empty(s_lifetime).ToBytes()).ToBytes());
    }

    [Fact]
    public void Patients_with_the_same_history_share_one_vector_in_storage()
    {
        var patients = Enumerable.Range(0, 1000).Select(Patient).ToList();
        var ledger = Assert.IsType<BudgetDecision.Reserved>(BudgetLedger.Empty(s_lifetime).Reserve(Run(1), patients, RenyiVector.OfGaussian(6))).Next;
        ledger = Assert.IsType<BudgetDecision.Reserved>(BudgetLedger.Parse(ledger.ToBytes()).Reserve(Run(2), patients, RenyiVector.OfGaussian(6))).Next;
        Assert.True(ledger.ToBytes().Length < 1000 * 40);
    }

    [Fact]
    public void A_damaged_state_stops_everything()
    {
        var ledger = Assert.IsType<BudgetDecision.Reserved>(BudgetLedger.Empty(s_lifetime).Reserve(Run(1), [Patient(1)], RenyiVector.OfGaussian(6))).Next;
        var bytes = ledger.ToBytes();
        for (var at = 0; at < bytes.Length; at += 7)
        {
            var damaged = bytes.ToArray();
            damaged[at] ^= 1;
            Assert.Throws<InvalidDataException>(() => BudgetLedger.Parse(damaged));
        }
        for (var length = 0; length < bytes.Length; length += 11) Assert.Throws<InvalidDataException>(() => BudgetLedger.Parse(bytes.AsSpan(0, length)));
        Assert.Throws<InvalidDataException>(() => BudgetLedger.Parse([.. bytes, 0]));
    }

    [Fact]
    public void Damage_under_a_right_checksum_is_still_refused()
    {
        var bytes = Assert.IsType<BudgetDecision.Reserved>(BudgetLedger.Empty(s_lifetime).Reserve(Run(1), [Patient(1)], RenyiVector.OfGaussian(6))).Next.ToBytes();
        for (var at = 5; at < bytes.Length - 32; at++)
        {
            var damaged = bytes.ToArray();
            damaged[at] = 0xFF;
            SHA256.HashData(damaged.AsSpan(..^32), damaged.AsSpan(^32..));
            try
            {
                var read = BudgetLedger.Parse(damaged);
                Assert.True(read.SpentEpsilon(Patient(1)) >= 0);
            }
            catch (InvalidDataException)
            {
                // refused, as it should where the structure no longer fits
            }
        }
    }

    [Fact]
    public void Misuse_is_the_callers_bug()
    {
        var ledger = BudgetLedger.Empty(s_lifetime);
        Assert.Throws<ArgumentException>(() => ledger.Reserve(Run(1), [Patient(1), Patient(1)], RenyiVector.OfGaussian(9)));
        Assert.Throws<ArgumentException>(() => ledger.Reserve(Run(1), [Patient(1)], RenyiVector.OfGaussian(new double[] { 2 }, 9)));
        Assert.Throws<ArgumentException>(() => PrivacyAccount.From(new byte[31]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PrivacyBudget(0, 1e-6));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PrivacyBudget(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PrivacyBudget(1, 0.01));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PrivacyBudget(double.NaN, 1e-6));
    }

    private static PrivacyAccount Patient(int number) => PrivacyAccount.From(SHA256.HashData(BitConverter.GetBytes(number)));

    private static RunId Run(int number) => RunId.From(SHA256.HashData(BitConverter.GetBytes(~number)));
}
