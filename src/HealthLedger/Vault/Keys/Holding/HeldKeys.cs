using System.Text;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys.Holding;

/// <summary>
/// Data keys as a key holder makes and uses them: each sealed under the holder's own key with the shelf's name as associated data, so that a receipt about one patient opens nothing
/// of another's. The holder keeps none of them: the gateway's key directory does, where an erasure destroys them.
/// </summary>
/// <param name="secret">The holder's key; not disposed here.</param>
public sealed class HeldKeys(PinnedSecret secret)
{
    /// <summary>Bytes of a sealed data key.</summary>
    public const int HeldSize = Envelope.SecretSize + Envelope.Overhead;

    private const string Label = "held-data-key";
    private const string Domain = "healthledger/held/1/";

    /// <summary>A fresh data key for a shelf, sealed.</summary>
    public byte[] Make(ShelfId shelf)
    {
        using var dataKey = PinnedSecret.Random(Envelope.SecretSize);
        return Envelope.Seal(secret.Span, Label, Encoding.UTF8.GetBytes(Domain + shelf.Value), dataKey.Span);
    }

    /// <summary>The data key; false, and zeros, where it is not this shelf's, or not this holder's.</summary>
    public bool TryOpen(ShelfId shelf, ReadOnlySpan<byte> held, Span<byte> dataKey)
    {
        if (held.Length == HeldSize)
        {
            return Envelope.TryOpen(secret.Span, Label, Encoding.UTF8.GetBytes(Domain + shelf.Value), held, dataKey);
        }

        dataKey.Clear();
        return false;
    }
}
