namespace HealthLedger.Gateway.Hosting;

/// <summary>The section <c>HealthLedger:KeyHolder</c>: a process of another party that holds the data keys (docs/operations.md). Without one the gateway holds them.</summary>
internal sealed class KeyHolderOptions
{
    /// <summary><c>unix:PATH</c> or an http or https URL.</summary>
    public string? Address { get; set; }

    /// <summary>The link file, which the holder's <c>init</c> made.</summary>
    public string? LinkFile { get; set; }

    /// <summary>Seconds that the holder has to answer, and that an entry may take to be cosigned where the holder wants that. 1 to 120, default 10.</summary>
    public int TimeoutSeconds { get; set; } = 10;

    public IEnumerable<string> Faults()
    {
        if ((Address is null) != (LinkFile is null))
        {
            yield return "HealthLedger:KeyHolder:Address and HealthLedger:KeyHolder:LinkFile go together.";
        }

        if (Address is not null && !Address.StartsWith("unix:", StringComparison.Ordinal)
            && (!Uri.TryCreate(Address, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")))
        {
            yield return $"HealthLedger:KeyHolder:Address is '{Address}': use unix:PATH, or an http or https URL.";
        }

        if (TimeoutSeconds is < 1 or > 120)
        {
            yield return $"HealthLedger:KeyHolder:TimeoutSeconds is {TimeoutSeconds}: use 1 to 120.";
        }
    }
}
