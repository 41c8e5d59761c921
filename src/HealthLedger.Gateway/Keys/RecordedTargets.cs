using System.Security.Cryptography;
using System.Text.Json;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Facts;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Gateway.Keys;

/// <summary>Which event of a recorded entry names which stored version: what a key holder is pointed to. Immutable.</summary>
internal sealed class RecordedTargets
{
    private readonly Recorded<AccessEntry> _entry;
    private readonly Dictionary<(string Chain, string Sha256), (int Event, int Target)> _places = [];

    private RecordedTargets(Recorded<AccessEntry> entry)
    {
        _entry = entry;
        for (var i = 0; i < entry.Value.Append.Events.Length; i++)
        {
            var recorded = entry.Value.Append.Events[i];
            if (!Fact.Parse(recorded.Fact.Span).TryGet(out var fact, out _) || fact[FactField.Targets] is not { } targets)
            {
                continue;
            }

            using var json = JsonDocument.Parse(targets);
            var number = 0;
            foreach (var target in json.RootElement.EnumerateArray())
            {
                if (target.TryGetProperty("sha256", out var hash))
                {
                    _places.TryAdd((recorded.Chain.Patient ?? "", hash.GetString()!), (i, number));
                }

                number++;
            }
        }
    }

    public static RecordedTargets Of(Recorded<AccessEntry> entry) => new(entry);

    /// <summary>Where a version is named: which event, and which of its targets.</summary>
    /// <exception cref="ArgumentException">No event names it: a bug of the caller.</exception>
    public (int Event, int Target) Find(SealedVersion version) =>
        _places.TryGetValue((version.Shelf.IsPatient ? version.Shelf.Value : "", Convert.ToHexStringLower(SHA256.HashData(version.Stored.Span))), out var place)
            ? place
            : throw new ArgumentException("No event of the entry names this version.", nameof(version));

    public ulong IndexOf(int place) => _entry.Position.Indices[place];

    public ReadOnlyMemory<byte> FactOf(int place) => _entry.Value.Append.Events[place].Fact;
}
