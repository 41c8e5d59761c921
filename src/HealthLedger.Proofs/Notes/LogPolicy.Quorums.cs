using System.Numerics;

namespace HealthLedger.Proofs.Notes;

public sealed partial class LogPolicy
{
    /// <summary>
    /// Whether these keys together make up the quorum. A threshold counts parties: of the members that are keys of one name the latest to sign stands for all,
    /// so that a witness with an Ed25519 and an ML-DSA-44 key is not two. Where all members are wanted, or all are of one party, each key counts: that is
    /// how a policy asks one witness for both signatures.
    /// </summary>
    public bool IsQuorum(IEnumerable<NoteVerifier> witnesses) => QuorumTime([.. witnesses.Select(witness => new VerifiedSignature(witness, 1))]) is not null;

    /// <summary>Why no checkpoint whatever meets the policy on this platform: its quorum needs keys that are not checked here. Null where one can.</summary>
    public Fault? UnmetHere => IsQuorum(Witnesses.Where(witness => witness.CanVerify))
        ? null
        : new Fault("checkpoint-quorum-platform", "The policy's quorum needs ML-DSA-44 cosignatures, which cannot be checked here. " + MlDsa44PublicKey.Needs);

    /// <summary>
    /// Whether two histories could each find a quorum though at most <paramref name="liars"/> parties sign both: with k of n that is 2k &lt;= n + liars. A
    /// party that lies does so with all its keys. Null above 16 parties, where this is not computed.
    /// </summary>
    /// <param name="liars">0 or more. With 0, whether two sets without a common party could each make up the quorum.</param>
    public bool? AllowsDisjointQuorums(int liars = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(liars);
        const int MostComputed = 16;
        var parties = Witnesses.Select(witness => witness.Name).Distinct(StringComparer.Ordinal).ToList();
        if (parties.Count > MostComputed)
        {
            return null;
        }

        var quorums = new bool[1 << parties.Count];
        for (var chosen = 0; chosen < quorums.Length; chosen++)
        {
            quorums[chosen] = IsQuorum(Witnesses.Where(witness => (chosen >> parties.IndexOf(witness.Name) & 1) == 1));
        }

        var all = quorums.Length - 1;
        var most = Math.Min(liars, parties.Count);
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
    internal ulong? QuorumTime(IReadOnlyList<VerifiedSignature> signatures) => _quorum is null ? ulong.MaxValue : _quorum.Time(signatures);

    /// <summary>A witness or a group of a policy.</summary>
    private abstract record Member
    {
        /// <summary>The name that all its keys have; null where they have several.</summary>
        public abstract string? Party { get; }

        /// <summary>The names of all its keys.</summary>
        public abstract IReadOnlySet<string> Names { get; }

        /// <summary>Since when it vouches; null where it does not.</summary>
        public abstract ulong? Time(IReadOnlyList<VerifiedSignature> signatures);
    }

    private sealed record Witness(NoteVerifier Verifier) : Member
    {
        public override string? Party => Verifier.Name;

        public override IReadOnlySet<string> Names { get; } = new HashSet<string>(StringComparer.Ordinal) { Verifier.Name };

        public override ulong? Time(IReadOnlyList<VerifiedSignature> signatures) => signatures.FirstOrDefault(each => each.Verifier == Verifier)?.Timestamp;
    }

    private sealed record Group(int Needed, IReadOnlyList<Member> Members) : Member
    {
        public override string? Party { get; } = Members.Select(member => member.Party).Distinct().ToList() is [var one] ? one : null;

        public override IReadOnlySet<string> Names { get; } = Members.SelectMany(member => member.Names).ToHashSet(StringComparer.Ordinal);

        /// <summary>True where keys of one party could help two of the members to which the threshold is counted, one of them a group of several parties.</summary>
        public bool CountsAPartyTwice => Needed > 1 && !CountsKeys
            && Parties.Sum(party => party.SelectMany(member => member.Names).Distinct(StringComparer.Ordinal).Count()) > Names.Count;

        /// <summary>The highest threshold that its members can reach.</summary>
        public int Most => CountsKeys ? Members.Count : Parties.Count;

        private bool CountsKeys => Party is not null || Needed == Members.Count;

        private List<List<Member>> Parties { get; } =
            [.. Members.Select((member, i) => (member, key: (member.Party, member.Party is null ? i : -1))).GroupBy(each => each.key, each => each.member).Select(party => party.ToList())];

        public override ulong? Time(IReadOnlyList<VerifiedSignature> signatures)
        {
            // The k-th latest of the members' times is the moment since which k of them vouch.
            var times = (CountsKeys ? Members.Select(member => member.Time(signatures)) : Parties.Select(party => party.Max(member => member.Time(signatures))))
                .OfType<ulong>().OrderDescending().ToList();
            return times.Count >= Needed ? times[Needed - 1] : null;
        }
    }
}
