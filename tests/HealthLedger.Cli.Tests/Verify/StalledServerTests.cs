// A served file counts as unreachable where it does not arrive whole in time: a witness that replays must not wait for ever on a connection that died in between.
using System.Net;
using System.Net.Sockets;
using HealthLedger.Cli.Verify;

namespace HealthLedger.Cli.Tests.Verify;

public sealed class StalledServerTests
{
    [Fact]
    public async Task A_body_that_never_ends_is_given_up_in_time()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var ledger = new HttpLedger(new Uri($"http://{listener.LocalEndpoint}/"), patience: TimeSpan.FromMilliseconds(300));
        var fetched = ledger.Fetch("checkpoint", 1000, CancellationToken.None);
        using var accepted = await listener.AcceptTcpClientAsync();
        await accepted.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nledger.example"u8.ToArray());
        var given = await Assert.ThrowsAsync<UnreachableException>(() => fetched.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Contains("no whole answer within 0.3 seconds", given.Message, StringComparison.Ordinal);
    }
}
