using System.CommandLine;
using System.Net.Http.Json;

namespace HealthLedger.Cli.Operate;

/// <summary><c>healthledger users</c>.</summary>
internal static class UsersCommand
{
    public const string Examples = """
          healthledger users add anna --role patient --patient PATIENT-ID --credentials operator.json
          healthledger users add dr.berg --role clinician --organization Organization/riverside --fhir-user Practitioner/berg --credentials operator.json
          healthledger users add inspector --role regulator --credentials operator.json
          healthledger users list --credentials operator.json
          healthledger users invite anna --credentials operator.json
          healthledger users disable anna --credentials operator.json

        add and invite print a code, once: the person sets a password with it at the gateway's page /enrol.

        Exit codes: 0 done, 1 the gateway refused, 2 usage, 4 unreachable.
        """;

    public static Command Make(Terminal terminal, TimeProvider time)
    {
        var make = new OperatorCommand(terminal, time);
        var name = new Argument<string>("username") { Description = "The name that the person signs in with: 1 to 100 letters, digits or - . _ @ +" };
        var role = new Option<string>("--role") { Description = "patient, clinician, regulator or operator; it stays as it is.", HelpName = "ROLE", Required = true };
        role.AcceptOnlyFromAmong("patient", "clinician", "regulator", "operator");
        var organization = new Option<string?>("--organization") { Description = "The organization that answers for the person; clinicians need one.", HelpName = "Organization/ID" };
        var moved = new Option<string>("--organization") { Description = "The organization from now on.", HelpName = "Organization/ID", Required = true };
        var self = new Option<string?>("--fhir-user") { Description = "The person as a record, such as Practitioner/ID.", HelpName = "Type/ID" };
        var patient = new Option<string?>("--patient") { Description = "For a patient, the id of the Patient record, which must be there.", HelpName = "ID" };
        var after = new Option<string?>("--after") { Description = "Goes on after a list, which gave this as next.", HelpName = "NEXT" };
        return new Command("users", "Registers people who sign in, invites them to set a password, and disables them.")
        {
            make.Make("add", "Registers a person and prints the code to set a password.", [name, role, organization, self, patient], parsed => (HttpMethod.Post, "users", Body(
                ("username", parsed.GetRequiredValue(name)), ("role", parsed.GetRequiredValue(role)), ("organization", parsed.GetValue(organization)), ("fhirUser", parsed.GetValue(self)), ("patient", parsed.GetValue(patient))))),
            make.Make("list", "Lists the people, up to 1,000 at a time.", [after], parsed => (HttpMethod.Get, parsed.GetValue(after) is { } from ? "users?after=" + Uri.EscapeDataString(from) : "users", null)),
            Act("show", "Shows a person.", "show"),
            Act("invite", "Ends the person's password and prints a code to set another.", "invite"),
            Act("unlock", "Forgets wrong passwords, which hold back signing in.", "unlock"),
            Act("disable", "Ends it: no signing in, and open sessions end.", "disable"),
            Act("enable", "Lets the person in again.", "enable"),
            make.Make("move", "Puts a person into another organization.", [name, moved], parsed => (HttpMethod.Post, "users/organization", Body(("username", parsed.GetRequiredValue(name)), ("organization", parsed.GetRequiredValue(moved))))),
            Act("remove", "Removes a person for good.", "remove"),
        };

        Command Act(string command, string description, string path) =>
            make.Make(command, description, [name], parsed => (HttpMethod.Post, "users/" + path, Body(("username", parsed.GetRequiredValue(name)))));
    }

    private static JsonContent Body(params IEnumerable<(string Name, string? Value)> members) =>
        JsonContent.Create(members.Where(member => member.Value is not null).ToDictionary(member => member.Name, member => member.Value!));
}
