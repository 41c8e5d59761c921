using System.Text.Json;

namespace HealthLedger.Consents;

/// <summary>A provision while it is read.</summary>
internal sealed class ProvisionDraft(ElementReader reader)
{
    private ProvisionElements notUnderstood;

    /// <summary>Reads one value into the draft; returns what is not understood about it, or null.</summary>
    public delegate string? ReadValue(JsonElement value, string place, ProvisionDraft draft);

    public ProvisionElements Stated { get; private set; }

    public List<string> Actors { get; } = [];

    public List<ConsentAction> Actions { get; } = [];

    public PurposeSet Purposes { get; set; }

    public PurposeSet Touched { get; set; }

    public List<string> Labels { get; } = [];

    public List<string> Types { get; } = [];

    public List<string> Profiles { get; } = [];

    public List<string> Codes { get; } = [];

    public List<DataReference> Data { get; } = [];

    /// <summary>Reads all values of one element and notes that it is stated, and whether it is understood.</summary>
    public void Each(JsonElement provision, string place, string name, ProvisionElements element, ReadValue read)
    {
        foreach (var (value, at) in reader.Each(provision, name, place))
        {
            Stated |= element;
            if (read(value, at, this) is { } reason)
            {
                notUnderstood |= element;
                reader.Remark(at, reason + ": as part of a permit it permits nothing, as part of a deny it denies whatever it might mean");
            }
        }
    }

    /// <summary>The provision so far.</summary>
    public Provision Finish() => new()
    {
        NotUnderstood = notUnderstood,
        Actors = [.. Actors.Distinct(StringComparer.Ordinal)],
        Actions = [.. Actions.Distinct()],
        Purposes = Purposes,
        TouchedPurposes = Touched,
        SecurityLabels = [.. Labels.Distinct(StringComparer.Ordinal)],
        ResourceTypes = [.. Types.Distinct(StringComparer.Ordinal)],
        Profiles = [.. Profiles.Distinct(StringComparer.Ordinal)],
        Codes = [.. Codes.Distinct(StringComparer.Ordinal)],
        Data = [.. Data.Distinct()],
    };
}
