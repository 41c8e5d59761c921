using System.Net;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Ledger;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Witnesses;

namespace HealthLedger.Gateway.Ledger;

/// <summary>Asks one witness over HTTP (c2sp.org/tlog-witness v1.0.0). One call at a time.</summary>
internal sealed class WitnessClient : IDisposable
{
    private const int MostTries = 3;
    private readonly IReadOnlyList<NoteVerifier> _keys;
    private readonly LedgerLog _ledger;
    private readonly HttpClient _http;
    private ulong? _recorded;

    /// <summary>A witness at an address.</summary>
    /// <param name="keys">Its keys, all of one name; at least one.</param>
    /// <param name="address">Where it takes checkpoints.</param>
    /// <param name="ledger">The ledger that it is asked about.</param>
    /// <param name="timeout">How long it has to answer.</param>
    public WitnessClient(IReadOnlyList<NoteVerifier> keys, Uri address, LedgerLog ledger, TimeSpan timeout)
    {
        (_keys, _ledger) = (keys, ledger);
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = new Uri(address.ToString().TrimEnd('/') + "/"),
            Timeout = timeout,
            MaxResponseContentBufferSize = SignedNote.MaxBytes,
        };
    }

    public string Name => _keys[0].Name;

    public IReadOnlyList<NoteVerifier> Keys => _keys;

    /// <summary>Asks for a cosignature over a published checkpoint.</summary>
    public Task<WitnessOutcome> Cosign(Published published, CancellationToken cancellation) => Guarded(() => Submit(published, cancellation), cancellation);

    /// <summary>
    /// Asks what it saw last, without asking it to look at anything new: first its copy of our checkpoint, then, of one that shows none, the size in its answer to the
    /// checkpoint that we have.
    /// </summary>
    public Task<WitnessOutcome> WhatItSaw(CancellationToken cancellation) => Guarded(
        async () =>
        {
            var published = _ledger.Published;
            if (await Recorded(cancellation) is { } shown)
            {
                return Compare(shown) is { } contradiction ? contradiction : new WitnessOutcome.Agrees();
            }

            var (status, body) = await Post(new AddCheckpointRequest(published.Size, [], published.Signed), cancellation);
            return (status, WitnessAnswer.RecordedSize(body)) switch
            {
                (200, _) => WitnessAnswer.Cosignatures(published.Signed, _keys, body).TryGet(out _, out var none) ? new WitnessOutcome.Agrees() : new WitnessOutcome.Refuses(none.Code),
                (409, { } size) when size <= published.Size => new WitnessOutcome.Agrees(),
                (409, { } size) => new WitnessOutcome.Contradicts(size, null),
                (409 or 422, _) => new WitnessOutcome.Contradicts(published.Size, null),
                _ => new WitnessOutcome.Refuses(Reason(status, body)),
            };
        },
        cancellation);

    public void Dispose() => _http.Dispose();

    private async Task<WitnessOutcome> Submit(Published published, CancellationToken cancellation)
    {
        var old = Math.Min(_recorded ?? published.Size, published.Size);
        for (var tries = 0; tries < MostTries; tries++)
        {
            var request = new AddCheckpointRequest(old, _ledger.Consistency(old, published.Size), published.Signed);
            var (status, body) = await Post(request, cancellation);
            if (status == 200)
            {
                _recorded = published.Size;
                return WitnessAnswer.Cosignatures(published.Signed, _keys, body).TryGet(out var cosignatures, out var fault)
                    ? new WitnessOutcome.Cosigned(cosignatures)
                    : new WitnessOutcome.Refuses(fault.Code);
            }

            if (status == 409 && WitnessAnswer.RecordedSize(body) is { } size && size != old && size <= published.Size)
            {
                _recorded = old = size;
                continue;
            }

            // Another history, or a refusal of its own: what it shows with our log's signature tells which.
            if (status is 409 or 422 && await Recorded(cancellation) is { } shown && Compare(shown) is { } contradiction)
            {
                return contradiction;
            }

            return new WitnessOutcome.Refuses(Reason(status, body));
        }

        return new WitnessOutcome.Refuses("Its recorded size changes while it is asked.");
    }

    /// <summary>The checkpoint that it shows of our log, with our log's signature; null where it shows none.</summary>
    private async Task<(Checkpoint Checkpoint, SignedNote Note)?> Recorded(CancellationToken cancellation)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_ledger.Origin)));
        using var answer = await _http.GetAsync($"{name}/checkpoint", cancellation);
        return answer.StatusCode == HttpStatusCode.OK
            && SignedNote.Parse(await answer.Content.ReadAsByteArrayAsync(cancellation)).TryGet(out var note, out _)
            && note.Verify(_ledger.Verifiers).IsValid
            && Checkpoint.Parse(note.Text).TryGet(out var checkpoint, out _) && checkpoint.Origin == _ledger.Origin
                ? (checkpoint, note)
                : null;
    }

    private WitnessOutcome.Contradicts? Compare((Checkpoint Checkpoint, SignedNote Note) shown) =>
        shown.Checkpoint.Size > _ledger.Published.Size || (shown.Checkpoint.Size > 0 && _ledger.RootAt(shown.Checkpoint.Size) != shown.Checkpoint.Root)
            ? new WitnessOutcome.Contradicts(shown.Checkpoint.Size, shown.Note)
            : null;

    private async Task<(int Status, string Body)> Post(AddCheckpointRequest request, CancellationToken cancellation)
    {
        using var content = new ByteArrayContent(request.ToBytes());
        using var answer = await _http.PostAsync("add-checkpoint", content, cancellation);
        return ((int)answer.StatusCode, Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync(cancellation)));
    }

    /// <summary>Of what a stranger says, the status and one short word: it goes into our log.</summary>
    private static string Reason(int status, string body)
    {
        var code = body.Split(':', '\n')[0];
        return code.Length is > 0 and <= 40 && code.All(c => c is '-' || char.IsAsciiLetterLower(c)) ? $"{status} {code}" : $"{status}";
    }

    private static async Task<WitnessOutcome> Guarded(Func<Task<WitnessOutcome>> ask, CancellationToken cancellation)
    {
        try
        {
            return await ask();
        }
        catch (Exception silent) when (silent is HttpRequestException or IOException || (silent is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            return new WitnessOutcome.Silent(silent is TaskCanceledException ? "no answer in time" : "no connection");
        }
    }
}
