namespace HealthLedger.Fhir.Search;

/// <summary>
/// The records that a query may look through beside the one it judges: those that the caller may see, and no others. Whoever implements it decides; what is not visible is absent here.
/// </summary>
public interface IVisibleRecords
{
    /// <summary>A visible record by type and id; null where there is none.</summary>
    ValueTask<SearchCandidate?> Find(string type, string id);

    /// <summary>Whether that record is visible and matches.</summary>
    ValueTask<bool> Meets(string type, string id, SearchQuery condition);

    /// <summary>Whether a visible record that matches refers to that record by the parameter, which is of type reference.</summary>
    /// <param name="type">Of the record that is referred to.</param>
    /// <param name="id">Its id.</param>
    /// <param name="parameter">Code of a parameter of the condition's type.</param>
    /// <param name="condition">What the referring record must match.</param>
    ValueTask<bool> IsReferredTo(string type, string id, string parameter, SearchQuery condition);
}
