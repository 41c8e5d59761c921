using System.Globalization;
using System.Text;
using System.Text.Json;
using HealthLedger.Proofs.Facts;

namespace HealthLedger.Proofs.Evidence;

/// <summary>The question that a bundle answers, as its entry records it: the filters that an item's opened fields can be compared with.</summary>
internal sealed record EvidenceQuestion(string? Client, string? Purpose, bool? Refused, string? Kind, string? Patient, DateTimeOffset? Since, DateTimeOffset? Until, ulong? Before)
{
    private const int MaxBytes = 64 * 1024;

    /// <summary>Reads the evidence field of a review's fact; null where it is none.</summary>
    public static EvidenceQuestion? Parse(string? evidence)
    {
        if (evidence is null || !StrictJson.Parse(Encoding.UTF8.GetBytes(evidence), MaxBytes).TryGet(out var document, out _))
        {
            return null;
        }

        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            var (since, until, before, refused) = (StrictJson.String(root, "since"), StrictJson.String(root, "until"), StrictJson.String(root, "before"), StrictJson.String(root, "refused"));
            ulong entry = 0;
            var wrong = (since is not null && Time(since) is null) || (until is not null && Time(until) is null) || refused is not (null or "True" or "False")
                || (before is not null && !ulong.TryParse(before, NumberStyles.None, CultureInfo.InvariantCulture, out entry));
            return wrong
                ? null
                : new EvidenceQuestion(
                    StrictJson.String(root, "client"), StrictJson.String(root, "purpose"), refused is null ? null : refused == "True", StrictJson.String(root, "kind"), StrictJson.String(root, "patient"),
                    Time(since), Time(until), before is null ? null : entry);
        }
    }

    /// <summary>True where an item is an answer to this question, as far as its opened fields tell.</summary>
    public bool IsAnsweredBy(EvidenceItem item)
    {
        var fact = item.Opening;
        var time = Time(fact.ValueOf(FactField.Time));
        return (Client is null || !fact[FactField.Client].Opened || fact.ValueOf(FactField.Client) == Client)
            && (Purpose is null || !fact[FactField.Purpose].Opened || fact.ValueOf(FactField.Purpose) == Purpose)
            && (Refused is null || !fact[FactField.Decision].Opened || (fact.ValueOf(FactField.Decision) == "deny") == Refused)
            && (Kind is null || !fact[FactField.Event].Opened || fact.ValueOf(FactField.Event) == Kind)
            && (Patient is null || !fact[FactField.Patient].Opened || fact.ValueOf(FactField.Patient) == "Patient/" + Patient)
            && (Since is null || !fact[FactField.Time].Opened || time >= Since)
            && (Until is null || !fact[FactField.Time].Opened || time < Until)
            && (Before is null || item.Index < Before);
    }

    private static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;
}
