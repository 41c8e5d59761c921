namespace HealthLedger.Cli.Operate;

/// <summary>Small files that go between the gateway's operator and the holder of the offline key.</summary>
internal static class OfflineFiles
{
    private const int MaxBytes = 16 * 1024;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <exception cref="UsageException">The file cannot be read, or is longer than any such file.</exception>
    public static byte[] Read(string option, string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var bytes = new byte[MaxBytes + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length <= MaxBytes ? bytes[..length] : throw new UsageException($"{option}: {path} is longer than any such file.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{option}: {e.Message}");
        }
    }

    /// <summary>Writes a new file, durably; for its owner alone where it is secret.</summary>
    /// <exception cref="UsageException">It exists, or cannot be written.</exception>
    public static void WriteNew(string path, ReadOnlySpan<byte> content, bool secret)
    {
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (secret && !OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            using var file = new FileStream(path, options);
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--out: {e.Message}");
        }
    }
}
