// docs/operations.md, "Erasing a patient's records": from the erasure on the patient is to everybody as one who never was, whatever was under way. An erasure comes at each point at which a
// reading waits for storage, keys or the ledger; the reading ends as if it had come before or after, never by a fault, never with a part, and the access that was recorded stays on the chain.
using System.Text;
using HealthLedger.Access;
using HealthLedger.Fhir.Search;
using HealthLedger.Gateway.Tests.Admin;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using Microsoft.Extensions.DependencyInjection;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Access;

public sealed class ErasedWhileReadTests(ErasedWhileReadTests.Place place) : IClassFixture<ErasedWhileReadTests.Place>
{
    private const int MostPoints = 60;
    private static readonly SearchOptions Options = new() { Now = new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero) };

    public static TheoryData<string, bool> Readings()
    {
        var readings = new TheoryData<string, bool>();
        foreach (var reading in new[] { "read", "vread", "history", "history of the type", "search", "everything", "compartment", "export", "deleted" })
        {
            readings.Add(reading, false);
            readings.Add(reading, true);
        }

        return readings;
    }

    [Theory]
    [MemberData(nameof(Readings))]
    public async Task Wherever_an_erasure_comes_between_the_answer_is_whole_or_that_of_one_who_never_was(string reading, bool isWarm)
    {
        var absent = 0;
        for (var point = 1; ; point++)
        {
            Assert.True(point < MostPoints, "The reading has no end.");
            var patient = await place.Add(reading == "deleted");
            using var world = new InterleavedErasure(place.Gateway, patient);
            if (isWarm)
            {
                _ = await Ids(await world.Disclosure.Disclose(Request(patient, reading), default));
            }

            world.EraseAt(point);
            var seen = await Ids(await world.Disclosure.Disclose(Request(patient, reading), default));
            if (!await world.HasErased())
            {
                Assert.Equal(Whole(patient, reading), seen);
                await world.Erase();
                break;
            }

            Assert.Contains(seen, new[] { Whole(patient, reading), Absent(reading) });
            absent += seen == Absent(reading) ? 1 : 0;
            if (world.WasRecordedBefore || seen != Absent(reading))
            {
                Assert.Contains(world.Facts(), fact => fact[FactField.Event] == "access" && fact[FactField.Request] == "r");
            }

            Assert.Equal(Absent(reading), await Ids(await world.Disclosure.Disclose(Request(patient, reading), default)));
        }

        Assert.True(absent >= 2, "An erasure before the entry and one behind it are two at least.");
    }

    [Fact]
    public async Task A_record_that_another_patient_shares_is_read_as_ever_or_found_a_moment_later()
    {
        for (var point = 1; ; point++)
        {
            Assert.True(point < MostPoints, "The reading has no end.");
            var patient = await place.Add(deleted: false);
            var shared = (await place.Gateway.Post(Hospital, "Appointment", Records.Shared(null, patient, Place.Stays))).Is(201).Id;
            using var world = new InterleavedErasure(place.Gateway, patient);
            world.EraseAt(point);
            var request = Request(patient, "read") with { Caller = CallerOf(Hospital, "Organization/north"), Target = new Target.Record("Appointment", shared, null) };
            (await world.Disclosure.Disclose(request, default)).Dispose();
            var erased = await world.HasErased();
            Assert.Equal($"Appointment/{shared}/_history/1", await Ids(await world.Disclosure.Disclose(request, default)));
            if (!erased)
            {
                break;
            }
        }
    }

    [Fact]
    public async Task What_the_gateway_writes_by_itself_does_not_bring_back_who_was_erased_meanwhile()
    {
        var gateway = place.Gateway;
        var patient = await place.Add(deleted: false);
        var request = new ChangeRequest
        {
            Caller = CallerOf(Hospital, "Organization/north"),
            Purpose = PurposeOfUse.Treatment,
            RequestId = "w",
            Interaction = "create",
            OnlyOfKnownPatients = true,
            Changes = [new Change(ChangeKind.Create, "Observation", null, Encoding.UTF8.GetBytes(Records.Observation(null, patient).ToJsonString()))],
        };
        var changes = gateway.Host.Services.GetRequiredService<RecordChange>();
        Assert.IsType<ChangeResult.Changed>(await changes.Apply(request, default));
        (await gateway.Erase(patient)).Is(200);
        Assert.Equal(ChangeFault.NotThere, Assert.IsType<ChangeResult.Refused>(await changes.Apply(request, default)).Fault);
        Assert.Equal("absent", (await gateway.Erase(patient)).Is(404).Error());
    }

    private static DisclosureRequest Request(string patient, string reading) => new()
    {
        Caller = reading == "deleted" ? CallerOf(Hospital, "Organization/north") : CallerOf(Clinic, "Organization/riverside"),
        Purpose = PurposeOfUse.Treatment,
        RequestId = "r",
        Target = reading switch
        {
            "read" or "deleted" => new Target.Record("Observation", "pulse-" + patient, null),
            "vread" => new Target.Record("Observation", "pulse-" + patient, 2),
            "history" => new Target.History("Observation", "pulse-" + patient, HistoryQuery.Parse("Observation", []).Query!, "", default),
            "history of the type" => new Target.History("Observation", null, HistoryQuery.Parse("Observation", []).Query!, "", default),
            "search" => new Target.Criteria("Observation", SearchQuery.Parse("Observation", [KeyValuePair.Create("code", "8867-4")], Options).Query!, "code=8867-4", default),
            "everything" => new Target.Everything("Patient", patient, EverythingQuery.Parse([]).Query!, "", default),
            "compartment" => new Target.Compartment(patient),
            _ => new Target.Population("$export", "Observation", Cohort.Of([patient, Place.Stays]), false, [], null, DateTimeOffset.MaxValue, default),
        },
    };

    private static Caller CallerOf(string client, string organization) => new()
    {
        ClientId = client, Organization = organization, Role = CallerRole.System, Purposes = [PurposeOfUse.Treatment], Scopes = [SmartScope.Parse("system/*.cruds")!],
    };

    private static string Whole(string patient, string reading) => reading switch
    {
        "read" or "vread" => $"Observation/pulse-{patient}/_history/2",
        "deleted" => "gone",
        "history" => $"Observation/pulse-{patient}/_history/1 Observation/pulse-{patient}/_history/2 total 2",
        "history of the type" => $"Observation/pulse-{patient}/_history/1 Observation/pulse-{patient}/_history/2 {Of(Place.Stays, 1)} {Of(Place.Stays, 2)} total 4",
        "search" => $"{Of(patient, 2)} {Of(Place.Stays, 2)} total 2",
        "export" => $"{Of(patient, 2)} {Of(Place.Stays, 2)}",
        _ => $"Observation/pulse-{patient}/_history/2 Patient/{patient}/_history/1 total 2",
    };

    private static string Absent(string reading) => reading switch
    {
        "history of the type" => $"{Of(Place.Stays, 1)} {Of(Place.Stays, 2)} total 2",
        "search" => $"{Of(Place.Stays, 2)} total 1",
        "export" => Of(Place.Stays, 2),
        "compartment" => "total 0",
        _ => "absent",
    };

    private static string Of(string patient, int version) => $"Observation/pulse-{patient}/_history/{version}";

    /// <summary>What an answer shows, in one line.</summary>
    private static async Task<string> Ids(DisclosureResult result)
    {
        using (result)
        {
            var records = new List<string>();
            switch (result)
            {
                case DisclosureResult.Disclosed disclosed:
                    Assert.All(disclosed.Records, record => Assert.False(record.Json.IsEmpty));
                    records.AddRange(disclosed.Records.Select(record => record.Key.ToString()));
                    return string.Join(' ', [.. records.Order(StringComparer.Ordinal), .. disclosed.Total is { } total ? [$"total {total}"] : Array.Empty<string>()]);
                case DisclosureResult.Streamed streamed:
                    await foreach (var record in streamed.Records)
                    {
                        using (record)
                        {
                            Assert.False(record.Json.IsEmpty);
                            records.Add(record.Key.ToString());
                        }
                    }

                    return string.Join(' ', records.Order(StringComparer.Ordinal));
                case DisclosureResult.NotThere:
                    return "absent";
                default:
                    return Assert.IsType<DisclosureResult.Gone>(result) is null ? "" : "gone";
            }
        }
    }

    /// <summary>A gateway in which a patient is added for each erasure.</summary>
    public sealed class Place : IAsyncLifetime
    {
        public const string Stays = "zoe";
        private int _added;

        internal TestGateway Gateway { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Gateway = await TestGateway.Start();
            await Gateway.AddPatient(Stays);
        }

        public async Task DisposeAsync() => await Gateway.DisposeAsync();

        public async Task<string> Add(bool deleted)
        {
            var id = $"p{Interlocked.Increment(ref _added):d5}";
            await Gateway.AddPatient(id);
            if (deleted)
            {
                (await Gateway.Delete(Hospital, "Observation/pulse-" + id)).Is(204);
            }

            return id;
        }
    }
}
