// docs/operations.md, "Checking the vault": whatever is not at rest as it was committed is named, by a place that is of nobody, and nothing is opened for it.
using System.Text.Json.Nodes;
using HealthLedger.Gateway.Demo;
using HealthLedger.Gateway.Tests.Fhir;
using HealthLedger.Gateway.Tests.Hosting;
using Microsoft.Data.Sqlite;
using static HealthLedger.Gateway.Tests.Hosting.TestClients;

namespace HealthLedger.Gateway.Tests.Admin;

public sealed class VaultCheckTests : IAsyncLifetime
{
    private static readonly string[] Tables = ["record", "segment", "head", "locator", "patient"];
    private readonly TestDirectory _directory = new();
    private readonly TestClients _clients = new();
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        await Start();
        await _gateway.AddPatient("one");
        await _gateway.AddPatient("two");
        (await _gateway.Post(Hospital, "Appointment", Records.Shared(null, "one", "two"))).Is(201);
        (await _gateway.Put(Hospital, "Practitioner/doctor", Records.Practitioner("doctor", "Doctorow"))).Is(201);
        (await _gateway.Delete(Hospital, "Observation/pulse-two")).Is(204);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        _clients.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_vault_is_whole_after_reads_changes_erasures_and_returns_and_checking_it_opens_nothing()
    {
        var facts = _gateway.Host.Storage.Ledger.CountOf(_gateway.Host.Storage.Vault.ChainOf(HealthLedger.Vault.ShelfId.ForPatient("one"))!);
        var first = await Check();
        Assert.Equal((0, 3, 9), (first.Faults.Count, first.Shelves, first.Records)); // two patients with four each, the shared one among them, and a practitioner
        Assert.Equal(facts, _gateway.Host.Storage.Ledger.CountOf(_gateway.Host.Storage.Vault.ChainOf(HealthLedger.Vault.ShelfId.ForPatient("one"))!));
        (await _gateway.Erase("one")).Is(200);
        Assert.Empty((await Check()).Faults);
        (await _gateway.Put(Hospital, "Patient/one", Records.Patient("one", "Again"))).Is(201);
        (await _gateway.Get(Hospital, "Patient/one")).Is(200);
        Assert.Empty((await Check()).Faults);
        await Restart(() => { });
        Assert.Empty((await Check()).Faults);
    }

    [Fact]
    public async Task One_bit_flipped_in_any_row_is_named()
    {
        foreach (var (table, shelf, row) in await Stop())
        {
            await Damage($"UPDATE {table} SET sealed = $sealed WHERE shelf = $shelf AND row = $row", table, shelf, row, isFlip: true);
        }
    }

    [Fact]
    public async Task Any_row_dropped_is_named()
    {
        foreach (var (table, shelf, row) in await Stop())
        {
            await Damage($"DELETE FROM {table} WHERE shelf = $shelf AND row = $row", table, shelf, row, isFlip: false);
        }
    }

    [Fact]
    public async Task A_row_that_nobody_committed_is_named()
    {
        var (_, shelf, row) = (await Stop()).First(each => each.Table == "record");
        var extra = row.ToArray();
        extra[3] ^= 1;
        Sql("INSERT INTO record (shelf, row, sealed) SELECT shelf, $extra, sealed FROM record WHERE shelf = $shelf AND row = $row", ("$shelf", shelf), ("$row", row), ("$extra", extra));
        await Start();
        Assert.Contains((await Check()).Faults, fault => fault.StartsWith($"record/{Hex(shelf)}/{Hex(extra)}: a row that no record has", StringComparison.Ordinal));
    }

    /// <summary>Head, segments and rows together agree with each other, and the reading alone would not notice.</summary>
    [Fact]
    public async Task A_shelf_put_back_whole_to_an_earlier_time_is_named_by_the_ledger()
    {
        await Stop();
        var before = Path.Combine(_directory.Root, "before.db");
        Sql($"VACUUM INTO '{before}'");
        await Start();
        (await _gateway.Put(Hospital, "Observation/pulse-one", Records.Observation("pulse-one", "one", value: 99))).Is(200);
        await Stop();
        var shelf = Blob($"ATTACH '{before}' AS old; SELECT now.shelf FROM main.head now JOIN old.head was USING (shelf) WHERE now.sealed <> was.sealed");
        foreach (var table in Tables[..3])
        {
            Sql($"ATTACH '{before}' AS old; DELETE FROM main.{table} WHERE shelf = $shelf; INSERT INTO main.{table} (shelf, row, sealed) SELECT shelf, row, sealed FROM old.{table} WHERE shelf = $shelf", ("$shelf", shelf));
        }

        await Start();
        var fault = Assert.Single((await Check()).Faults);
        Assert.Equal($"head/{Hex(shelf)}/{new string('0', 32)}: not the head that the ledger's newest change came to: it is of another time", fault);
    }

    [Fact]
    public async Task The_command_sums_up_the_parts_and_its_exit_code_says_whether_all_is_whole()
    {
        var credentials = Path.Combine(_directory.Root, "credentials.json");
        async Task<(int Code, string Output)> Run(params string[] more)
        {
            await File.WriteAllTextAsync(credentials, new JsonObject
            {
                ["baseUrl"] = _gateway.Host.Url,
                ["fhir"] = _gateway.Fhir,
                ["clients"] = new JsonArray(new JsonObject { ["clientId"] = Operator, ["kind"] = "backend", ["jwk"] = _clients.Key(Operator).PrivateJwk() }),
            }.ToJsonString());
            return await Verifier.Run(["vault", "check", "--credentials", credentials, "--client", Operator, .. more]);
        }

        var (code, output) = await Run();
        Assert.Equal(0, code);
        Assert.Matches("^whole: [0-9]+ rows, [0-9]+ versions of 9 records on 3 shelves, [0-9]+ bytes, [0-9]+ rows/s", output);
        var (_, shelf, row) = (await Stop()).First(each => each.Table == "record");
        Sql("DELETE FROM record WHERE shelf = $shelf AND row = $row", ("$shelf", shelf), ("$row", row));
        await Start();
        (code, output) = await Run("--json");
        Assert.Equal(1, code);
        var verdict = JsonNode.Parse(output)!;
        Assert.False(verdict["whole"]!.GetValue<bool>());
        Assert.Equal($"record/{Hex(shelf)}/{Hex(row)}", verdict["findings"]![0]!["place"]!.GetValue<string>());
        Assert.DoesNotContain("pulse", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"from":"x"}""")]
    [InlineData("""{"from":"p12"}""")]
    [InlineData("""{"from":"t00000000000000000000000000000000"}""")]
    [InlineData("{}")]
    public async Task What_is_no_part_of_a_check_is_refused(string body) =>
        Assert.Equal("invalid", (await _gateway.SendBytes(Operator, "POST", "/admin/vault/check", System.Text.Encoding.UTF8.GetBytes(body), "application/json")).Is(400).Error());

    /// <summary>Damages one row, checks, and puts it back.</summary>
    private async Task Damage(string sql, string table, byte[] shelf, byte[] row, bool isFlip)
    {
        var file = Path.Combine(_directory.Data, "vault.db");
        var whole = await File.ReadAllBytesAsync(file);
        var stored = Blob($"SELECT sealed FROM {table} WHERE shelf = $shelf AND row = $row", ("$shelf", shelf), ("$row", row));
        stored[stored.Length / 2] ^= 16;
        Sql(sql, isFlip ? [("$sealed", stored), ("$shelf", shelf), ("$row", row)] : [("$shelf", shelf), ("$row", row)]);
        await Start();
        var faults = (await Check()).Faults;
        Assert.True(faults.Any(fault => fault.StartsWith($"{table}/{Hex(shelf)}/", StringComparison.Ordinal)), $"{table} {Hex(shelf)} {Hex(row)}: {string.Join("; ", faults)}");
        await Stop();
        await File.WriteAllBytesAsync(file, whole);
    }

    private async Task Start() => _gateway = await TestGateway.Start(_directory, _clients);

    private async Task Restart(Action between)
    {
        await _gateway.DisposeAsync();
        between();
        await Start();
    }

    /// <summary>Stops the gateway, and what lies in its vault then.</summary>
    private async Task<IReadOnlyList<(string Table, byte[] Shelf, byte[] Row)>> Stop()
    {
        await _gateway.DisposeAsync();
        return Rows();
    }

    private async Task<(List<string> Faults, int Shelves, int Records)> Check()
    {
        var (faults, shelves, records) = (new List<string>(), 0, 0);
        for (var next = ""; next is not null;)
        {
            var part = (await _gateway.Admin("vault/check", new JsonObject { ["from"] = next })).Is(200).Json;
            faults.AddRange(part["findings"]!.AsArray().Select(finding => $"{finding!["place"]}: {finding["finding"]}"));
            (shelves, records) = (shelves + part["shelves"]!.GetValue<int>(), records + part["records"]!.GetValue<int>());
            next = part["next"]?.GetValue<string>();
        }

        return (faults, shelves, records);
    }

    private List<(string Table, byte[] Shelf, byte[] Row)> Rows()
    {
        using var connection = Connect();
        var rows = new List<(string, byte[], byte[])>();
        foreach (var table in Tables)
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"SELECT shelf, row FROM {table}";
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                rows.Add((table, (byte[])reader[0], (byte[])reader[1]));
            }
        }

        return rows;
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(_directory.Data, "vault.db")};Pooling=False");
        connection.Open();
        return connection;
    }

    private void Sql(string sql, params (string Name, object Value)[] parameters) => Run(sql, parameters, command => command.ExecuteNonQuery());

    private byte[] Blob(string sql, params (string Name, object Value)[] parameters) => Run(sql, parameters, command => (byte[])command.ExecuteScalar()!);

    private T Run<T>(string sql, (string Name, object Value)[] parameters, Func<SqliteCommand, T> run)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return run(command);
    }

    private static string Hex(byte[] name) => Convert.ToHexStringLower(name);
}
