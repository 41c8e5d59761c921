using System.Collections.Immutable;

namespace HealthLedger.Consents;

/// <summary>All that decides about one patient's record at one decision version. Immutable.</summary>
public sealed class ConsentState
{
    /// <param name="patient"><c>Patient/id</c>.</param>
    /// <param name="decisionVersion">The version this state was read at.</param>
    /// <param name="directives">The current version of every Consent of the patient; the inactive ones may be left out.</param>
    /// <param name="custodians">The organizations that keep records of the patient, <c>Organization/id</c>; null where nobody knows.</param>
    public ConsentState(string patient, long decisionVersion, IEnumerable<ConsentDirective> directives, ImmutableHashSet<string>? custodians = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(patient);
        ArgumentNullException.ThrowIfNull(directives);
        Patient = patient;
        DecisionVersion = decisionVersion;
        Directives = [.. directives];
        Custodians = custodians;
        if (Directives.Any(d => d.Patient != patient))
        {
            throw new ArgumentException("A directive of another patient does not belong here.", nameof(directives));
        }

        Active = [.. Directives.Where(d => d.IsActive && d.Rules.Length > 0)];
    }

    /// <summary><c>Patient/id</c>.</summary>
    public string Patient { get; }

    /// <summary>The version of everything that decides about this patient.</summary>
    public long DecisionVersion { get; }

    /// <summary>The patient's directives.</summary>
    public ImmutableArray<ConsentDirective> Directives { get; }

    /// <summary>Who keeps records of the patient; null where nobody knows.</summary>
    public ImmutableHashSet<string>? Custodians { get; }

    /// <summary>The directives that can decide.</summary>
    internal ImmutableArray<ConsentDirective> Active { get; }
}
