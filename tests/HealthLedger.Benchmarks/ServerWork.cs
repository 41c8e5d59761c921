using System.Diagnostics;

namespace HealthLedger.Benchmarks;

/// <summary>How much processor time a server takes for a request: less troubled than the rates by what else the machine does.</summary>
internal sealed class ServerWork(Process server)
{
    private TimeSpan _used = Used(server);
    private int _requests;

    /// <summary>Microseconds, for each stretch between two calls of <see cref="Done"/>.</summary>
    public List<double> PerRequest { get; } = [];

    /// <summary>Leaves out what it did since the last call, such as while another was measured.</summary>
    public void Skip() => _used = Used(server);

    /// <param name="requests">All that it answered so far.</param>
    public void Done(int requests)
    {
        var used = Used(server);
        PerRequest.Add((used - _used).TotalMicroseconds / (requests - _requests));
        (_used, _requests) = (used, requests);
    }

    private static TimeSpan Used(Process server)
    {
        server.Refresh();
        return server.TotalProcessorTime;
    }
}
