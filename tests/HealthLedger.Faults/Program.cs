using HealthLedger.Faults;

// Run by the tests, killed by the tests: `append DIRECTORY WRITERS` appends under load and prints what was acknowledged, `promise DIRECTORY READERS` promises and prints what was promised.
return args switch
{
    ["append", var directory, var writers] => await AppendLoad.Run(directory, int.Parse(writers)),
    ["promise", var directory, var readers] => await PromiseLoad.Run(directory, int.Parse(readers)),
    _ => 2,
};
