using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace HealthLedger.Gateway.Tests.Hosting;

/// <summary>Every line that is logged, whatever its level.</summary>
internal sealed class CapturedLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public string Text => string.Join('\n', _lines);

    /// <summary>Waits until a line with this text is there, for at most ten seconds.</summary>
    public async Task Shows(string text)
    {
        for (var tries = 0; tries < 200 && !Text.Contains(text, StringComparison.Ordinal); tries++)
        {
            await Task.Delay(50);
        }

        Assert.Contains(text, Text, StringComparison.Ordinal);
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{formatter(state, exception)} {exception}");

    public void Dispose()
    {
    }
}
