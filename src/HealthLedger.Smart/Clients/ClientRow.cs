using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Sealing;
using HealthLedger.Smart.Jose;
using HealthLedger.Smart.Keys;

namespace HealthLedger.Smart.Clients;

/// <summary>
/// A client as a sealed row. A registration is no secret; it is sealed so that nobody who can write to the storage can give a client another key or more scopes.
/// </summary>
internal static class ClientRow
{
    private const string Label = "smart-client";

    public static SealedClient Seal(Client client, RowKey key)
    {
        var json = Write(client);
        return new SealedClient(client.ClientId, Envelope.Seal(key.Secret, Label, Encoding.UTF8.GetBytes(client.ClientId), json));
    }

    /// <exception cref="CryptographicException">The row was altered, moved, or sealed under another key.</exception>
    public static Client Open(SealedClient row, RowKey key)
    {
        var json = Envelope.Open(key.Secret, Label, Encoding.UTF8.GetBytes(row.ClientId), row.Content)
            ?? throw new CryptographicException("A client's row does not open: it was altered, moved, or belongs to another key directory.");
        return Read(row.ClientId, json);
    }

    private static byte[] Write(Client client)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("kind", client.Kind.ToString());
            writer.WriteString("name", client.Name);
            writer.WriteString("organization", client.Organization);
            writer.WriteString("role", client.Role.ToString());
            writer.WriteBoolean("mayMigrate", client.MayMigrate);
            writer.WriteBoolean("disabled", client.Disabled);
            WriteTexts(writer, "redirectUris", client.RedirectUris);
            WriteTexts(writer, "scopes", client.Scopes);
            WriteTexts(writer, "purposes", client.Purposes.Select(purpose => purpose.Code()));
            writer.WriteStartArray("keys");
            foreach (var key in client.Keys)
            {
                writer.WriteRawValue(key.ToJson());
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static Client Read(string clientId, byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        var row = document.RootElement;
        return new Client
        {
            ClientId = clientId,
            Kind = Enum.Parse<ClientKind>(row.GetProperty("kind").GetString()!),
            Name = row.GetProperty("name").GetString()!,
            Organization = row.GetProperty("organization").GetString(),
            Role = Enum.Parse<CallerRole>(row.GetProperty("role").GetString()!),
            MayMigrate = row.GetProperty("mayMigrate").GetBoolean(),
            Disabled = row.GetProperty("disabled").GetBoolean(),
            RedirectUris = [.. Texts(row, "redirectUris")],
            Scopes = [.. Texts(row, "scopes")],
            Purposes = [.. Texts(row, "purposes").Select(code => PurposeOfUseCodes.Parse(code)!.Value)],
            Keys = [.. row.GetProperty("keys").EnumerateArray().Select(key => JsonWebKey.Parse(key)!)],
        };
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }

    private static IEnumerable<string> Texts(JsonElement row, string name) => row.GetProperty(name).EnumerateArray().Select(text => text.GetString()!);
}
