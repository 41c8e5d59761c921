using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Verify;

/// <summary>Whom to believe: the key or the policy file that the caller brought.</summary>
internal static class PinnedPolicy
{
    /// <param name="vkey">A log's verifier key; null where the policy names it.</param>
    /// <param name="policyFile">A tlog-policy file; null where the key is enough.</param>
    /// <exception cref="UsageException">Either cannot be read, or the policy does not name the key.</exception>
    public static LogPolicy Read(string? vkey, string? policyFile)
    {
        NoteVerifier? key = null;
        if (vkey is not null && !NoteVerifier.Parse(vkey.Trim()).TryGet(out key, out var keyFault))
        {
            throw new UsageException($"--vkey: {keyFault.Detail}");
        }

        if (policyFile is null)
        {
            return key!.Type == NoteKeyType.Ed25519 ? LogPolicy.ForLog(key) : throw new UsageException("--vkey: a ledger's key is of type 1 (Ed25519).");
        }

        string text;
        try
        {
            text = File.ReadAllText(policyFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--policy: {e.Message}");
        }

        if (!LogPolicy.Parse(text).TryGet(out var policy, out var fault))
        {
            throw new UsageException($"--policy: {fault.Detail}");
        }

        if (policy.UnmetHere is { } unmet)
        {
            throw new UsageException($"--policy: {unmet.Detail}");
        }

        if (!policy.QuorumIsNone && policy.AllowsDisjointQuorums() is not false)
        {
            throw new UsageException(policy.AllowsDisjointQuorums() is null
                ? "--policy: a policy with more than 16 witnesses is not taken: whether two quorums could be disjoint is not computed."
                : "--policy: two histories could each find a quorum without a witness that signs both: ask for more of the witnesses (with k of n and f that may lie, 2k > n + f).");
        }

        return key is null || policy.Logs.Any(log => log.ToString() == key.ToString()) ? policy : throw new UsageException("The policy does not name the key given by --vkey.");
    }
}
