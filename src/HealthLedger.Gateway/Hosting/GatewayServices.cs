using HealthLedger.Access;
using HealthLedger.Consents;
using HealthLedger.Fhir.Packages;
using HealthLedger.Fhir.Terminology;
using HealthLedger.Fhir.Validation.Profiles;
using HealthLedger.Gateway.Backups;
using HealthLedger.Gateway.Events;
using HealthLedger.Gateway.Fhir;
using HealthLedger.Gateway.Fhir.Audit;
using HealthLedger.Gateway.Fhir.Export;
using HealthLedger.Gateway.Fhir.Operations;
using HealthLedger.Gateway.Fhir.Operations.Terminology;
using HealthLedger.Gateway.Ledger;
using HealthLedger.Gateway.Pages;
using HealthLedger.Gateway.Review;
using HealthLedger.Gateway.Risk;
using HealthLedger.Ledger;
using HealthLedger.Review;
using HealthLedger.Risk.Privacy;
using HealthLedger.Smart;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Keys;
using HealthLedger.Smart.People;
using HealthLedger.Sqlite.Smart;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Gateway.Hosting;

/// <summary>What the gateway is made of, around an opened storage.</summary>
internal static class GatewayServices
{
    public static void Add(IServiceCollection services, GatewayOptions options, Storage storage, TimeProvider time)
    {
        services.AddSingleton(time);
        services.AddSingleton(options);
        services.AddCors();
        services.AddSingleton(storage);
        services.AddSingleton(storage.Vault);
        services.AddSingleton(storage.Ledger);
        services.AddSingleton<IAppendOnly>(storage.Ledger);
        services.AddSingleton<IPromising>(storage.Ledger);
        services.AddSingleton(storage.LedgerKeys);
        services.AddSingleton(storage.Successions);
        services.AddHostedService<LogKeyOverlap>();
        services.AddSingleton<ISealedSecrets>(new RingSecrets(storage.Keys));
        services.AddSmart();
        services.AddPeople(people => people.SignInPage = "/");
        services.AddSingleton(_ => SmartDatabase.Open(Path.Combine(options.DataDirectory, "smart.db"), keepsRoom: options.ReserveMegabytes > 0));
        services.AddSingleton<IClientStore, SqliteClientStore>();
        services.AddSingleton<IPersonStore, SqlitePersonStore>();
        services.AddSingleton<IAssertionReplay>(s => new SqliteAssertionReplay(s.GetRequiredService<SmartDatabase>(), time));

        services.AddSingleton(ConsentPolicy.Parse(options.Consents.ImplicitPolicy, options.Consents.Custodian, options.Consents.Emergency, out _)!);
        services.AddSingleton(new ReceiptIds(Derived(storage, "receipt-ids")));
        services.AddSingleton(new PageCursors(Derived(storage, "page-cursors")));
        services.AddSingleton<AccessPolicy>();
        services.AddSingleton<ConsentStates>();
        services.AddSingleton<Disclosure>();
        services.AddSingleton<RecordChange>();
        services.AddSingleton<Receipts>();
        services.AddSingleton<ConsentTokens>();

        services.AddSingleton(storage.Keys);
        services.AddSingleton(storage.KeyDirectory);
        services.AddSingleton(new ErasurePolicy(options.Erasure.AuditRetentionDays, options.Erasure.KeyBackupDays));
        services.AddSingleton<RecordErasure>();
        services.AddSingleton<AuditKeyErasure>();
        services.AddSingleton<OperatorActs>();
        services.AddSingleton<VaultCheck>();
        services.AddSingleton<OnlineBackup>();
        services.AddHostedService<KeyBackupExpiry>();
        services.AddHostedService<LostKeysWatch>();

        services.AddSingleton(new ConsentQuorum(options.Witnesses, storage.Ledger));
        services.AddSingleton(new PrivacyAccounts(Derived(storage, "privacy-accounts")));
        services.AddSingleton(new PrivacyBudget(options.Privacy.Epsilon, options.Privacy.Delta));
        services.AddSingleton(RandomSource.System);
        services.AddSingleton<RunEntries>();
        services.AddSingleton<PrivacyBudgets>();
        services.AddSingleton<RiskRun>();

        services.AddSingleton<PatientEvents>();
        services.AddSingleton<PatientCompleteness>();
        services.AddSingleton<Challenges>();
        services.AddSingleton(new Pseudonyms(Derived(storage, "review-pseudonyms")));
        services.AddSingleton<AuditTrail>();
        services.AddSingleton<AccessReview>();
        services.AddSingleton<ReviewExports>();
        services.AddSingleton<LedgerCheck>();
        services.AddSingleton(storage.Seen);
        services.AddHostedService<SeenCheckpointKeeping>();
        services.AddHostedService<LedgerWatch>();
        services.AddHostedService<PromiseKeeping>();
        services.AddEvents(options.Events);
        services.AddPages();

        var packages = PackageFiles.Read(options.Packages);
        services.AddSingleton(s => new ProfileValidator(new ConformanceResources(() => packages, new ConformanceResources(R4Profiles.Resources)), s.GetRequiredService<ITerminology>()));

        services.AddSingleton<FhirReads>();
        services.AddSingleton<FhirSearches>();
        services.AddSingleton<FhirHistory>();
        services.AddSingleton<FhirConditions>();
        services.AddSingleton<FhirWrites>();
        services.AddSingleton<FhirPatches>();
        services.AddSingleton<BundleReads>();
        services.AddSingleton<FhirBundles>();
        services.AddTerminology(packages);
        services.AddRecordOperations();
        services.AddSingleton<IFhirOperation, ValidateOperation>();
        services.AddExports(Path.Combine(options.DataDirectory, "exports"), Derived(storage, "export-jobs"), time);
        services.AddSingleton<FhirOperations>();
        services.AddSingleton<FhirCapabilities>();
        services.AddSingleton<FhirAuditEvents>();
        services.AddSingleton<FhirApi>();
    }

    /// <summary>Whoever signs checkpoints behind the commits: the witnesses that are asked, and the local cosigner's ML-DSA-44 key.</summary>
    public static void AddCosigners(IServiceCollection services, GatewayOptions options, Storage storage, Witnesses? witnesses)
    {
        services.AddSingleton(options.Witnesses);
        if (storage.MlDsaCosigner is { } mlDsa)
        {
            services.AddSingleton(s => new LocalCosigner(mlDsa, storage.Ledger, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<LocalCosigner>>()));
        }

        if (witnesses is not null)
        {
            services.AddSingleton(_ => witnesses);
            services.AddHostedService<WitnessRounds>();
        }
        else if (storage.MlDsaCosigner is not null)
        {
            services.AddHostedService<LocalCosigning>();
        }
    }

    private static byte[] Derived(Storage storage, string label)
    {
        using var secret = storage.KeyDirectory.Derive(label);
        return secret.Span.ToArray();
    }
}
