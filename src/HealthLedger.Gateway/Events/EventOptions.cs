namespace HealthLedger.Gateway.Events;

/// <summary>The section <c>HealthLedger:Events</c>: where events go beside this process.</summary>
internal sealed class EventOptions
{
    /// <summary>
    /// A RabbitMQ broker, such as <c>amqps://user@broker.example/vhost</c>; none by default, and events stay within the process. Without TLS on this machine alone:
    /// events name patients.
    /// </summary>
    public string? RabbitMq { get; set; }

    /// <summary>A file whose first line is the broker user's password, so that it need not stand in the address.</summary>
    public string? RabbitMqPasswordFile { get; set; }

    /// <summary>Faults never repeat the address: it may hold a password.</summary>
    public IEnumerable<string> Faults()
    {
        if (RabbitMq is not null
            && (!Uri.TryCreate(RabbitMq, UriKind.Absolute, out var broker) || !(broker.Scheme == "amqps" || (broker.Scheme == "amqp" && broker.IsLoopback)) || broker.Query.Length > 0))
        {
            yield return "HealthLedger:Events:RabbitMq must be an amqps:// address such as amqps://user@broker.example/vhost; amqp:// is for this machine alone.";
        }

        if (RabbitMqPasswordFile is not null && (RabbitMq is null || !File.Exists(RabbitMqPasswordFile)))
        {
            yield return "HealthLedger:Events:RabbitMqPasswordFile needs HealthLedger:Events:RabbitMq, and must be a file that exists.";
        }
    }

    /// <summary>User and password, each null where none is given.</summary>
    public (string? User, string? Password) Credentials()
    {
        var parts = new Uri(RabbitMq!).UserInfo.Split(':', 2);
        var user = parts[0].Length > 0 ? Uri.UnescapeDataString(parts[0]) : null;
        var password = RabbitMqPasswordFile is { } file ? File.ReadLines(file).FirstOrDefault() : parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : null;
        return (user, password);
    }
}
