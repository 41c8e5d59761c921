using System.Diagnostics;
using System.Text;
using System.Text.Json;
using HealthLedger.Gateway.Demo.Hospital;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Review;
using HealthLedger.Vault;

namespace HealthLedger.Gateway.Demo;

/// <summary>Steps 6 to 9: withdrawal, the patient's list, verification from outside, the stored files.</summary>
internal static partial class DemoSteps
{
    /// <summary>6: a withdrawal holds from the next request on, for the token in hand.</summary>
    public static async Task<bool> Withdraw(DemoContext demo)
    {
        demo.Console.Step(6, "The patient withdraws, in the portal. The clinic's token is still valid; what it opens is not.");
        var token = await demo.Token(DemoClients.Clinic);
        var path = $"/fhir/Patient/{demo.Subject.Id}";
        var before = await demo.Http.Get(path, token, CancellationToken.None, DemoContext.PurposeOf(DemoClients.Clinic));
        using var browser = new DemoBrowser(demo.Gateway.Url);
        var signedIn = await browser.SignIn(demo.Users.First(u => u.Patient == demo.Subject.Id));
        var form = $"/portal/consents/{demo.WalkConsent}/withdraw";
        var (status, location) = signedIn ? await browser.Submit(form, form, []) : default;
        var watch = Stopwatch.StartNew();
        var after = await demo.Http.Get(path, token, CancellationToken.None, DemoContext.PurposeOf(DemoClients.Clinic));
        var elapsed = watch.Elapsed.TotalMilliseconds;
        var page = location is null ? "" : await browser.Load(location);
        var proof = demo.Gateway.Storage.Ledger.MapProof(demo.WalkHandle);
        return demo.Console.Prove(before.Status == 200, "before: the clinic's token reads the record")
            & demo.Console.Prove(signedIn && status == System.Net.HttpStatusCode.SeeOther && page.Contains("holds from the next request on", StringComparison.Ordinal),
                "the patient signs in, withdraws with a form, and the portal says since when")
            & demo.Console.Prove(
                proof.Map.Verify(demo.WalkHandle, proof.State.Commitment).Holds && proof.Map.State is { Standing: Proofs.ConsentStateMap.ConsentStanding.Withdrawn },
                $"the map of checkpoint {proof.Checkpoint.Size} proves the handle as withdrawn")
            & demo.Console.Prove(after.Status == 404, $"the very next read with the same token is refused, answered {elapsed:F1} ms after the withdrawal was acknowledged");
    }

    /// <summary>7: the patient sees every event, refusals too.</summary>
    public static async Task<bool> PatientsList(DemoContext demo)
    {
        demo.Console.Step(7, "The patient's own list of events, and the proof that none is left out.");
        var list = demo.Gateway.Services.GetRequiredService<PatientEvents>().Of(demo.Subject.Id, 0, PatientEvents.MaxPage);
        demo.Console.Table(
            ["entry", "who", "what", "purpose", "decision", "why"],
            list.Events.Select(e => (IReadOnlyList<string>)
            [
                e.Entry.ToString(System.Globalization.CultureInfo.InvariantCulture),
                e.Client == Smart.People.Session.PagesClientId ? "the patient" : e.Client ?? "the gateway",
                PlainWords.Of(e),
                PlainWords.Of(e.Purpose),
                e.Refused ? "refused" : "permitted",
                PlainWords.OfReason(e.Reason),
            ]));
        return demo.Console.Prove((ulong)list.Events.Length == Math.Min(list.Total, PatientEvents.MaxPage), $"{list.Events.Length} events, each opens its ledger entry")
            & demo.Console.Prove(list.Events.Any(e => e.Client == DemoClients.Stranger && e.Refused), "the stranger's refused attempt is among them")
            & demo.Console.Prove(list.Events.Any(e => e.Client == DemoClients.Clinic && e.Refused), "so is the clinic's, after the withdrawal")
            & await ListIsWhole(demo);
    }

    /// <summary>The file from the portal, checked by the command line tool; then the same with its newest event taken out.</summary>
    private static async Task<bool> ListIsWhole(DemoContext demo)
    {
        using var browser = new DemoBrowser(demo.Gateway.Url);
        var file = Path.GetTempFileName();
        try
        {
            var signedIn = await browser.SignIn(demo.Users.First(u => u.Patient == demo.Subject.Id));
            var proof = signedIn ? await browser.Load("/portal/events/proof") : "";
            await File.WriteAllTextAsync(file, proof);
            var vkey = demo.Gateway.Storage.Ledger.VerifierKey;
            var (code, said) = await Verifier.Run(["my-events", file, "--vkey", vkey]);
            var good = demo.Console.Prove(code == 0, $"healthledger my-events, with the file from the portal: {LastLine(said)}");
            var hiding = CompletenessProof.Parse(Encoding.UTF8.GetBytes(proof)).TryGet(out var whole, out _) ? whole with { Events = [.. whole.Events.SkipLast(1)] } : null;
            await File.WriteAllBytesAsync(file, hiding?.ToJson() ?? []);
            var (hidden, found) = await Verifier.Run(["my-events", file, "--vkey", vkey]);
            return good & demo.Console.Prove(hidden == 1, $"without its newest event it fails: {found.Split('\n').FirstOrDefault(l => l.StartsWith("FAILED", StringComparison.Ordinal))?["FAILED ".Length..]}");
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>8: the ledger is verified over HTTP by the command line tool, and a copy with one flipped byte is found out.</summary>
    public static async Task<bool> VerifyFromOutside(DemoContext demo)
    {
        demo.Console.Step(8, "The ledger is verified from outside, over HTTP, with a pinned key; then a copy with one byte flipped.");
        var vkey = demo.Gateway.Storage.Ledger.VerifierKey;
        var copy = Directory.CreateTempSubdirectory("healthledger-copy-");
        try
        {
            var (code, said) = await Verifier.Run(["verify", demo.Gateway.Url, "--vkey", vkey]);
            var good = demo.Console.Prove(code == 0, $"healthledger verify {demo.Gateway.Url}: {LastLine(said)}");
            await CopyLedger(demo, copy.FullName);
            var (copied, _) = await Verifier.Run(["verify", copy.FullName, "--vkey", vkey]);
            good &= demo.Console.Prove(copied == 0, "a copy of what the gateway serves verifies as well");
            var tile = Directory.EnumerateFiles(Path.Combine(copy.FullName, "tile", "0"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
            var bytes = await File.ReadAllBytesAsync(tile);
            bytes[bytes.Length / 2] ^= 1;
            await File.WriteAllBytesAsync(tile, bytes);
            var (flipped, found) = await Verifier.Run(["verify", copy.FullName, "--vkey", vkey]);
            return good & demo.Console.Prove(flipped == 1, $"with one bit flipped it fails, exit code {flipped}: {LastLine(found)}");
        }
        finally
        {
            copy.Delete(recursive: true);
        }
    }

    /// <summary>9: stored files hold no identifying string and no raw key; the search itself is shown to find.</summary>
    public static async Task<bool> ScanStoredFiles(DemoContext demo)
    {
        demo.Console.Step(9, "The stored files are searched for everything that tells who a patient is, and for raw keys.");
        await Task.CompletedTask;
        var options = demo.Gateway.Options;
        var scan = new StoredFilesScan();
        foreach (var secret in demo.Secrets)
        {
            scan.Add(secret);
        }

        var keys = 0;
        foreach (var patient in demo.Patients)
        {
            demo.Gateway.Storage.Keys.ExposeToLeakSearch(ShelfId.ForPatient(patient.Id), key =>
            {
                scan.Add(key);
                keys++;
            });
        }

        var (found, bytes, files) = scan.Scan([options.DataDirectory, options.KeysDirectory], CancellationToken.None);
        foreach (var (file, hits) in found)
        {
            demo.Console.Say($"{file}: {hits}");
        }

        var planted = new MemoryStream(Encoding.UTF8.GetBytes($"some bytes, then {demo.Secrets.First()}, then more"));
        long ignored = 0;
        return demo.Console.Prove(found.Count == 0, $"{scan.Count} strings and {keys} keys: none in {files} files, {bytes / 1048576.0:F1} MiB")
            & demo.Console.Prove(scan.Scan(planted, ref ignored) == 1, "a planted control is found");
    }

    /// <summary>Fetches the receipt that an answer names and verifies it with the pinned key; null, and said, where it does not verify.</summary>
    private static async Task<ReceiptVerdict?> Receipt(DemoContext demo, DemoAnswer answer, string clientId)
    {
        if (answer.Receipt is null)
        {
            demo.Console.Prove(false, "the answer names a receipt");
            return null;
        }

        var fetched = await demo.Http.Get(new Uri(answer.Receipt).PathAndQuery, await demo.Token(clientId), CancellationToken.None);
        var parsed = Proofs.Receipts.Receipt.Parse(fetched.Body);
        var pinned = NoteVerifier.Parse(demo.Gateway.Storage.Ledger.VerifierKey);
        if (!parsed.TryGet(out var receipt, out var fault) || !pinned.TryGet(out var vkey, out fault))
        {
            demo.Console.Prove(false, $"the receipt can be read ({fetched.Status}, {fault.Code})");
            return null;
        }

        var verdict = receipt.Verify(LogPolicy.ForLog(vkey));
        return demo.Console.Prove(verdict.Holds, $"the receipt of entry {receipt.Index} verifies (checked: {string.Join(", ", verdict.Checks.Select(c => c.Name))}){(verdict.Fault is { } wrong ? $" ({wrong.Code})" : "")}")
            ? verdict
            : null;
    }

    private static async Task CopyLedger(DemoContext demo, string directory)
    {
        var note = await demo.Http.Fetch("/ledger/checkpoint", CancellationToken.None);
        await File.WriteAllBytesAsync(Path.Combine(directory, "checkpoint"), note);
        var size = ulong.Parse(Encoding.UTF8.GetString(note).Split('\n')[1], System.Globalization.CultureInfo.InvariantCulture);
        for (var level = 0; Proofs.Merkle.TilePath.HashesAt(level, size) > 0; level++)
        {
            foreach (var path in Proofs.Merkle.TilePath.AllAt(level, size))
            {
                var file = Path.Combine(directory, path.ToString());
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                await File.WriteAllBytesAsync(file, await demo.Http.Fetch("/ledger/" + path, CancellationToken.None));
            }
        }
    }

    private static string LastLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "";
}
