// docs/formats/entry.md
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;

namespace HealthLedger.Proofs.Tests.Entries;

public class LedgerEntryTests
{
    private static readonly DateTimeOffset s_time = DateTimeOffset.FromUnixTimeSeconds(1_700_000_059);

    public static LedgerEntry Any(Random random)
    {
        var time = DateTimeOffset.FromUnixTimeSeconds(random.NextInt64(0, 4_000_000_000));
        return random.Next(5) switch
        {
            4 => LedgerEntry.ForEvent(time, random.Hash(), random.Hash(), EntryKind.Erase),
            0 => LedgerEntry.ForEvent(time, random.Hash(), random.Hash()),
            1 => LedgerEntry.ForState(time, random.Hash(), (ulong)random.NextInt64(), (ulong)random.NextInt64()),
            var kind => LedgerEntry.ForConsent(
                time, random.Hash(), random.Hash(), (ConsentOperation)(kind - 1), random.Hash(), (ulong)random.NextInt64(1, long.MaxValue), random.Hash()),
        };
    }

    [Fact]
    public void Every_entry_reads_back_as_written() => Laws.Check(200, random =>
    {
        var entry = Any(random);
        var bytes = entry.ToBytes();
        return bytes.Length == 256 && LedgerEntry.Parse(bytes).Value == entry && entry.LeafHash() == MerkleHash.Leaf(bytes);
    });

    [Fact]
    public void A_changed_byte_is_refused_or_gives_another_entry_that_writes_those_bytes() => Laws.Check(300, random =>
    {
        var bytes = Any(random).ToBytes();
        bytes[random.Next(256)] ^= (byte)(1 << random.Next(8));
        return !LedgerEntry.Parse(bytes).TryGet(out var entry, out _) || entry.ToBytes().AsSpan().SequenceEqual(bytes);
    });

    [Fact]
    public void The_time_is_rounded_down_to_the_minute()
    {
        Assert.Equal(1_700_000_040UL, LedgerEntry.ForEvent(s_time, Hash.Zero, Hash.Zero).Time);
        Assert.Throws<ArgumentOutOfRangeException>(() => LedgerEntry.CoarseTime(DateTimeOffset.UnixEpoch.AddSeconds(-1)));
    }

    [Fact]
    public void A_state_entry_carries_count_and_previous_index()
    {
        var entry = LedgerEntry.ForState(s_time, Hash.Zero, 5, LedgerEntry.NoPreviousState);
        Assert.Equal((5UL, ulong.MaxValue), (entry.StateCount, entry.PreviousState));
        Assert.Equal("0000000000000005ffffffffffffffff00000000000000000000000000000000", entry.Tag.ToString());
    }

    [Theory]
    [InlineData(0, 0, "entry-suite")]
    [InlineData(0, 2, "entry-suite")]
    [InlineData(1, 0, "entry-kind")]
    [InlineData(1, 7, "entry-kind")]
    [InlineData(2, 1, "entry-reserved")]
    [InlineData(7, 1, "entry-reserved")]
    [InlineData(8, 0x80, "entry-time")]
    [InlineData(15, 1, "entry-time")]
    [InlineData(80, 3, "entry-operation")]
    [InlineData(80, 1, "entry-operation-fields")]
    [InlineData(81, 1, "entry-reserved")]
    [InlineData(87, 1, "entry-reserved")]
    [InlineData(88, 1, "entry-operation-fields")]
    [InlineData(127, 1, "entry-operation-fields")]
    [InlineData(159, 1, "entry-operation-fields")]
    [InlineData(160, 1, "entry-reserved")]
    [InlineData(255, 1, "entry-reserved")]
    public void A_byte_out_of_place_in_an_event_is_refused(int at, byte value, string code)
    {
        var bytes = LedgerEntry.ForEvent(DateTimeOffset.UnixEpoch, Hash.Zero, Hash.Zero).ToBytes();
        bytes[at] = value;
        Assert.Equal(code, LedgerEntry.Parse(bytes).Fault!.Code);
    }

    [Fact]
    public void Operations_stand_on_events_only_and_need_their_fields()
    {
        var grant = LedgerEntry.ForConsent(s_time, Hash.Zero, Hash.Zero, ConsentOperation.Grant, new Random(1).Hash(), LedgerEntry.NoEnd, Hash.Zero).ToBytes();
        foreach (var kind in new byte[] { 2, 3, 4, 5 })
        {
            var moved = grant.ToArray();
            moved[1] = kind;
            Assert.Equal("entry-operation-kind", LedgerEntry.Parse(moved).Fault!.Code);
        }

        grant.AsSpan(120, 8).Clear();
        Assert.Equal("entry-operation-fields", LedgerEntry.Parse(grant).Fault!.Code);
        grant[120] = 0x80;
        Assert.Equal("entry-operation-fields", LedgerEntry.Parse(grant).Fault!.Code);
        Assert.Throws<ArgumentException>(() => LedgerEntry.ForConsent(s_time, Hash.Zero, Hash.Zero, ConsentOperation.Grant, Hash.Zero, 1, Hash.Zero));
        Assert.Throws<ArgumentException>(() => LedgerEntry.ForConsent(s_time, Hash.Zero, Hash.Zero, ConsentOperation.None, new Random(1).Hash(), 1, Hash.Zero));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(255)]
    [InlineData(257)]
    public void Any_other_length_is_refused(int length) => Assert.Equal("entry-length", LedgerEntry.Parse(new byte[length]).Fault!.Code);
}
