using HealthLedger.Gateway.Hosting;

return await Startup.Run(args, Console.Out, Console.Error);
