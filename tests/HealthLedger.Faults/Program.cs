using HealthLedger.Faults;

// Run by the tests, killed by the tests: `append DIRECTORY` appends under load and prints what was acknowledged.
return args is ["append", var directory] ? await AppendLoad.Run(directory) : 2;
