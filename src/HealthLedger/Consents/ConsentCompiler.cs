using System.Collections.Immutable;
using System.Text.Json;

namespace HealthLedger.Consents;

/// <summary>One thing about a Consent, with its place. Never carries a value out of the Consent.</summary>
/// <param name="Place">FHIRPath, such as <c>Consent.provision.provision[1].type</c>.</param>
/// <param name="Message">A plain sentence.</param>
public sealed record ConsentIssue(string Place, string Message);

/// <summary>What became of compiling a Consent.</summary>
public abstract record CompileOutcome
{
    private CompileOutcome()
    {
    }

    /// <summary>It can be enforced.</summary>
    /// <param name="Directive">What it says.</param>
    /// <param name="Remarks">What in it is not understood and therefore permits nothing, or denies more; empty for most. To be shown to whoever signs.</param>
    public sealed record Compiled(ConsentDirective Directive, ImmutableArray<ConsentIssue> Remarks) : CompileOutcome;

    /// <summary>It cannot be enforced as it stands and MUST NOT be stored as if it were.</summary>
    /// <param name="Issues">At least one.</param>
    public sealed record Invalid(ImmutableArray<ConsentIssue> Issues) : CompileOutcome;
}

/// <summary>Compiles R4 Consent resources. Pure.</summary>
public static class ConsentCompiler
{
    /// <summary>The largest Consent, in bytes.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>The deepest nesting of provisions, the root counted.</summary>
    public const int MaxDepth = 8;

    /// <summary>The most provisions of a Consent, the root counted.</summary>
    public const int MaxProvisions = 200;

    /// <summary>The most values of one element.</summary>
    public const int MaxValues = 4096;

    /// <summary>
    /// Compiles one Consent. Its id and meta.versionId are taken over where present (<see cref="ConsentDirective.As"/> gives others).
    /// </summary>
    /// <param name="consentJson">UTF-8 JSON.</param>
    /// <param name="serverBase">The base URL under which references are this server's own, without a trailing slash; null where only relative ones are.</param>
    public static CompileOutcome Compile(ReadOnlyMemory<byte> consentJson, string? serverBase = null)
    {
        if (consentJson.Length > MaxBytes)
        {
            return Fail("Consent", $"is larger than {MaxBytes} bytes");
        }

        try
        {
            using var document = JsonDocument.Parse(consentJson, new JsonDocumentOptions { MaxDepth = 64, AllowDuplicateProperties = false });
            return Compile(document.RootElement, serverBase);
        }
        catch (JsonException)
        {
            return Fail("Consent", "is not well-formed JSON, nests too deeply or holds a member twice");
        }
        catch (InvalidOperationException)
        {
            // What System.Text.Json throws when a string turns out to hold half a surrogate pair.
            return Fail("Consent", "holds text that is not Unicode");
        }
    }

    private static CompileOutcome Compile(JsonElement consent, string? serverBase)
    {
        if (consent.ValueKind != JsonValueKind.Object || !consent.TryGetProperty("resourceType", out var type)
            || type.ValueKind != JsonValueKind.String || !type.ValueEquals("Consent"))
        {
            return Fail("Consent.resourceType", "must be Consent");
        }

        var reader = new ElementReader(serverBase);
        var head = ConsentHeadReader.Read(reader, consent);
        Provision? root = null;
        if (reader.Object(consent, "provision", "Consent") is { } provision)
        {
            root = new ProvisionReader(reader).ReadRoot(provision, head?.PolicyRules ?? [], ConsentHeadReader.IsModified(reader, consent));
        }
        else if (ConsentHeadReader.IsModified(reader, consent))
        {
            reader.Remark("Consent", "carries a modifier that is not understood and has no provision it could modify");
        }

        return reader.Issues.Count > 0 || head is null
            ? new CompileOutcome.Invalid([.. reader.Issues])
            : new CompileOutcome.Compiled(new ConsentDirective(head, root), [.. reader.Remarks]);
    }

    private static CompileOutcome.Invalid Fail(string place, string message) => new([new ConsentIssue(place, message)]);
}
