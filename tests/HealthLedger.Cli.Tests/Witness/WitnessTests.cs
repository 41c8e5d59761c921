// c2sp.org/tlog-witness v1.0.0: a witness over HTTP, its memory, and the auditor that replays. The rules themselves: HealthLedger.Proofs.Tests/Witnesses.
using System.Net;
using HealthLedger.Cli.Tests.Kit;
using HealthLedger.Cli.Verify;
using HealthLedger.Cli.Witness;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Merkle;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Tests.Successions;
using HealthLedger.Proofs.Witnesses;

namespace HealthLedger.Cli.Tests.Witness;

public sealed class WitnessTests : IDisposable
{
    private static readonly Hash s_handle = new(SHA(1));
    private readonly string root = Directory.CreateTempSubdirectory("witness-").FullName;
    private readonly NoteSigner log = new("ledger.example/log", NoteKeyType.Ed25519, Ed25519PrivateKey.FromSeed(SHA(2)));
    private readonly List<LedgerEntry> entries = [];
    private readonly Proofs.ConsentStateMap.ConsentMap map = new();
    private readonly List<string> fetched = [];
    private bool serves = true;

    private static byte[] SHA(byte seed) => System.Security.Cryptography.SHA256.HashData([seed]);

    public void Dispose()
    {
        log.Dispose();
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public async Task A_key_is_made_once_for_its_owner_alone_and_read_again()
    {
        var path = Path.Combine(root, "key");
        var made = await Command.Run("witness", "keygen", "--name", "witness.example/w1", "--out", path);
        Assert.Equal(ExitCode.Ok, made.Code);
        using (var read = WitnessKey.Read(path))
        {
            Assert.Equal(made.Out.Trim(), read.Verifier.ToString());
            Assert.Equal(NoteKeyType.Cosignature, read.Verifier.Type);
        }

        Assert.Equal(ExitCode.Usage, (await Command.Run("witness", "keygen", "--name", "witness.example/w1", "--out", path)).Code);
        Assert.Equal(ExitCode.Usage, (await Command.Run("witness", "keygen", "--name", "not a name", "--out", path + "2")).Code);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
            Assert.Contains("chmod 600", (await Command.Run("witness", "--key", path, "--state", root, "--log", log.Verifier.ToString())).Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("--replay", "http://localhost:1")]
    [InlineData("--client", "x.json")]
    [InlineData("--log", "nonsense")]
    public async Task A_command_line_that_makes_no_sense_ends_with_2(string option, string value)
    {
        var key = Path.Combine(root, "key");
        WitnessKey.Create("witness.example/w1", key);
        Assert.Equal(ExitCode.Usage, (await Command.Run("witness", "--key", key, "--state", Path.Combine(root, "s"), "--log", log.Verifier.ToString(), option, value)).Code);
    }

    [Fact]
    public async Task Over_HTTP_it_answers_as_the_specification_says_and_remembers_after_a_restart()
    {
        Grow(3);
        var first = Signed();
        await using (var witness = await Run())
        {
            Assert.Equal(HttpStatusCode.NotFound, (await witness.Http.GetAsync(Monitoring)).StatusCode);
            var (status, body, _) = await witness.Post(Ask(0, first));
            Assert.Equal(200, status);
            Assert.True(WitnessAnswer.Cosignatures(first, [witness.Key], body).IsValid);
            var kept = SignedNote.Parse(await witness.Http.GetByteArrayAsync(Monitoring)).Value;
            Assert.Equal(2, kept.Verify([log.Verifier, witness.Key]).Value.Count);
            Assert.Equal(400, (await witness.Post("nonsense"u8.ToArray())).Status);
            Assert.Equal(413, (await witness.Post(new byte[AddCheckpointRequest.MaxBytes + 1])).Status);
        }

        Grow(2);
        await using (var witness = await Run())
        {
            var (status, body, type) = await witness.Post(Ask(0, Signed()));
            Assert.Equal((409, "4\n", "text/x.tlog.size"), (status, body, type));
            Assert.Equal(200, (await witness.Post(Ask(4, Signed()))).Status);
            Assert.Equal(200, (await witness.Post(Ask(7, Signed()))).Status);
            Assert.Equal(409, (await witness.Post(Ask(4, Signed()))).Status);
            Assert.Equal(422, (await witness.Post(new AddCheckpointRequest(7, [], new Checkpoint(log.Verifier.Name, 7, s_handle).Sign(log)).ToBytes())).Status);
            using var other = new NoteSigner("another.example/log", NoteKeyType.Ed25519, Ed25519PrivateKey.FromSeed(SHA(9)));
            Assert.Equal(404, (await witness.Post(new AddCheckpointRequest(0, [], new Checkpoint("another.example/log", 7, s_handle).Sign(other)).ToBytes())).Status);
            Assert.All(witness.Lines, line => Assert.StartsWith("{\"time\":", line, StringComparison.Ordinal));
            Assert.Equal(6, witness.Lines.Count);
        }
    }

    [Fact]
    public async Task Of_many_that_ask_at_once_only_one_history_is_cosigned()
    {
        Grow(1);
        var start = Signed();
        Grow(1);
        var mine = Signed();
        entries[2] = LedgerEntry.ForEvent(DateTimeOffset.UnixEpoch, s_handle, s_handle);
        var fork = Signed();
        await using var witness = await Run();
        Assert.Equal(200, (await witness.Post(Ask(0, start))).Status);
        var bodies = new[] { Ask(2, fork), new AddCheckpointRequest(2, AddCheckpointRequest.Parse(Ask(2, fork)).Value.Proof, mine).ToBytes() };
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => witness.Post(bodies[i % 2])));
        Assert.InRange(answers.Count(answer => answer.Status == 200), 1, 8);
        Assert.All(answers.Where(answer => answer.Status == 200), answer => Assert.True(WitnessAnswer.Cosignatures(fork, [witness.Key], answer.Body).IsValid));
    }

    [Fact]
    public void An_offline_key_that_is_pinned_without_successions_that_it_signed_is_refused()
    {
        var path = Path.Combine(root, "offline-key");
        WitnessKey.Create("witness.example/w1", path);
        using var signer = WitnessKey.Read(path);
        NoteVerifier[] logs = [SucceededLog.First.Verifier];
        using var state = WitnessState.Open(Path.Combine(root, "followed"), signer.Verifier, logs);
        var refused = Assert.Throws<UsageException>(() => WitnessLineages.Follow(logs, [SucceededLog.Offline.Verifier], [], state, TextWriter.Null));
        Assert.Contains("no successions", refused.Message, StringComparison.Ordinal);

        // Once they were given they are in the state.
        Assert.Single(WitnessLineages.Follow(logs, [SucceededLog.Offline.Verifier], [SucceededLog.Rotated().File(SucceededLog.Second)], state, TextWriter.Null));
        Assert.Single(WitnessLineages.Follow(logs, [SucceededLog.Offline.Verifier], [], state, TextWriter.Null));
    }

    [Fact]
    public async Task A_state_of_another_key_a_damaged_one_and_one_in_use_are_refused()
    {
        Grow(1);
        await using (var witness = await Run())
        {
            Assert.Equal(200, (await witness.Post(Ask(0, Signed()))).Status);
            Assert.Throws<UsageException>(() => WitnessState.Open(State, witness.Key, [log.Verifier]).Dispose());
        }

        var file = Path.Combine(State, WitnessState.NameOf(log.Verifier.Name));
        using var other = new NoteSigner("witness.example/w1", NoteKeyType.Cosignature, Ed25519PrivateKey.FromSeed(SHA(8)));
        Assert.Throws<UsageException>(() => WitnessState.Open(State, other.Verifier, [log.Verifier]).Dispose());
        var note = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, note.Replace("\n2\n", "\n1\n", StringComparison.Ordinal));
        Assert.Throws<UsageException>(() => WitnessState.Open(State, Key.Verifier, [log.Verifier]).Dispose());
        await File.WriteAllTextAsync(file, note);
        WitnessState.Open(State, Key.Verifier, [log.Verifier]).Dispose();
    }

    [Fact]
    public async Task An_auditor_cosigns_what_the_replay_agrees_with()
    {
        Grow(300);
        await using var auditor = await Run(replaying: true);
        Assert.Equal(200, (await auditor.Post(Ask(0, Signed()))).Status);
        Add(LedgerEntry.ForConsent(DateTimeOffset.UnixEpoch, s_handle, s_handle, ConsentOperation.Grant, s_handle, LedgerEntry.NoEnd, s_handle));
        AddState();
        Assert.Equal(200, (await auditor.Post(Ask(301, Signed()))).Status);

        // While entries cannot be had, and after wrong ones, it refuses for the time being; the refresh of what it knows needs none.
        Grow(2);
        serves = false;
        Assert.Equal(503, (await auditor.Post(Ask(303, Signed()))).Status);
        Assert.Equal(409, (await auditor.Post(Ask(301, Signed()))).Status);
        serves = true;
        var right = Ask(303, Signed());
        (entries[303], entries[304]) = (entries[304], entries[303]);
        Assert.Equal(503, (await auditor.Post(right)).Status);
        (entries[303], entries[304]) = (entries[304], entries[303]);
        Assert.Equal(200, (await auditor.Post(right)).Status);
    }

    [Fact]
    public async Task An_auditor_that_starts_again_goes_on_where_it_was()
    {
        Grow(600);
        Add(LedgerEntry.ForConsent(DateTimeOffset.UnixEpoch, s_handle, s_handle, ConsentOperation.Grant, s_handle, LedgerEntry.NoEnd, s_handle));
        AddState();
        await using (var auditor = await Run(replaying: true))
        {
            Assert.Equal(200, (await auditor.Post(Ask(0, Signed()))).Status);
            Assert.Contains("tile/entries/000", fetched);
            auditor.Witness.KeepReplay();
        }

        fetched.Clear();
        Grow(2);
        await using var again = await Run(replaying: true);
        Assert.Equal(200, (await again.Post(Ask(603, Signed()))).Status);
        Assert.Equal(["tile/entries/002.p/94"], fetched);

        // It knows the handles too: one is never granted twice.
        Add(LedgerEntry.ForConsent(DateTimeOffset.UnixEpoch, s_handle, s_handle, ConsentOperation.Grant, s_handle, LedgerEntry.NoEnd, s_handle));
        AddState();
        var (status, body, _) = await again.Post(Ask(606, Signed()));
        Assert.Equal(422, status);
        Assert.StartsWith("replay-grant: ", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_byte_of_what_was_kept_of_a_replay_can_be_changed()
    {
        Grow(5);
        Add(LedgerEntry.ForConsent(DateTimeOffset.UnixEpoch, s_handle, s_handle, ConsentOperation.Grant, s_handle, LedgerEntry.NoEnd, s_handle));
        AddState();
        await using (var auditor = await Run(replaying: true))
        {
            Assert.Equal(200, (await auditor.Post(Ask(0, Signed()))).Status);
            auditor.Witness.KeepReplay();
        }

        var kept = await File.ReadAllBytesAsync(Path.Combine(State, WitnessState.NameOf(log.Verifier.Name) + ".replay"));
        Assert.NotNull(Read(kept));
        for (var at = 0; at < kept.Length; at++)
        {
            var changed = kept.ToArray();
            changed[at] ^= 0x01;
            Assert.True(Read(changed) is null || IsUnread(kept, at), $"byte {at}");
            Assert.Null(Read(kept.AsSpan(0, at).ToArray()));
        }

        Assert.Null(Read([.. kept, 0]));
        Assert.Null(ReplaySnapshot.Read(new MemoryStream(kept), "other.example/log", Key.Verifier));
        using var other = new NoteSigner("witness.example/w1", NoteKeyType.Cosignature, Ed25519PrivateKey.FromSeed(SHA(8)));
        Assert.Null(ReplaySnapshot.Read(new MemoryStream(kept), log.Verifier.Name, other.Verifier));

        ReplaySnapshot? Read(byte[] bytes) => ReplaySnapshot.Read(new MemoryStream(bytes), log.Verifier.Name, Key.Verifier);
    }

    /// <summary>The log's own signature is not looked at: the witness's covers the same text.</summary>
    private bool IsUnread(byte[] kept, int at)
    {
        var text = System.Text.Encoding.Latin1.GetString(kept);
        var line = System.Text.Encoding.Latin1.GetString(System.Text.Encoding.UTF8.GetBytes($"\u2014 {log.Verifier.Name} "));
        var begin = text.IndexOf(line, StringComparison.Ordinal);
        return begin >= 0 && at >= begin && at < text.IndexOf('\n', begin);
    }

    [Fact]
    public async Task A_line_of_the_log_names_the_witnessed_log_and_the_size_and_nothing_that_a_stranger_sent()
    {
        Grow(3);
        await using var witness = await Run();
        await witness.Post(Ask(0, Signed()));
        await witness.Post(Ask(0, Signed()));
        using var stranger = new NoteSigner("stranger.example/told", NoteKeyType.Ed25519, Ed25519PrivateKey.FromSeed(SHA(9)));
        await witness.Post(new AddCheckpointRequest(0, [], new Checkpoint(stranger.Verifier.Name, 3, s_handle).Sign(stranger)).ToBytes());
        await witness.Post("told"u8.ToArray());
        var lines = witness.Lines.Select(line => System.Text.Json.Nodes.JsonNode.Parse(line)!.AsObject()).ToList();
        Assert.Equal([200, 409, 404, 400], lines.Select(line => line["status"]!.GetValue<int>()));
        Assert.All(lines.Take(2), line => Assert.Equal((log.Verifier.Name, 4), (line["origin"]!.GetValue<string>(), line["size"]!.GetValue<int>())));
        Assert.All(lines.Skip(2), line => Assert.False(line.ContainsKey("origin") || line.ContainsKey("size")));
        Assert.DoesNotContain("told", witness.Output.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The map root of one STATE entry is false, that of the next is right again: a plain witness cannot see it, the auditor refuses for good.</summary>
    [Fact]
    public async Task A_false_map_root_in_one_STATE_and_the_right_one_in_the_next_is_refused_by_the_auditor_alone()
    {
        Grow(1);
        var before = Signed();
        Add(LedgerEntry.ForConsent(DateTimeOffset.UnixEpoch, s_handle, s_handle, ConsentOperation.Grant, s_handle, LedgerEntry.NoEnd, s_handle));
        Add(LedgerEntry.ForState(DateTimeOffset.UnixEpoch, s_handle, 1, 1));
        AddState();
        var after = Signed();
        await using (var plain = await Run())
        {
            Assert.Equal(200, (await plain.Post(Ask(0, before))).Status);
            Assert.Equal(200, (await plain.Post(Ask(2, after))).Status);
        }

        await using (var auditor = await Run(replaying: true, state: "auditor"))
        {
            Assert.Equal(200, (await auditor.Post(Ask(0, before))).Status);
            var (status, body, _) = await auditor.Post(Ask(2, after));
            Assert.Equal(422, status);
            Assert.StartsWith("replay-state-root: ", body, StringComparison.Ordinal);
            Assert.Equal(422, (await auditor.Post(Ask(2, after))).Status);
        }

        // Nor does it forget: whoever leaves the false STATE out afterwards has signed a second history.
        await using var again = await Run(replaying: true, state: "auditor");
        Assert.Equal(after.ToBytes(), await File.ReadAllBytesAsync(Path.Combine(root, "auditor", WitnessState.NameOf(log.Verifier.Name) + ".refused")));
        entries.RemoveAt(3);
        Assert.StartsWith("witness-refused-log: ", (await again.Post(Ask(2, Signed()))).Body, StringComparison.Ordinal);
    }

    /// <summary>docs/formats/completeness.md: a patient's list rests on it, and a plain witness cannot see it.</summary>
    [Fact]
    public async Task An_EPOCH_entry_that_leaves_an_event_out_is_refused_by_the_auditor()
    {
        var rows = Enumerable.Range(0, 3).Select(i => new Proofs.Completeness.TagRow(new Hash(SHA((byte)i)), (ulong)i)).ToArray();
        Array.ForEach(rows, row => Add(LedgerEntry.ForEvent(DateTimeOffset.UnixEpoch, s_handle, row.Tag)));
        AddState();
        rows[0] = rows[0] with { Tag = new Hash(SHA(99)) };
        Array.Sort(rows);
        Add(LedgerEntry.ForEpoch(DateTimeOffset.UnixEpoch, Proofs.Completeness.EpochTree.Root(rows), 0, 4, 3, LedgerEntry.NoPreviousEpoch));
        AddState();
        await using var auditor = await Run(replaying: true);
        var (status, body, _) = await auditor.Post(Ask(0, Signed()));
        Assert.Equal(422, status);
        Assert.StartsWith("epoch-root: ", body, StringComparison.Ordinal);
    }

    private string State => Path.Combine(root, "state");

    private string Monitoring => $"/{WitnessState.NameOf(log.Verifier.Name)}/checkpoint";

    private NoteSigner Key { get; } = new("witness.example/w1", NoteKeyType.Cosignature, Ed25519PrivateKey.FromSeed(SHA(7)));

    /// <summary>So many events and a STATE entry.</summary>
    private void Grow(int events)
    {
        for (var i = 0; i < events; i++)
        {
            Add(LedgerEntry.ForEvent(DateTimeOffset.UnixEpoch, new Hash(SHA((byte)i)), s_handle));
        }

        AddState();
    }

    private void Add(LedgerEntry entry)
    {
        if (entry.Operation != ConsentOperation.None)
        {
            map.Set(entry.Handle, Proofs.ConsentStateMap.ConsentState.After((ulong)entries.Count, entry));
        }

        entries.Add(entry);
    }

    private void AddState()
    {
        var previous = entries.FindLastIndex(entry => entry.Kind == EntryKind.State);
        Add(LedgerEntry.ForState(DateTimeOffset.UnixEpoch, map.Root, (ulong)map.Count, previous < 0 ? LedgerEntry.NoPreviousState : (ulong)previous));
    }

    private Hash[] Leaves => [.. entries.Select(entry => entry.LeafHash())];

    private SignedNote Signed() => new Checkpoint(log.Verifier.Name, (ulong)entries.Count, MerkleHash.Root(Leaves)).Sign(log);

    private byte[] Ask(ulong old, SignedNote note)
    {
        var leaves = Leaves;
        var size = Checkpoint.Parse(note.Text).Value.Size;
        return new AddCheckpointRequest(old, ProofConstruction.Consistency(old, size, (level, index) => MerkleHash.Root(leaves.AsSpan((int)index << level, 1 << level))), note).ToBytes();
    }

    private async Task<RunningWitness> Run(bool replaying = false, string state = "state")
    {
        var recorded = WitnessState.Open(Path.Combine(root, state), Key.Verifier, [log.Verifier]);
        var output = new StringWriter();
        var witness = new CheckpointWitness([Key], [log.Verifier], [], recorded, replaying ? new LedgerFollower(new Entries(this), recorded.Replayed(log.Verifier.Name)) : null, TimeProvider.System, default);
        var server = new WitnessServer(witness, "http://127.0.0.1:0", new Terminal(output, TextWriter.Null, ShowsProgress: false), TimeProvider.System);
        return new RunningWitness(witness, server, recorded, output, Key.Verifier, await server.Start(default));
    }

    private sealed record RunningWitness(CheckpointWitness Witness, WitnessServer Server, WitnessState State, StringWriter Output, NoteVerifier Key, string Url) : IAsyncDisposable
    {
        public HttpClient Http { get; } = new() { BaseAddress = new Uri(Url) };

        public IReadOnlyList<string> Lines => Output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);

        public async Task<(int Status, string Body, string? Type)> Post(byte[] body)
        {
            using var answer = await Http.PostAsync("/add-checkpoint", new ByteArrayContent(body));
            return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(), answer.Content.Headers.ContentType?.MediaType);
        }

        public async ValueTask DisposeAsync()
        {
            Http.Dispose();
            await Server.DisposeAsync();
            State.Dispose();
        }
    }

    /// <summary>Serves the test's entries.</summary>
    private sealed class Entries(WitnessTests test) : LedgerSource
    {
        public override string Name => "test/";

        public override bool MayHoldEntries => true;

        public override Task<byte[]?> Fetch(string path, int maxBytes, CancellationToken cancellationToken)
        {
            test.fetched.Add(path);
            var tile = TilePath.Parse(path)!.Value;
            var bundle = test.entries.Skip((int)tile.Index * TilePath.FullWidth).Take(tile.Width).Select(entry => (ReadOnlyMemory<byte>)entry.ToBytes()).ToList();
            return test.serves ? Task.FromResult<byte[]?>(bundle.Count == tile.Width ? EntryBundle.Encode(bundle) : null) : throw new UnreachableException("test");
        }
    }
}
