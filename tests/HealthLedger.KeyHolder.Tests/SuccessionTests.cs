// docs/formats/succession.md: a key holder that pinned the ledger's old key, or its offline key, goes on with receipts under the successor once it is given the successions.
using HealthLedger.Proofs.Notes;
using static HealthLedger.KeyHolder.Tests.HolderWorld;

namespace HealthLedger.KeyHolder.Tests;

public sealed class SuccessionTests
{
    [Fact]
    public async Task Receipts_under_the_successor_open_what_they_permit_once_the_successions_are_given()
    {
        await using var world = new HolderWorld();
        var pinned = world.Policy.Logs[0].ToString();
        var (held, stored) = world.Seal(Ann, "content");
        var before = await world.Record(Ann, [stored]);
        using var offline = new NoteSigner("ledger.example/offline", NoteKeyType.Ed25519, Ed25519PrivateKey.Generate());
        var file = Path.Combine(world.Root, "successions");
        await File.WriteAllBytesAsync(file, await world.Succeed(offline));
        var after = await world.Record(Ann, [stored]);
        Assert.Equal("note-unsigned", world.Ask(after, (0, held, stored)).Code);

        var (key, policy) = (offline.Verifier.ToString(), Path.Combine(world.Root, "policy"));
        await File.WriteAllTextAsync(policy, $"log {pinned}\nquorum none\n");
        foreach (var follow in new Func<LogPolicy>[] { () => CommandLine.Follow(pinned, null, null, file), () => CommandLine.Follow(null, policy, key, file), () => CommandLine.Follow(null, null, key, file) })
        {
            world.Policy = follow();
            world.Restart();
            Assert.Equal("granted", world.Ask(await world.Record(Ann, [stored]), (0, held, stored)).Code);
        }

        Assert.Equal("granted", world.Ask(before, (0, held, stored)).Code);
        Assert.Equal("granted", world.Ask(after, (0, held, stored)).Code);
        using var stranger = new NoteSigner("ledger.example/offline", NoteKeyType.Ed25519, Ed25519PrivateKey.Generate());
        Assert.Contains("another offline key", Assert.Throws<UsageException>(() => CommandLine.Follow(pinned, null, stranger.Verifier.ToString(), file)).Message, StringComparison.Ordinal);
        Assert.Throws<UsageException>(() => CommandLine.Follow(pinned, null, key, null));
        Assert.Throws<UsageException>(() => CommandLine.Follow(pinned, null, key, file + ".absent"));
    }
}
