using System.Collections.Concurrent;
using HealthLedger.Smart.Clients;

namespace HealthLedger.Smart.Tokens;

/// <summary>A validated token, the client's registration and the published keys that it was validated against.</summary>
internal sealed record ValidatedToken(TokenValidation.Valid Valid, Client Client, IReadOnlyList<Jose.JsonWebKey> Keys);

/// <summary>Tokens that were validated before, by hash; never more than a fixed number. Only tokens of ours get in, so that strangers cannot push others out.</summary>
internal sealed class ValidatedTokens(int capacity)
{
    private readonly ConcurrentDictionary<TokenHash, ValidatedToken> tokens = new();
    private int count;

    public int Count => Volatile.Read(ref count);

    public ValidatedToken? Find(in TokenHash hash) => tokens.GetValueOrDefault(hash);

    public void Forget(in TokenHash hash)
    {
        if (tokens.TryRemove(hash, out _))
        {
            Interlocked.Decrement(ref count);
        }
    }

    public void Remember(in TokenHash hash, ValidatedToken token, DateTimeOffset now)
    {
        if (tokens.TryGetValue(hash, out var before) && tokens.TryUpdate(hash, token, before))
        {
            return;
        }

        if (Interlocked.Increment(ref count) > capacity)
        {
            MakeRoom(now);
        }

        if (!tokens.TryAdd(hash, token))
        {
            Interlocked.Decrement(ref count);
        }
    }

    /// <summary>Drops what has expired; where that is less than half, drops arbitrary others too: they are validated again when they come back.</summary>
    private void MakeRoom(DateTimeOffset now)
    {
        foreach (var (hash, token) in tokens)
        {
            if (now >= token.Valid.Expires || Count > capacity / 2 + 1)
            {
                Forget(hash);
            }
        }
    }
}
