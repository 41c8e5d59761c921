using HealthLedger.Gateway.Backups;
using HealthLedger.Gateway.Events;
using HealthLedger.Gateway.Ledger;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Gateway.Hosting;

/// <summary>
/// The section <c>HealthLedger</c> of the configuration: command line (<c>--HealthLedger:Data=DIR</c>), environment (<c>HealthLedger__Data</c>) or
/// appsettings.json. Checked once at start; a wrong value ends the process with exit code 2 and a sentence that names it.
/// </summary>
internal sealed class GatewayOptions
{
    public const string Section = "HealthLedger";

    /// <summary>Where sealed records and the ledger lie. Default <c>./data</c>.</summary>
    public string Data { get; set; } = "data";

    /// <summary>Where keys lie: a directory of its own, so that it can be backed up apart and for a short time. Default: <see cref="Data"/> + <c>.keys</c>.</summary>
    public string? Keys { get; set; }

    /// <summary>A file whose first line is the passphrase; the environment variable HEALTHLEDGER_PASSPHRASE comes first.</summary>
    public string? PassphraseFile { get; set; }

    /// <summary>The ledger's origin: a schema-less URL that names the log for ever. Set at the first start, refused when it changes later.</summary>
    public string Origin { get; set; } = "healthledger.local/log";

    /// <summary>Whether the ledger's local cosigner signs with an ML-DSA-44 key too (FIPS 204). Default no; needs OpenSSL 3.5 or later.</summary>
    public bool MlDsaCosigner { get; set; }

    /// <summary>Days for which a retired key of the log goes on signing checkpoints beside its successor, 0 to 3,650. Default 30.</summary>
    public int LogKeyOverlapDays { get; set; } = 30;

    /// <summary>Minutes after which the ledger closes an epoch, 1 to 10,080. Default 1,440: daily.</summary>
    public int EpochMinutes { get; set; } = 1440;

    /// <summary>Room taken ahead on the disk of the data, so that consents can be taken back when it is full: 16 to 2,048 MiB, or 0 for none. Default 64.</summary>
    public int ReserveMegabytes { get; set; } = 64;

    /// <summary>The URL under which clients reach the gateway; default: the address it listens on.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>The IP address from which the reverse proxy in front connects: whom it names in X-Forwarded-For is taken for who comes. Default: none, and that header says nothing.</summary>
    public string? Proxy { get; set; }

    /// <summary>A file with a client id and its public keys, registered as an operator's client where there is no operator yet (docs/operations.md).</summary>
    public string? FirstOperator { get; set; }

    /// <summary>scrypt's work factor as a power of two for a new keys directory, 15 to 20. Default 17 (about half a second, 128 MiB).</summary>
    public int ScryptLogN { get; set; } = 17;

    /// <summary>FHIR packages whose profiles, value sets and code systems are known: each a <c>.tgz</c>, a <c>.json</c> or <c>.json.gz</c> file, or a folder of them.</summary>
    public string[] Packages { get; set; } = [];

    /// <summary>The size of the one ledger that is gone on from although this gateway showed a newer one: an old copy of the data that an operator put back.</summary>
    public ulong? AcceptRollback { get; set; }

    public ConsentOptions Consents { get; set; } = new();

    public PrivacyOptions Privacy { get; set; } = new();

    public CorsOptions Cors { get; set; } = new();

    public EventOptions Events { get; set; } = new();

    public ErasureOptions Erasure { get; set; } = new();

    public WitnessOptions Witnesses { get; set; } = new();

    public BackupOptions Backups { get; set; } = new();

    public KeyHolderOptions KeyHolder { get; set; } = new();

    public KeyProviderOptions KeyProvider { get; set; } = new();

    public EmergencyJournalOptions EmergencyJournal { get; set; } = new();

    public string DataDirectory => Path.GetFullPath(Data);

    public string KeysDirectory => Path.GetFullPath(Keys ?? Data.TrimEnd('/', '\\') + ".keys");

    /// <summary>The options as configured. A name that is none of them is a fault: a misspelt directory or policy must not become the default.</summary>
    /// <exception cref="ConfigurationException">A setting is unknown, or cannot be used.</exception>
    public static GatewayOptions Read(IConfiguration configuration)
    {
        GatewayOptions options;
        try
        {
            options = configuration.GetSection(Section).Get<GatewayOptions>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new GatewayOptions();
        }
        catch (InvalidOperationException unusable)
        {
            var colon = unusable.Message.LastIndexOf(": ", StringComparison.Ordinal);
            throw new ConfigurationException(unusable.InnerException is null && colon > 0
                ? $"HealthLedger has no setting {unusable.Message[(colon + 2)..]}; docs/surfaces.md lists them."
                : $"A setting has a value of the wrong kind. {unusable.Message}");
        }

        return options.Faults().FirstOrDefault() is { } fault ? throw new ConfigurationException(fault) : options;
    }

    /// <summary>What is wrong with these options, in a sentence each; empty when nothing is.</summary>
    public IEnumerable<string> Faults()
    {
        if (string.IsNullOrWhiteSpace(Data))
        {
            yield return "HealthLedger:Data is empty: name the directory for sealed records and the ledger.";
        }
        else if (string.Equals(DataDirectory, KeysDirectory, StringComparison.Ordinal)
            || KeysDirectory.StartsWith(DataDirectory + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            yield return "HealthLedger:Keys lies in HealthLedger:Data: keys need a directory outside it, so that a copy of the data is not a copy of the keys.";
        }

        if (ScryptLogN is < 15 or > 20)
        {
            yield return $"HealthLedger:ScryptLogN is {ScryptLogN}: use 15 to 20.";
        }

        if (Origin.Length is 0 or > 200 || Origin.Any(c => c is <= ' ' or '+' or > '~'))
        {
            yield return "HealthLedger:Origin must be 1 to 200 visible ASCII characters without '+': a schema-less URL such as ledger.example.org/2026.";
        }

        if (MlDsaCosigner && !MlDsa44PublicKey.IsSupported)
        {
            yield return "HealthLedger:MlDsaCosigner is set, and this platform has no ML-DSA-44: OpenSSL 3.5 or later is needed.";
        }

        if (LogKeyOverlapDays is < 0 or > 3_650)
        {
            yield return $"HealthLedger:LogKeyOverlapDays is {LogKeyOverlapDays}: use 0 to 3,650.";
        }

        if (EpochMinutes is < 1 or > 10_080)
        {
            yield return $"HealthLedger:EpochMinutes is {EpochMinutes}: use 1 to 10,080 (a week).";
        }

        if (ReserveMegabytes is not (0 or (>= 16 and <= 2_048)))
        {
            yield return $"HealthLedger:ReserveMegabytes is {ReserveMegabytes}: use 16 to 2048, or 0 for none.";
        }

        if (PublicUrl is not null && (!Uri.TryCreate(PublicUrl, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")))
        {
            yield return "HealthLedger:PublicUrl must be an absolute http or https URL.";
        }

        if (Proxy is not null && !System.Net.IPAddress.TryParse(Proxy, out _))
        {
            yield return "HealthLedger:Proxy must be an IP address, the one from which the reverse proxy connects.";
        }

        if (!string.IsNullOrWhiteSpace(Data))
        {
            foreach (var fault in Backups.Faults(DataDirectory, KeysDirectory))
            {
                yield return fault;
            }
        }

        foreach (var fault in Consents.Faults().Concat(Privacy.Faults()).Concat(Cors.Faults()).Concat(Events.Faults()).Concat(Erasure.Faults()).Concat(Witnesses.Faults()).Concat(KeyHolder.Faults()).Concat(KeyProvider.Faults()).Concat(EmergencyJournal.Faults(KeysDirectory, KeyHolder.Address is not null)))
        {
            yield return fault;
        }
    }
}

/// <summary>The section <c>HealthLedger:Consents</c>: what holds where no consent applies (docs/consent.md).</summary>
internal sealed class ConsentOptions
{
    /// <summary><c>deny</c> (default), <c>permit-treatment</c> or <c>permit-all</c>.</summary>
    public string ImplicitPolicy { get; set; } = "deny";

    /// <summary><c>permit</c> (default): an organization reads records it keeps itself; or <c>off</c>.</summary>
    public string Custodian { get; set; } = "permit";

    /// <summary><c>permit</c> (default) or <c>off</c>: whether emergency purposes open records.</summary>
    public string Emergency { get; set; } = "permit";

    public IEnumerable<string> Faults()
    {
        if (ImplicitPolicy is not ("deny" or "permit-treatment" or "permit-all"))
        {
            yield return $"HealthLedger:Consents:ImplicitPolicy is '{ImplicitPolicy}': use deny, permit-treatment or permit-all.";
        }

        if (Custodian is not ("permit" or "off"))
        {
            yield return $"HealthLedger:Consents:Custodian is '{Custodian}': use permit or off.";
        }

        if (Emergency is not ("permit" or "off"))
        {
            yield return $"HealthLedger:Consents:Emergency is '{Emergency}': use permit or off.";
        }
    }
}

/// <summary>The section <c>HealthLedger:Privacy</c>: what all private releases together may cost one patient, ever.</summary>
internal sealed class PrivacyOptions
{
    /// <summary>Above 0, at most 100. Default 1.5.</summary>
    public double Epsilon { get; set; } = 1.5;

    /// <summary>1e-15 to 1e-3. Default 1e-6.</summary>
    public double Delta { get; set; } = 1e-6;

    public IEnumerable<string> Faults()
    {
        if (Epsilon is not (> 0 and <= 100))
        {
            yield return $"HealthLedger:Privacy:Epsilon is {Epsilon}: use a number above 0, at most 100.";
        }

        if (Delta is not (>= 1e-15 and <= 1e-3))
        {
            yield return $"HealthLedger:Privacy:Delta is {Delta}: use 1e-15 to 1e-3.";
        }
    }
}

/// <summary>The section <c>HealthLedger:Erasure</c>: how long what an erasure leaves is kept (docs/operations.md).</summary>
internal sealed class ErasureOptions
{
    /// <summary>How long the audit key of an erased patient is kept at least, 0 to 36,525 days. Default 3,653 (ten years).</summary>
    public int AuditRetentionDays { get; set; } = 3653;

    /// <summary>How long backups of the key directory are kept at most, 1 to 365 days. Default 30.</summary>
    public int KeyBackupDays { get; set; } = 30;

    public IEnumerable<string> Faults()
    {
        if (AuditRetentionDays is < 0 or > 36_525)
        {
            yield return $"HealthLedger:Erasure:AuditRetentionDays is {AuditRetentionDays}: use 0 to 36525.";
        }

        if (KeyBackupDays is < 1 or > 365)
        {
            yield return $"HealthLedger:Erasure:KeyBackupDays is {KeyBackupDays}: use 1 to 365.";
        }
    }
}

/// <summary>The section <c>HealthLedger:Cors</c>: which web pages of other origins may read answers (https://fetch.spec.whatwg.org/#http-cors-protocol).</summary>
internal sealed class CorsOptions
{
    /// <summary>Origins as a browser writes them, such as <c>https://app.example.org</c>. Default none.</summary>
    public string[] Origins { get; set; } = [];

    public IEnumerable<string> Faults() => Origins.Where(o => !IsOrigin(o)).Select(o =>
        $"HealthLedger:Cors:Origins has '{o}': give an exact origin such as https://app.example.org, in lower case without path; http is for localhost alone, and a wildcard is not taken.");

    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url)
        && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
        && !text.Contains('*', StringComparison.Ordinal)
        && text == $"{url.Scheme}://{url.Authority}";
}
