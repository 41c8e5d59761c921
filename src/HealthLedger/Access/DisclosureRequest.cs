using System.Collections.Immutable;
using HealthLedger.Fhir.Search;

namespace HealthLedger.Access;

/// <summary>One request for data, after its token and its URL were found well-formed and covered by a scope; nothing stored was looked at yet.</summary>
public sealed record DisclosureRequest
{
    /// <summary>Who asks.</summary>
    public required Caller Caller { get; init; }

    /// <summary>Why; one of the caller's purposes.</summary>
    public required PurposeOfUse Purpose { get; init; }

    /// <summary>For emergency purposes the reason in the caller's words, up to 500 characters; recorded, never logged.</summary>
    public string? EmergencyReason { get; init; }

    /// <summary>What is asked for.</summary>
    public required Target Target { get; init; }

    /// <summary>The request's id, for correlation; made by the gateway.</summary>
    public required string RequestId { get; init; }

    /// <summary>The FHIR interaction code: <c>read</c>, <c>vread</c>, <c>history-instance</c>, <c>history-type</c>, <c>history-system</c>, <c>operation</c>, <c>search-type</c>.</summary>
    public string Interaction => Target switch
    {
        Target.Record { Version: null } => "read",
        Target.Record => "vread",
        Target.History { Id: not null } => "history-instance",
        Target.History { Type: not null } => "history-type",
        Target.History => "history-system",
        Target.Criteria { Path: "" } => "search-system",
        Target.Everything or Target.Population => "operation",
        _ => "search-type",
    };

    /// <summary>True where a patient asks for consents and nothing beside: what has to be seen to be taken back, and so is answered on a full disk too.</summary>
    internal bool IsOfOwnConsents => Caller.Role == CallerRole.Patient
        && Target is Target.Record { Type: "Consent" } or Target.Criteria { Type: "Consent", Others.IsEmpty: true, Query.Includes.Count: 0 };

    /// <summary>
    /// True where it goes on while the ledger takes no entry, if the operator's policy says so: a record or a search, in an emergency and with a reason. Not what opens a whole record or many
    /// patients' at once.
    /// </summary>
    internal bool MayBePromised => Purpose.IsEmergency() && EmergencyReason is { Length: > 0 } && Target is (Target.Record or Target.Criteria);

    /// <summary>What a scope must cover for it.</summary>
    internal ScopeInteraction Scope => Target switch
    {
        Target.Criteria or Target.History { Id: null } => ScopeInteraction.Search,

        // They open records, and find those whose ids the caller does not know.
        Target.Everything or Target.Population => Everything,
        _ => ScopeInteraction.Read,
    };

    /// <summary>What one scope must cover for <see cref="Target.Everything"/> and <see cref="Target.Population"/>.</summary>
    public const ScopeInteraction Everything = ScopeInteraction.Read | ScopeInteraction.Search;
}

/// <summary>What a request asks for.</summary>
public abstract record Target
{
    private Target()
    {
    }

    /// <summary>True where one record is named: then refused and absent answer alike, by one entry.</summary>
    internal bool IsOneRecord => this is Record or History { Id: not null };

    /// <summary>One record by its id, current or a certain version.</summary>
    /// <param name="Type">Resource type.</param>
    /// <param name="Id">Logical id, already checked for its form.</param>
    /// <param name="Version">From 1; null for the current version.</param>
    public sealed record Record(string Type, string Id, int? Version) : Target;

    /// <summary>Versions of one record, of the records of one type, or of all, newest first; each decided like a version that is asked for by its number.</summary>
    /// <param name="Type">Resource type; null for all types.</param>
    /// <param name="Id">Logical id, already checked for its form; null for all records.</param>
    /// <param name="Query">Which versions.</param>
    /// <param name="RawQuery">The query as it came, for the fact; at most 8 KiB.</param>
    /// <param name="Page">Where this page begins, and what the pages before it saw.</param>
    public sealed record History(string? Type, string? Id, HistoryQuery Query, string RawQuery, PagePosition Page) : Target
    {
        /// <summary>The path below the FHIR base.</summary>
        public string Path => (Type, Id) switch { (null, _) => "_history", (_, null) => $"{Type}/_history", _ => $"{Type}/{Id}/_history" };
    }

    /// <summary>The records that match a query.</summary>
    /// <param name="Type">Resource type.</param>
    /// <param name="Query">The parsed query.</param>
    /// <param name="RawQuery">The query as it came, for the fact; at most 8 KiB.</param>
    /// <param name="Page">Where this page begins, and what the pages before it saw.</param>
    public sealed record Criteria(string Type, SearchQuery Query, string RawQuery, PagePosition Page) : Target
    {
        /// <summary>The same search on further types, in one order and one answer.</summary>
        public ImmutableArray<SearchQuery> Others { get; init; } = [];

        /// <summary>Where it was asked, for the fact: <c>Observation</c>, <c>Patient/id/Observation</c>, empty for a search over all types.</summary>
        public string Path { get; init; } = Type;

        /// <summary>For <c>$lastn</c>: of the matches only the last so many of each code; null for all.</summary>
        public int? Latest { get; init; }

        /// <summary>For <c>$meta</c> on types: true where the answer is what the meta of all matches has.</summary>
        public bool WithMeta { get; init; }

        internal IEnumerable<SearchQuery> Queries => [Query, .. Others];
    }

    /// <summary>
    /// A patient's record, an encounter or a group's members as <c>$everything</c> gives them: what is visible of the compartment, and what it leads to. A patient of whom nothing is visible, and an
    /// encounter that is not, are absent.
    /// </summary>
    /// <param name="Type"><c>Patient</c>, <c>Encounter</c> or <c>Group</c>.</param>
    /// <param name="Id">Its id, already checked for its form.</param>
    /// <param name="Query">Which records of it.</param>
    /// <param name="RawQuery">The parameters as a query, for the fact; at most 8 KiB.</param>
    /// <param name="Page">Where this page begins, and what the pages before it saw.</param>
    public sealed record Everything(string Type, string Id, EverythingQuery Query, string RawQuery, PagePosition Page) : Target
    {
        /// <summary>Of a Group that the caller has read: the patients in it, at most <see cref="MaximumMembers"/>.</summary>
        public ImmutableArray<string> Members { get; init; } = [];

        /// <summary>How many patients one answer may be about.</summary>
        public const int MaximumMembers = 100;

        /// <summary>The path below the FHIR base.</summary>
        public string Path => $"{Type}/{Id}/$everything";
    }

    /// <summary>The next page of an export: current records of one type, patient by patient, in no order that means anything, without total and without limit of patients.</summary>
    /// <param name="Path">What names the export in facts: its path below the FHIR base, without anything of a patient.</param>
    /// <param name="Type">Resource type.</param>
    /// <param name="Cohort">Whose records.</param>
    /// <param name="WithDirectory">True where the records that are in no patient's compartment are asked for too.</param>
    /// <param name="Filters">At least one must match, none looks through other records; empty for all records.</param>
    /// <param name="Since">Only what changed after this instant; null for all.</param>
    /// <param name="Until">Only records that were there at this instant.</param>
    /// <param name="From">How far the export has come.</param>
    public sealed record Population(
        string Path, string Type, Cohort Cohort, bool WithDirectory, ImmutableArray<SearchQuery> Filters, DateTimeOffset? Since, DateTimeOffset Until, CohortPosition From) : Target
    {
        /// <summary>True for what was deleted after <see cref="Since"/> and until <see cref="Until"/> instead of what is there: for whoever would be told that it is gone. The filters then say nothing.</summary>
        public bool Deleted { get; init; }
    }

    /// <summary>All current records in one patient's compartment, for a purpose that needs the whole picture (risk scores); each decided as ever.</summary>
    /// <param name="Patient">A Patient id.</param>
    public sealed record Compartment(string Patient) : Target;
}

/// <summary>Where a page of a search begins.</summary>
/// <param name="Snapshot">Only records that were there at this instant, the moment of the first page, are part of the search.</param>
/// <param name="After">The last match of the page before: this one begins with what comes after it in the search's order. Null for the first page.</param>
/// <param name="Offset">In a history, whose versions never go away, how many come before it.</param>
public readonly record struct PagePosition(DateTimeOffset? Snapshot, SearchKey? After = null, int Offset = 0);
