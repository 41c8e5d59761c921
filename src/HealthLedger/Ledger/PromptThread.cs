using System.Runtime.InteropServices;

namespace HealthLedger.Ledger;

/// <summary>
/// A thread that goes before the others of this machine when it wakes. The sequencer sleeps several times in a commit, once for each answer of the disk, while all others work for it; as one
/// among equals it then waits for one of their slices of time each time, and everybody with it. docs/decisions/0027.
/// </summary>
internal static class PromptThread
{
    private const int NotForThoseItStarts = 0x40000000; // SCHED_OTHER | SCHED_RESET_ON_FORK
    private const int ByProcess = 0; // PRIO_PROCESS; with 0 for whom it is on Linux the calling thread
    private const int Steps = 10;

    /// <summary>
    /// Gives the calling thread a nice value lower by ten, where the system allows it: as root, with CAP_SYS_NICE, or by the limit RLIMIT_NICE. Where it does not, and elsewhere than on Linux
    /// with glibc, the thread stays as it is. The threads that it starts, as the pool's may be, do not inherit it.
    /// </summary>
    public static void TryBecome()
    {
        if (OperatingSystem.IsLinux())
        {
            var noPriority = 0;
            if (SetScheduler(0, NotForThoseItStarts, ref noPriority) == 0)
            {
                _ = SetPriority(ByProcess, 0, GetPriority(ByProcess, 0) - Steps);
            }
        }
    }

    [DllImport("libc", EntryPoint = "sched_setscheduler")]
    private static extern int SetScheduler(int thread, int policy, ref int priority);

    [DllImport("libc", EntryPoint = "getpriority")]
    private static extern int GetPriority(int which, int who);

    [DllImport("libc", EntryPoint = "setpriority")]
    private static extern int SetPriority(int which, int who, int nice);
}
