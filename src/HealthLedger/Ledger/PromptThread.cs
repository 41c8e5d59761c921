using System.Runtime.InteropServices;

namespace HealthLedger.Ledger;

/// <summary>
/// A thread that goes before the others of this process when it wakes. The sequencer sleeps several times in a commit, once for each answer of the disk, while all others work for it; as one
/// among equals it then waits for one of their slices of time each time, and everybody with it. docs/decisions/0027.
/// </summary>
internal static class PromptThread
{
    private const int OwnThread = 0;
    private const int SchedOther = 0;
    private const int SchedResetOnFork = 0x40000000;
    private const int PrioProcess = 0; // on Linux a thread has its own
    private const int Steps = 10;

    /// <summary>
    /// Gives the calling thread a nice value lower by ten, where the system allows it: as root with CAP_SYS_NICE, or by RLIMIT_NICE. Where it does not, elsewhere than on Linux with glibc, and
    /// under a policy that the operator chose, the thread keeps its turn. What it starts, as the pool's threads now and then are, never has a nice value below 0.
    /// </summary>
    public static void TryBecome()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            var noPriority = 0;
            if (GetScheduler(OwnThread) == SchedOther && SetScheduler(OwnThread, SchedOther | SchedResetOnFork, ref noPriority) == 0)
            {
                _ = SetPriority(PrioProcess, OwnThread, GetPriority(PrioProcess, OwnThread) - Steps);
            }
        }
        catch (EntryPointNotFoundException)
        {
            // A C library without them: the thread keeps its turn.
        }
    }

    [DllImport("libc", EntryPoint = "sched_getscheduler")]
    private static extern int GetScheduler(int thread);

    /// <param name="thread">0 for the calling one.</param>
    /// <param name="policy">The policy, and flags.</param>
    /// <param name="parameter">struct sched_param: the real-time priority, 0 where there is none.</param>
    [DllImport("libc", EntryPoint = "sched_setscheduler")]
    private static extern int SetScheduler(int thread, int policy, ref int parameter);

    [DllImport("libc", EntryPoint = "getpriority")]
    private static extern int GetPriority(int which, int who);

    [DllImport("libc", EntryPoint = "setpriority")]
    private static extern int SetPriority(int which, int who, int nice);
}
