using HealthLedger.Gateway.Hosting;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Gateway.Ledger;

/// <summary>The witnesses of a policy, asked once before anything is served: one that saw more than this directory holds, or something else, stops the start.</summary>
internal sealed class Witnesses : IDisposable
{
    private readonly LedgerLog _ledger;
    private readonly TextWriter _warnings;

    private Witnesses(LedgerLog ledger, TextWriter warnings, IReadOnlyList<WitnessClient> clients) => (_ledger, _warnings, Clients) = (ledger, warnings, clients);

    /// <summary>Those that have an address.</summary>
    public IReadOnlyList<WitnessClient> Clients { get; }

    /// <summary>Asks all of them what they saw; null where no policy is configured.</summary>
    /// <exception cref="ConfigurationException">The policy does not name this ledger's key, or no witness has an address.</exception>
    /// <exception cref="LedgerRefusesToStartException">A witness contradicts the directory, or a quorum could not be asked and is required.</exception>
    public static async Task<Witnesses?> Ask(WitnessOptions options, LedgerLog ledger, TextWriter warnings)
    {
        if (ledger.Cosignatures?.Policy is not { } policy)
        {
            return null;
        }

        // Of a key that was succeeded the policy may go on naming the old one: the successions lead on from it.
        if (!ledger.Cosignatures.Configured.Logs.Any(log => ledger.Verifiers.Any(own => own.ToString() == log.ToString())))
        {
            throw new ConfigurationException($"HealthLedger:Witnesses:PolicyFile does not name this ledger: add the line 'log {ledger.VerifierKey}'.");
        }

        var timeout = TimeSpan.FromSeconds(options.TimeoutSeconds);
        var clients = policy.Witnesses.GroupBy(witness => witness.Name, StringComparer.Ordinal).SelectMany(party => Of([.. party], policy, ledger, timeout, warnings)).ToList();
        var witnesses = new Witnesses(ledger, warnings, clients);
        try
        {
            if (clients.Count == 0)
            {
                throw new ConfigurationException("HealthLedger:Witnesses:PolicyFile gives no witness an http address.");
            }

            await witnesses.AskAll(options.Require);
            return witnesses;
        }
        catch
        {
            witnesses.Dispose();
            throw;
        }
    }

    /// <summary>A witness is asked once for the cosignatures of all its keys: those without an address of their own are answered for at the first that has one.</summary>
    private static IEnumerable<WitnessClient> Of(List<NoteVerifier> keys, LogPolicy policy, LedgerLog ledger, TimeSpan timeout, TextWriter warnings)
    {
        var first = keys.Select(policy.AddressOf).FirstOrDefault(address => address is not null);
        foreach (var place in keys.GroupBy(key => policy.AddressOf(key) ?? first).Where(place => place.Key is not null))
        {
            if (place.Any(key => key.CanVerify))
            {
                yield return new WitnessClient([.. place.Where(key => key.CanVerify)], place.Key!, ledger, timeout);
            }
            else
            {
                warnings.WriteLine($"healthledger: warning: the witness {keys[0].Name} has only an ML-DSA-44 key at {place.Key}, which cannot be checked here (OpenSSL 3.5 or later is needed); it is not asked.");
            }
        }
    }

    /// <summary>Takes no entry any more and shows both signed notes, which together convict who signed them.</summary>
    public void Halt(WitnessClient client, WitnessOutcome.Contradicts contradicts)
    {
        _ledger.Halt("A witness has seen another history of this ledger.");
        _warnings.WriteLine($"healthledger: the ledger takes no entries any more. {Tell(client, contradicts)}");
    }

    public void Dispose()
    {
        foreach (var client in Clients)
        {
            client.Dispose();
        }
    }

    private async Task AskAll(bool require)
    {
        var outcomes = await Task.WhenAll(Clients.Select(client => client.WhatItSaw(CancellationToken.None)));
        var asked = Clients.Zip(outcomes).ToList();
        foreach (var (client, outcome) in asked)
        {
            if (outcome is WitnessOutcome.Contradicts contradicts)
            {
                throw new LedgerRefusesToStartException(
                    Tell(client, contradicts),
                    "This directory is an older copy, or two were written to. Put back the newest one. Where it is lost, the witnesses have to begin anew under other keys, which the policy then names; or begin a new ledger under another origin.");
            }

            if (outcome is not WitnessOutcome.Agrees)
            {
                await _warnings.WriteLineAsync($"healthledger: warning: the witness {client.Name} could not be asked what it saw ({Why(outcome)}); an older copy of this directory might go unnoticed.");
            }
        }

        if (require && !_ledger.Cosignatures!.Policy.IsQuorum(asked.Where(each => each.Second is WitnessOutcome.Agrees).SelectMany(each => each.First.Keys)))
        {
            throw new LedgerRefusesToStartException(
                "Too few witnesses could be asked whether this is the newest copy.", "Wait for them, or start without HealthLedger:Witnesses:Require if you are certain.");
        }
    }

    public static string Why(WitnessOutcome outcome) => outcome switch
    {
        WitnessOutcome.Refuses refuses => refuses.Why,
        WitnessOutcome.Silent silent => silent.Why,
        _ => outcome.GetType().Name,
    };

    private string Tell(WitnessClient client, WitnessOutcome.Contradicts contradicts)
    {
        var ours = _ledger.Published;
        var said = contradicts.Size > ours.Size
            ? $"The witness {client.Name} has cosigned {contradicts.Size} entries of this ledger, and this directory has {ours.Size}."
            : $"The witness {client.Name} has cosigned another history of this ledger at {contradicts.Size} entries.";
        return contradicts.Theirs is null
            ? said
            : $"{said} Both notes are signed with this ledger's key.\n\n{System.Text.Encoding.UTF8.GetString(ours.Note.Span)}\n{contradicts.Theirs}\n";
    }
}
