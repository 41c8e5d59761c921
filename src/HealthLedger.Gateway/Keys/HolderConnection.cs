using System.Net.Sockets;
using System.Security.Cryptography;
using HealthLedger.Gateway.Hosting;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Keys.Holding;

namespace HealthLedger.Gateway.Keys;

/// <summary>The way to a key holder: requests and answers sealed under the link.</summary>
internal sealed class HolderConnection : IDisposable
{
    private const string UnixPrefix = "unix:";
    private readonly HttpClient _http;
    private readonly HolderLink _link;
    private readonly Uri _address;

    private HolderConnection(HttpClient http, HolderLink link, Uri address) => (_http, _link, _address) = (http, link, address);

    /// <summary>How long the holder may take.</summary>
    public TimeSpan Patience => _http.Timeout;

    /// <summary>Reads the link; asks nothing yet.</summary>
    /// <exception cref="ConfigurationException">The link cannot be read.</exception>
    public static HolderConnection Open(KeyHolderOptions options)
    {
        HolderLink link;
        try
        {
            link = HolderLink.FromFile(options.LinkFile!);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new ConfigurationException($"HealthLedger:KeyHolder:LinkFile cannot be used: {unreadable.Message}");
        }

        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1) };
        var address = options.Address!;
        if (address.StartsWith(UnixPrefix, StringComparison.Ordinal))
        {
            var path = new UnixDomainSocketEndPoint(Path.GetFullPath(address[UnixPrefix.Length..]));
            handler.ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(path, cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            };
            address = "http://localhost/";
        }

        var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(options.TimeoutSeconds), MaxResponseContentBufferSize = HolderLink.MaxBytes };
        return new HolderConnection(http, link, new Uri(address));
    }

    /// <summary>Asks.</summary>
    /// <param name="request">What.</param>
    /// <param name="length">Bytes of the parts in a granting answer.</param>
    /// <param name="cancellation">Stops the asking.</param>
    /// <returns>The parts, or null and why not. The caller zeroes them.</returns>
    /// <exception cref="KeyHolderException">The holder cannot be reached, or somebody else answers.</exception>
    public async ValueTask<(Memory<byte>? Parts, string Code)> Ask(HolderRequest request, int length, CancellationToken cancellation)
    {
        var message = _link.SealRequest(request.ToBytes());
        byte[]? opened;
        try
        {
            using var content = new ByteArrayContent(message);
            using var response = await _http.PostAsync(_address, content, cancellation);
            if (!response.IsSuccessStatusCode)
            {
                throw new KeyHolderException($"The key holder answers {(int)response.StatusCode}: its link is another one, or the request is too long.");
            }

            var answer = await response.Content.ReadAsByteArrayAsync(cancellation);
            opened = _link.OpenAnswer(message, answer);
        }
        catch (Exception away) when (away is HttpRequestException or IOException or SocketException || (away is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new KeyHolderException($"The key holder cannot be reached ({away.GetType().Name}).", away);
        }

        if (opened is null)
        {
            throw new KeyHolderException("What answers at the key holder's address does not have the link.");
        }

        if (HolderAnswer.Parse(opened, length, out var code) is null)
        {
            CryptographicOperations.ZeroMemory(opened);
            return (null, code);
        }

        return (opened.AsMemory(1), "");
    }

    public void Dispose()
    {
        _http.Dispose();
        _link.Dispose();
    }
}
