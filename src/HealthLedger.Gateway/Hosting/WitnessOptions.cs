using HealthLedger.Proofs.Notes;

namespace HealthLedger.Gateway.Hosting;

/// <summary>The section <c>HealthLedger:Witnesses</c>: who cosigns the ledger's checkpoints (docs/operations.md).</summary>
internal sealed class WitnessOptions
{
    /// <summary>A tlog-policy file with this ledger's key, the witnesses with their URLs, and a quorum. Without one no witness is asked.</summary>
    public string? PolicyFile { get; set; }

    /// <summary>How many of them may sign two histories, or fail to look, without two histories each finding a quorum. 0 to 15, default 0.</summary>
    public int Liars { get; set; }

    /// <summary>Whether the gateway starts only where a quorum of the witnesses could be asked what they saw.</summary>
    public bool Require { get; set; }

    /// <summary>Milliseconds between two rounds of asking, while the ledger grows. 50 to 60,000, default 500.</summary>
    public int IntervalMilliseconds { get; set; } = 500;

    /// <summary>Seconds after which the same checkpoint is cosigned again, so that cosignatures stay fresh. 1 to 3,600, default 60.</summary>
    public int RefreshSeconds { get; set; } = 60;

    /// <summary>Seconds that a witness has to answer. 1 to 120, default 30: an auditor that replays needs them.</summary>
    public int TimeoutSeconds { get; set; } = 30;

    public IEnumerable<string> Faults()
    {
        if (Liars is < 0 or > 15)
        {
            yield return $"HealthLedger:Witnesses:Liars is {Liars}: use 0 to 15.";
        }

        if (IntervalMilliseconds is < 50 or > 60_000)
        {
            yield return $"HealthLedger:Witnesses:IntervalMilliseconds is {IntervalMilliseconds}: use 50 to 60000.";
        }

        if (RefreshSeconds is < 1 or > 3600)
        {
            yield return $"HealthLedger:Witnesses:RefreshSeconds is {RefreshSeconds}: use 1 to 3600.";
        }

        if (TimeoutSeconds is < 1 or > 120)
        {
            yield return $"HealthLedger:Witnesses:TimeoutSeconds is {TimeoutSeconds}: use 1 to 120.";
        }

        if (Require && PolicyFile is null)
        {
            yield return "HealthLedger:Witnesses:Require needs HealthLedger:Witnesses:PolicyFile.";
        }
    }

    /// <summary>The policy; null where none is configured.</summary>
    /// <exception cref="ConfigurationException">It cannot be read, asks for no quorum, or would let two histories find a quorum each.</exception>
    public LogPolicy? ReadPolicy()
    {
        if (PolicyFile is null)
        {
            return null;
        }

        string text;
        try
        {
            text = File.ReadAllText(PolicyFile);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw Refuse(unreadable.Message);
        }

        if (!LogPolicy.Parse(text).TryGet(out var policy, out var fault))
        {
            throw Refuse(fault.Detail);
        }

        if (policy.QuorumIsNone)
        {
            throw Refuse("The policy asks for no quorum; without one nothing would ever be final.");
        }

        if (policy.UnmetHere is { } unmet)
        {
            throw Refuse(unmet.Detail);
        }

        return policy.AllowsDisjointQuorums(Liars) switch
        {
            null => throw Refuse("A policy with more than 16 witnesses is not taken: whether two quorums could be disjoint is not computed."),
            true => throw Refuse($"Two histories could each find a quorum with {Liars} witnesses signing both: ask for more of them (with k of n and f liars, 2k > n + f)."),
            false => policy,
        };
    }

    private static ConfigurationException Refuse(string why) => new("HealthLedger:Witnesses:PolicyFile: " + why);
}
