using System.Net;
using HealthLedger.Gateway.Admin;
using HealthLedger.Gateway.Backups;
using HealthLedger.Gateway.Fhir;
using HealthLedger.Gateway.Ledger;
using HealthLedger.Gateway.Pages;
using HealthLedger.Gateway.Review;
using HealthLedger.Ledger;
using HealthLedger.Smart;
using HealthLedger.Smart.Clients;
using HealthLedger.Smart.Endpoints;
using HealthLedger.Smart.People;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace HealthLedger.Gateway.Hosting;

/// <summary>The web host around an opened storage: services, routes, start and stop.</summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    private const string DefaultUrl = "http://localhost:5080";
    private readonly WebApplication _app;
    private volatile bool _ready;

    private GatewayHost(WebApplication app, GatewayOptions options, Storage storage)
    {
        _app = app;
        Options = options;
        Storage = storage;
    }

    public GatewayOptions Options { get; }

    public Storage Storage { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>Where the gateway is reached; known once it is started.</summary>
    public string Url { get; private set; } = "";

    public static async Task<GatewayHost> Build(CommandLine line, TextWriter warnings, TimeProvider? time = null)
    {
        // Settings are read once, so nothing need watch every file below the program's directory for changes.
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { Args = [.. line.Configuration, "--hostBuilder:reloadConfigOnChange=false"], ContentRootPath = AppContext.BaseDirectory });
        var options = GatewayOptions.Read(builder.Configuration);

        // A free port can be asked of an address only, not of the name localhost, which may be two.
        var urls = (builder.Configuration["urls"] ?? DefaultUrl).Replace("://localhost:0", "://127.0.0.1:0", StringComparison.OrdinalIgnoreCase);
        CheckUrls(urls);
        builder.WebHost.UseUrls(urls);

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = FhirBody.Maximum;
            kestrel.Limits.MaxRequestLineSize = 16 * 1024;
        });

        // A buffer of 4 KB waits with each idle connection; without, each request is first waited for by a read of nothing, and then read.
        builder.WebHost.UseSockets(sockets => sockets.WaitForDataBeforeAllocatingBuffer = false);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);

        // Why it does not start is said in one sentence by who starts it, not by a stack trace before that sentence.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);

        // What it would say of each request is never shown, and where it is listened to each request is given a trace of its own.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Services.AddSingleton<IPostConfigureOptions<LoggerFilterOptions>, QuietFramework>();

        using var passphrase = Startup.ReadPassphrase(options);
        var storage = Storage.Open(options, passphrase, time ?? TimeProvider.System);
        try
        {
            if (storage.KeyDirectory.PassphraseLiesWithKeys)
            {
                await warnings.WriteLineAsync(
                    $"healthledger: warning: no passphrase was given, so a random one is kept in {options.KeysDirectory}; whoever copies that directory has the keys. Set HEALTHLEDGER_PASSPHRASE.");
            }

            // Before anything is signed: where a witness saw more, even the entry of an accepted rollback would be a second history.
            var witnesses = await Witnesses.Ask(options.Witnesses, storage.Ledger, warnings);
            if (storage.AcceptedRollback is { } rollback)
            {
                await AcceptedRollback.Record(storage, rollback, time ?? TimeProvider.System);
                await warnings.WriteLineAsync($"healthledger: warning: the ledger goes on from {rollback.Found.Size} entries, although {rollback.Seen.Size} were shown before; it records that.");
            }

            // Before anything else is recorded, and while every chain that they are on can still be opened.
            if (await PromiseKeeping.Record(storage, CancellationToken.None) is { } kept and > 0)
            {
                await warnings.WriteLineAsync($"healthledger: warning: {kept} reads of the emergency journal were recorded in the ledger.");
            }

            if (!await storage.Successions.Resume(CancellationToken.None))
            {
                await warnings.WriteLineAsync("healthledger: warning: a succession of the log's key waits for the ledger to take entries again.");
            }

            if (await storage.Vault.ApplyErasures(CancellationToken.None) is var undone and > 0)
            {
                await warnings.WriteLineAsync($"healthledger: warning: the data is a copy from before {undone} erasures, which were applied again.");
            }

            GatewayServices.Add(builder.Services, options, storage, time ?? TimeProvider.System);
            GatewayServices.AddCosigners(builder.Services, options, storage, witnesses);
            var gateway = new GatewayHost(builder.Build(), options, storage);
            gateway.MapRoutes();
            await gateway.EndKeyBackups(warnings);
            return gateway;
        }
        catch
        {
            await storage.DisposeAsync();
            throw;
        }
    }

    public async Task Start(TextWriter warnings)
    {
        var clients = Services.GetRequiredService<ClientRegistry>();
        await clients.Load(CancellationToken.None);
        if (Options.FirstOperator is { } file)
        {
            await FirstOperator.Register(file, clients, Storage, Services.GetRequiredService<TimeProvider>(), warnings);
        }

        await _app.StartAsync();
        var bound = Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Url = (Options.PublicUrl ?? bound.Replace("[::]", "localhost").Replace("0.0.0.0", "localhost").Replace("127.0.0.1", "localhost")).TrimEnd('/');
        Services.GetRequiredService<SmartUrls>().Use(new Uri(Url));
    }

    /// <summary>From now on <c>/health/ready</c> answers 200.</summary>
    public void Ready() => _ready = true;

    public Task WaitForShutdown() => _app.WaitForShutdownAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await Storage.DisposeAsync();
    }

    /// <summary>Before anything is served: an erasure is complete on its day only if backups of the keys from before are gone.</summary>
    private async Task EndKeyBackups(TextWriter warnings)
    {
        var backups = Services.GetRequiredService<OnlineBackup>();
        backups.Prepare();
        var (destroyed, left, _) = await backups.DestroyDue(CancellationToken.None);
        if (destroyed > 0)
        {
            await warnings.WriteLineAsync($"healthledger: warning: {destroyed} backups of the keys were due and are destroyed.");
        }

        if (left > 0)
        {
            await warnings.WriteLineAsync($"healthledger: warning: {left} backups in {Options.Backups.KeysPlace} are due and cannot be destroyed, or cannot be dated: destroy them by hand.");
        }
    }

    private static void CheckUrls(string urls)
    {
        foreach (var url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!url.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
            {
                throw new ConfigurationException($"--urls is '{url}': give an http:// address such as http://localhost:5080. For https put a reverse proxy in front and name its address in HealthLedger:PublicUrl.");
            }

            try
            {
                BindingAddress.Parse(url);
            }
            catch (FormatException)
            {
                throw new ConfigurationException($"--urls is '{url}': give an http:// address such as http://localhost:5080.");
            }
        }
    }

    private void MapRoutes()
    {
        _app.Use(RequestBoundary.Pass);
        if (Options.PublicUrl is { } outside && new Uri(outside).Scheme == Uri.UriSchemeHttps)
        {
            // The proxy in front takes TLS away; cookies are for TLS alone all the same.
            _app.Use((http, next) =>
            {
                http.Request.Scheme = Uri.UriSchemeHttps;
                return next(http);
            });
        }

        if (Options.Proxy is { } proxy)
        {
            // Else all people were one address, and whoever guesses passwords would keep everybody from signing in.
            var forwarded = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = 1 };
            forwarded.KnownIPNetworks.Clear();
            forwarded.KnownProxies.Clear();
            forwarded.KnownProxies.Add(IPAddress.Parse(proxy));
            _app.UseForwardedHeaders(forwarded);
        }

        CrossOrigin.Use(_app, Options.Cors.Origins);
        // The host would otherwise put sign-in by cookie before everything, the APIs too.
        ((IApplicationBuilder)_app).Properties["__AuthenticationMiddlewareSet"] = true;
        ((IApplicationBuilder)_app).Properties["__AuthorizationMiddlewareSet"] = true;
        FhirApi.Use(_app);
        _app.UseRouting();
        _app.UseWhen(IsPage, pages => pages.UseAuthentication().UseAuthorization());
        _app.MapSmart();
        _app.MapSignIn();
        LedgerApi.Map(_app);
        AdminApi.Map(_app);
        ReviewExportApi.Map(_app);
        PagesApi.Map(_app);
        _app.MapGet("/health/live", () => Results.Text("live"));
        _app.MapGet("/health/ready", Readiness);
    }

    /// <summary>
    /// 503 as long as nothing can be recorded, and why. A gateway that only takes consents back is ready, and says that it does no more: a load balancer that left it out would keep
    /// people from withdrawing.
    /// </summary>
    private IResult Readiness() => (_ready, Storage.Ledger.Condition) switch
    {
        (false, _) => Results.Text("not ready", statusCode: StatusCodes.Status503ServiceUnavailable),
        (_, { State: LedgerState.TakingNothing, PromisesReads: true, Reason: var reason }) => Results.Text($"ready in part: emergency reads only: {reason}", statusCode: StatusCodes.Status503ServiceUnavailable),
        (_, { State: LedgerState.TakingNothing, Reason: var reason }) => Results.Text($"not ready: {reason}", statusCode: StatusCodes.Status503ServiceUnavailable),
        (_, { State: LedgerState.TakingFromReserve, Reason: var reason, PromisesReads: var promises }) => Results.Text($"ready in part: {reason}{(promises ? " Emergency reads go on." : "")}"),
        _ => Results.Text("ready"),
    };

    /// <summary>Sign-in by cookie is for pages alone; the APIs take bearer tokens.</summary>
    private static bool IsPage(HttpContext http) =>
        !http.Request.Path.StartsWithSegments("/fhir") && !http.Request.Path.StartsWithSegments("/auth") && !http.Request.Path.StartsWithSegments("/admin") && !http.Request.Path.StartsWithSegments("/ledger");
}
