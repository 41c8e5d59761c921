using System.Diagnostics;

namespace HealthLedger.Gateway.Tests.Hosting;

/// <summary>A disk of its own for a test's data, small enough to be filled to its last byte.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _path;

    private SmallDisk(string path) => _path = path;

    private string Ballast => Path.Combine(_path, "ballast");

    /// <summary>Bytes that can still be written.</summary>
    public long Free => new DriveInfo(_path).AvailableFreeSpace;

    /// <summary>Mounts it on a directory; null where that is not permitted.</summary>
    /// <param name="kind">tmpfs or ext4.</param>
    /// <param name="path">The directory, which is made where it does not exist.</param>
    /// <param name="mebibytes">Its size.</param>
    public static SmallDisk? Mount(string kind, string path, int mebibytes)
    {
        Directory.CreateDirectory(path);
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        if (kind == "tmpfs")
        {
            return Execute("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "tmpfs", path) == 0 ? new SmallDisk(path) : null;
        }

        var image = path + ".image";
        using (var file = File.Create(image))
        {
            file.SetLength((long)mebibytes << 20);
        }

        return Execute("mkfs.ext4", "-q", "-m", "0", image) == 0 && Execute("mount", "-o", "loop", image, path) == 0 ? new SmallDisk(path) : null;
    }

    /// <summary>Writes a file that takes all that is left.</summary>
    public void Fill()
    {
        // Unbuffered, so that every byte that is said to be written is on the disk, and byte by byte at the end.
        using var file = new FileStream(Ballast, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var size = 1 << 20; size > 0; size /= 16)
        {
            try
            {
                while (true)
                {
                    file.Write(new byte[size]);
                    file.Flush(flushToDisk: true);
                }
            }
            catch (IOException)
            {
                // No room for so much.
            }
        }
    }

    /// <summary>Gives the room back.</summary>
    public void Clear() => File.Delete(Ballast);

    public void Dispose() => Execute("umount", "-l", _path);

    private static int Execute(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}
