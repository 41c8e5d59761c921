// /health/ready says whether requests for records are answered: 503 and why where the ledger takes nothing, in words without personal data; the log says it too, and the meter in numbers.
using System.Diagnostics.Metrics;
using HealthLedger.Gateway.Tests.Fhir;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Hosting;

public sealed class ReadinessTests
{
    [Fact]
    public async Task A_halted_ledger_is_not_ready_and_says_why_while_what_it_proved_is_still_served()
    {
        await using var gateway = await TestGateway.Start();
        using var log = new CapturedLog();
        gateway.Host.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        (await gateway.Put(Hospital, "Patient/anna", Records.Patient("anna", "Anna"))).Is(201);
        Assert.Equal("ready", (await Ready(gateway)).Is(200).Text);

        gateway.Host.Storage.Ledger.Halt("Another history of this ledger was signed.");
        Assert.Equal("not ready: Another history of this ledger was signed.", (await Ready(gateway)).Is(503).Text);
        (await gateway.Get(Hospital, "Patient/anna")).IsFault(503, "transient");
        (await gateway.Delete(Hospital, "Consent/none")).IsFault(503, "transient");
        (await gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/ledger/checkpoint"))).Is(200);
        (await gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/health/live"))).Is(200);
        await log.Shows("The ledger takes no entries, so nothing is disclosed or changed: Another history of this ledger was signed.");
    }

    [Fact]
    public async Task A_clock_that_went_back_is_not_ready_until_it_is_right()
    {
        var clock = new TestClock();
        await using var gateway = await TestGateway.Start(clock);
        (await gateway.Put(Hospital, "Patient/anna", Records.Patient("anna", "Anna"))).Is(201);
        clock.Advance(-TimeSpan.FromHours(1));
        Assert.Contains("clock", (await Ready(gateway)).Is(503).Text, StringComparison.Ordinal);
        clock.Advance(TimeSpan.FromHours(1));
        (await Ready(gateway)).Is(200);
    }

    [Fact]
    public async Task A_disk_that_fills_up_is_told_by_readiness_log_and_meter_and_so_is_room_that_is_back()
    {
        using var directory = new TestDirectory();
        using var disk = SmallDisk.Mount("tmpfs", directory.Data, 256);
        if (disk is null)
        {
            return; // nothing can be mounted here; ReserveTests say so
        }

        var (free, left) = (long.MaxValue, 1.0);
        using var meter = new MeterListener();
        meter.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "HealthLedger.Ledger")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        meter.SetMeasurementEventCallback<long>((instrument, value, _, _) => free = instrument.Name == "healthledger.ledger.disk.free" ? Math.Min(free, value) : free);
        meter.SetMeasurementEventCallback<double>((instrument, value, _, _) => left = instrument.Name == "healthledger.ledger.reserve.left" ? Math.Min(left, value) : left);
        meter.Start();

        await using var gateway = await TestGateway.Start(directory, settings: "--HealthLedger:ReserveMegabytes=16");
        using var log = new CapturedLog();
        gateway.Host.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        await gateway.Token(Hospital);
        disk.Fill();
        await log.Shows("The ledger takes few entries: The disk is nearly full");

        // Attempts until the reserve is used up: then nothing is taken, nothing is lost, and everything goes on with room.
        var taken = 0;
        while ((await gateway.Delete(Hospital, "Consent/none")).Status == 204)
        {
            Assert.True(++taken < 50_000, "The reserve has no end.");
        }

        Assert.InRange(taken, 1_000, 50_000);
        Assert.Contains("used up", (await Ready(gateway)).Is(503).Text, StringComparison.Ordinal);
        await log.Shows("used up");
        disk.Clear();
        await log.Shows("The ledger takes every entry again.");
        (await Ready(gateway)).Is(200);
        (await gateway.Put(Hospital, "Patient/anna", Records.Patient("anna", "Anna"))).Is(201);
        Assert.Equal(0, free);
        Assert.InRange(left, 0, 0.1);
    }

    private static Task<Answer> Ready(TestGateway gateway) => gateway.Send(new HttpRequestMessage(HttpMethod.Get, "/health/ready"));
}
