using System.Security.Cryptography;
using HealthLedger.Access;
using HealthLedger.Gateway.Demo.Hospital;
using HealthLedger.Smart.People;

namespace HealthLedger.Gateway.Demo;

/// <summary>The demo's people: one or two of each role, with passwords made anew at each start of the demo.</summary>
internal static class DemoUsers
{
    private const int PasswordLength = 24;
    private const string PasswordLetters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    /// <summary>Registers them; known to the credentials file from then on.</summary>
    public static async Task Register(DemoContext demo)
    {
        await using var scope = demo.Gateway.Services.CreateAsyncScope();
        var people = scope.ServiceProvider.GetRequiredService<PeopleRegistry>();
        await Add(demo, people, "patient", CallerRole.Patient, patient: demo.Subject.Id);
        if (demo.Patients.Skip(1).FirstOrDefault(p => p.Consents.Count == 0) is { } without)
        {
            await Add(demo, people, "patient-without-consent", CallerRole.Patient, patient: without.Id);
        }

        var clinician = HospitalDirectory.Clinicians(HospitalDirectory.RiversideClinic)[0];
        await Add(demo, people, "clinician", CallerRole.Clinician, "Organization/" + HospitalDirectory.RiversideClinic, clinician);
        await Add(demo, people, "regulator", CallerRole.Regulator);
        await Add(demo, people, "operator", CallerRole.Operator);
    }

    private static async Task Add(
        DemoContext demo, PeopleRegistry people, string name, CallerRole role, string? organization = null, string? fhirUser = null, string? patient = null)
    {
        fhirUser ??= patient is null ? null : "Patient/" + patient;
        var password = RandomNumberGenerator.GetString(PasswordLetters, PasswordLength);
        NewPerson Person() => new(name, password, role, organization, fhirUser, patient);
        if (await people.Register(Person()) is PersonRegistration.Refused && !(demo.Found > 0 && await people.SetPassword(Person())))
        {
            // Somebody else has that name.
            name = $"{name}-{RandomNumberGenerator.GetHexString(6, lowercase: true)}";
            if (await people.Register(Person()) is PersonRegistration.Refused refused)
            {
                throw new InvalidOperationException($"The demo's {role} cannot be registered: {refused.Why}");
            }
        }

        demo.Users.Add(new DemoUser(name, password, role.Code(), organization, fhirUser, patient));
    }
}
