using HealthLedger.Faults;

// Run by the tests, killed by the tests: `append DIRECTORY WRITERS` appends under load and prints what was acknowledged.
return args is ["append", var directory, var writers] ? await AppendLoad.Run(directory, int.Parse(writers)) : 2;
