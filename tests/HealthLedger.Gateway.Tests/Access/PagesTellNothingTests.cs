// docs/threats.md, "Finding out that something is hidden", for searches that take several requests: page links stay equal while hidden records come and go between the pages.
using HealthLedger.Gateway.Tests.Fhir;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Access;

public sealed class PagesTellNothingTests(TwoWorlds worlds) : IClassFixture<TwoWorlds>
{
    [Theory]
    [InlineData("Observation?_count=2")]
    [InlineData("Observation?_count=3&_sort=-date")]
    [InlineData("Observation?patient=partial&_count=2")]
    [InlineData("Patient?_count=1&family=Openshaw")]
    [InlineData("Condition?_count=1")]
    public async Task Pages_are_the_same_while_hidden_records_come_and_go(string search)
    {
        var (less, more) = (search, search);
        for (var page = 0; page < 30; page++)
        {
            var fromLess = await worlds.Less.Get(Clinic, less);
            var fromMore = await worlds.More.Get(Clinic, more);
            Assert.Equal(TwoWorlds.Normal(worlds.Less, fromLess), TwoWorlds.Normal(worlds.More, fromMore));
            if (fromLess.Link("next") is not { } next)
            {
                return;
            }

            (less, more) = (next, fromMore.Link("next")!);
            Assert.Equal(less.Length, more.Length);

            var id = "coming-" + Guid.NewGuid().ToString("N")[..8];
            (await worlds.More.Put(Hospital, "Observation/" + id, Records.Observation(id, "partial", label: "R"))).Is(201);
            if (page % 2 == 0)
            {
                (await worlds.More.Delete(Hospital, "Observation/" + id)).Is(204);
            }
        }

        Assert.Fail("The pages have no end.");
    }
}
