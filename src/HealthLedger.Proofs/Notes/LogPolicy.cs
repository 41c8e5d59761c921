using System.Globalization;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Proofs.Notes;

/// <summary>Which logs are trusted and whose cosignatures are enough (c2sp.org/tlog-policy, draft at C2SP commit 5ba5ee8).</summary>
/// <remarks>
/// Lines: <c>log VKEY [URL]</c>, <c>witness NAME VKEY [URL]</c>, <c>group NAME K|any|all MEMBER...</c>, <c>quorum NAME|none</c>; spaces and tabs
/// separate, <c>#</c> begins a comment. Names are defined before use; no key appears twice, and no name is a
/// member twice. Limits: 256 KiB, 64 logs and 62 witnesses, 32 of them with ML-DSA-44 keys. Witnesses whose keys have one name are one party, which a threshold counts once (<see cref="IsQuorum"/>).
/// </remarks>
public sealed partial class LogPolicy
{
    private const int MaxChars = 256 * 1024;

    /// <summary>A note has room for the signatures of so many.</summary>
    private const int MaxMlDsa44 = 32;


    private readonly Dictionary<string, Member> _members = new(StringComparer.Ordinal);

    /// <summary>The names that are members of a group.</summary>
    private readonly HashSet<string> _grouped = new(StringComparer.Ordinal);
    private readonly Dictionary<NoteVerifier, Uri> _addresses = [];
    private IReadOnlyList<LogLineage> _lineages = [];
    private Member? _quorum;

    private LogPolicy()
    {
    }

    private LogPolicy(LogPolicy other)
    {
        (_members, _addresses, _lineages, _quorum) = (other._members, other._addresses, other._lineages, other._quorum);
        (Logs, Witnesses) = (other.Logs, other.Witnesses);
    }

    /// <summary>The logs, type 1 keys.</summary>
    public IReadOnlyList<NoteVerifier> Logs { get; private set; } = [];

    /// <summary>The witnesses, keys of types 4 and 6.</summary>
    public IReadOnlyList<NoteVerifier> Witnesses { get; private set; } = [];

    /// <summary>Where a witness takes checkpoints: its http or https URL in the policy; null where it has none.</summary>
    public Uri? AddressOf(NoteVerifier witness) => _addresses.GetValueOrDefault(witness);

    /// <summary>True where a log's own signature is enough.</summary>
    public bool QuorumIsNone => _quorum is null;

    /// <summary>A policy that trusts one log's signature and asks for no witness.</summary>
    public static LogPolicy ForLog(NoteVerifier log)
    {
        ArgumentNullException.ThrowIfNull(log);
        if (log.Type != NoteKeyType.Ed25519)
        {
            throw new ArgumentException("A log's key is of type 1.", nameof(log));
        }

        return new LogPolicy { Logs = [log] };
    }

    /// <summary>A policy that trusts an offline key alone: whatever keys a log had by statements which that key signed.</summary>
    public static LogPolicy ForLineage(LogLineage lineage) => new LogPolicy().Following(lineage);

    /// <summary>The same policy, which knows by what keys one of its logs was succeeded: each counts for the sizes of its own time.</summary>
    public LogPolicy Following(LogLineage lineage)
    {
        ArgumentNullException.ThrowIfNull(lineage);
        var known = Logs.Where(log => log.Name == lineage.Origin).ToList();
        return new LogPolicy(this)
        {
            Logs = [.. Logs, .. lineage.Reigns.Select(reign => reign.Key).Where(key => !known.Exists(log => LogLineage.Same(log, key)))],
            _lineages = [.. _lineages.Where(each => each.Origin != lineage.Origin), lineage],
        };
    }

    /// <summary>Why a key's word does not count for a checkpoint of its log, by what is known of the log's successions; null where it does.</summary>
    internal Fault? Retired(NoteVerifier log, Checkpoint checkpoint) => _lineages.FirstOrDefault(each => each.Origin == log.Name)?.Check(log, checkpoint);

    /// <summary>Why a key's word does not count for something of a time in Unix seconds: it was retired before; null where it does, or where nothing is known of that.</summary>
    internal Fault? RetiredBefore(NoteVerifier log, ulong time) => _lineages.FirstOrDefault(each => each.Origin == log.Name)?.CheckTime(log, time);

    /// <summary>Reads a policy file.</summary>
    public static Parsed<LogPolicy> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxChars)
        {
            return new Fault("policy-too-long", $"A policy has at most {MaxChars} characters.");
        }

        var policy = new LogPolicy();
        var logs = new List<NoteVerifier>();
        var witnesses = new List<NoteVerifier>();
        var quorumSeen = false;
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var words = line.Split('#')[0].TrimEnd('\r').Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            var problem = words switch
            {
                [] => null,
                ["log", var vkey] => policy.AddKey(vkey, logs, logs, witnesses, out _),
                ["log", var vkey, _] => policy.AddKey(vkey, logs, logs, witnesses, out _),
                ["witness", var name, var vkey] => policy.AddWitness(name, vkey, null, logs, witnesses),
                ["witness", var name, var vkey, var url] => policy.AddWitness(name, vkey, url, logs, witnesses),
                ["group", var name, var needed, .. var members] => policy.AddGroup(name, needed, members),
                ["quorum", _] when quorumSeen => "a second quorum line",
                ["quorum", var name] => policy.SetQuorum(name, out quorumSeen),
                _ => "not a line of a policy",
            };
            if (problem is not null)
            {
                return new Fault("policy-line", $"Line {number}: {problem}.");
            }
        }

        if (logs.Count is 0 or > 64 || witnesses.Count > SignedNote.MaxSignatures - 2)
        {
            return new Fault("policy-keys", "A policy has 1 to 64 logs and at most 62 witnesses.");
        }

        if (witnesses.Count(each => each.Type == NoteKeyType.MlDsa44Cosignature) > MaxMlDsa44)
        {
            return new Fault("policy-keys", $"A policy has at most {MaxMlDsa44} ML-DSA-44 keys.");
        }

        if (!quorumSeen)
        {
            return new Fault("policy-quorum", "The policy has no quorum line.");
        }

        (policy.Logs, policy.Witnesses) = (logs, witnesses);
        return policy;
    }

    private string? AddKey(string vkey, List<NoteVerifier> target, List<NoteVerifier> logs, List<NoteVerifier> witnesses, out NoteVerifier? added)
    {
        added = null;
        if (!NoteVerifier.Parse(vkey).TryGet(out var verifier, out var fault))
        {
            return fault.Detail.TrimEnd('.');
        }

        if (target == logs ? verifier.Type != NoteKeyType.Ed25519 : !verifier.IsCosigner)
        {
            return target == logs ? "a key of type 1 is needed" : "a key of type 4 or 6 is needed";
        }

        if (logs.Concat(witnesses).Any(known => known.PublicKey.SequenceEqual(verifier.PublicKey)))
        {
            return "the same public key twice";
        }

        target.Add(added = verifier);
        return null;
    }

    private string? AddWitness(string name, string vkey, string? url, List<NoteVerifier> logs, List<NoteVerifier> witnesses)
    {
        if (AddKey(vkey, witnesses, logs, witnesses, out var added) is { } problem)
        {
            return problem;
        }

        // Whoever only verifies has no use for the address, so that another kind than http is no fault here.
        if (Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
        {
            _addresses[added!] = address;
        }

        return AddMember(name, new Witness(added!));
    }

    private string? AddMember(string name, Member member) =>
        name == "none" ? "'none' is no name" : _members.TryAdd(name, member) ? null : "the same name twice";

    private string? AddGroup(string name, string needed, string[] names)
    {
        if (names.Length == 0 || names.Distinct(StringComparer.Ordinal).Count() != names.Length)
        {
            return "a group needs members, each once";
        }

        var members = new List<Member>();
        foreach (var each in names)
        {
            if (!_members.TryGetValue(each, out var member))
            {
                return "a member that is not defined above";
            }

            if (!_grouped.Add(each))
            {
                return "a member that is another group's too";
            }

            members.Add(member);
        }

        var count = needed switch
        {
            "any" => 1,
            "all" => names.Length,
            _ => int.TryParse(needed, NumberStyles.None, CultureInfo.InvariantCulture, out var k) ? k : 0,
        };
        var group = new Group(count, members);
        return count < 1 || count > group.Most ? "a threshold that its members cannot reach, of whom keys of one name count once"
            : group.CountsAPartyTwice ? "a threshold to which one party's keys add up in several members"
            : AddMember(name, group);
    }

    private string? SetQuorum(string name, out bool seen)
    {
        seen = true;
        return name == "none" || _members.TryGetValue(name, out _quorum) ? null : "a quorum that is not defined above";
    }
}
