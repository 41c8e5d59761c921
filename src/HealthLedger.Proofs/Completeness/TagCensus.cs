using System.Buffers.Binary;
using System.Security.Cryptography;
using HealthLedger.Proofs.Hashing;

namespace HealthLedger.Proofs.Completeness;

/// <summary>
/// How often each tag stands in a ledger whose entries were all read. Who holds a chain's tag key can then tell whether its numbers are there without a gap and each once: an
/// event with a number far ahead, or with one that another event has, is on the chain and yet on nobody's list.
/// </summary>
/// <remarks>
/// Memory: 16 bytes for each entry on a chain, of its tag an HMAC under a random key, so that nobody can make two tags that are taken for one. Not safe for several threads.
/// </remarks>
public sealed class TagCensus
{
    private const int KeyLength = 32;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(KeyLength);
    private readonly List<UInt128> _marks = [];
    private bool _sorted = true;

    /// <summary>Tags that were counted.</summary>
    public int Count => _marks.Count;

    /// <summary>Counts the tag of an entry that stands on a chain.</summary>
    public void Add(in Hash tag)
    {
        _marks.Add(MarkOf(tag));
        _sorted = false;
    }

    /// <summary>How many entries carry this tag, as far as it matters: 0, 1 or 2 for several.</summary>
    public int CountOf(in Hash tag)
    {
        if (!_sorted)
        {
            _marks.Sort();
            _sorted = true;
        }

        var mark = MarkOf(tag);
        var at = _marks.BinarySearch(mark);
        return at < 0 ? 0 : (at > 0 && _marks[at - 1] == mark) || (at + 1 < _marks.Count && _marks[at + 1] == mark) ? 2 : 1;
    }

    private UInt128 MarkOf(in Hash tag)
    {
        Span<byte> mac = stackalloc byte[Hash.Length];
        Sha256.Hmac(_key, tag.Bytes, mac);
        return BinaryPrimitives.ReadUInt128BigEndian(mac);
    }
}
