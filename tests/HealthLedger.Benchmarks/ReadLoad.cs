using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace HealthLedger.Benchmarks;

/// <summary>
/// A lean HTTP/1.1 client: one thread, poll over raw sockets, one request at a time on each connection, no pipelining. It costs a few microseconds a request,
/// so that on a small machine the server and not the client is measured; what it costs, both sides of a comparison bear.
/// </summary>
internal sealed class ReadLoad : IDisposable
{
    private readonly List<(Socket Socket, Connection State)> _connections = [];
    private readonly Poll.Descriptor[] _polled;

    public ReadLoad(Uri url, int connections)
    {
        for (var i = 0; i < connections; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Connect(new IPEndPoint(IPAddress.Loopback, url.Port));
            _connections.Add((socket, new Connection()));
        }

        _polled = [.. _connections.Select(c => new Poll.Descriptor { Handle = (int)c.Socket.Handle, Wanted = Poll.Readable })];
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
        foreach (var (socket, connection) in _connections)
        {
            busy += connection.Send(socket, next()) ? 1 : 0;
        }

        while (busy > 0)
        {
            if (_connections.Count > 1)
            {
                Poll.Wait(_polled);
            }

            for (var i = 0; i < _connections.Count; i++)
            {
                var (socket, connection) = _connections[i];
                if ((_connections.Count > 1 && _polled[i].Ready == 0) || !connection.Receive(socket, status))
                {
                    continue;
                }

                latenciesMs.Add(Stopwatch.GetElapsedTime(connection.Sent).TotalMilliseconds);
                answers++;
                if (clock.Elapsed.TotalSeconds >= seconds || !connection.Send(socket, next()))
                {
                    busy--;
                }
            }
        }

        return answers / clock.Elapsed.TotalSeconds;
    }

    /// <summary>One request, and the whole answer as it came.</summary>
    public byte[] One(ReadOnlyMemory<byte> request)
    {
        var (socket, connection) = _connections[0];
        connection.Send(socket, request);
        while (!connection.Receive(socket, 200))
        {
        }

        return connection.Last.ToArray();
    }

    public void Dispose()
    {
        foreach (var (socket, _) in _connections)
        {
            socket.Dispose();
        }
    }

    /// <summary>poll(2): the framework's own Select costs more than a bare endpoint's answer.</summary>
    private static class Poll
    {
        public const short Readable = 1;

        public static void Wait(Descriptor[] descriptors)
        {
            if (Call(descriptors, (nuint)descriptors.Length, -1) < 0)
            {
                throw new InvalidOperationException($"poll failed: error {Marshal.GetLastPInvokeError()}.");
            }
        }

        [DllImport("libc", EntryPoint = "poll", SetLastError = true)]
        private static extern int Call([In, Out] Descriptor[] descriptors, nuint count, int milliseconds);

        [StructLayout(LayoutKind.Sequential)]
        public struct Descriptor
        {
            public int Handle;
            public short Wanted;
            public short Ready;
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
