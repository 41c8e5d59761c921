using System.Collections.Immutable;
using HealthLedger.Fhir.Validation;
using HealthLedger.Ledger;

namespace HealthLedger.Access;

/// <summary>Changes to make together, all or none, after token, URL and structure were found good; nothing stored was looked at yet.</summary>
public sealed record ChangeRequest
{
    /// <summary>Who changes.</summary>
    public required Caller Caller { get; init; }

    /// <summary>Why; one of the caller's purposes.</summary>
    public required PurposeOfUse Purpose { get; init; }

    /// <summary>For emergency purposes the reason in the caller's words, up to 500 characters: told with what the conditions of this request disclose.</summary>
    public string? EmergencyReason { get; init; }

    /// <summary>The request's id, for correlation.</summary>
    public required string RequestId { get; init; }

    /// <summary>The FHIR interaction: <c>create</c>, <c>update</c>, <c>delete</c>, <c>transaction</c>.</summary>
    public required string Interaction { get; init; }

    /// <summary>True where the changes are one transaction, in which entries refer to each other.</summary>
    internal bool IsTransaction => Interaction == "transaction";

    /// <summary>True where all that is asked for is that consents end: told from the request alone, because it is answered on a full disk too, whatever is stored.</summary>
    internal bool TakesBack => Changes.Length <= RecordChange.MaximumTakenBack && Changes.All(ConsentChange.TakesBack);

    /// <summary>The address under which this server is known: a reference that begins with it is one of our own and is made relative. Empty where there is none.</summary>
    public string LocalBase { get; init; } = "";

    /// <summary>True where nothing is stored of patients of whom there is nothing yet, or not any more: for what the gateway writes by itself, which must not bring back who was erased meanwhile.</summary>
    public bool OnlyOfKnownPatients { get; init; }

    /// <summary>At least one, at most <see cref="RecordChange.MaximumChanges"/>.</summary>
    public required ImmutableArray<Change> Changes { get; init; }
}

/// <summary>One change of one record.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="Type">Resource type.</param>
/// <param name="Id">Logical id; null for a create, and where a condition finds the record.</param>
/// <param name="Body">The resource, valid UTF-8 JSON; empty for a delete.</param>
/// <param name="FullUrl">The entry's fullUrl in its transaction, to which others refer; null where there is none.</param>
/// <param name="IfMatch">The version that must be the current one; 0: there must be none; <see cref="AnyVersion"/>; null where it does not matter.</param>
/// <param name="Condition">
/// A search, as the caller: a create is made only where it finds nothing; an update or a delete is of the one record that it finds, an update where it finds nothing makes
/// one. Null where there is none. Pages of two tell what there is to tell.
/// </param>
public sealed record Change(
    ChangeKind Kind, string Type, string? Id, ReadOnlyMemory<byte> Body, string? FullUrl = null, int? IfMatch = null, Target.Criteria? Condition = null)
{
    /// <summary>There must be a record, at whatever version: <c>If-Match: *</c> (RFC 9110 section 13.1.1).</summary>
    public const int AnyVersion = -1;

    /// <summary>True where another version is asked for than the one that there is; a deleted record is at none.</summary>
    internal bool IsOfAnother(int version, bool isDeleted) => IfMatch is AnyVersion ? isDeleted : IfMatch is { } asked && asked != version;

    /// <summary>What a scope must cover for it.</summary>
    internal ScopeInteraction Scope => Kind switch { ChangeKind.Create => ScopeInteraction.Create, ChangeKind.Update => ScopeInteraction.Update, _ => ScopeInteraction.Delete };
}

/// <summary>What a <see cref="Change"/> does.</summary>
public enum ChangeKind
{
    /// <summary>A new record under an id that the server makes.</summary>
    Create,
    /// <summary>A new version; for clients with the right to migrate also a new record under their own id.</summary>
    Update,
    /// <summary>A version that says the record is gone; the ones before stay readable to who may.</summary>
    Delete,
}

/// <summary>What became of a <see cref="ChangeRequest"/>.</summary>
public abstract record ChangeResult
{
    private ChangeResult()
    {
    }

    /// <summary>All changes are durable and recorded.</summary>
    /// <param name="Records">In the request's order.</param>
    /// <param name="Receipt">Where the change stands in the ledger.</param>
    public sealed record Changed(ImmutableArray<ChangedRecord> Records, ReceiptId Receipt) : ChangeResult;

    /// <summary>Nothing was changed.</summary>
    /// <param name="At">Which change of the request was at fault.</param>
    /// <param name="Fault">What was wrong.</param>
    /// <param name="Issues">For <see cref="ChangeFault.Invalid"/>, what and where; otherwise empty.</param>
    /// <param name="Receipt">Where the attempt stands in the ledger; null where it was refused before anything stored was looked at.</param>
    public sealed record Refused(int At, ChangeFault Fault, ImmutableArray<ValidationIssue> Issues, ReceiptId? Receipt = null) : ChangeResult;

    /// <summary>The ledger takes no entry now, so nothing is changed.</summary>
    public sealed record Unavailable : ChangeResult;
}

/// <summary>One record after a change.</summary>
/// <param name="Key">Its new version; of what a conditional create found, the version that stands.</param>
/// <param name="Kind">What was asked for.</param>
/// <param name="Created">True where there was no such record before.</param>
/// <param name="LastUpdated">When that version was written.</param>
/// <param name="Json">The resource as stored; empty for a delete, and for what was found.</param>
public sealed record ChangedRecord(RecordKey Key, ChangeKind Kind, bool Created, DateTimeOffset LastUpdated, ReadOnlyMemory<byte> Json)
{
    /// <summary>True where a conditional create found its record and changed nothing.</summary>
    public bool Existed => Kind == ChangeKind.Create && !Created;

    /// <summary>True where a conditional delete, or a delete in a transaction, found nothing that the caller may see, so that there is no version.</summary>
    public bool WasAbsent => Key.Version == 0;

    /// <summary>For a consent, what in it is not understood and therefore permits nothing or denies more; to be shown to whoever signs. Empty for most.</summary>
    public ImmutableArray<ValidationIssue> Remarks { get; init; } = [];
}

/// <summary>Why a change was refused.</summary>
public enum ChangeFault
{
    /// <summary>No such record, or none that the caller may see and change: from outside the two are one.</summary>
    NotThere,
    /// <summary>The caller sees the record, but somebody else keeps it.</summary>
    NotTheirs,
    /// <summary>No scope covers a record of the patients that the content names: told from token and content alone.</summary>
    OutOfScope,
    /// <summary>If-Match names another version.</summary>
    VersionConflict,
    /// <summary>The content cannot be accepted; the issues say why.</summary>
    Invalid,
    /// <summary>Several records that the caller may see match a condition.</summary>
    SeveralMatch,
    /// <summary>A conditional update names another id than that of the record that its condition found.</summary>
    OtherId,
    /// <summary>A condition spans more permitted patients than one search may.</summary>
    TooBroad,
}
