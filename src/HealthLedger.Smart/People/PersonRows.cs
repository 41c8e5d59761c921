using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Sealing;
using HealthLedger.Smart.Keys;

namespace HealthLedger.Smart.People;

/// <summary>Turns people into sealed rows and back.</summary>
public sealed class PersonRows(ISealedSecrets secrets) : IDisposable
{
    private const string Label = "smart-person";
    private const int Step = 512;

    private readonly RowKey sealing = RowKey.Load(secrets, SecretNames.People);
    private readonly RowKey hashing = RowKey.Load(secrets, SecretNames.PeopleNames);

    internal byte[] KeyOf(string id) => HMACSHA256.HashData(hashing.Secret, Encoding.UTF8.GetBytes("id\0" + id));

    internal byte[] NameKeyOf(string normalizedUsername) => HMACSHA256.HashData(hashing.Secret, Encoding.UTF8.GetBytes("name\0" + normalizedUsername));

    internal SealedPerson Seal(User user, long version)
    {
        var (key, nameKey) = (KeyOf(user.Id), NameKeyOf(user.NormalizedUsername));
        var json = Write(user);
        try
        {
            return new SealedPerson(key, nameKey, version, Envelope.Seal(sealing.Secret, Label, Place(key, nameKey, version), json));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(json);
        }
    }

    /// <exception cref="CryptographicException">The row was altered, moved, or sealed under another key.</exception>
    internal User Open(SealedPerson row)
    {
        var json = Envelope.Open(sealing.Secret, Label, Place(row.Key, row.NameKey, row.Version), row.Content)
            ?? throw new CryptographicException("A person's row does not open: it was altered, moved, or belongs to another key directory.");
        try
        {
            var user = Read(json);
            user.Version = row.Version;
            return user;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(json);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        sealing.Dispose();
        hashing.Dispose();
    }

    private static byte[] Place(byte[] key, byte[] nameKey, long version)
    {
        var place = new byte[key.Length + nameKey.Length + sizeof(long)];
        key.CopyTo(place, 0);
        nameKey.CopyTo(place, key.Length);
        BinaryPrimitives.WriteInt64BigEndian(place.AsSpan(key.Length + nameKey.Length), version);
        return place;
    }

    private static byte[] Write(User user)
    {
        var buffer = new ArrayBufferWriter<byte>(Step);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("id", user.Id);
            writer.WriteString("username", user.Username);
            writer.WriteString("normalizedUsername", user.NormalizedUsername);
            writer.WriteString("role", user.Role.ToString());
            writer.WriteString("organization", user.Organization);
            writer.WriteString("fhirUser", user.FhirUser);
            writer.WriteString("patient", user.Patient);
            writer.WriteBoolean("disabled", user.Disabled);
            writer.WriteString("passwordHash", user.PasswordHash);
            writer.WriteString("invitationHash", user.InvitationHash);
            writer.WriteNumber("invitationEnds", user.InvitationEnds?.ToUnixTimeMilliseconds() ?? 0);
            writer.WriteString("securityStamp", user.SecurityStamp);
            writer.WriteNumber("accessFailedCount", user.AccessFailedCount);
            writer.WriteNumber("lockoutEnd", user.LockoutEnd?.ToUnixTimeMilliseconds() ?? 0);
            writer.WriteBoolean("lockoutEnabled", user.LockoutEnabled);
            writer.WriteEndObject();
        }

        // Blanks after a JSON text mean nothing; they hide its length.
        var padded = new byte[(buffer.WrittenCount + Step - 1) / Step * Step];
        padded.AsSpan().Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(padded);
        buffer.Clear();
        return padded;
    }

    private static User Read(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        var row = document.RootElement;
        var lockoutEnd = row.GetProperty("lockoutEnd").GetInt64();

        // Rows from before there were invitations have neither.
        var invitationEnds = row.TryGetProperty("invitationEnds", out var ends) ? ends.GetInt64() : 0;
        return new User
        {
            Id = row.GetProperty("id").GetString()!,
            Username = row.GetProperty("username").GetString()!,
            NormalizedUsername = row.GetProperty("normalizedUsername").GetString()!,
            Role = Enum.Parse<CallerRole>(row.GetProperty("role").GetString()!),
            Organization = row.GetProperty("organization").GetString(),
            FhirUser = row.GetProperty("fhirUser").GetString(),
            Patient = row.GetProperty("patient").GetString(),
            Disabled = row.GetProperty("disabled").GetBoolean(),
            PasswordHash = row.GetProperty("passwordHash").GetString(),
            InvitationHash = row.TryGetProperty("invitationHash", out var invitation) ? invitation.GetString() : null,
            InvitationEnds = invitationEnds == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(invitationEnds),
            SecurityStamp = row.GetProperty("securityStamp").GetString()!,
            AccessFailedCount = row.GetProperty("accessFailedCount").GetInt32(),
            LockoutEnd = lockoutEnd == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(lockoutEnd),
            LockoutEnabled = row.GetProperty("lockoutEnabled").GetBoolean(),
        };
    }
}
