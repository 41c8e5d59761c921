// Who can write to storage can put old rows back, swap rows, change bytes and delete: the vault notices, and discloses nothing.
using HealthLedger.Ledger;
using HealthLedger.StoreContract;
using HealthLedger.Vault;
using HealthLedger.Vault.Storage;
using static HealthLedger.StoreContract.VaultWorld;

namespace HealthLedger.Tests.Vault;

public sealed class TamperingTests : IDisposable
{
    private static readonly ShelfId Ann = ShelfId.ForPatient("ann"), Bob = ShelfId.ForPatient("bob");
    private static readonly RecordKey First = new("Observation", "o1", 1), Second = new("Observation", "o1", 2), Other = new("Observation", "o2", 1);
    private readonly VaultWorld world = InMemory();

    private Dictionary<RowPlace, byte[]> Rows => ((MemoryVaultStore)world.Store).Rows;

    [Fact]
    public async Task An_old_version_put_back_in_place_of_the_new_one_is_noticed()
    {
        await Fill();
        var (first, second) = (await PlaceOf(First), await PlaceOf(Second));
        Rows[second] = Rows[first];
        await Refused(Second, second);
    }

    [Fact]
    public async Task Swapped_rows_are_noticed_within_a_shelf_and_between_shelves()
    {
        await Fill();
        var (second, other, bobs) = (await PlaceOf(Second), await PlaceOf(Other), await PlaceOf(new RecordKey("Observation", "b1", 1)));
        (Rows[second], Rows[other], Rows[bobs]) = (Rows[other], Rows[bobs], Rows[second]);
        await Refused(Second, second);
        await Refused(Other, other);
        await Refused(new RecordKey("Observation", "b1", 1), bobs);
    }

    [Fact]
    public async Task A_flipped_bit_in_any_byte_of_a_record_is_noticed()
    {
        await Fill();
        var place = await PlaceOf(Second);
        var good = Rows[place];
        for (var at = 0; at < good.Length; at++)
        {
            Rows[place] = [.. good];
            Rows[place][at] ^= (byte)(1 << (at % 8));
            await Refused(Second, place);
        }

        Rows[place] = good;
        Assert.Equal("two", await world.Read(Second));
    }

    [Fact]
    public async Task A_missing_shortened_or_lengthened_record_is_noticed()
    {
        await Fill();
        var place = await PlaceOf(Second);
        var good = Rows[place];
        foreach (var bad in new[] { good[..^1], good[..10], [.. good, 0] })
        {
            Rows[place] = bad;
            await Refused(Second, place);
        }

        Rows.Remove(place);
        await Refused(Second, place);
        Assert.Equal("one", await world.Read(First));
    }

    [Fact]
    public async Task A_flipped_bit_in_any_byte_of_a_head_a_segment_or_a_locator_is_noticed()
    {
        await Fill();
        foreach (var table in new[] { VaultTable.Head, VaultTable.Segment, VaultTable.Locator, VaultTable.Patient })
        {
            var places = Rows.Keys.Where(place => place.Table == table).ToList();
            var (place, good) = (places[0], Rows[places[0]]);
            for (var at = 0; at < good.Length; at += at < 100 ? 1 : 17)
            {
                Rows[place] = [.. good];
                Rows[place][at] ^= 0x10;
                world.Reopen();
                await Assert.ThrowsAsync<TamperedRecordException>(TouchEverything);
            }

            Rows[place] = good;
        }

        world.Reopen();
        await TouchEverything();
    }

    [Fact]
    public async Task A_shelf_with_its_last_change_taken_away_or_an_old_head_is_noticed()
    {
        await world.Write(Put("Observation", "o1", 1, "one", Ann));
        var before = ((MemoryVaultStore)world.Store).Copy();
        await world.Write(Put("Observation", "o1", 2, "two", Ann));
        var head = Rows.Keys.Single(place => place.Table == VaultTable.Head);
        var last = Rows.Keys.Where(place => place.Table == VaultTable.Segment).MaxBy(place => place.Row.Value);
        var (newHead, newSegment) = (Rows[head], Rows[last]);

        Rows.Remove(last);
        await ShelfRefused();
        Rows[last] = newSegment;
        Rows[head] = before[head];
        await ShelfRefused();
        Rows.Remove(head);
        await ShelfRefused();
        Rows[head] = newHead;
        Rows[last] = Rows[Rows.Keys.Where(place => place.Table == VaultTable.Segment).MinBy(place => place.Row.Value)];
        await ShelfRefused();
        Rows[last] = newSegment;
        world.Reopen();
        Assert.Equal("two", await world.Read(Second));
    }

    [Fact]
    public async Task A_shelf_taken_away_whole_is_noticed_when_one_of_its_records_is_opened()
    {
        await Fill();
        foreach (var place in Rows.Keys.Where(place => place.Table is VaultTable.Head or VaultTable.Segment).ToList())
        {
            Rows.Remove(place);
        }

        world.Reopen();
        await Assert.ThrowsAsync<TamperedRecordException>(() => world.Read(Second));
    }

    [Fact]
    public async Task Heads_segments_and_locators_of_one_record_do_not_open_as_anothers()
    {
        await Fill();
        foreach (var table in new[] { VaultTable.Head, VaultTable.Segment, VaultTable.Locator, VaultTable.Patient })
        {
            var places = Rows.Keys.Where(place => place.Table == table).Take(2).ToList();
            (Rows[places[0]], Rows[places[1]]) = (Rows[places[1]], Rows[places[0]]);
            world.Reopen();
            await Assert.ThrowsAsync<TamperedRecordException>(TouchEverything);
            (Rows[places[0]], Rows[places[1]]) = (Rows[places[1]], Rows[places[0]]);
        }
    }

    [Fact]
    public async Task The_message_tells_nothing_of_the_patient_and_the_next_read_looks_again()
    {
        await Fill();
        var place = await PlaceOf(Second);
        var good = Rows[place];
        Rows[place] = new byte[good.Length];
        var refused = await Assert.ThrowsAsync<TamperedRecordException>(() => world.Read(Second));
        Assert.DoesNotContain("ann", refused.ToString().Split(" at ")[0], StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Observation", refused.Message);
        Rows[place] = good;
        Assert.Equal("two", await world.Read(Second));

        var head = Rows.Keys.First(row => row.Table == VaultTable.Head && row.Shelf == place.Shelf);
        good = Rows[head];
        Rows[head] = new byte[good.Length];
        await ShelfRefused();
        Rows[head] = good;
        await world.OpenShelf(Ann); // a load that failed is not remembered
    }

    public void Dispose() => world.Dispose();

    private async Task Fill()
    {
        await world.Write(Put("Patient", "ann", 1, "Ann", Ann), Put("Observation", "o1", 1, "one", Ann), Put("Observation", "o2", 1, "six", Ann));
        await world.Write(Put("Observation", "o1", 2, "two", Ann));
        await world.Write(Put("Patient", "bob", 1, "Bob", Bob), Put("Observation", "b1", 1, "bob", Bob));
    }

    private async Task<RowPlace> PlaceOf(RecordKey key)
    {
        var shelf = await world.OpenShelf((await world.Vault.Locate(key.Type, key.Id, default))!.Value[0]);
        return new RowPlace(VaultTable.Record, shelf.Tag, shelf.Find(key)!.Handle);
    }

    private async Task Refused(RecordKey key, RowPlace place)
    {
        var refused = await Assert.ThrowsAsync<TamperedRecordException>(() => world.Read(key));
        Assert.Equal(place, refused.Place);

        // Among others it is noticed too, and none of them opens.
        var (entry, ann) = (await world.Permit(First, key), await world.OpenShelf(Ann));
        var its = await world.OpenShelf((await world.Vault.Locate(key.Type, key.Id, default))!.Value[0]);
        refused = await Assert.ThrowsAsync<TamperedRecordException>(async () => await world.Vault.Open(entry, [(ann, First), (its, key), (ann, First)], default));
        Assert.Equal(place, refused.Place);
    }

    private async Task ShelfRefused()
    {
        world.Reopen();
        await Assert.ThrowsAsync<TamperedRecordException>(async () => await world.Vault.OpenShelf(Ann, default));
    }

    private async Task TouchEverything()
    {
        await world.Vault.Patients.PatientIds(default);
        foreach (var key in new[] { new RecordKey("Patient", "ann", 1), First, Second, Other, new RecordKey("Patient", "bob", 1), new RecordKey("Observation", "b1", 1) })
        {
            await world.Read(key);
        }
    }
}
