using System.Security.Cryptography;
using System.Text;
using HealthLedger.Risk.Privacy;

namespace HealthLedger.Gateway.Risk;

/// <summary>The name under which a patient's budget is kept in memory: a keyed hash of the id. What was spent stands on the patient's chain, under no other name.</summary>
internal sealed class PrivacyAccounts(byte[] key)
{
    public PrivacyAccount Of(string patient) => PrivacyAccount.From(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(patient)));
}
