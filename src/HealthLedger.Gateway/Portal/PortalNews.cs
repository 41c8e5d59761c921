using HealthLedger.Events;
using MassTransit;

namespace HealthLedger.Gateway.Portal;

/// <summary>
/// What is new for patients who have the portal open: the newest entry that an event told of. Holds only patients who loaded the page lately, so that it stays
/// small however many are read about. Safe for several threads.
/// </summary>
internal sealed class PortalNews
{
    /// <summary>Patients watched at once; beyond it the one who looked longest ago is dropped, whose page then says nothing new until it is loaded again.</summary>
    private const int MaxWatched = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Watch>> _watched = new(StringComparer.Ordinal);
    private readonly LinkedList<Watch> _byUse = new();

    /// <summary>This patient's page is open, and shows everything up to <paramref name="shown"/>.</summary>
    public void Watched(string patient, ulong shown)
    {
        lock (_lock)
        {
            if (_watched.TryGetValue(patient, out var node))
            {
                _byUse.Remove(node);
            }
            else
            {
                if (_watched.Count == MaxWatched)
                {
                    _watched.Remove(_byUse.Last!.Value.Patient);
                    _byUse.RemoveLast();
                }

                node = new LinkedListNode<Watch>(new Watch(patient));
                _watched.Add(patient, node);
            }

            node.Value.Newest = Math.Max(node.Value.Newest, shown);
            _byUse.AddFirst(node);
        }
    }

    /// <summary>An event told of this entry.</summary>
    public void Told(string patient, ulong entry)
    {
        lock (_lock)
        {
            if (_watched.TryGetValue(patient, out var node))
            {
                node.Value.Newest = Math.Max(node.Value.Newest, entry);
            }
        }
    }

    /// <summary>True where an event told of an entry after <paramref name="shown"/>.</summary>
    public bool HasSince(string patient, ulong shown)
    {
        lock (_lock)
        {
            return _watched.TryGetValue(patient, out var node) && node.Value.Newest > shown;
        }
    }

    private sealed class Watch(string patient)
    {
        public string Patient { get; } = patient;

        public ulong Newest { get; set; }
    }
}

/// <summary>Keeps <see cref="PortalNews"/> by what the ledger's publisher tells.</summary>
internal sealed class PortalNewsConsumer(PortalNews news) : IConsumer<LedgerEvents>
{
    public Task Consume(ConsumeContext<LedgerEvents> context)
    {
        foreach (var (patient, entry) in context.Message.Newest())
        {
            news.Told(patient, entry);
        }

        return Task.CompletedTask;
    }
}
