using HealthLedger.KeyHolder;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
return await CommandLine.Run(args, Console.Out, Console.Error, TimeProvider.System, stop.Token);
