using System.Globalization;
using System.Text;

namespace HealthLedger.Proofs.Notes;

/// <summary>The bytes under an Ed25519 cosignature (c2sp.org/tlog-cosignature, "Ed25519 signed message").</summary>
internal static class CosignedMessage
{
    public static byte[] For(ReadOnlySpan<byte> text, ulong timestamp)
    {
        var header = Encoding.ASCII.GetBytes("cosignature/v1\ntime " + timestamp.ToString(CultureInfo.InvariantCulture) + "\n");
        var message = new byte[header.Length + text.Length];
        header.CopyTo(message, 0);
        text.CopyTo(message.AsSpan(header.Length));
        return message;
    }
}
