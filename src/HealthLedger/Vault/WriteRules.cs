using System.Collections.Immutable;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Vault;

/// <summary>What a write must be; everything else is its caller's bug.</summary>
internal static class WriteRules
{
    private const int MaxCustodian = 512;

    internal static void Check(IReadOnlyList<RecordWrite> writes, VaultOptions options)
    {
        if (writes.Count < 1 || writes.Count > options.MaxWrites)
        {
            throw Bug($"A change has 1 to {options.MaxWrites} writes.");
        }

        if (writes.DistinctBy(write => (write.Key.Type, write.Key.Id)).Count() != writes.Count)
        {
            throw Bug("A change writes each record once.");
        }

        foreach (var write in writes)
        {
            Check(write, options);
        }
    }

    /// <summary>Checks a write against what is there.</summary>
    internal static void Check(RecordWrite write, ImmutableArray<ShelfId> before, ShelfLock held)
    {
        if (write.Shelves.Concat(before).Any(shelf => !held.States.ContainsKey(shelf)))
        {
            throw Bug("The lock must hold every shelf that a record lives on before and after.");
        }

        var current = before.IsEmpty ? null : held.States[before[0]].Current?.Find(write.Key.Type, write.Key.Id);
        if (!before.IsEmpty && current is null)
        {
            throw new TamperedRecordException(new Storage.RowPlace(Storage.VaultTable.Head, held.States[before[0]].Tag, default), "a shelf lacks a record that its locator places there");
        }

        if (current is null ? write.Key.Version < 1 : write.Key.Version != current.Key.Version + 1)
        {
            throw Bug("A new version is one more than the current one.");
        }
    }

    private static void Check(RecordWrite write, VaultOptions options)
    {
        if (!ShelfId.IsType(write.Key.Type) || !FhirId.IsValid(write.Key.Id))
        {
            throw Bug("A record has a type and a FHIR id.");
        }

        if (write.Shelves.IsDefaultOrEmpty || write.Shelves.Distinct().Count() != write.Shelves.Length)
        {
            throw Bug("A record lives on at least one shelf, and on each once.");
        }

        if (write.Deletes != write.Plaintext.IsEmpty || (write.Deletes && write.Terms is not null))
        {
            throw Bug("A version has content, or deletes and has none.");
        }

        if (write.Plaintext.Length > options.MaxRecordBytes
            || write.Annotation.Length > VaultOptions.MaxAnnotationBytes || write.Custodian.Length > MaxCustodian)
        {
            throw Bug("A record, its annotation or its custodian is longer than the vault takes.");
        }
    }

    private static ArgumentException Bug(string message) => new(message, "writes");
}
