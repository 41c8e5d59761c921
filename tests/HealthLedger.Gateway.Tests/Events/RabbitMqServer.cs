using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace HealthLedger.Gateway.Tests.Events;

/// <summary>Debian's RabbitMQ as a child of the test, on loopback and free ports, with its files in a directory of its own.</summary>
internal sealed class RabbitMqServer : IAsyncDisposable
{
    private const string Program = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    private readonly string _directory;
    private readonly int _ports;
    private Process? _process;

    private RabbitMqServer(string directory, int ports) => (_directory, _ports) = (directory, ports);

    public static bool IsInstalled => File.Exists(Program);

    public int Port => _ports;

    /// <summary>RabbitMQ's own first user, whom it lets in from loopback alone.</summary>
    public string Address => $"amqp://guest:guest@127.0.0.1:{Port}/";

    /// <summary>A broker that is not started yet.</summary>
    public static RabbitMqServer Prepare(string directory)
    {
        foreach (var part in new[] { "mnesia", "log", "home" })
        {
            Directory.CreateDirectory(Path.Combine(directory, part));
        }

        File.WriteAllText(Path.Combine(directory, "plugins"), "[].\n");
        return new RabbitMqServer(directory, FreePorts());
    }

    public async Task Start()
    {
        var start = new ProcessStartInfo(Program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in new Dictionary<string, string>
        {
            ["HOME"] = In("home"),
            ["RABBITMQ_NODENAME"] = $"healthledger{_ports}@localhost",
            ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODE_PORT"] = $"{_ports}",
            ["RABBITMQ_DIST_PORT"] = $"{_ports + 1}",
            ["ERL_EPMD_PORT"] = $"{_ports + 2}",
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_MNESIA_BASE"] = In("mnesia"),
            ["RABBITMQ_LOG_BASE"] = In("log"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = In("plugins"),
            ["RABBITMQ_CONFIG_FILE"] = In("none"),
        })
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        _ = _process.StandardError.BaseStream.CopyToAsync(Stream.Null);
        var patience = DateTime.UtcNow.AddMinutes(2);
        while (!await Answers())
        {
            Assert.False(_process.HasExited, "RabbitMQ ended before it listened.");
            Assert.True(DateTime.UtcNow < patience, "RabbitMQ did not listen within two minutes.");
            await Task.Delay(200);
        }
    }

    /// <summary>kill -9; what it had taken durably it has again when it is started.</summary>
    public async Task Kill()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Kill();
        _process?.Dispose();

        // Erlang's name server outlives the node that started it.
        var stop = new ProcessStartInfo("epmd", ["-kill"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        stop.Environment["ERL_EPMD_PORT"] = $"{_ports + 2}";
        using var stopped = Process.Start(stop)!;
        await stopped.WaitForExitAsync();
    }

    private string In(string name) => Path.Combine(_directory, name);

    private async Task<bool> Answers()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port);
            await client.GetStream().WriteAsync("AMQP\0\0\u0009\u0001"u8.ToArray());
            return await client.GetStream().ReadAsync(new byte[8]) == 8;
        }
        catch (Exception refused) when (refused is SocketException or IOException)
        {
            return false;
        }
    }

    /// <summary>Three ports in a row that nobody listens on.</summary>
    private static int FreePorts()
    {
        while (true)
        {
            var first = Random.Shared.Next(20_000, 32_000);
            try
            {
                foreach (var port in new[] { first, first + 1, first + 2 })
                {
                    using var listener = new TcpListener(IPAddress.Loopback, port);
                    listener.Start();
                }

                return first;
            }
            catch (SocketException)
            {
                // Taken: others.
            }
        }
    }
}
