using System.Runtime.InteropServices;

namespace HealthLedger.Vault.Keys;

/// <summary>Small files that are there whole or not at all, readable by their owner only.</summary>
internal static class DurableFile
{
    internal const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    internal const UnixFileMode OwnerOnlyDirectory = OwnerOnly | UnixFileMode.UserExecute;
    private const int ReadOnly = 0;

    /// <summary>Makes the directory with mode 0700 and tightens it where it was there already.</summary>
    internal static void CreateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, OwnerOnlyDirectory);
        File.SetUnixFileMode(path, OwnerOnlyDirectory);
    }

    /// <summary>Writes a new file through a temporary one, an fsync and a rename; fails where <paramref name="path"/> is there already.</summary>
    internal static void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: false);
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>
    /// Puts new content in the place of a file, whole or not at all, and overwrites what the file held before: it must not be found on the disk again. (What the file system
    /// itself copied, a journal or a flash translation layer, is out of reach.)
    /// </summary>
    internal static void Replace(string path, ReadOnlySpan<byte> content)
    {
        using var old = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var next = path + ".next";
        File.Delete(next);
        WriteNew(next, content);
        File.Move(next, path, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        Overwrite(old);
    }

    /// <summary>Overwrites a file and removes it; does nothing where it is gone.</summary>
    internal static void Destroy(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0))
        {
            Overwrite(file);
        }

        File.Delete(path);
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Makes the names in a directory durable. On Windows the file system does so by itself.</summary>
    internal static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = open(path, ReadOnly);
        if (descriptor < 0)
        {
            throw new IOException($"Cannot open the directory {path} to make it durable (errno {Marshal.GetLastPInvokeError()}).");
        }

        var failed = fsync(descriptor) != 0;
        var error = Marshal.GetLastPInvokeError();
        _ = close(descriptor);
        if (failed)
        {
            throw new IOException($"Cannot make the directory {path} durable (errno {error}).");
        }
    }

    private static void Overwrite(FileStream file)
    {
        file.Position = 0;
        file.Write(new byte[file.Length]);
        file.Flush(flushToDisk: true);
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int fsync(int descriptor);

    [DllImport("libc")]
    private static extern int close(int descriptor);
}
