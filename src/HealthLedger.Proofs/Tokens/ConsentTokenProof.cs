using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Receipts;

namespace HealthLedger.Proofs.Tokens;

/// <summary>What stands beside a consent token: the STATE entry of a checkpoint, its proof, and the handle's place in the map (docs/formats/consent-token.md).</summary>
/// <param name="State">The 256 bytes of the STATE entry.</param>
/// <param name="Proof">The tlog-proof text of the STATE entry, which is the checkpoint's last.</param>
/// <param name="Map">The bytes of the <see cref="ConsentMapProof"/>.</param>
public sealed record ConsentTokenProof(byte[] State, string Proof, byte[] Map)
{
    /// <summary>The longest proof.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>The proof as JSON: <c>{"state":BASE64,"proof":TEXT,"map":BASE64}</c>.</summary>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Receipt.PlainText))
        {
            json.WriteStartObject();
            json.WriteBase64String("state", State);
            json.WriteString("proof", Proof);
            json.WriteBase64String("map", Map);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>Reads a proof: these three members and no other. Does not verify it.</summary>
    public static Parsed<ConsentTokenProof> Parse(ReadOnlySpan<byte> bytes)
    {
        if (!StrictJson.Parse(bytes, MaxBytes).TryGet(out var document, out var fault))
        {
            return fault;
        }

        using (document)
        {
            var root = document.RootElement;
            return StrictJson.HasExactly(root, "state", "proof", "map")
                && StrictJson.Base64(root, "state") is { } state
                && StrictJson.String(root, "proof") is { } proof
                && StrictJson.Base64(root, "map") is { } map
                    ? new ConsentTokenProof(state, proof, map)
                    : new Fault("token-proof-shape", "Not the proof of a consent token: state, proof and map are needed.");
        }
    }

    internal Parsed<TlogProof> Inclusion() => TlogProof.Parse(Encoding.UTF8.GetBytes(Proof));
}
