using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace HealthLedger.Gateway.Demo;

/// <summary>
/// The file that the demo writes for scripts and test tools: where the gateway is, its ledger's key, and the demo's clients, users and patients.
/// The file's shape is a contract (docs/surfaces.md); it holds private keys and passwords of a demo, so its mode is 0600.
/// </summary>
internal sealed record DemoCredentials(
    string BaseUrl,
    string Fhir,
    string Issuer,
    string Vkey,
    IReadOnlyList<DemoClient> Clients,
    IReadOnlyList<DemoUser> Users,
    IReadOnlyList<DemoPatient> Patients)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public void Write(string file)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            if (File.Exists(file))
            {
                File.SetUnixFileMode(file, options.UnixCreateMode.Value);
            }
        }

        using var stream = new FileStream(file, options);
        JsonSerializer.Serialize(stream, this, Options);
    }
}

internal sealed record DemoClient(
    string ClientId, string Kind, string? Organization, JsonObject? Jwk, IReadOnlyList<string> Scopes, IReadOnlyList<string> Purposes);

internal sealed record DemoUser(
    string Username, string Password, string Role, string? Organization, string? FhirUser, string? Patient);

internal sealed record DemoPatient(string Id, IReadOnlyList<string> Consents);
