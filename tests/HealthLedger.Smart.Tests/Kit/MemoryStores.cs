using System.Collections.Concurrent;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Keys;

namespace HealthLedger.Smart.Tests.Kit;

internal sealed class MemorySecrets : ISealedSecrets
{
    private readonly ConcurrentDictionary<string, byte[]> secrets = new();

    public byte[] GetOrCreate(string name, Func<byte[]> create) => (byte[])secrets.GetOrAdd(name, _ => create()).Clone();

    public void Replace(string name, ReadOnlySpan<byte> secret) => secrets[name] = secret.ToArray();
}

internal sealed class MemoryClientStore : IClientStore
{
    public ConcurrentDictionary<string, SealedClient> Rows { get; } = new();

    public Task<IReadOnlyList<SealedClient>> ReadAll(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<SealedClient>>([.. Rows.Values]);

    public Task Put(SealedClient client, CancellationToken cancellationToken)
    {
        Rows[client.ClientId] = client;
        return Task.CompletedTask;
    }
}

internal sealed class MemoryReplay(TimeProvider time) : IAssertionReplay
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> used = new();

    public int Capacity { get; set; } = 1000;

    public Task<AssertionUse> Use(ReadOnlyMemory<byte> key, DateTimeOffset forgetAfter, CancellationToken cancellationToken)
    {
        foreach (var (name, end) in used)
        {
            if (end <= time.GetUtcNow())
            {
                used.TryRemove(name, out _);
            }
        }

        var text = Convert.ToHexString(key.Span);
        var use = used.ContainsKey(text) ? AssertionUse.Repeated
            : used.Count >= Capacity ? AssertionUse.Full
            : used.TryAdd(text, forgetAfter) ? AssertionUse.First : AssertionUse.Repeated;
        return Task.FromResult(use);
    }
}
