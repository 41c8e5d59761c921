using System.CommandLine;
using System.Net.Http.Json;

namespace HealthLedger.Cli.Operate;

/// <summary><c>healthledger organizations</c>.</summary>
internal static class OrganizationsCommand
{
    public const string Examples = """
          healthledger organizations add riverside --name "Riverside clinic" --credentials operator.json
          healthledger organizations list --credentials operator.json
          healthledger organizations change riverside --name "Riverside clinic" --active no --credentials operator.json

        Exit codes: 0 done, 1 the gateway refused, 2 usage, 4 unreachable.
        """;

    public static Command Make(Terminal terminal, TimeProvider time)
    {
        var make = new OperatorCommand(terminal, time);
        var id = new Argument<string>("id") { Description = "The id: 1 to 64 letters, digits, - and . It stays, and is seen by everybody." };
        var name = new Option<string>("--name") { Description = "The name that people see.", HelpName = "NAME", Required = true };
        var active = new Option<string>("--active") { Description = "Whether it is in use. To keep it from asking, disable its clients and people.", HelpName = "yes|no", Required = true };
        active.AcceptOnlyFromAmong("yes", "no");
        return new Command("organizations", "Registers, shows and changes organizations, which clients, clinicians and consents name.")
        {
            make.Make("add", "Registers an organization.", [id, name], parsed => (HttpMethod.Post, "organizations", Body(("id", parsed.GetRequiredValue(id)), ("name", parsed.GetRequiredValue(name))))),
            make.Make("list", "Lists the organizations, by id.", [], _ => (HttpMethod.Get, "organizations", null)),
            make.Make("show", "Shows an organization.", [id], parsed => (HttpMethod.Get, Path(parsed), null)),
            make.Make("change", "Changes an organization's name, or whether it is in use.", [id, name, active], parsed => (HttpMethod.Post, Path(parsed), Body(("name", parsed.GetRequiredValue(name)), ("active", parsed.GetRequiredValue(active))))),
        };

        string Path(ParseResult parsed) => "organizations/" + Uri.EscapeDataString(parsed.GetRequiredValue(id));
    }

    private static JsonContent Body(params IEnumerable<(string Name, string Value)> members) => JsonContent.Create(members.ToDictionary(member => member.Name, member => member.Value));
}
