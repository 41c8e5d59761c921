using System.Globalization;
using System.Numerics;

namespace HealthLedger.Proofs.Notes;

/// <summary>Which logs are trusted and whose cosignatures are enough (c2sp.org/tlog-policy, draft at C2SP commit 5ba5ee8).</summary>
/// <remarks>
/// Lines: <c>log VKEY [URL]</c>, <c>witness NAME VKEY [URL]</c>, <c>group NAME K|any|all MEMBER...</c>, <c>quorum NAME|none</c>; spaces and tabs
/// separate, <c>#</c> begins a comment. Names are defined before use; no key appears twice. Limits: 64 KiB, 64 logs and 62 witnesses.
/// </remarks>
public sealed class LogPolicy
{
    private const int MaxChars = 64 * 1024;
    private readonly Dictionary<string, Member> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<NoteVerifier, Uri> _addresses = [];
    private Member? _quorum;

    private LogPolicy()
    {
    }

    private abstract record Member;

    private sealed record Witness(NoteVerifier Verifier) : Member;

    private sealed record Group(int Needed, IReadOnlyList<Member> Members) : Member;

    /// <summary>The logs, type 1 keys.</summary>
    public IReadOnlyList<NoteVerifier> Logs { get; private set; } = [];

    /// <summary>The witnesses, type 4 keys.</summary>
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
                ["log", var vkey] => policy.AddKey(vkey, NoteKeyType.Ed25519, logs, logs, witnesses, out _),
                ["log", var vkey, _] => policy.AddKey(vkey, NoteKeyType.Ed25519, logs, logs, witnesses, out _),
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

        if (!quorumSeen)
        {
            return new Fault("policy-quorum", "The policy has no quorum line.");
        }

        (policy.Logs, policy.Witnesses) = (logs, witnesses);
        return policy;
    }

    /// <summary>Whether these witnesses together make up the quorum.</summary>
    public bool IsQuorum(IEnumerable<NoteVerifier> witnesses) => QuorumTime([.. witnesses.Select(witness => new VerifiedSignature(witness, 1))]) is not null;

    /// <summary>
    /// Whether two histories could each find a quorum though at most <paramref name="liars"/> witnesses sign both: with k of n that is 2k &lt;= n + liars.
    /// Null above 16 witnesses, where this is not computed.
    /// </summary>
    /// <param name="liars">0 or more. With 0, whether two sets without a common member could each make up the quorum.</param>
    public bool? AllowsDisjointQuorums(int liars = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(liars);
        const int MostComputed = 16;
        if (Witnesses.Count > MostComputed)
        {
            return null;
        }

        var quorums = new bool[1 << Witnesses.Count];
        for (var chosen = 0; chosen < quorums.Length; chosen++)
        {
            quorums[chosen] = IsQuorum(Witnesses.Where((_, i) => (chosen >> i & 1) == 1));
        }

        var all = quorums.Length - 1;
        var most = Math.Min(liars, Witnesses.Count);
        for (var lying = 0; lying <= all; lying++)
        {
            if (BitOperations.PopCount((uint)lying) != most)
            {
                continue;
            }

            for (var half = 0; half <= all; half++)
            {
                if (quorums[half | lying] && quorums[(all ^ half) | lying])
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>The latest time at which the quorum had cosigned: null where these cosignatures are not enough.</summary>
    /// <returns>Unix seconds T such that cosignatures made at T or later suffice; <see cref="ulong.MaxValue"/> where the quorum is none.</returns>
    internal ulong? QuorumTime(IReadOnlyList<VerifiedSignature> signatures) => _quorum is null ? ulong.MaxValue : Time(_quorum, signatures);

    private static ulong? Time(Member member, IReadOnlyList<VerifiedSignature> signatures)
    {
        if (member is Group group)
        {
            // The k-th latest of the members' times is the moment since which k of them vouch.
            var times = group.Members.Select(each => Time(each, signatures)).OfType<ulong>().OrderDescending().ToList();
            return times.Count >= group.Needed ? times[group.Needed - 1] : null;
        }

        return signatures.FirstOrDefault(each => each.Verifier == ((Witness)member).Verifier)?.Timestamp;
    }

    private string? AddKey(
        string vkey, NoteKeyType type, List<NoteVerifier> target, List<NoteVerifier> logs, List<NoteVerifier> witnesses, out NoteVerifier? added)
    {
        added = null;
        if (!NoteVerifier.Parse(vkey).TryGet(out var verifier, out var fault))
        {
            return fault.Detail.TrimEnd('.');
        }

        if (verifier.Type != type)
        {
            return $"a key of type {(int)type} is needed";
        }

        if (logs.Concat(witnesses).Any(known => known.Key.Equals(verifier.Key)))
        {
            return "the same public key twice";
        }

        target.Add(added = verifier);
        return null;
    }

    private string? AddWitness(string name, string vkey, string? url, List<NoteVerifier> logs, List<NoteVerifier> witnesses)
    {
        if (AddKey(vkey, NoteKeyType.Cosignature, witnesses, logs, witnesses, out var added) is { } problem)
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

            members.Add(member);
        }

        var count = needed switch
        {
            "any" => 1,
            "all" => names.Length,
            _ => int.TryParse(needed, NumberStyles.None, CultureInfo.InvariantCulture, out var k) ? k : 0,
        };
        return count < 1 || count > names.Length ? "a threshold that its members cannot reach" : AddMember(name, new Group(count, members));
    }

    private string? SetQuorum(string name, out bool seen)
    {
        seen = true;
        return name == "none" || _members.TryGetValue(name, out _quorum) ? null : "a quorum that is not defined above";
    }
}
