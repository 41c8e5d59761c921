using HealthLedger.Ledger.Successions;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Gateway.Keys;

/// <summary>Keeps the log's keys and the statements of their successions on the key ring.</summary>
internal sealed class RingLogKeys(KeyRing ring) : ILogKeyStore
{
    /// <summary>The secret of <see cref="HealthLedger.Ledger.LedgerKeys.Export"/>.</summary>
    public const string KeysName = "ledger/keys";

    public void KeepKeys(ReadOnlySpan<byte> exported) => ring.Replace(KeysName, exported);

    public void Keep(ulong number, ReadOnlySpan<byte> record) => ring.Replace(Name(number), record);

    public byte[]? Find(ulong number)
    {
        using var record = ring.Find(Name(number));
        return record?.Span.ToArray();
    }

    private static string Name(ulong number) => $"ledger/succession/{number}";
}
