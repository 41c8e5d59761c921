using System.Text.Json;
using HealthLedger.Access;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Ledger;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Jose;

namespace HealthLedger.Gateway.Admin;

/// <summary>
/// How the very first operator comes to be: whoever starts the gateway names a file with a client id and its public keys. It counts only where no operator's client was ever registered,
/// so that a start cannot add one behind the operators' backs; the private key never comes near the gateway. Recorded before it is done; a process that is killed in between does it again.
/// </summary>
internal static class FirstOperator
{
    private const int MaxBytes = 64 * 1024;

    /// <summary>Registers the client, or does nothing where it is registered already.</summary>
    /// <exception cref="ConfigurationException">The file cannot be used, or somebody else is an operator.</exception>
    public static async Task Register(string file, ClientRegistry clients, Storage storage, TimeProvider time, TextWriter warnings)
    {
        var operators = clients.All.Where(client => client.Role == CallerRole.Operator).ToList();
        if (operators.Count > 0 && !File.Exists(file))
        {
            await warnings.WriteLineAsync("healthledger: warning: there are operators, and the file of HealthLedger:FirstOperator is gone. Take that setting out.");
            return;
        }

        var first = Read(file);
        if (operators.Find(client => client.ClientId == first.ClientId) is { } known)
        {
            if (!known.Keys.Select(key => key.Thumbprint()).Intersect(first.Keys.Select(key => key.Thumbprint())).Any())
            {
                await warnings.WriteLineAsync($"healthledger: warning: the operator {known.ClientId} is registered with other keys than those in HealthLedger:FirstOperator, and nothing was changed. Take that setting out.");
            }

            return;
        }

        if (operators.Count > 0)
        {
            throw new ConfigurationException("HealthLedger:FirstOperator is for a gateway without operators, and this one has some: an operator registers others (healthledger clients add). Take that setting out.");
        }

        var registration = await clients.Add(first, decided => decided is Registration.Done ? StartActs.Record(storage, time, "first-operator-registered", ClientFacts.Of(first)) : ValueTask.FromResult(true), CancellationToken.None);
        switch (registration)
        {
            case Registration.Refused refused:
                throw new ConfigurationException($"HealthLedger:FirstOperator: {refused.Why}");
            case Registration.Unrecorded:
                throw new LedgerRefusesToStartException("The ledger takes no entry now, so that the first operator cannot be recorded.", "Make room on the disk that holds its directory, or mend the clock.");
        }
    }

    /// <summary>The file is a JWK Set with one more member, <c>clientId</c> (RFC 7517 section 5 lets a set have others).</summary>
    private static Client Read(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            var bytes = new byte[MaxBytes + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var text = bytes.AsMemory(0, length);
            using var json = JsonDocument.Parse(text);
            if (JsonWebKeySet.Parse(text) is { } keys && json.RootElement.TryGetProperty("clientId", out var id) && id.GetString() is { } clientId)
            {
                return new Client
                {
                    ClientId = clientId,
                    Kind = ClientKind.Backend,
                    Name = "First operator",
                    Role = CallerRole.Operator,
                    Keys = keys,
                    Scopes = [ServiceScopes.Admin],
                    Purposes = [PurposeOfUse.Operations],
                };
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"HealthLedger:FirstOperator cannot be read: {unreadable.Message}");
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            // Said below, without what was in it.
        }

        throw new ConfigurationException("HealthLedger:FirstOperator must be a file with a clientId and public keys alone, as `healthledger clients new-key` writes it; a private key does not belong there.");
    }
}
