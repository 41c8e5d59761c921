using System.Globalization;
using System.Security.Cryptography;
using HealthLedger.Ledger;
using HealthLedger.Ledger.Successions;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Receipts;
using HealthLedger.Proofs.Successions;
using HealthLedger.Sealing;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Keys.Holding;

namespace HealthLedger.KeyHolder.Tests;

/// <summary>A real ledger, a key holder that trusts it, and records sealed under the holder's keys.</summary>
internal sealed class HolderWorld : IAsyncDisposable
{
    public static readonly ShelfId Ann = ShelfId.ForPatient("ann"), Bob = ShelfId.ForPatient("bob"), Practitioners = ShelfId.ForDirectory("Practitioner");
    private readonly EventChain chain = new("chain", RandomNumberGenerator.GetBytes(32));
    private readonly LedgerKeys ledgerKeys = LedgerKeys.Create("ledger.example/1", "ledger.example/local");
    private readonly LedgerLog ledger;
    private HolderState state;

    public HolderWorld(bool allowsIndexing = false)
    {
        Root = Directory.CreateTempSubdirectory("healthledger-").FullName;
        ledger = LedgerLog.Open(new LedgerOptions { Directory = Path.Combine(Root, "ledger"), Keys = ledgerKeys });
        Policy = LogPolicy.ForLog(NoteVerifier.Parse(ledger.VerifierKey).Value);
        HolderState.Create(Path.Combine(Root, "holder"));
        (state, Holder) = Open(allowsIndexing);
    }

    public string Root { get; }

    public LogPolicy Policy { get; set; }

    public Clock Time { get; } = new();

    public Holder Holder { get; private set; }

    public UnwrapList List => state.List;

    /// <summary>A row that is sealed under a shelf's data key, as the vault seals one.</summary>
    public (byte[] Held, byte[] Stored) Seal(ShelfId shelf, string content)
    {
        var held = Parts(new HolderRequest.Make([shelf.Value]), HeldKeys.HeldSize).ToArray();
        var key = Parts(new HolderRequest.Seal([new HeldSealing(shelf.Value, held, false)]), Envelope.KeyOfOneSize);
        var padded = new byte[128];
        System.Text.Encoding.UTF8.GetBytes(content, padded);
        var stored = new byte[4 + padded.Length + Envelope.Overhead];
        stored[3] = 1;
        Envelope.SealWith(key.Span, default, padded, stored.AsSpan(4));
        return (held, stored);
    }

    /// <summary>What a key of one envelope opens of a row; null where nothing.</summary>
    public static string? OpenWith(ReadOnlySpan<byte> key, byte[] stored)
    {
        var padded = new byte[128];
        return Envelope.TryOpenWith(key, default, stored.AsSpan(4), padded) ? System.Text.Encoding.UTF8.GetString(padded).TrimEnd('\0') : null;
    }

    /// <summary>Records an access and gives its receipt.</summary>
    public async Task<Receipt> Record(ShelfId shelf, IEnumerable<byte[]> rows, string kind = "access", string decision = "permit", string? patient = null)
    {
        var targets = string.Join(',', rows.Select((row, i) => $$"""{"ref":"{{(shelf.IsPatient ? "Observation" : "Practitioner")}}/{{i}}/_history/1","sha256":"{{Convert.ToHexStringLower(SHA256.HashData(row))}}"}"""));
        var fact = new FactBuilder().Set(FactField.Event, kind).Set(FactField.Decision, decision).Set(FactField.Targets, $"[{targets}]").Set(FactField.Binding, "")
            .Set(FactField.Patient, patient ?? (shelf.IsPatient ? shelf.Value : null)).Set(FactField.Time, DateTimeOffset.UnixEpoch.ToString("O", CultureInfo.InvariantCulture)).Build(RandomNumberGenerator.GetBytes(32));
        var appended = Assert.IsType<AppendOutcome.Appended>(await ledger.Append(
            new AppendRequest { Events = [new PendingEvent(chain, fact.Stored, fact.Commitment.ToArray())] }, default));
        return ledger.ReceiptOf(appended.Indices[0], null) with { Fact = fact.Stored.ToArray() };
    }

    public (Memory<byte> Keys, string Code) Ask(Receipt receipt, params (int Target, byte[] Held, byte[] Stored)[] versions) => Ask(
        new HolderRequest.Open([receipt.ToJson()], [.. versions.Select(version => new HeldVersion(0, version.Target, version.Held, version.Stored, null))]), versions.Length * Envelope.KeyOfOneSize);

    public (Memory<byte> Keys, string Code) Ask(HolderRequest request, int length)
    {
        var held = Holder.Answer(request.ToBytes());
        return HolderAnswer.Parse(held.Answer, length, out var code) is { } parts ? (parts.ToArray(), "granted") : (default, code);
    }

    /// <summary>Lets the ledger's key be succeeded, and destroys the old one; the file that the ledger then serves.</summary>
    public async Task<byte[]> Succeed(NoteSigner offline)
    {
        using var successions = new LogKeySuccessions(ledger, ledgerKeys, new Kept(), Time, TimeSpan.Zero);
        for (var number = 0; number < 2; number++)
        {
            var asked = Assert.IsType<SuccessionOutcome.Asked>(await successions.Ask(offline.Verifier, false, async _ => await Record(Ann, []) is not null, default));
            Assert.IsType<SuccessionOutcome.Installed>(await successions.Install(SignedSuccession.Asked(asked.Note.ToBytes()).Value.SignedBy(offline).Note.ToBytes(), default));
        }

        return ledger.Successions()!.ToJson();
    }

    /// <summary>Ends the holder and starts it again.</summary>
    public void Restart(bool allowsIndexing = false)
    {
        state.Dispose();
        (state, Holder) = Open(allowsIndexing);
    }

    public void Close() => state.Dispose();

    public async ValueTask DisposeAsync()
    {
        state.Dispose();
        await ledger.DisposeAsync();
        ledgerKeys.Dispose();
        Directory.Delete(Root, recursive: true);
    }

    private Memory<byte> Parts(HolderRequest request, int length)
    {
        var (keys, code) = Ask(request, length);
        Assert.Equal("granted", code);
        return keys;
    }

    private (HolderState, Holder) Open(bool allowsIndexing)
    {
        var rules = new ReceiptRules(Policy, TimeSpan.FromMinutes(60), Time);
        var opened = HolderState.Open(Path.Combine(Root, "holder"), rules.Oldest);
        return (opened, new Holder(opened.Keys, rules, opened.List, allowsIndexing, Time));
    }

    private sealed class Kept : ILogKeyStore
    {
        private readonly Dictionary<ulong, byte[]> records = [];

        public void KeepKeys(ReadOnlySpan<byte> exported)
        {
            // This ledger is never opened again.
        }

        public void Keep(ulong number, ReadOnlySpan<byte> record) => records[number] = record.ToArray();

        public byte[]? Find(ulong number) => records.GetValueOrDefault(number);
    }

    internal sealed class Clock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;
    }
}
