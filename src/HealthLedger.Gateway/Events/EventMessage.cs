using HealthLedger.Events;

namespace HealthLedger.Gateway.Events;

/// <summary>Collects events until they are published together. Not safe for several threads.</summary>
internal sealed class EventMessage
{
    private readonly List<ConsentGranted> _granted = [];
    private readonly List<ConsentWithdrawn> _withdrawn = [];
    private readonly List<RecordAccessed> _accessed = [];
    private readonly List<AccessRefused> _refused = [];
    private readonly List<RecordChanged> _changed = [];
    private readonly List<RecordErased> _erased = [];
    private readonly List<ReleaseMade> _released = [];

    /// <summary>The ledger's size after the newest batch in it.</summary>
    public ulong Size { get; set; }

    /// <summary>Committed batches in it, those too that tell nobody anything.</summary>
    public int Batches { get; set; }

    public int Count => _granted.Count + _withdrawn.Count + _accessed.Count + _refused.Count + _changed.Count + _erased.Count + _released.Count;

    public void Add(NoticedEvent noticed, ulong entry, DateTimeOffset time)
    {
        switch (noticed.Kind)
        {
            case NoticedKind.ConsentGranted:
                _granted.Add(new ConsentGranted(noticed.Patient, entry, time));
                break;
            case NoticedKind.ConsentWithdrawn:
                _withdrawn.Add(new ConsentWithdrawn(noticed.Patient, entry, time));
                break;
            case NoticedKind.RecordAccessed:
                _accessed.Add(new RecordAccessed(noticed.Patient, entry, time));
                break;
            case NoticedKind.AccessRefused:
                _refused.Add(new AccessRefused(noticed.Patient, entry, time));
                break;
            case NoticedKind.RecordChanged:
                _changed.Add(new RecordChanged(noticed.Patient, entry, time));
                break;
            case NoticedKind.RecordErased:
                _erased.Add(new RecordErased(noticed.Patient, entry, time));
                break;
            case NoticedKind.ReleaseMade:
                _released.Add(new ReleaseMade(noticed.Patient, entry, time));
                break;
        }
    }

    public LedgerEvents ToEvents() => new(Size, [.. _granted], [.. _withdrawn], [.. _accessed], [.. _refused], [.. _changed], [.. _erased], [.. _released]);

    public void Clear()
    {
        Batches = 0;
        _granted.Clear();
        _withdrawn.Clear();
        _accessed.Clear();
        _refused.Clear();
        _changed.Clear();
        _erased.Clear();
        _released.Clear();
    }
}
