using System.Security.Cryptography;
using HealthLedger.Ledger;
using HealthLedger.Vault;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Tests.Vault;

/// <summary>docs/formats/vault.md: the frozen bytes are what this version writes; a change of them is a new format.</summary>
public sealed class CodecTests
{
    private const string FrozenRedo = "0100000002" + "01" + "00000000000000000000000000000007" + "00000000000000000000000000000009" + "00000003" + "AABBCC"
        + "04" + "00000000000000000000000000000000" + "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF" + "00000000";

    private const string FrozenSegment = "0100000001" + "00000005" + "00" + "01" + "00000002" + "0000000000000064" + "00000000000000000000000000000007"
        + "0000000000000000000000000000000000000000000000000000000000000009" + "0000000B" + "4F62736572766174696F6E" + "00000002" + "6F31" + "0000000E" + "4F7267616E697A6174696F6E2F31"
        + "00000002" + "AABB" + "00000001" + "CC" + "00000000000000000000000000000008" + "00000003" + "010203";

    [Fact]
    public void Redo_bytes_are_frozen()
    {
        RowChange[] changes =
        [
            new(new RowPlace(VaultTable.Record, new KeyedName(7), new KeyedName(9)), new byte[] { 0xAA, 0xBB, 0xCC }),
            new(new RowPlace(VaultTable.Locator, default, new KeyedName(UInt128.MaxValue)), default),
        ];
        Assert.Equal(FrozenRedo, Convert.ToHexString(RedoCodec.Encode(changes)));
        var read = RedoCodec.Decode(Convert.FromHexString(FrozenRedo));
        Assert.Equal(changes.Select(change => change.Place), read.Select(change => change.Place));
        Assert.Equal(changes.Select(change => Convert.ToHexString(change.Sealed.Span)), read.Select(change => Convert.ToHexString(change.Sealed.Span)));
    }

    [Fact]
    public void Segment_bytes_are_frozen()
    {
        var entry = new ShelfEntry
        {
            Key = new RecordKey("Observation", "o1", 2), LastUpdated = new DateTimeOffset(100, TimeSpan.Zero), State = EntryState.Live, Handle = new KeyedName(7),
            CiphertextHash = new Hash256(0, 9), Custodian = "Organization/1", Annotation = new byte[] { 0xCC }, Shared = new SharedContent(new KeyedName(8), new byte[] { 1, 2, 3 }),
        };
        var written = SegmentCodec.Write([new StoredEntry(5, entry, new byte[] { 0xAA, 0xBB })]);
        Assert.Equal(FrozenSegment, Convert.ToHexString(written));
        var read = Assert.Single(SegmentCodec.Read(Convert.FromHexString(FrozenSegment), text => text));
        Assert.Equal((5, entry.Key, entry.LastUpdated, entry.Handle), (read.Slot, read.Entry.Key, read.Entry.LastUpdated, read.Entry.Handle));
        Assert.Equal([0xAA, 0xBB], read.Terms.ToArray());
        Assert.Equal(entry.Shared.Home, read.Entry.Shared!.Home);
    }

    [Fact]
    public void Shortened_lengthened_and_random_bytes_are_refused_and_nothing_worse()
    {
        foreach (var frozen in new[] { FrozenRedo, FrozenSegment })
        {
            var good = Convert.FromHexString(frozen);
            Action<byte[]> read = frozen == FrozenRedo ? bytes => RedoCodec.Decode(bytes) : bytes => SegmentCodec.Read(bytes, text => text);
            for (var length = 0; length < good.Length; length++)
            {
                Assert.Throws<InvalidDataException>(() => read(good[..length]));
            }

            Assert.Throws<InvalidDataException>(() => read([.. good, 0]));
            for (var i = 0; i < 20_000; i++)
            {
                var changed = good.ToArray();
                changed[RandomNumberGenerator.GetInt32(changed.Length)] = RandomNumberGenerator.GetBytes(1)[0];
                try
                {
                    read(changed);
                }
                catch (InvalidDataException)
                {
                    continue;
                }
            }
        }
    }

    [Fact]
    public void A_change_has_a_greatest_number_of_rows() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => RedoCodec.Encode(new RowChange[RedoCodec.MaxChanges + 1]));
}
