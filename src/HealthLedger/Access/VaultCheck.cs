using System.Globalization;
using HealthLedger.Fhir.Definitions;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;
using HealthLedger.Vault.Storage;

namespace HealthLedger.Access;

/// <summary>A part of a check of the vault.</summary>
/// <param name="Next">Where the next part begins; null after the last.</param>
/// <param name="Done">How much of the whole is done, 0 to 1, about.</param>
/// <param name="Shelves">How many shelves were checked.</param>
/// <param name="Records">How many records they have.</param>
/// <param name="Versions">How many versions of them.</param>
/// <param name="Rows">How many rows were compared.</param>
/// <param name="Bytes">How many sealed bytes of records.</param>
/// <param name="Faults">What is not as it was committed.</param>
public sealed record CheckedPart(string? Next, double Done, long Shelves, long Records, long Versions, long Rows, long Bytes, IReadOnlyList<StoredFault> Faults);

/// <summary>
/// Compares the vault at rest with itself and with the ledger, part by part: every shelf opens and adds up to its head; every row of a record is there, the one that was committed, and no other is; every row
/// that says where records are opens and leads there; and each patient's head is the one that the newest change on the patient's chain names, so that a shelf put back whole is noticed. Of the shelves of no
/// patient the ledger does not tell which change is whose, so theirs has to be among them. Nothing is opened for anybody: segments for their hashes, facts for their roots, no record.
/// </summary>
public sealed class VaultCheck(RecordVault vault, LedgerLog log, TimeProvider time)
{
    /// <summary>How long one part takes, about: a shelf that was begun is finished.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private const int Together = 100;
    private const int EventsTogether = 200;
    private const int LocatorsTogether = 1000;

    // The stages of a check, as its cursors begin; rows are spread evenly over their numbers, so the number says how far a stage is.
    private const char OfPatients = 'p', OfTypes = 't', OfLocators = 'l';
    private const double PatientsShare = 0.8, TypesShare = 0.05;

    /// <summary>Checks the next part.</summary>
    /// <param name="from"><see cref="CheckedPart.Next"/> of the part before; empty for the first.</param>
    /// <param name="cancellation">Stops the check.</param>
    /// <returns>Null where <paramref name="from"/> is no such text.</returns>
    public async ValueTask<CheckedPart?> Check(string from, CancellationToken cancellation) => Parse(from) is not var (stage, after) ? null : stage switch
    {
        OfPatients => await Patients(after, cancellation),
        OfTypes => await Types(cancellation),
        _ => await Locators(after, cancellation),
    };

    /// <summary>
    /// Counts the patients and the kinds of directory records that have rows and no keys: the key directory is older than the data. Reads each patient's row in the directory, some ten microseconds each, and passes
    /// over those that do not open.
    /// </summary>
    /// <param name="cancellation">Stops the count.</param>
    public async ValueTask<int> CountWithoutKeys(CancellationToken cancellation)
    {
        var without = 0;
        foreach (var shelf in DirectoryShelves)
        {
            without += await vault.HasLostKeys(shelf, cancellation) ? 1 : 0;
        }

        for (KeyedName? after = null; await vault.PatientsAtRest(after, LocatorsTogether, cancellation) is (var patients, { } last, _); after = last)
        {
            foreach (var (shelf, _) in patients)
            {
                without += await vault.HasLostKeys(shelf, cancellation) ? 1 : 0;
            }
        }

        return without;
    }

    private static IEnumerable<ShelfId> DirectoryShelves => FhirDefinitions.R4.ResourceTypes.Select(ShelfId.ForDirectory);

    private async ValueTask<CheckedPart> Patients(KeyedName? after, CancellationToken cancellation)
    {
        var part = new Sum();
        for (var began = time.GetTimestamp(); time.GetElapsedTime(began) < Patience;)
        {
            var (shelves, last, faults) = await vault.PatientsAtRest(after, Together, cancellation);
            part.Faults.AddRange(faults);
            if (last is null)
            {
                return part.Ends($"{OfTypes}", PatientsShare);
            }

            part.Rows += shelves.Count + faults.Count;
            foreach (var (shelf, row) in shelves)
            {
                part.Add(await vault.CheckShelf(shelf, AgainstLedger, cancellation));
                after = row;
                if (time.GetElapsedTime(began) >= Patience && row != last)
                {
                    return part.Ends(Cursor(OfPatients, row), PatientsShare * Place(row));
                }
            }

            after = last;
        }

        return part.Ends(Cursor(OfPatients, after!.Value), PatientsShare * Place(after.Value));
    }

    private async ValueTask<CheckedPart> Types(CancellationToken cancellation)
    {
        var part = new Sum();
        var wanted = new Dictionary<string, ShelfId>(StringComparer.Ordinal);
        var heads = new Dictionary<ShelfId, RowPlace>();
        foreach (var shelf in DirectoryShelves)
        {
            var isThere = false;
            var found = await vault.CheckShelf(shelf, head =>
            {
                (isThere, wanted[Named(head)], heads[shelf]) = (true, shelf, new RowPlace(VaultTable.Head, head.Tag, default));
                return null;
            }, cancellation);
            if (isThere || found.Faults.Count > 0)
            {
                part.Add(found);
            }
        }

        // One event for all shelves of no patient that a request changed: the sequences and roots of all stand in it.
        for (ulong skip = 0; wanted.Count > 0 && log.EventsOf(vault.TenantChain, skip, EventsTogether, newestFirst: true) is { Count: > 0 } page; skip += (ulong)page.Count)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var fact in page.Select(each => log.FactOf(each.Index, vault.TenantChain)).OfType<Fact>().Where(fact => fact[FactField.Event] == "record"))
            {
                foreach (var change in (fact[FactField.Evidence] ?? "").Split(' '))
                {
                    wanted.Remove(Named(change));
                }
            }
        }

        part.Faults.AddRange(wanted.Values.Select(shelf => new StoredFault(heads[shelf], "the ledger names no change that came to this head")));
        return part.Ends($"{OfLocators}", PatientsShare + TypesShare);
    }

    private async ValueTask<CheckedPart> Locators(KeyedName? after, CancellationToken cancellation)
    {
        var part = new Sum();
        for (var began = time.GetTimestamp(); time.GetElapsedTime(began) < Patience;)
        {
            var (last, rows, faults) = await vault.CheckLocators(after, LocatorsTogether, cancellation);
            part.Rows += rows;
            part.Faults.AddRange(faults);
            if (last is null)
            {
                return part.Ends(null, 1);
            }

            after = last;
        }

        return part.Ends(Cursor(OfLocators, after!.Value), PatientsShare + TypesShare + ((1 - PatientsShare - TypesShare) * Place(after.Value)));
    }

    /// <summary>What the ledger says against a patient's head: the newest change on the chain must have come to it.</summary>
    private string? AgainstLedger(Shelf shelf)
    {
        try
        {
            for (ulong skip = 0; log.EventsOf(shelf.Chain, skip, EventsTogether, newestFirst: true) is { Count: > 0 } page; skip += (ulong)page.Count)
            {
                foreach (var each in page)
                {
                    if (log.FactOf(each.Index, shelf.Chain) is not { } fact)
                    {
                        return "a fact on the patient's chain does not open";
                    }

                    switch (fact[FactField.Event])
                    {
                        case "erasure" when fact[FactField.Decision] == "permit":
                            return "the ledger says that these records were erased";
                        case "record" or "consent" when Change(fact) is { } change:
                            return Named(change) == Named(shelf) ? null : "not the head that the ledger's newest change came to: it is of another time";
                    }
                }
            }

            return "the ledger has no change of these records";
        }
        catch (InvalidDataException)
        {
            return "the ledger's index or facts of the patient's chain cannot be read";
        }
    }

    /// <summary><see cref="ShelfChange.Evidence"/> in a fact; null where the fact is of no change.</summary>
    private static string? Change(Fact fact)
    {
        var evidence = fact[FactField.Evidence] ?? "";
        if (fact[FactField.Event] == "consent")
        {
            using var json = System.Text.Json.JsonDocument.Parse(evidence);
            evidence = json.RootElement.GetProperty("root").GetString() ?? "";
        }

        return evidence.Count(c => c == '/') == 2 ? evidence : null; // an erasure's withdrawals name the root alone
    }

    private static string Named(Shelf head) => string.Create(CultureInfo.InvariantCulture, $"{head.Sequence}/{head.Root}");

    private static string Named(string change) => change.Split('/') is [var sequence, _, var root] ? $"{sequence}/{root}" : "";

    private static (char Stage, KeyedName? After)? Parse(string from) =>
        from.Length == 0 ? (OfPatients, null)
        : from.Length == 1 && from[0] is OfTypes or OfLocators ? (from[0], null)
        : from[0] is OfPatients or OfLocators && from.Length == 1 + (2 * KeyedName.Size) && UInt128.TryParse(from.AsSpan(1), NumberStyles.AllowHexSpecifier, null, out var row) ? (from[0], new KeyedName(row))
        : null;

    private static string Cursor(char stage, KeyedName row) => stage + row.Value.ToString("x32", null);

    private static double Place(KeyedName row) => (double)row.Value / (double)UInt128.MaxValue;

    private sealed class Sum
    {
        private long _shelves, _records, _versions, _bytes;

        public long Rows { get; set; }

        public List<StoredFault> Faults { get; } = [];

        public void Add(ShelfAtRest shelf)
        {
            (_shelves, _records, _versions, _bytes, Rows) = (_shelves + 1, _records + shelf.Records, _versions + shelf.Versions, _bytes + shelf.Bytes, Rows + shelf.Rows);
            Faults.AddRange(shelf.Faults);
        }

        public CheckedPart Ends(string? next, double done) => new(next, done, _shelves, _records, _versions, Rows, _bytes, Faults);
    }
}
