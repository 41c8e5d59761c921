using HealthLedger.Events;
using HealthLedger.Gateway.Events;
using MassTransit;

namespace HealthLedger.Gateway.Portal;

/// <summary>
/// What is new for patients who have the portal open: the newest entry that an event told of. Holds only patients whose page asked lately, so that it stays
/// small however many are read about. Safe for several threads.
/// </summary>
/// <remarks>
/// Whoever is held here was listened for ever since, and what it says of a patient counts from when somebody had read what was there then: so it misses nothing, and of others it says that it
/// does not know.
/// </remarks>
internal sealed class PortalNews(TimeProvider time) : IEventListener
{
    /// <summary>Patients watched at once; beyond it the one who asked longest ago is dropped.</summary>
    private const int MaxWatched = 10_000;

    /// <summary>A page that is looked at asks every four seconds; one that did not for so long is not listened for, and told from the ledger what it missed when it asks again.</summary>
    public static readonly TimeSpan Lapse = TimeSpan.FromSeconds(20);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Watch>> _watched = new(StringComparer.Ordinal);
    private readonly LinkedList<Watch> _byUse = new();

    /// <inheritdoc/>
    public bool IsListening
    {
        get
        {
            lock (_lock)
            {
                while (_byUse.Last is { Value: var oldest } && time.GetUtcNow() - oldest.Asked > Lapse)
                {
                    DropOldest();
                }

                return _watched.Count > 0;
            }
        }
    }

    /// <inheritdoc/>
    public bool ListensFor(string named)
    {
        lock (_lock)
        {
            return _watched.ContainsKey(named);
        }
    }

    /// <summary>Listens for this patient from now on. Before what there is already is read, so that nothing comes between.</summary>
    public void Listen(string patient)
    {
        lock (_lock)
        {
            Use(Held(patient));
        }
    }

    /// <summary>This patient's page is open, and shows everything up to <paramref name="shown"/>.</summary>
    public void Watched(string patient, ulong shown)
    {
        lock (_lock)
        {
            var node = Held(patient);
            node.Value.Newest = Math.Max(node.Value.Newest, shown);
            node.Value.IsRead = true;
            Use(node);
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

    /// <summary>True where there is an entry after <paramref name="shown"/>; null where the patient is not watched (any more), or nobody came to read what was there when that began.</summary>
    public bool? HasSince(string patient, ulong shown)
    {
        lock (_lock)
        {
            if (!_watched.TryGetValue(patient, out var node) || !node.Value.IsRead)
            {
                return null;
            }

            Use(node);
            return node.Value.Newest > shown;
        }
    }

    private LinkedListNode<Watch> Held(string patient)
    {
        if (!_watched.TryGetValue(patient, out var node))
        {
            if (_watched.Count == MaxWatched)
            {
                DropOldest();
            }

            node = _byUse.AddFirst(new Watch(patient));
            _watched.Add(patient, node);
        }

        return node;
    }

    private void Use(LinkedListNode<Watch> node)
    {
        node.Value.Asked = time.GetUtcNow();
        _byUse.Remove(node);
        _byUse.AddFirst(node);
    }

    private void DropOldest()
    {
        _watched.Remove(_byUse.Last!.Value.Patient);
        _byUse.RemoveLast();
    }

    private sealed class Watch(string patient)
    {
        public string Patient { get; } = patient;

        public ulong Newest { get; set; }

        public bool IsRead { get; set; }

        public DateTimeOffset Asked { get; set; }
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
