using HealthLedger.Access;
using HealthLedger.Gateway.Demo.Hospital;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Jose;

namespace HealthLedger.Gateway.Demo;

/// <summary>The demo's clients: who they are and what they may ask for. Their keys are made anew at each start of the demo.</summary>
internal sealed class DemoClients : IDisposable
{
    public const string RecordSource = "demo-system";
    public const string Clinic = "demo-clinic";
    public const string Stranger = "demo-stranger";
    public const string Risk = "demo-risk";
    public const string Auditor = "demo-auditor";
    public const string Operator = "demo-operator";
    public const string Supervisor = "demo-supervisor";

    /// <summary>The organization of the stranger: in the directory, but named by no consent.</summary>
    public const string StrangerOrganization = "harbour-clinic";

    /// <summary>The organization of the risk model.</summary>
    public const string RiskOrganization = "heart-registry";

    private static readonly (string Id, string Name, string? Organization, CallerRole Role, string[] Scopes, PurposeOfUse[] Purposes, bool MayMigrate)[] Definitions =
    [
        (RecordSource, "Record source (demo)", HospitalDirectory.NorthHospital, CallerRole.System, ["system/*.cruds"], [PurposeOfUse.Treatment], true),
        (Clinic, "Riverside clinic (demo)", HospitalDirectory.RiversideClinic, CallerRole.System, ["system/*.rs"], [PurposeOfUse.Treatment, PurposeOfUse.EmergencyTreatment, PurposeOfUse.BreakTheGlass], false),
        (Stranger, "Another clinic (demo)", StrangerOrganization, CallerRole.System, ["system/*.rs"], [PurposeOfUse.Treatment], false),
        (Risk, "Heart registry (demo)", RiskOrganization, CallerRole.System, ["system/*.rs", "system/RiskAssessment.cu"], [PurposeOfUse.Research], false),
        (Auditor, "Regulator (demo)", null, CallerRole.Regulator, [ServiceScopes.Audit], [PurposeOfUse.Compliance], false),
        (Operator, "Operator (demo)", null, CallerRole.Operator, [ServiceScopes.Admin], [PurposeOfUse.Operations], false),
        (Supervisor, "Second operator (demo)", null, CallerRole.Operator, [ServiceScopes.Admin], [PurposeOfUse.Operations], false),
    ];

    private readonly Dictionary<string, DemoClientKey> _keys = Definitions.ToDictionary(d => d.Id, _ => new DemoClientKey());

    public DemoClientKey Key(string clientId) => _keys[clientId];

    /// <summary>Scopes to ask for: all that the client may have.</summary>
    public static string ScopesOf(string clientId) => string.Join(' ', Definitions.Single(d => d.Id == clientId).Scopes);

    public async Task Register(ClientRegistry registry, CancellationToken cancellation)
    {
        foreach (var client in Definitions)
        {
            var registration = await registry.Register(
                new Client
                {
                    ClientId = client.Id,
                    Kind = ClientKind.Backend,
                    Name = client.Name,
                    Organization = client.Organization is { } id ? "Organization/" + id : null,
                    Role = client.Role,
                    Keys = [JsonWebKey.Parse(System.Text.Encoding.UTF8.GetBytes(_keys[client.Id].PublicJwk()))!],
                    Scopes = [.. client.Scopes],
                    Purposes = [.. client.Purposes],
                    MayMigrate = client.MayMigrate,
                },
                cancellation);
            if (registration is Registration.Refused refused)
            {
                throw new InvalidOperationException($"The demo's client {client.Id} cannot be registered: {refused.Why}");
            }
        }
    }

    public IReadOnlyList<DemoClient> Credentials() =>
    [
        .. Definitions.Select(d => new DemoClient(
            d.Id, "backend", d.Organization is { } id ? "Organization/" + id : null, _keys[d.Id].PrivateJwk(), d.Scopes, [.. d.Purposes.Select(p => p.Code())])),
    ];

    public void Dispose()
    {
        foreach (var key in _keys.Values)
        {
            key.Dispose();
        }
    }
}
