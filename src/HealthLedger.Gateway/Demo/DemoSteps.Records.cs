using System.Diagnostics;
using System.Text;
using System.Text.Json;
using HealthLedger.Gateway.Demo.Hospital;

namespace HealthLedger.Gateway.Demo;

/// <summary>Steps 1 to 4: records, a consent, a permitted read, a refused one.</summary>
internal static partial class DemoSteps
{
    /// <summary>1: a hospital's records go through the FHIR API, validated, sealed, recorded.</summary>
    public static async Task<bool> LoadHospital(DemoContext demo)
    {
        demo.Console.Step(1, "A small hospital is stored: validated, sealed under keys of each patient, entered in the ledger.");
        await demo.Clients.Register(demo.Gateway.Services.GetRequiredService<Smart.Clients.ClientRegistry>(), CancellationToken.None);
        demo.Before = (await demo.Gateway.Storage.Vault.Patients.PatientIds(CancellationToken.None)).Length;
        if (demo.Before > 0)
        {
            demo.Console.Say($"{demo.Gateway.Options.DataDirectory} already holds {demo.Before} patients. Those of this walk are used again where they are among them, and added where they are not. For a fresh start, name an empty directory by --HealthLedger:Data=DIR.");
        }

        var sources = Sources(demo).ToList();
        var watch = Stopwatch.StartNew();
        var loaded = await demo.Console.Progress("loading", sources.Count, async advance =>
        {
            var (resources, faults) = (0, new List<string>());
            var since = Stopwatch.StartNew();
            foreach (var (name, read) in sources)
            {
                if (since.Elapsed > TimeSpan.FromMinutes(3))
                {
                    await demo.FreshToken(DemoClients.RecordSource);
                    since.Restart();
                }

                var json = read();
                if (!DemoData.IsTransaction(json.Span))
                {
                    demo.Console.Say($"{name} is no transaction Bundle and was left out.");
                    advance();
                    continue;
                }

                if (demo.Before > 0 && await StoredPatients.Find(demo, json) is { } found)
                {
                    Remember(demo, json, [found]);
                    advance();
                    continue;
                }

                var answer = await demo.Send(HttpMethod.Post, "", DemoClients.RecordSource, json);
                if (answer.Status != 200)
                {
                    faults.Add($"{name}: {answer.Status} {Encoding.UTF8.GetString(answer.Body)[..Math.Min(300, answer.Body.Length)]}");
                    break;
                }

                using var response = answer.Json();
                resources += Remember(demo, json, response.RootElement.GetProperty("entry").EnumerateArray().Select(NewPatient));
                advance();
            }

            return (Resources: resources, Faults: faults);
        });
        foreach (var fault in loaded.Faults)
        {
            demo.Console.Say(fault);
        }

        var seconds = watch.Elapsed.TotalSeconds;
        await SeedConsents(demo);
        if (demo.Patients.Count > 0)
        {
            await DemoUsers.Register(demo);
        }

        var ledger = demo.Gateway.Storage.Ledger;
        return demo.Console.Prove(
            loaded.Faults.Count == 0 && demo.Patients.Count > 0,
            $"{loaded.Resources} resources of {demo.Patients.Count - demo.Found} patients{(demo.Found > 0 ? $" beside {demo.Found} of the walk's own that were there already" : "")} in {seconds:F1} s ({loaded.Resources / seconds:F0}/s); the ledger has {ledger.Published.Size} entries");
    }

    /// <summary>2: a patient's consent becomes a ledger entry.</summary>
    public static async Task<bool> GrantConsent(DemoContext demo)
    {
        demo.Console.Step(2, "A patient permits one clinic to see the record, for treatment. The consent becomes a ledger entry.");
        var consent = DemoConsents.Permit(demo.Subject.Id, HospitalDirectory.RiversideClinic, "TREAT");
        var before = demo.Gateway.Storage.Ledger.Published.Size;
        var answer = await demo.Send(HttpMethod.Post, "/Consent", DemoClients.RecordSource, consent);
        if (!demo.Console.Prove(answer.Status == 201, $"the Consent is stored ({answer.Status})"))
        {
            demo.Console.Say(Encoding.UTF8.GetString(answer.Body));
            return false;
        }

        using var json = answer.Json();
        demo.WalkConsent = json.RootElement.GetProperty("id").GetString()!;
        demo.Subject.Consents.Add(demo.WalkConsent);
        var receipt = await Receipt(demo, answer, DemoClients.RecordSource);
        var granted = receipt is { Entry: { } entry, Checkpoint: { } checkpoint } && demo.Console.Prove(
            entry.Operation == Proofs.Entries.ConsentOperation.Grant && checkpoint.Checkpoint.Size > before,
            $"its entry grants a fresh handle in the consent-state map, under the signed checkpoint of size {checkpoint.Checkpoint.Size}");
        if (!granted)
        {
            return false;
        }

        demo.WalkHandle = receipt!.Entry!.Value.Handle;
        var proof = demo.Gateway.Storage.Ledger.MapProof(receipt.Entry!.Value.Handle);
        var state = proof.Map.Verify(receipt.Entry.Value.Handle, proof.State.Commitment);
        return demo.Console.Prove(state.Holds && proof.Map.State is { Standing: Proofs.ConsentStateMap.ConsentStanding.Granted },
            $"the map of checkpoint {proof.Checkpoint.Size} proves the handle as granted");
    }

    /// <summary>3: the permitted clinic reads, and its receipt verifies.</summary>
    public static async Task<bool> PermittedRead(DemoContext demo)
    {
        demo.Console.Step(3, "The clinic's client gets a token and reads the record through /fhir.");
        var answer = await demo.Get($"Patient/{demo.Subject.Id}", DemoClients.Clinic);
        if (!demo.Console.Prove(answer.Status == 200, $"GET /fhir/Patient/ID: {answer.Status}, {answer.Body.Length} bytes of FHIR"))
        {
            return false;
        }

        var receipt = await Receipt(demo, answer, DemoClients.Clinic);
        var search = await demo.Get($"Observation?patient={demo.Subject.Id}&_count=5", DemoClients.Clinic);
        using var bundle = search.Json();
        var total = search.Status == 200 && bundle.RootElement.TryGetProperty("total", out var count) ? count.GetInt32() : 0;
        return receipt is not null
            && demo.Console.Prove(receipt.Fact?[Proofs.Facts.FactField.Decision] == "permit" && receipt.Fact[Proofs.Facts.FactField.Reason] == "consent-permit",
                "the receipt's fact says who, what, why and by which rule of the consent")
            && demo.Console.Prove(total > 0, $"a search finds {total} observations of this patient");
    }

    /// <summary>4: another clinic's refusal looks like absence, and is recorded.</summary>
    public static async Task<bool> RefusedRead(DemoContext demo)
    {
        demo.Console.Step(4, "Another clinic's client asks for the same. Refused looks exactly like absent, and the refusal is in the ledger.");
        await demo.Token(DemoClients.Stranger);
        var ledger = demo.Gateway.Storage.Ledger;
        var start = ledger.Published.Size;
        var refused = await demo.Get($"Patient/{demo.Subject.Id}", DemoClients.Stranger);
        var afterRefused = ledger.Published.Size;
        var absent = await demo.Get("Patient/0123456789abcdef0123456789abcdef", DemoClients.Stranger);
        var afterAbsent = ledger.Published.Size;
        var receipt = await Receipt(demo, refused, DemoClients.Stranger);
        return demo.Console.Prove(refused.Status == 404 && absent.Status == 404, "both answers are 404")
            & demo.Console.Prove(refused.Body.AsSpan().SequenceEqual(absent.Body) && refused.Headers == absent.Headers,
                $"all {refused.Body.Length} bytes of the bodies are equal, and so are the headers")
            & demo.Console.Prove(afterRefused - start == afterAbsent - afterRefused && refused.Receipt?.Length == absent.Receipt?.Length,
                $"both grew the ledger by {afterRefused - start} entries, with receipts of equal length")
            & demo.Console.Prove(receipt is { Fact: null }, "the refusal's receipt proves its entry, but does not open it: whether there was something to refuse is for the patient to see (step 7)");
    }

    private static IEnumerable<(string Name, Func<ReadOnlyMemory<byte>> Read)> Sources(DemoContext demo)
    {
        if (demo.Line.DemoData is not { } directory)
        {
            foreach (var bundle in DemoHospital.Generate(demo.Line.Seed, demo.Line.Patients, DemoData.ReferenceDate))
            {
                demo.Secrets.UnionWith(bundle.Patient?.Secrets ?? []);
                yield return (bundle.Patient is null ? "the hospital directory" : "a patient", () => bundle.Json);
            }

            yield break;
        }

        yield return ("the hospital directory", () => DemoHospital.Generate(demo.Line.Seed, 0, DemoData.ReferenceDate).Single().Json);
        foreach (var file in DemoData.Files(directory))
        {
            yield return (Path.GetFileName(file), () => DemoData.Read(file));
        }
    }

    /// <summary>The patient whom the server's answer to an entry of a transaction is about; null where it is about something else.</summary>
    private static DemoPatientRecord? NewPatient(JsonElement entry) =>
        entry.GetProperty("response").TryGetProperty("location", out var location) && location.GetString()!.Split("Patient/") is [_, var rest] ? new(rest.Split('/')[0], []) : null;

    /// <summary>Notes a Bundle's patients, in its order, with the strings that identify them; how many resources there are in it.</summary>
    private static int Remember(DemoContext demo, ReadOnlyMemory<byte> sent, IEnumerable<DemoPatientRecord?> patients)
    {
        demo.Patients.AddRange(patients.OfType<DemoPatientRecord>());
        demo.Secrets.UnionWith(patients.OfType<DemoPatientRecord>().Select(p => p.Id));
        using var request = JsonDocument.Parse(sent);
        var count = 0;
        foreach (var resource in request.RootElement.GetProperty("entry").EnumerateArray().Select(e => e.GetProperty("resource")))
        {
            count++;
            if (resource.TryGetProperty("effectiveDateTime", out var effective) && effective.GetString() is { Length: >= 10 } text
                && DateOnly.TryParseExact(text[..10], "yyyy-MM-dd", out var day) && day > demo.NewestObservation)
            {
                demo.NewestObservation = day;
            }

            if (resource.GetProperty("resourceType").GetString() == "Patient")
            {
                demo.Secrets.UnionWith(DemoData.Identifying(resource));
            }
        }

        return count;
    }

    /// <summary>
    /// Consents on file: of each three patients after the walk's own, one permits the clinic, one permits the clinic and the heart registry, one nobody. Some
    /// permitted the registry something else, or no longer do.
    /// </summary>
    private static async Task SeedConsents(DemoContext demo)
    {
        for (var i = 1; i < demo.Patients.Count; i++)
        {
            var patient = demo.Patients[i];
            if (patient.IsFound)
            {
                continue;
            }

            if (i % 3 != 0)
            {
                await Permit(demo, patient, HospitalDirectory.RiversideClinic, "TREAT");
            }

            if (i % 3 == 1 || i % 7 == 0)
            {
                await Permit(demo, patient, DemoClients.RiskOrganization, "HRESCH");
            }
            else if (i % 9 == 2)
            {
                await Permit(demo, patient, DemoClients.RiskOrganization, "TREAT");
            }
            else if (i % 9 == 5)
            {
                await Permit(demo, patient, DemoClients.RiskOrganization, "HRESCH", "2026-06-30");
            }
            else if (i % 9 == 8)
            {
                await Permit(demo, patient, DemoClients.RiskOrganization, "HRESCH");
                await TakeBack(demo, patient, DemoClients.RiskOrganization, "HRESCH");
            }
        }
    }

    private static async Task Permit(DemoContext demo, DemoPatientRecord patient, string organization, string purpose, string until = "2036-12-31")
    {
        var answer = await demo.Send(HttpMethod.Post, "/Consent", DemoClients.RecordSource, DemoConsents.Permit(patient.Id, organization, purpose, until: until));
        if (answer.Status != 201)
        {
            throw new InvalidOperationException($"The demo's consent was answered {answer.Status}: {Encoding.UTF8.GetString(answer.Body)}");
        }

        using var json = answer.Json();
        patient.Consents.Add(json.RootElement.GetProperty("id").GetString()!);
    }

    /// <summary>The patient's newest consent becomes inactive; the answer to the change.</summary>
    private static async Task<DemoAnswer> TakeBack(DemoContext demo, DemoPatientRecord patient, string organization, string purpose)
    {
        var consent = DemoConsents.Permit(patient.Id, organization, purpose, "inactive", patient.Consents[^1]);
        return await demo.Send(HttpMethod.Put, $"/Consent/{patient.Consents[^1]}", DemoClients.RecordSource, consent);
    }
}
