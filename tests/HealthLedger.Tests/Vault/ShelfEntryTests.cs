using HealthLedger.Ledger;
using HealthLedger.Vault;

namespace HealthLedger.Tests.Vault;

public sealed class ShelfEntryTests
{
    [Fact]
    public void A_record_with_very_many_versions_weighs_what_all_of_them_do()
    {
        const int Versions = 200_000;
        var entry = Version(1);
        var one = entry.Weight;
        for (var version = 2; version <= Versions; version++)
        {
            entry = Version(version).After(entry.Superseded());
        }

        Assert.Equal(Versions * one, entry.Weight);
        Assert.Equal(entry.Weight, entry.With(null, 0, default).Weight);
        Assert.Equal(entry.Weight, entry.Superseded().Weight);
    }

    private static ShelfEntry Version(int version) => new()
    {
        Key = new RecordKey("Observation", "o", version),
        LastUpdated = DateTimeOffset.UnixEpoch,
        State = EntryState.Live,
        Handle = default,
        CiphertextHash = default,
        Custodian = "Organization/1",
    };
}
