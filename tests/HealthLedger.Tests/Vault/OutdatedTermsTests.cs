using HealthLedger.Ledger;
using HealthLedger.StoreContract;
using HealthLedger.Vault;
using HealthLedger.Vault.Storage;
using static HealthLedger.StoreContract.VaultWorld;

namespace HealthLedger.Tests.Vault;

/// <summary>Search terms are derived data: those of another version of the definitions are made again, and nothing else changes.</summary>
public sealed class OutdatedTermsTests : IDisposable
{
    private static readonly ShelfId Ann = ShelfId.ForPatient("ann"), Bob = ShelfId.ForPatient("bob");
    private readonly VaultWorld world = InMemory();

    private Dictionary<RowPlace, byte[]> Rows => ((MemoryVaultStore)world.Store).Rows;

    [Fact]
    public async Task Terms_of_other_definitions_are_extracted_again_from_own_and_shared_records()
    {
        await world.Write(Resource("o1", 1, "old", Ann), Resource("both", 1, "shared", Bob, Ann));
        await world.Write(Resource("o1", 2, "new", Ann));
        Outdate();
        world.Reopen();
        var shelf = await world.OpenShelf(Ann);
        Assert.Equal("new", ContentOf(shelf.Find("Observation", "o1")!.Terms!));
        Assert.Null(shelf.Find("Observation", "o1")!.Previous!.Terms);
        Assert.Equal("shared", ContentOf(shelf.Find("Observation", "both")!.Terms!));
    }

    [Fact]
    public async Task A_record_that_was_changed_in_storage_is_not_trusted_for_its_terms()
    {
        await world.Write(Resource("o1", 1, "content", Ann));
        Outdate();
        Rows[Rows.Keys.Single(place => place.Table == VaultTable.Record)][50] ^= 1;
        world.Reopen();
        await Assert.ThrowsAsync<TamperedRecordException>(async () => await world.Vault.OpenShelf(Ann, default));
    }

    [Fact]
    public async Task They_are_stored_anew_when_segments_are_merged()
    {
        await world.Write(Resource("first", 1, "first", Ann));
        Outdate();
        world.Reopen();
        for (var version = 1; version <= 70; version++)
        {
            await world.Write(Resource("o1", version, "version " + version, Ann));
        }

        foreach (var place in Rows.Keys.Where(place => place.Table == VaultTable.Record).ToList())
        {
            Rows.Remove(place); // so that nothing can be extracted again
        }

        world.Reopen();
        Assert.Equal("first", ContentOf((await world.OpenShelf(Ann)).Find("Observation", "first")!.Terms!));
    }

    public void Dispose() => world.Dispose();

    private static RecordWrite Resource(string id, int version, string content, params ShelfId[] shelves) =>
        Put("Observation", id, version, $$"""{"resourceType":"Observation", "id":"{{id}}", "meta":{"security":[{"system":"urn:test", "code":"{{content}}"}] } }""", shelves)
            with { Terms = TermsOf("Observation", id, content) };

    /// <summary>Seals every segment again with another fingerprint in its terms.</summary>
    private void Outdate()
    {
        var sealer = new RowSealer(world.Ring.Tenant);
        foreach (var id in new[] { Ann, Bob })
        {
            using var keys = world.Ring.Find(id);
            foreach (var place in Rows.Keys.Where(place => place.Table == VaultTable.Segment).ToList())
            {
                using var opened = keys is null ? null : sealer.Open(keys.Terms.Span, place, 0, Rows[place]);
                if (opened is not null)
                {
                    var entries = SegmentCodec.Read(opened.Memory, text => text).Select(entry => entry with { Terms = Changed(entry.Terms.ToArray()) });
                    Rows[place] = sealer.Seal(keys!.Terms.Span, place, 0, SegmentCodec.Write([.. entries]));
                }
            }
        }
    }

    private static byte[] Changed(byte[] terms)
    {
        terms[1] ^= 0xFF;
        return terms;
    }
}
