using System.Collections.Concurrent;

namespace HealthLedger.Ledger;

/// <summary>
/// The committed version of everything that decides about a subject. In memory only: a decision does not outlive the process that made it, so after a
/// start all versions are 0 again.
/// </summary>
internal sealed class DecisionVersions
{
    private readonly ConcurrentDictionary<string, long> _versions = new(StringComparer.Ordinal);

    /// <summary>0 for what was never raised.</summary>
    public long this[string subject] => _versions.TryGetValue(subject, out var version) ? version : 0;

    public void Commit(Dictionary<string, long> raised)
    {
        foreach (var (subject, version) in raised)
        {
            _versions[subject] = version;
        }
    }
}
