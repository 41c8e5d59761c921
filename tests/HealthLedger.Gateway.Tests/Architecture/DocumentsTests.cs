// The documents are read by people who cannot ask: docs/surfaces.md is the contract of the settings, a decision is named by its number, and links between documents lead somewhere.
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using HealthLedger.Gateway.Hosting;

namespace HealthLedger.Gateway.Tests.Architecture;

public sealed partial class DocumentsTests
{
    private static readonly string Root = RootFolder();

    [Fact]
    public void Each_decision_has_a_number_of_its_own_and_says_it_in_its_title()
    {
        var decisions = Directory.GetFiles(Path.Combine(Root, "docs", "decisions"), "*.md");
        Assert.NotEmpty(decisions);
        Assert.Empty(decisions.GroupBy(Number).Where(group => group.Count() > 1).Select(group => group.Key));
        Assert.All(decisions, file => Assert.StartsWith($"# {Number(file)}. ", File.ReadLines(file).First(), StringComparison.Ordinal));

        static int Number(string file) => int.Parse(Path.GetFileName(file)[..4], CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Each_link_between_documents_leads_to_a_file()
    {
        string[] documents = [Path.Combine(Root, "README.md"), Path.Combine(Root, "SECURITY.md"), .. Directory.GetFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories)];
        var links = documents.SelectMany(document => Link().Matches(File.ReadAllText(document)).Select(link => (document, target: link.Groups[1].Value)))
            .Where(link => !link.target.StartsWith("http", StringComparison.Ordinal))
            .ToList();
        Assert.True(links.Count > 50);
        Assert.All(links, link => Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(link.document)!, link.target)), $"{link.document}: {link.target}"));
    }

    [Fact]
    public void Each_document_that_the_code_names_is_there()
    {
        var sources = new[] { "src", "tests" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories));
        var named = sources.SelectMany(file => Named().Matches(File.ReadAllText(file)).Select(match => match.Value)).ToHashSet();
        Assert.True(named.Count > 20);
        Assert.All(named, document => Assert.True(File.Exists(Path.Combine(Root, document)), document));
    }

    [Fact]
    public void The_page_of_settings_names_each_setting_and_no_other() =>
        Assert.Equal(Settings(typeof(GatewayOptions), GatewayOptions.Section).Order(StringComparer.Ordinal), SettingsOnThePage().Order(StringComparer.Ordinal));

    private static IEnumerable<string> Settings(Type options, string section) =>
        options.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite).SelectMany(property =>
            property.PropertyType.Namespace!.StartsWith("HealthLedger", StringComparison.Ordinal)
                ? Settings(property.PropertyType, $"{section}:{property.Name}")
                : [$"{section}:{property.Name}{(property.PropertyType.IsArray ? ":0" : "")}"]);

    /// <summary>The first column of the table, where a name that begins with a colon takes the place of the last part of the name before it.</summary>
    private static IEnumerable<string> SettingsOnThePage()
    {
        var rows = File.ReadLines(Path.Combine(Root, "docs", "surfaces.md")).SkipWhile(line => line != "## Settings").Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal));
        foreach (var column in rows.Where(line => line.StartsWith("| `HealthLedger:", StringComparison.Ordinal)).Select(line => line.Split('|')[1]))
        {
            var before = "";
            foreach (var name in Quoted().Matches(column).Select(match => match.Groups[1].Value))
            {
                before = name[0] == ':' ? before[..before.LastIndexOf(':')] + name : name;
                if (!before.EndsWith(":1", StringComparison.Ordinal))
                {
                    yield return before;
                }
            }
        }
    }

    private static string RootFolder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "HealthLedger.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }

    [GeneratedRegex(@"\]\(([^)\s#]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\bdocs/[\w/-]+\.md\b")]
    private static partial Regex Named();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
