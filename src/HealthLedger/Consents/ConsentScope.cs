using System.Buffers;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;

namespace HealthLedger.Consents;

/// <summary>
/// What one grantee may do under one version of a directive, in the canonical bytes that the ledger commits to and a consent token carries
/// (docs/consent.md, "Scope bytes"). Names no patient. A summary: it can only promise more than the directive does, never less, and
/// <see cref="RulesDigest"/> pins the directive itself.
/// </summary>
public sealed record ConsentScope
{
    private const int FormatVersion = 1;

    private ConsentScope()
    {
    }

    /// <summary><c>Consent/id</c>.</summary>
    public required string Consent { get; init; }

    /// <summary>The version of the Consent.</summary>
    public required int Version { get; init; }

    /// <summary>One of the directive's grantees.</summary>
    public required string Grantee { get; init; }

    /// <summary>Unix seconds of the first second in which a permit holds; null where there is no beginning.</summary>
    public required long? NotBefore { get; init; }

    /// <summary>Unix seconds of the last second in which a permit holds; null where there is no end.</summary>
    public required long? NotAfter { get; init; }

    /// <summary>The purpose codes, in ordinal order; null for every purpose.</summary>
    public required ImmutableArray<string>? Purposes { get; init; }

    /// <summary>The resource types, in ordinal order; null for every type.</summary>
    public required ImmutableArray<string>? Types { get; init; }

    /// <summary>True where the directive narrows this further: by labels, codes, times, single records, actions or denies.</summary>
    public required bool Narrowed { get; init; }

    /// <summary>SHA-256 of the directive's stored form, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> RulesDigest { get; init; }

    /// <summary>The scope of <paramref name="grantee"/>, who must be one of the directive's <see cref="ConsentDirective.Grantees"/>.</summary>
    public static ConsentScope Of(ConsentDirective directive, string grantee)
    {
        ArgumentNullException.ThrowIfNull(directive);
        var permits = directive.Rules.Where(r => r.CanPermit
            && (r.Names(ProvisionElements.Actor) ? r.Effective.Actors.Contains(grantee) : grantee == ConsentDirective.Anybody)).ToArray();
        if (permits.Length == 0)
        {
            throw new ArgumentException("The directive permits nothing to this grantee.", nameof(grantee));
        }

        var from = permits.Min(p => p.Effective.Period.From);
        var until = permits.Max(p => p.Effective.Period.Until);
        const ProvisionElements Narrowing = ProvisionElements.Action | ProvisionElements.SecurityLabel | ProvisionElements.Code
            | ProvisionElements.DataPeriod | ProvisionElements.Data;
        return new ConsentScope
        {
            Consent = directive.Reference,
            Version = directive.Version,
            Grantee = grantee,
            NotBefore = from == DateTimeOffset.MinValue ? null : from.ToUnixTimeSeconds(),
            NotAfter = until == DateTimeOffset.MaxValue ? null : until.AddTicks(-1).ToUnixTimeSeconds(),
            Purposes = Union(permits, ProvisionElements.Purpose, p => p.Purposes.Codes()),
            Types = permits.Any(p => !p.Effective.Profiles.IsEmpty) ? null : Union(permits, ProvisionElements.Class, p => p.ResourceTypes),
            Narrowed = directive.Rules.Any(r => r.Denies) || permits.Length > 1 || permits.Any(p => p.Names(Narrowing) || !p.Effective.Profiles.IsEmpty),
            RulesDigest = Digest(directive),
        };
    }

    /// <summary>The canonical bytes: UTF-8 JSON, these members in this order, no white space, <c>*</c> for every purpose or type, null for an open end.</summary>
    public byte[] Encode()
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("v", FormatVersion);
            json.WriteString("consent", Consent);
            json.WriteNumber("version", Version);
            json.WriteString("grantee", Grantee);
            WriteEnd(json, "notBefore", NotBefore);
            WriteEnd(json, "notAfter", NotAfter);
            WriteAll(json, "purposes", Purposes);
            WriteAll(json, "types", Types);
            json.WriteBoolean("narrowed", Narrowed);
            json.WriteString("rules", Base64Url.EncodeToString(RulesDigest.Span));
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>The resource types of canonical bytes; null for every type.</summary>
    /// <exception cref="InvalidDataException">They are not what <see cref="Encode"/> writes.</exception>
    public static ImmutableArray<string>? TypesOf(ReadOnlyMemory<byte> encoded)
    {
        try
        {
            using var document = JsonDocument.Parse(encoded);
            ImmutableArray<string> types = [.. document.RootElement.GetProperty("types").EnumerateArray().Select(t => t.GetString()!)];
            return types is ["*"] ? null : types;
        }
        catch (Exception broken) when (broken is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException("The scope of a consent cannot be read.");
        }
    }

    private static ImmutableArray<string>? Union(Rule[] permits, ProvisionElements element, Func<Provision, IEnumerable<string>> values) =>
        permits.All(p => p.Names(element))
            ? [.. permits.SelectMany(p => values(p.Effective)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]
            : null;

    private static byte[] Digest(ConsentDirective directive)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            DirectiveCodec.Write(json, directive);
        }

        return SHA256.HashData(bytes.WrittenSpan);
    }

    private static void WriteEnd(Utf8JsonWriter json, string name, long? end)
    {
        if (end is { } seconds)
        {
            json.WriteNumber(name, seconds);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static void WriteAll(Utf8JsonWriter json, string name, ImmutableArray<string>? values)
    {
        json.WriteStartArray(name);
        foreach (var value in values ?? ["*"])
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
