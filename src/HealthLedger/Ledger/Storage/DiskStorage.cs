using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HealthLedger.Ledger.Storage;

/// <summary>A directory of the file system, held exclusively by this process as long as this object lives.</summary>
internal sealed class DiskStorage : ILedgerStorage
{
    private const string LockName = "LOCK";
    private readonly string _directory;
    private readonly FileStream _held;
    private readonly DriveInfo _drive;

    private DiskStorage(string directory, FileStream held) => (_directory, _held, _drive) = (directory, held, new DriveInfo(directory));

    /// <summary>Takes the directory, which is made where it does not exist (readable by its owner alone).</summary>
    /// <exception cref="DirectoryInUseException">Another process, or another ledger of this one, holds it.</exception>
    public static DiskStorage Hold(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        try
        {
            // On Unix FileShare.None is flock(LOCK_EX): the kernel lets go of it when the process ends, however it ends.
            var held = new FileStream(Path.Combine(directory, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new DiskStorage(directory, held);
        }
        catch (IOException exception) when (exception is not DirectoryNotFoundException and not FileNotFoundException and not PathTooLongException)
        {
            throw new DirectoryInUseException(directory, exception);
        }
    }

    public long FreeBytes => _drive.AvailableFreeSpace;

    public IReadOnlyList<string> List() => [.. Directory.EnumerateFiles(_directory).Select(path => Path.GetFileName(path)!).Where(name => name != LockName)];

    public ILedgerFile Open(string name)
    {
        try
        {
            return new DiskFile(name, Path.Combine(_directory, name));
        }
        catch (IOException exception) when (IsFull(exception))
        {
            throw new StorageFullException(name, exception);
        }
    }

    public void Delete(string name) => File.Delete(Path.Combine(_directory, name));

    public void Rename(string name, string newName)
    {
        try
        {
            File.Move(Path.Combine(_directory, name), Path.Combine(_directory, newName));
        }
        catch (IOException exception) when (IsFull(exception))
        {
            throw new StorageFullException(newName, exception);
        }
    }

    public void FlushDirectory() => FlushDirectory(_directory);

    public void Replace(string name, ReadOnlySpan<byte> content)
    {
        var temporary = Path.Combine(_directory, name + ".new");
        try
        {
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, Path.Combine(_directory, name), overwrite: true);
        }
        catch (IOException exception) when (IsFull(exception))
        {
            throw new StorageFullException(name, exception);
        }
    }

    public void Dispose() => _held.Dispose();

    private static void FlushDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return; // NTFS journals its directories; there is nothing to flush by hand.
        }

        var descriptor = Posix.Open(path, 0, 0);
        if (descriptor < 0)
        {
            throw new IOException($"The ledger's directory cannot be opened to flush it (error {Marshal.GetLastPInvokeError()}).");
        }

        var result = Posix.Flush(descriptor);
        var error = Marshal.GetLastPInvokeError();
        _ = Posix.Close(descriptor);
        if (result != 0)
        {
            throw new IOException($"The ledger's directory could not be flushed (error {error}).");
        }
    }

    // ENOSPC and EDQUOT; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL.
    private static bool IsFull(IOException exception) =>
        OperatingSystem.IsWindows()
            ? (exception.HResult & 0xffff) is 0x70 or 0x27
            : exception.HResult is 28 or 122;

    /// <summary>The framework cannot open a directory, and the name of a new file is durable only once its directory is flushed.</summary>
    private static class Posix
    {
        [DllImport("libc", EntryPoint = "open", SetLastError = true)]
        public static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, int mode);

        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        public static extern int Flush(int descriptor);

        [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
        public static extern int FlushData(SafeFileHandle file);

        [DllImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
        public static extern int WriteBack(SafeFileHandle file, long offset, long length, uint flags);

        [DllImport("libc", EntryPoint = "fallocate64", SetLastError = true)]
        public static extern int Allocate(SafeFileHandle file, int mode, long offset, long length);

        [DllImport("libc", EntryPoint = "close", SetLastError = true)]
        public static extern int Close(int descriptor);
    }

    private sealed class DiskFile(string name, string path) : ILedgerFile
    {
        private const int Interrupted = 4; // EINTR

        /// <summary>Bytes that a flush of more than twice as much gives the disk at once: another file's flush that comes meanwhile waits behind these.</summary>
        private const int Piece = 256 * 1024;
        private static readonly (long From, long To) Nowhere = (long.MaxValue, 0);

        // Shared for reading, so that tools can verify a running ledger's directory.
        private readonly SafeFileHandle _handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

        private readonly Lock _flushing = new();
        private readonly Lock _marking = new();

        // Whether there may be something to flush: at first too, from who had the file before.
        private bool _changed = true;

        // Where it was written since the last flush.
        private (long From, long To) _written = Nowhere;

        public long Length => RandomAccess.GetLength(_handle);

        public int Read(Span<byte> buffer, long offset)
        {
            var read = 0;
            while (read < buffer.Length)
            {
                var got = RandomAccess.Read(_handle, buffer[read..], offset + read);
                if (got == 0)
                {
                    break;
                }

                read += got;
            }

            return read;
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            try
            {
                RandomAccess.Write(_handle, bytes, offset);
            }
            catch (IOException exception) when (IsFull(exception))
            {
                throw new StorageFullException(name, exception);
            }
            finally
            {
                // After the bytes: a flush that runs beside this may have begun without them.
                Mark(offset, offset + bytes.Length);
            }
        }

        /// <summary>
        /// All that is needed to read the bytes again, the length among it. On Linux without the time of the last change, which would be a second write for each flush.
        /// A file that was not written since its last flush is not asked for another, which would flush the device all the same.
        /// </summary>
        public void Flush()
        {
            // One at a time: who finds nothing to flush must not return while another's flush of it is still under way.
            lock (_flushing)
            {
                bool changed;
                (long From, long To) written;
                lock (_marking)
                {
                    (changed, written) = (_changed, _written);
                    (_changed, _written) = (false, Nowhere);
                }

                if (changed)
                {
                    WriteBack(written.From, written.To);
                    FlushNow();
                }
            }
        }

        public void SetLength(long length)
        {
            RandomAccess.SetLength(_handle, length);
            Mark(long.MaxValue, 0);
        }

        /// <summary>
        /// fallocate(2) with FALLOC_FL_KEEP_SIZE: ext4, xfs and tmpfs give the file its blocks now, and filling them needs no others (ext4 and xfs hold back what their own records of
        /// it need). A file system that copies on write may need others all the same (docs/operations.md).
        /// </summary>
        public Reserving Reserve(long end)
        {
            const int KeepSize = 1;
            var length = Length;
            if (!OperatingSystem.IsLinux())
            {
                return Reserving.NotOffered;
            }

            while (end > length && Posix.Allocate(_handle, KeepSize, length, end - length) != 0)
            {
                switch (Marshal.GetLastPInvokeError())
                {
                    case Interrupted:
                        continue;
                    case 28 or 122: // ENOSPC, EDQUOT
                        return Reserving.NoRoom;
                    case 95 or 38: // EOPNOTSUPP, ENOSYS
                        return Reserving.NotOffered;
                    case var error:
                        throw new IOException($"fallocate of {name} failed: {Marshal.GetPInvokeErrorMessage(error)}");
                }
            }

            return Reserving.Kept;
        }

        public void Dispose() => _handle.Dispose();

        private void Mark(long from, long to)
        {
            lock (_marking)
            {
                _changed = true;
                _written = (Math.Min(_written.From, from), Math.Max(_written.To, to));
            }
        }

        /// <summary>
        /// sync_file_range(2), piece by piece, where much was written: the flush that follows has little left to do, and the disk takes up what others ask of it in between. An error, whichever, is the
        /// flush's own: the kernel does not tell it a second time.
        /// </summary>
        private void WriteBack(long from, long to)
        {
            const uint WaitWriteWait = 1 | 2 | 4;
            if (!OperatingSystem.IsLinux() || to - from <= 2 * Piece)
            {
                return;
            }

            for (var at = from; at < to;)
            {
                if (Posix.WriteBack(_handle, at, Math.Min(Piece, to - at), WaitWriteWait) == 0)
                {
                    at += Piece;
                    continue;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case Interrupted:
                        continue;
                    case 38 or 1: // ENOSYS, and EPERM where a sandbox does not let it through: the flush does it all
                        return;
                    case var error:
                        throw FlushFailed(error);
                }
            }
        }

        private IOException FlushFailed(int error) => new($"The flush of {name} failed: {Marshal.GetPInvokeErrorMessage(error)}");

        private void FlushNow()
        {
            if (!OperatingSystem.IsLinux())
            {
                RandomAccess.FlushToDisk(_handle);
                return;
            }

            while (Posix.FlushData(_handle) != 0)
            {
                if (Marshal.GetLastPInvokeError() is var error and not Interrupted)
                {
                    throw FlushFailed(error);
                }
            }
        }
    }
}
