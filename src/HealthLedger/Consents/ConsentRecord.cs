using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;

namespace HealthLedger.Consents;

/// <summary>A grantee's place in the ledger's consent-state map.</summary>
/// <param name="Grantee">One of <see cref="ConsentDirective.Grantees"/>.</param>
/// <param name="Handle">32 random bytes, never used before.</param>
/// <param name="Opening">32 random bytes that open the commitment to the scope; secret, unlike the handle.</param>
public readonly record struct GranteeHandle(string Grantee, ReadOnlyMemory<byte> Handle, ReadOnlyMemory<byte> Opening);

/// <summary>A compiled directive with its handles: what is stored, sealed, beside the Consent it was compiled from.</summary>
public sealed class ConsentRecord
{
    /// <summary>The length of a handle in bytes.</summary>
    public const int HandleLength = 32;

    private const int FormatVersion = 1;

    /// <param name="directive">With id and version of the stored Consent.</param>
    /// <param name="handles">One for each grantee of an active directive, all different; none for one that is not active.</param>
    public ConsentRecord(ConsentDirective directive, ImmutableArray<GranteeHandle> handles)
    {
        ArgumentNullException.ThrowIfNull(directive);
        if (!handles.Select(h => h.Grantee).Order(StringComparer.Ordinal).SequenceEqual(directive.IsActive ? directive.Grantees : [])
            || handles.Any(h => h.Handle.Length != HandleLength || h.Opening.Length != HandleLength)
            || handles.Select(h => Convert.ToHexString(h.Handle.Span)).Distinct().Count() != handles.Length)
        {
            throw new ArgumentException("There must be one handle of 32 bytes for each grantee, and no two alike.", nameof(handles));
        }

        Directive = directive;
        Handles = handles;
    }

    /// <summary>What the patient signed.</summary>
    public ConsentDirective Directive { get; }

    /// <summary>One handle for each grantee.</summary>
    public ImmutableArray<GranteeHandle> Handles { get; }

    /// <summary>The stored bytes (docs/consent.md, "Stored form"). As confidential as the Consent itself.</summary>
    public byte[] Encode()
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("v", FormatVersion);
            json.WriteStartArray("handles");
            foreach (var (grantee, handle, opening) in Handles)
            {
                json.WriteStartArray();
                json.WriteStringValue(grantee);
                json.WriteBase64StringValue(handle.Span);
                json.WriteBase64StringValue(opening.Span);
                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WritePropertyName("directive");
            DirectiveCodec.Write(json, Directive);
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Reads <see cref="Encode"/>'s bytes.</summary>
    /// <exception cref="InvalidDataException">They are of another version or damaged: the store is not what it was. No part of them is told.</exception>
    public static ConsentRecord Decode(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var json = document.RootElement;
            if (json.GetProperty("v").GetInt32() == FormatVersion)
            {
                var handles = json.GetProperty("handles").EnumerateArray().Select(h => new GranteeHandle(h[0].GetString()!, h[1].GetBytesFromBase64(), h[2].GetBytesFromBase64()));
                return new ConsentRecord(DirectiveCodec.Read(json.GetProperty("directive")), [.. handles]);
            }
        }
        catch (Exception broken) when (broken is JsonException or FormatException or ArgumentException or InvalidOperationException
            or KeyNotFoundException or IndexOutOfRangeException)
        {
            throw new InvalidDataException("A stored consent directive is damaged.");
        }

        throw new InvalidDataException("A stored consent directive is of a version that this program does not know.");
    }
}
