using HealthLedger.Access;
using HealthLedger.Gateway.Demo;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Jose;

namespace HealthLedger.Gateway.Tests.Hosting;

/// <summary>The clients of a test gateway, each with a key of its own.</summary>
internal sealed class TestClients : IDisposable
{
    /// <summary>Keeps all records; may migrate.</summary>
    public const string Hospital = "hospital";

    /// <summary>Of another organization, with every scope, and with emergency purposes.</summary>
    public const string Clinic = "clinic";

    /// <summary>Of a third organization that no consent names.</summary>
    public const string Stranger = "stranger";

    /// <summary>Reads observations alone.</summary>
    public const string Narrow = "narrow";

    /// <summary>Of the clinic, for research.</summary>
    public const string Researcher = "researcher";

    public const string Auditor = "auditor";

    public const string Operator = "operator";

    /// <summary>A regulator for another purpose than compliance.</summary>
    public const string Statistician = "statistician";

    /// <summary>An operator that may read the directory too.</summary>
    public const string Caretaker = "caretaker";

    /// <summary>A regulator that may read the directory too.</summary>
    public const string Inspector = "inspector";

    /// <summary>Another operator, for what takes two.</summary>
    public const string Supervisor = "supervisor";

    private static readonly (string Id, string? Organization, CallerRole Role, string[] Scopes, PurposeOfUse[] Purposes, bool MayMigrate)[] Definitions =
    [
        (Hospital, "Organization/north", CallerRole.System, ["system/*.cruds"], [PurposeOfUse.Treatment], true),
        (Clinic, "Organization/riverside", CallerRole.System, ["system/*.cruds"], [PurposeOfUse.Treatment, PurposeOfUse.EmergencyTreatment, PurposeOfUse.BreakTheGlass], false),
        (Stranger, "Organization/harbour", CallerRole.System, ["system/*.cruds"], [PurposeOfUse.Treatment], false),
        (Narrow, "Organization/riverside", CallerRole.System, ["system/Observation.r"], [PurposeOfUse.Treatment], false),
        (Researcher, "Organization/riverside", CallerRole.System, ["system/*.rs"], [PurposeOfUse.Research], false),
        (Auditor, null, CallerRole.Regulator, [ServiceScopes.Audit], [PurposeOfUse.Compliance], false),
        (Operator, null, CallerRole.Operator, [ServiceScopes.Admin], [PurposeOfUse.Operations], false),
        (Statistician, null, CallerRole.Regulator, [ServiceScopes.Audit], [PurposeOfUse.Research], false),
        (Inspector, null, CallerRole.Regulator, [ServiceScopes.Audit, "system/Organization.rs"], [PurposeOfUse.Compliance], false),
        (Caretaker, null, CallerRole.Operator, [ServiceScopes.Admin, "system/Organization.rs"], [PurposeOfUse.Operations], false),
        (Supervisor, null, CallerRole.Operator, [ServiceScopes.Admin], [PurposeOfUse.Operations], false),
    ];

    private readonly Dictionary<string, DemoClientKey> _keys = Definitions.ToDictionary(d => d.Id, _ => new DemoClientKey());

    public DemoClientKey Key(string client) => _keys[client];

    public static string Scopes(string client) => string.Join(' ', Definitions.Single(d => d.Id == client).Scopes);

    public async Task Register(ClientRegistry registry)
    {
        foreach (var client in Definitions)
        {
            var registration = await registry.Register(
                new Client
                {
                    ClientId = client.Id,
                    Kind = ClientKind.Backend,
                    Name = client.Id,
                    Organization = client.Organization,
                    Role = client.Role,
                    Keys = [JsonWebKey.Parse(System.Text.Encoding.UTF8.GetBytes(_keys[client.Id].PublicJwk()))!],
                    Scopes = [.. client.Scopes],
                    Purposes = [.. client.Purposes],
                    MayMigrate = client.MayMigrate,
                },
                CancellationToken.None);
            Assert.IsNotType<Registration.Refused>(registration);
        }
    }

    public void Dispose()
    {
        foreach (var key in _keys.Values)
        {
            key.Dispose();
        }
    }
}
