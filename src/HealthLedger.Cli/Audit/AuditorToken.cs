using System.Text.Json;
using HealthLedger.Cli.Token;

namespace HealthLedger.Cli.Audit;

/// <summary>An auditor's access token, asked for again shortly before it ends: reading a large ledger takes longer than a token lasts. Safe for several threads.</summary>
internal sealed class AuditorToken(Credentials credentials, TimeProvider time) : IDisposable
{
    private const string Scope = "healthledger/audit";
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(60);

    private readonly TokenServer server = new();
    private readonly SemaphoreSlim one = new(1);
    private string token = "";
    private DateTimeOffset ends = DateTimeOffset.MinValue;

    /// <summary>A token that still counts for a minute.</summary>
    /// <exception cref="UnreachableException">The server does not give one.</exception>
    public async ValueTask<string> Get(CancellationToken cancellationToken)
    {
        await one.WaitAsync(cancellationToken);
        try
        {
            if (time.GetUtcNow() + Early >= ends)
            {
                await Renew(cancellationToken);
            }

            return token;
        }
        finally
        {
            one.Release();
        }
    }

    public void Dispose()
    {
        server.Dispose();
        one.Dispose();
    }

    private async Task Renew(CancellationToken cancellationToken)
    {
        var asked = time.GetUtcNow();
        var (status, body) = await server.Token(credentials, credentials.Scopes is { Length: > 0 } scopes ? scopes : Scope, null, time, cancellationToken);
        if (status != 200 || TokenServer.AccessToken(body) is not { } given
            || !body.TryGetProperty("expires_in", out var seconds) || seconds.ValueKind != JsonValueKind.Number || !seconds.TryGetInt32(out var lasts))
        {
            throw new UnreachableException($"{credentials.ClientId} gets no auditor's token ({status}){(status is >= 400 and < 500 ? $": it needs the role regulator and the scope {Scope}" : "")}.");
        }

        // A token that lasts less than the margin is used once, and asked for again the next time.
        (token, ends) = (given, asked + TimeSpan.FromSeconds(lasts));
    }
}
