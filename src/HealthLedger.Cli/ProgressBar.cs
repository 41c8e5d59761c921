namespace HealthLedger.Cli;

/// <summary>One line that shows how far a long work is: on a terminal only, and only once the work has taken a second.</summary>
internal sealed class ProgressBar(Terminal terminal, TimeProvider time, string what, ulong total) : IDisposable
{
    private const int Width = 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private readonly long started = time.GetTimestamp();
    private TimeSpan drawn;

    public void Report(ulong done)
    {
        var elapsed = time.GetElapsedTime(started);
        if (!terminal.ShowsProgress || total == 0 || elapsed < Patience || elapsed - drawn < Step)
        {
            return;
        }

        drawn = elapsed;
        var filled = (int)((double)done / total * Width);
        terminal.Error.Write($"\r{what} [{new string('#', filled)}{new string('.', Width - filled)}] {(double)done / total:P0} of {total:N0}");
    }

    public void Dispose()
    {
        if (drawn > TimeSpan.Zero)
        {
            terminal.Error.Write("\r" + new string(' ', 79) + "\r");
        }
    }
}
