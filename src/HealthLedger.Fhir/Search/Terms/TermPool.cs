using System.Collections.Concurrent;
using System.Text;

namespace HealthLedger.Fhir.Search;

/// <summary>
/// Shares equal strings among the terms of many records. A pool for all patients keeps systems and codes; a pool <see cref="ForPatient"/> keeps in addition what names people and records (ids), and goes
/// with the patient's terms, so that erased patients leave nothing behind in a pool. Safe for many threads; holds at most the stated number of strings and hands out new ones beyond.
/// </summary>
public sealed class TermPool
{
    /// <summary>Longer strings are rarely equal, and not shared. In UTF-16 units.</summary>
    private const int MaxShared = 128;

    private readonly ConcurrentDictionary<string, string> _strings = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly TermPool? _parent;
    private readonly int _capacity;
    private int _count;

    /// <param name="capacity">Most strings that the pool holds, at least 1.</param>
    public TermPool(int capacity = 200_000)
        : this(null, capacity)
    {
    }

    private TermPool(TermPool? parent, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _parent = parent;
        _capacity = capacity;
        _lookup = _strings.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>A pool for one patient's terms, over this one.</summary>
    public TermPool ForPatient(int capacity = 20_000) => new(_parent ?? this, capacity);

    /// <summary>Number of strings held by this pool itself.</summary>
    public int Count => _count;

    /// <summary>A system, code or other string that names no person.</summary>
    internal string Vocabulary(ReadOnlySpan<byte> utf8) => (_parent ?? this).Intern(utf8);

    /// <summary>An id, identifier or address: shared only within a patient's pool.</summary>
    internal string Personal(ReadOnlySpan<byte> utf8) => _parent is null ? Encoding.UTF8.GetString(utf8) : Intern(utf8);

    internal string Vocabulary(string text) => (_parent ?? this).Intern(text);

    internal string Personal(string text) => _parent is null ? text : Intern(text);

    private string Intern(ReadOnlySpan<byte> utf8)
    {
        Span<char> buffer = stackalloc char[MaxShared];
        if (utf8.Length == 0) return "";
        return Encoding.UTF8.TryGetChars(utf8, buffer, out var length) ? Intern(buffer[..length], null) : Encoding.UTF8.GetString(utf8);
    }

    private string Intern(string text) => text.Length > MaxShared ? text : Intern(text, text);

    private string Intern(ReadOnlySpan<char> text, string? whole)
    {
        if (_lookup.TryGetValue(text, out var known)) return known;
        whole ??= new string(text);
        if (Volatile.Read(ref _count) >= _capacity) return whole;
        if (!_strings.TryAdd(whole, whole)) return _strings.TryGetValue(whole, out known) ? known : whole;
        Interlocked.Increment(ref _count);
        return whole;
    }
}
