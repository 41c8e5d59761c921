using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Smart.Clients;

namespace HealthLedger.Gateway.Admin;

/// <summary>
/// Clients: <c>GET</c> and <c>POST /admin/clients</c>, <c>GET</c> and <c>POST /admin/clients/ID</c> to show and change one, <c>POST /admin/clients/ID/disable</c> and <c>/enable</c>.
/// A client is never deleted: the ledger names it by its id, which must not become somebody else's.
/// </summary>
internal static class ClientsApi
{
    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapGet("/clients", List);
        admin.MapPost("/clients", Add);
        admin.MapGet("/clients/{id}", Show);
        admin.MapPost("/clients/{id}", Change);
        admin.MapPost("/clients/{id}/disable", (HttpContext http, ClientRegistry clients, OperatorActs acts, string id) =>
            Apply(http, clients, acts, id, "client-disabled", client => client with { Disabled = true }, "Disabled: it gets no token any more, and tokens in hand have stopped counting."));
        admin.MapPost("/clients/{id}/enable", (HttpContext http, ClientRegistry clients, OperatorActs acts, string id) =>
            Apply(http, clients, acts, id, "client-enabled", client => client with { Disabled = false }, "Enabled: it gets tokens again, and those that have not ended count again."));
    }

    private static async Task List(HttpContext http, ClientRegistry clients, OperatorActs acts)
    {
        if (!await acts.Record(http.Operator(), http.TraceIdentifier, "clients-listed", null, http.RequestAborted))
        {
            await http.Unavailable();
            return;
        }

        var all = clients.All.OrderBy(client => client.ClientId, StringComparer.Ordinal).ToList();
        await http.Json(new { message = all.Count == 1 ? "1 client." : $"{all.Count} clients.", clients = all.Select(View) });
    }

    private static async Task Show(HttpContext http, ClientRegistry clients, OperatorActs acts, string id)
    {
        var client = clients.Find(id);
        if (!await acts.Record(http.Operator(), http.TraceIdentifier, new OperatorAct("client-shown", client is null ? null : Detail(new { client = id })) { IsRefused = client is null }, http.RequestAborted))
        {
            await http.Unavailable();
        }
        else if (client is null)
        {
            await Refuse(http, new Registration.Refused("There is no such client.", RegistrationFault.Absent));
        }
        else
        {
            await http.Json(new { client = View(client) });
        }
    }

    private static async Task Add(HttpContext http, ClientRegistry clients, OperatorActs acts)
    {
        if (await Read(http, isChange: false) is not { } document)
        {
            return;
        }

        var client = document.ToClient();
        await Answer(http, await clients.Add(client, Recording(http, acts, "client-registered", client.ClientId, null), http.RequestAborted), "Registered: it can ask for tokens now.");
    }

    private static async Task Change(HttpContext http, ClientRegistry clients, OperatorActs acts, string id)
    {
        if (await Read(http, isChange: true) is { } document)
        {
            await Apply(http, clients, acts, id, "client-changed", document.Change, "Changed, from the next request on, for tokens in hand too.");
        }
    }

    private static async Task Apply(HttpContext http, ClientRegistry clients, OperatorActs acts, string id, string act, Func<Client, Client> change, string done)
    {
        Client? before = null;
        Client Changed(Client client) => change(before = client);
        await Answer(http, await clients.Change(id, Changed, decided => Recording(http, acts, act, before?.ClientId, before)(decided), http.RequestAborted), done);
    }

    /// <summary>Records what is about to become of a client, with what it was; of one that is refused only which, and that not where the id is any words that were sent.</summary>
    private static Func<Registration, ValueTask<bool>> Recording(HttpContext http, OperatorActs acts, string act, string? clientId, Client? before) => decided => acts.Record(
        http.Operator(),
        http.TraceIdentifier,
        decided switch
        {
            Registration.Done { Client: var after } => new OperatorAct(act, Detail(before is null ? ClientFacts.Of(after) : new { before = ClientFacts.Of(before), after = ClientFacts.Of(after) })),
            Registration.Refused { Fault: var fault } => new OperatorAct(act, Detail(new { client = fault == RegistrationFault.Invalid && before is null ? null : clientId, refused = Code(fault) })) { IsRefused = true },
            _ => throw new ArgumentException("An unknown registration.", nameof(decided)),
        },
        http.RequestAborted);

    private static async Task<ClientDocument?> Read(HttpContext http, bool isChange)
    {
        var fault = $"The body has more than {ClientDocument.MaxBytes / 1024} KiB.";
        if (await http.ReadBody(ClientDocument.MaxBytes) is { } body && ClientDocument.Parse(body, isChange, out fault) is { } document)
        {
            return document;
        }

        await http.Refuse(StatusCodes.Status400BadRequest, "invalid", fault!);
        return null;
    }

    private static Task Answer(HttpContext http, Registration registration, string done) => registration switch
    {
        Registration.Done { Client: var client } => http.Json(new { message = done, client = View(client) }),
        Registration.Refused refused => Refuse(http, refused),
        _ => http.Unavailable(),
    };

    private static Task Refuse(HttpContext http, Registration.Refused refused) => http.Refuse(
        refused.Fault switch
        {
            RegistrationFault.Invalid => StatusCodes.Status400BadRequest,
            RegistrationFault.Absent => StatusCodes.Status404NotFound,
            _ => StatusCodes.Status409Conflict,
        },
        Code(refused.Fault),
        refused.Why);

    private static string Code(RegistrationFault fault) => fault switch
    {
        RegistrationFault.Invalid => "invalid",
        RegistrationFault.Exists => "exists",
        RegistrationFault.Absent => "absent",
        RegistrationFault.LastOperator => "last-operator",
        _ => "full",
    };

    private static string Detail(object detail) => JsonSerializer.Serialize(detail);

    private static object View(Client client) => new
    {
        clientId = client.ClientId,
        name = client.Name,
        role = client.Role.Code(),
        organization = client.Organization,
        scopes = client.Scopes,
        purposes = client.Purposes.Select(purpose => purpose.Code()),
        mayMigrate = client.MayMigrate,
        disabled = client.Disabled,
        keys = client.Keys.Select(key => new { kid = key.KeyId, alg = key.Algorithm.ToString(), thumbprint = key.Thumbprint() }),
    };
}
