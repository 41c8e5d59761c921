using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using HealthLedger.Cli.Verify;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Audit;
using HealthLedger.Proofs.Completeness;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Audit;

/// <summary>Entries drawn at random that the operator has to open (docs/formats/completeness.md, "A challenge").</summary>
internal sealed class Challenge : IDisposable
{
    private const int AtOnce = 16;
    private readonly HttpClient http;
    private readonly AuditorToken token;

    private Challenge(Uri url, int wanted, AuditorToken token)
    {
        this.token = token;
        Sample = new ChallengeSample(wanted);
        var prefix = url.AbsolutePath == "/" ? "/ledger/" : url.AbsolutePath.TrimEnd('/') + "/";
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(url, prefix), Timeout = TimeSpan.FromMinutes(2), MaxResponseContentBufferSize = ChallengeAnswer.MaxBytes,
        };
    }

    /// <summary>What the replay draws.</summary>
    public ChallengeSample Sample { get; }

    /// <summary>A challenge of the ledger at a URL; null where none is wanted.</summary>
    /// <exception cref="UsageException">A directory cannot be challenged.</exception>
    public static Challenge? Of(string place, int wanted, AuditorToken? token) => (wanted, token) switch
    {
        (0, _) => null,
        (_, null) => throw new UsageException("--challenge: a copy in a directory opens nothing. Name the running ledger by its URL."),
        _ => new Challenge(new Uri(place), wanted, token),
    };

    /// <summary>Asks, and checks the answers.</summary>
    public async Task<IReadOnlyList<AuditFinding>> Ask(LogPolicy policy, CancellationToken cancellationToken)
    {
        var verification = new ChallengeVerification(policy, Sample.Tags);
        var findings = new List<AuditFinding>();
        foreach (var part in Sample.Drawn.Chunk(AtOnce))
        {
            var answer = await Answer([.. part.Select(entry => entry.Index)], cancellationToken);
            IReadOnlyList<Fault> faults = ChallengeAnswer.Parse(answer).TryGet(out var read, out var fault) ? verification.Verify(read, part) : [fault];
            findings.AddRange(faults.Select(each => new AuditFinding(AuditPart.Facts, null, each)));
        }

        return findings;
    }

    public void Dispose() => http.Dispose();

    private async Task<byte[]> Answer(ulong[] indices, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "challenge") { Content = JsonContent.Create(new { indices }) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await token.Get(cancellationToken));
            using var response = await http.SendAsync(request, cancellationToken);
            return response.StatusCode == HttpStatusCode.OK
                ? await response.Content.ReadAsByteArrayAsync(cancellationToken)
                : throw new UnreachableException($"{request.RequestUri} answers {(int)response.StatusCode} to a challenge.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new UnreachableException($"{http.BaseAddress}challenge: {(e is TaskCanceledException ? "no answer within two minutes" : e.Message)}");
        }
    }
}
