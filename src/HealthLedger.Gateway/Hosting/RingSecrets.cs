using HealthLedger.Smart.Keys;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Gateway.Hosting;

/// <summary>Keeps the authorization server's secrets on the key ring.</summary>
internal sealed class RingSecrets(KeyRing ring) : ISealedSecrets
{
    public byte[] GetOrCreate(string name, Func<byte[]> create)
    {
        using var secret = ring.GetOrCreate("smart/" + name, create);
        return secret.Span.ToArray();
    }

    public void Replace(string name, ReadOnlySpan<byte> secret) => ring.Replace("smart/" + name, secret);
}
