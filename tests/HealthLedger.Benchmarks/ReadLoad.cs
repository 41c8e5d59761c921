using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace HealthLedger.Benchmarks;

/// <summary>
/// A lean HTTP/1.1 client: one thread, poll over raw sockets, one request at a time on each connection, no pipelining. It costs a few microseconds a request,
/// so that on a small machine the server and not the client is measured; what it costs, both sides of a comparison bear.
/// </summary>
internal sealed class ReadLoad : IDisposable
{
    private readonly Dictionary<Socket, Connection> _connections = [];

    public ReadLoad(Uri url, int connections)
    {
        for (var i = 0; i < connections; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Connect(new IPEndPoint(IPAddress.Loopback, url.Port));
            _connections.Add(socket, new Connection());
        }
    }

    /// <summary>Keeps every connection busy with the requests that <paramref name="next"/> gives for as long as asked; answers per second.</summary>
    /// <param name="seconds">How long new requests are sent.</param>
    /// <param name="next">The next request's bytes, valid until it is asked again; empty where there is none left.</param>
    /// <param name="status">What every answer must be.</param>
    /// <param name="latenciesMs">Filled up.</param>
    public double Run(double seconds, Func<ReadOnlyMemory<byte>> next, int status, List<double> latenciesMs)
    {
        var clock = Stopwatch.StartNew();
        var (answers, busy) = (0, 0);
        var ready = new List<Socket>(_connections.Count);
        foreach (var (socket, connection) in _connections)
        {
            busy += connection.Send(socket, next()) ? 1 : 0;
        }

        while (busy > 0)
        {
            if (_connections.Count > 1)
            {
                ready.Clear();
                ready.AddRange(_connections.Keys);
                Socket.Select(ready, null, null, -1);
            }

            foreach (var socket in _connections.Count > 1 ? ready : (IEnumerable<Socket>)_connections.Keys)
            {
                var connection = _connections[socket];
                if (!connection.Receive(socket, status))
                {
                    continue;
                }

                latenciesMs.Add(Stopwatch.GetElapsedTime(connection.Sent).TotalMilliseconds);
                answers++;
                busy -= clock.Elapsed.TotalSeconds < seconds && connection.Send(socket, next()) ? 0 : 1;
            }
        }

        return answers / clock.Elapsed.TotalSeconds;
    }

    /// <summary>One request, and the whole answer as it came.</summary>
    public byte[] One(ReadOnlyMemory<byte> request)
    {
        var (socket, connection) = _connections.First();
        connection.Send(socket, request);
        while (!connection.Receive(socket, 200))
        {
        }

        return connection.Last.ToArray();
    }

    public void Dispose()
    {
        foreach (var socket in _connections.Keys)
        {
            socket.Dispose();
        }
    }

    private sealed class Connection
    {
        private byte[] _buffer = new byte[16 * 1024];
        private int _filled, _length;

        public long Sent { get; private set; }

        public ReadOnlySpan<byte> Last => _buffer.AsSpan(0, _length);

        public bool Send(Socket socket, ReadOnlyMemory<byte> request)
        {
            if (request.IsEmpty)
            {
                return false;
            }

            (_filled, _length) = (0, 0);
            Sent = Stopwatch.GetTimestamp();
            for (var rest = request.Span; !rest.IsEmpty;)
            {
                rest = rest[socket.Send(rest)..];
            }

            return true;
        }

        /// <summary>True once the answer is complete.</summary>
        public bool Receive(Socket socket, int status)
        {
            var read = socket.Receive(_buffer.AsSpan(_filled));
            _filled += read;
            var seen = _buffer.AsSpan(0, _filled);
            if (read == 0)
            {
                throw new InvalidOperationException("The server closed a connection.");
            }

            if (_length == 0 && seen.IndexOf("\r\n\r\n"u8) is var end and >= 0)
            {
                _length = end + 4 + Length(seen[..end]);
                if (!Utf8Parser.TryParse(seen[9..12], out int got, out _) || got != status)
                {
                    throw new InvalidOperationException($"An answer was not {status} but {System.Text.Encoding.ASCII.GetString(seen[..Math.Min(seen.Length, 600)])}");
                }

                if (_length > _buffer.Length)
                {
                    Array.Resize(ref _buffer, _length);
                }
            }

            return _length > 0 && _filled == _length;
        }

        private static int Length(ReadOnlySpan<byte> head)
        {
            var name = "\r\nContent-Length: "u8;
            var at = head.IndexOf(name);
            return at >= 0 && Utf8Parser.TryParse(head[(at + name.Length)..], out int length, out _) ? length : throw new InvalidOperationException("An answer has no Content-Length.");
        }
    }
}
