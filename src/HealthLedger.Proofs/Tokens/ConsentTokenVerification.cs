using HealthLedger.Proofs.ConsentStateMap;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;

namespace HealthLedger.Proofs.Tokens;

/// <summary>What the verifier of a consent token knows beforehand.</summary>
/// <param name="Policy">The trusted logs, witnesses and quorum.</param>
/// <param name="Audience">Who the verifier is.</param>
/// <param name="ClientId">The client that presents the token, as it authenticated.</param>
/// <param name="Purpose">The purpose it is presented for.</param>
/// <param name="MaxAge">
/// How old the quorum's cosignatures may be; null where the checkpoint's age does not matter. With a policy without a quorum no age can be known, so that
/// any limit refuses.
/// </param>
public sealed record TokenExpectations(LogPolicy Policy, string Audience, string ClientId, string Purpose, TimeSpan? MaxAge = null);

/// <summary>A consent token of which everything was verified.</summary>
/// <param name="Token">The token.</param>
/// <param name="State">The consent's state in the map.</param>
/// <param name="Checkpoint">The checkpoint under which it stands.</param>
public sealed record ValidConsentToken(ConsentToken Token, ConsentState State, VerifiedCheckpoint Checkpoint);

/// <summary>Verifies a consent token with its proof, offline.</summary>
public static class ConsentTokenVerification
{
    /// <summary>Clocks may differ by this much.</summary>
    public static TimeSpan ClockSkew { get; } = TimeSpan.FromSeconds(60);

    /// <summary>No token is given out for longer, so that of a key that was retired none counts for longer behind it: what it says of its own beginning a thief would say earlier.</summary>
    public static TimeSpan LongestLife { get; } = TimeSpan.FromMinutes(10);

    /// <summary>Verifies token and proof; the first failure is the answer, each with its own code.</summary>
    /// <param name="token">The compact JWS.</param>
    /// <param name="proof">The JSON beside it.</param>
    /// <param name="expected">What the verifier knows.</param>
    /// <param name="now">The verifier's time.</param>
    public static Parsed<ValidConsentToken> Verify(string token, ReadOnlySpan<byte> proof, TokenExpectations expected, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(expected);
        if (!ConsentToken.Parse(token, expected.Policy.Logs, out var signer).TryGet(out var claims, out var fault)
            || !ConsentTokenProof.Parse(proof).TryGet(out var parts, out fault))
        {
            return fault;
        }

        var verdict = CheckClaims(claims, expected, now);
        if (!verdict.Holds)
        {
            return verdict.Fault!;
        }

        if (!VerifyState(claims, parts, expected, now, out var entry).TryGet(out var checkpoint, out fault))
        {
            return fault;
        }

        // Whoever has a retired key could go on making claims about what the ledger holds.
        var retired = expected.Policy.Retired(signer!, checkpoint.Checkpoint)
            ?? expected.Policy.RetiredBefore(checkpoint.Log, entry.Time)
            ?? expected.Policy.RetiredBefore(signer!, (ulong)Math.Max(0, claims.Expires - (long)(LongestLife + ClockSkew).TotalSeconds - (long)LedgerEntry.TimeStep));
        return retired is not null ? retired : VerifyConsent(claims, parts, entry, checkpoint, now);
    }

    private static Verdict CheckClaims(ConsentToken token, TokenExpectations expected, DateTimeOffset now)
    {
        if (token.Audience != expected.Audience)
        {
            return Verdict.Refused("token-audience", "The token is for somebody else.");
        }

        if (token.ClientId != expected.ClientId)
        {
            return Verdict.Refused("token-client", "The token was given to another client.");
        }

        if (token.Purpose != expected.Purpose)
        {
            return Verdict.Refused("token-purpose", "The token is for another purpose.");
        }

        var seconds = now.ToUnixTimeSeconds();
        if (token.IssuedAt > seconds + (long)ClockSkew.TotalSeconds)
        {
            return Verdict.Refused("token-not-yet", "The token was issued in the future.");
        }

        return token.Expires > seconds ? Verdict.Valid : Verdict.Refused("token-expired", "The token has expired.");
    }

    private static Parsed<VerifiedCheckpoint> VerifyState(
        ConsentToken token, ConsentTokenProof parts, TokenExpectations expected, DateTimeOffset now, out LedgerEntry entry)
    {
        if (!LedgerEntry.Parse(parts.State).TryGet(out entry, out var fault)
            || !parts.Inclusion().TryGet(out var inclusion, out fault)
            || !inclusion.Verify(MerkleHash.Leaf(parts.State), expected.Policy).TryGet(out var checkpoint, out fault))
        {
            return fault;
        }

        if (checkpoint.Checkpoint.Origin != token.Issuer)
        {
            return new Fault("token-origin", "The proof is of another log than the token.");
        }

        if (entry.Kind != EntryKind.State || inclusion.Index != checkpoint.Checkpoint.Size - 1)
        {
            return new Fault("token-state", "The proof's entry is not the STATE entry that ends the checkpoint.");
        }

        if (checkpoint.QuorumTime > now + ClockSkew)
        {
            return new Fault("token-cosignature-time", "The quorum's cosignatures lie in the future.");
        }

        return expected.MaxAge is { } maxAge && !(checkpoint.QuorumTime >= now - maxAge)
            ? new Fault("token-stale", "The quorum's cosignatures are older than allowed, or there is no quorum.")
            : checkpoint;
    }

    private static Parsed<ValidConsentToken> VerifyConsent(
        ConsentToken token, ConsentTokenProof parts, in LedgerEntry entry, VerifiedCheckpoint checkpoint, DateTimeOffset now)
    {
        if (!ConsentMapProof.Parse(parts.Map).TryGet(out var map, out var fault))
        {
            return fault;
        }

        var verdict = map.Verify(token.Handle, entry.Commitment);
        if (!verdict.Holds)
        {
            return verdict.Fault!;
        }

        if (map.State is not { } state)
        {
            return new Fault("token-absent", "The handle is not in the map.");
        }

        if (state.Standing != ConsentStanding.Granted)
        {
            return new Fault("token-withdrawn", "The consent was withdrawn.");
        }

        var latest = checkpoint.QuorumTime > now ? checkpoint.QuorumTime.Value : now;
        if (state.NotAfter != LedgerEntry.NoEnd && state.NotAfter <= (ulong)Math.Max(latest.ToUnixTimeSeconds(), 0))
        {
            return new Fault("token-consent-expired", "The consent has ended.");
        }

        return ScopeCommitment.Of(token.Scope, token.ScopeOpening) == state.ScopeCommitment
            ? new ValidConsentToken(token, state, checkpoint)
            : new Fault("token-scope", "The token's scope is not the one that the ledger carries.");
    }
}
