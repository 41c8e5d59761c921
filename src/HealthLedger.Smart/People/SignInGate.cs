using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace HealthLedger.Smart.People;

/// <summary>Holds back too many attempts to sign in: so many a minute for a network address, and one at a time for a name. One for the whole process.</summary>
internal sealed class SignInGate : IDisposable
{
    private const int Stripes = 64;

    private readonly SemaphoreSlim[] turns = [.. Enumerable.Range(0, Stripes).Select(_ => new SemaphoreSlim(1, 1))];
    private readonly PartitionedRateLimiter<IPAddress> limiter;
    private string? decoy;

    public SignInGate(IOptions<PeopleOptions> options)
    {
        var window = new FixedWindowRateLimiterOptions { PermitLimit = options.Value.AttemptsPerMinute, Window = TimeSpan.FromMinutes(1), QueueLimit = 0 };
        limiter = PartitionedRateLimiter.Create<IPAddress, string>(address => RateLimitPartition.GetFixedWindowLimiter(Network(address), _ => window));
    }

    /// <summary>True where this address may try once more.</summary>
    public bool Admits(IPAddress? address)
    {
        using var lease = limiter.AttemptAcquire(address ?? IPAddress.None);
        return lease.IsAcquired;
    }

    /// <summary>Waits for this name's turn; dispose to end it. Names share turns now and then, which costs them a moment.</summary>
    public async Task<IDisposable> Enter(string name, CancellationToken cancellationToken)
    {
        var turn = turns[(uint)name.GetHashCode(StringComparison.Ordinal) % Stripes];
        await turn.WaitAsync(cancellationToken);
        return new Turn(turn);
    }

    /// <summary>A hash of a password that nobody knows, to spend the same time on unknown names.</summary>
    public string DecoyHash(IPasswordHasher<User> hasher) =>
        decoy ??= hasher.HashPassword(new User(), Convert.ToHexString(RandomNumberGenerator.GetBytes(32)));

    public void Dispose()
    {
        limiter.Dispose();
        Array.ForEach(turns, turn => turn.Dispose());
    }

    /// <summary>An IPv6 host owns a /64: it counts as one.</summary>
    private static string Network(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexString(plain.GetAddressBytes(), 0, 8) : plain.ToString();
    }

    private sealed class Turn(SemaphoreSlim held) : IDisposable
    {
        private SemaphoreSlim? semaphore = held;

        public void Dispose() => Interlocked.Exchange(ref semaphore, null)?.Release();
    }
}
