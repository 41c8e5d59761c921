using System.Reflection;

namespace HealthLedger.Gateway.Tests.Architecture;

/// <summary>The arrows of docs/architecture.md, kept by reading the compiled code.</summary>
public class HouseRulesTests
{
    private static readonly Dictionary<string, string[]> AllowedProjects = new()
    {
        ["HealthLedger.Proofs"] = [],
        ["HealthLedger.Fhir"] = [],
        ["HealthLedger"] = ["HealthLedger.Fhir", "HealthLedger.Proofs"],
        ["HealthLedger.Risk"] = ["HealthLedger", "HealthLedger.Fhir", "HealthLedger.Proofs"],
        ["HealthLedger.Smart"] = ["HealthLedger", "HealthLedger.Fhir", "HealthLedger.Proofs"],
        ["HealthLedger.KeyHolder"] = ["HealthLedger", "HealthLedger.Proofs"],
        ["HealthLedger.Sqlite"] = ["HealthLedger", "HealthLedger.Fhir", "HealthLedger.Proofs", "HealthLedger.Smart"],
        ["HealthLedger.Gateway"] = ["HealthLedger", "HealthLedger.Fhir", "HealthLedger.Proofs", "HealthLedger.Risk", "HealthLedger.Smart", "HealthLedger.Sqlite"],
    };

    private static readonly Dictionary<string, string[]> AllowedFolders = new()
    {
        ["Sealing"] = [],
        ["Events"] = [],
        ["Ledger"] = ["Sealing"],
        ["Consents"] = [],
        ["Vault"] = ["Sealing"],
        ["Access"] = ["Consents", "Ledger", "Vault", "Events", "Sealing"],
        ["Review"] = ["Ledger", "Consents", "Access", "Vault", "Events"],
    };

    /// <summary>What folders may use of another folder without depending on the rest of it.</summary>
    private static readonly Dictionary<(string From, string To), string[]> AllowedTypes = new()
    {
        [("Vault", "Ledger")] = ["Recorded`1", "AccessEntry", "RecordKey", "EventChain", "ICommitParticipant", "Appended", "AppendOutcome", "AppendRequest", "IRecordable"],
        [("Consents", "Access")] = ["PurposeOfUse", "PurposeOfUseCodes", "Caller", "CallerRole"],
    };

    public static TheoryData<string> Projects => new(AllowedProjects.Keys);

    public static TheoryData<string> Folders => new(AllowedFolders.Keys);

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_its_arrow_allows(string project)
    {
        var ours = Assembly.Load(project).GetReferencedAssemblies()
            .Select(a => a.Name!)
            .Where(AllowedProjects.ContainsKey);
        Assert.Empty(ours.Except(AllowedProjects[project]));
    }

    [Fact]
    public void The_domain_knows_no_web_framework_and_no_database_driver()
    {
        var references = Assembly.Load("HealthLedger").GetReferencedAssemblies().Select(a => a.Name!).ToList();
        Assert.DoesNotContain(references, name =>
            name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
            || name.Contains("Sqlite", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("SQLitePCL", StringComparison.Ordinal)
            || name.StartsWith("System.Data", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_folder_of_the_domain_uses_only_what_its_arrow_allows(string folder)
    {
        var violations =
            from type in Assembly.Load("HealthLedger").GetTypes()
            where FolderOf(type) == folder
            from used in TypeUses.Of(type)
            let target = FolderOf(used)
            where target is not null && target != folder && !AllowedFolders[folder].Contains(target)
            where !AllowedTypes.TryGetValue((folder, target), out var names) || !names.Contains(used.Name)
            select $"{type.FullName} uses {used.FullName}";
        Assert.Empty(violations.Distinct());
    }

    [Fact]
    public void Each_type_of_the_domain_lies_in_a_folder_that_has_a_rule() =>
        Assert.DoesNotContain(Assembly.Load("HealthLedger").GetTypes(), type => type.Namespace?.StartsWith("HealthLedger", StringComparison.Ordinal) == true && FolderOf(type) is null);

    [Fact]
    public void A_key_holder_uses_of_the_domain_the_envelope_and_the_keys_and_what_names_a_shelf()
    {
        var used = Assembly.Load("HealthLedger.KeyHolder").GetTypes().SelectMany(TypeUses.Of).Where(type => type.Assembly.GetName().Name == "HealthLedger").ToHashSet();
        Assert.NotEmpty(used);
        Assert.DoesNotContain(used, type => type.Namespace is not ("HealthLedger.Sealing" or "HealthLedger.Vault.Keys" or "HealthLedger.Vault.Keys.Holding") && type.Name != "ShelfId");
    }

    [Fact]
    public void The_reader_of_compiled_code_sees_uses_in_method_bodies()
    {
        Assert.Contains(typeof(System.Text.StringBuilder), TypeUses.Of(typeof(UsesABuilderInside)));
    }

    private static string? FolderOf(Type type)
    {
        const string Root = "HealthLedger.";
        if (type.Assembly.GetName().Name != "HealthLedger" || type.Namespace is not { } name || !name.StartsWith(Root, StringComparison.Ordinal))
        {
            return null;
        }

        var folder = name[Root.Length..];
        var dot = folder.IndexOf('.');
        folder = dot < 0 ? folder : folder[..dot];
        return AllowedFolders.ContainsKey(folder) ? folder : null;
    }

    private static class UsesABuilderInside
    {
        public static object Make() => new System.Text.StringBuilder();
    }
}
