using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Vault;

namespace HealthLedger.Review;

/// <summary>What people are called before an auditor: the same person always the same, and nobody without the key can tell who.</summary>
public sealed class Pseudonyms
{
    private const int Bytes = 8;
    private readonly byte[] _key;

    /// <param name="key">32 bytes, the same at every start, so that a person keeps one pseudonym.</param>
    public Pseudonyms(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, 32, nameof(key));
        _key = key.ToArray();
    }

    /// <summary>The pseudonym of a person: <c>P-</c> and 16 hex digits.</summary>
    /// <param name="person">Such as <c>Patient/id</c>.</param>
    public string Of(string person) =>
        "P-" + Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes("healthledger/review/pseudonym/1\n" + person)).AsSpan(0, Bytes));

    /// <summary>True for a text that could be a pseudonym.</summary>
    public static bool IsOne(string text) => text.Length == 2 + (2 * Bytes) && text.StartsWith("P-", StringComparison.Ordinal) && !text.AsSpan(2).ContainsAnyExcept("0123456789abcdef");

    /// <summary>Which of these pseudonyms stand for which patients; those that stand for none are left out. Looks at every patient once.</summary>
    internal async ValueTask<ImmutableDictionary<string, string>> Resolve(IReadOnlySet<string> pseudonyms, RecordVault vault, CancellationToken cancellation)
    {
        var found = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var patients = await vault.Patients.PatientIds(cancellation);
        for (var i = 0; i < patients.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var patient = ShelfId.ForPatient(patients.Span[i]).Value;
            if (Of(patient) is var pseudonym && pseudonyms.Contains(pseudonym))
            {
                found[pseudonym] = patient;
            }
        }

        return found.ToImmutable();
    }
}
