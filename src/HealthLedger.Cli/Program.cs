using HealthLedger.Cli;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
return await CommandLine.Run(args, new Terminal(Console.Out, Console.Error, ShowsProgress: !Console.IsErrorRedirected) { In = Console.IsInputRedirected ? null : Console.In }, TimeProvider.System, stop.Token);
