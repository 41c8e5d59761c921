namespace HealthLedger.Ledger.Storage;

/// <summary>The one directory that holds a ledger. Behind this seam tests put a disk that fails, fills up and forgets what was not flushed.</summary>
internal interface ILedgerStorage : IDisposable
{
    /// <summary>The names of all files.</summary>
    IReadOnlyList<string> List();

    /// <summary>Opens a file for reading and writing, an empty one where there is none. A new file's name is durable only after <see cref="FlushDirectory"/>.</summary>
    /// <exception cref="StorageFullException">There is no room for a new name.</exception>
    ILedgerFile Open(string name);

    /// <summary>Removes a file that is not open.</summary>
    void Delete(string name);

    /// <summary>Gives a file that is not open another name, which no file has. Durable only after <see cref="FlushDirectory"/>: before it a power cut leaves it under one of the two.</summary>
    /// <exception cref="StorageFullException">There is no room for a new name; the file keeps its own.</exception>
    void Rename(string name, string newName);

    /// <summary>Makes creations, deletions and new names durable. MUST throw where it cannot.</summary>
    void FlushDirectory();

    /// <summary>Puts <paramref name="content"/> in the file's place at once: a reader sees the old content or the new. Not durable: for what a start writes again.</summary>
    void Replace(string name, ReadOnlySpan<byte> content);

    /// <summary>Bytes that can still be written.</summary>
    long FreeBytes { get; }
}

/// <summary>A file that is read and written at given places. Reads may run beside a write to another part of the file.</summary>
internal interface ILedgerFile : IDisposable
{
    /// <summary>Bytes in the file.</summary>
    long Length { get; }

    /// <summary>Reads until the buffer is full or the file ends.</summary>
    /// <returns>Bytes read.</returns>
    int Read(Span<byte> buffer, long offset);

    /// <summary>Writes all bytes; they need not be durable yet.</summary>
    /// <exception cref="StorageFullException">There is no room. Some of the bytes may have been written.</exception>
    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>On return everything written before the call is durable. After an exception nothing is known of any of it: the caller MUST NOT try again.</summary>
    void Flush();

    /// <summary>Cuts the file, or lengthens it with zeros. What was reserved behind the end may be lost by it.</summary>
    void SetLength(long length);

    /// <summary>
    /// Takes room for what will be written behind the end, up to <paramref name="end"/>; the length stays. What was reserved before stays too. From then on nobody else can take
    /// that room, and writing into it does not fail for want of it.
    /// </summary>
    /// <param name="end">At least the file's length.</param>
    Reserving Reserve(long end);
}

/// <summary>What became of asking for room.</summary>
internal enum Reserving
{
    /// <summary>It is there.</summary>
    Kept,

    /// <summary>There is not so much room; what was reserved before is still there.</summary>
    NoRoom,

    /// <summary>The storage promises no room ahead.</summary>
    NotOffered,
}

/// <summary>The storage has no room left: the one storage failure that passes by itself.</summary>
internal sealed class StorageFullException(string file, Exception? inner)
    : IOException($"No room to write {file}.", inner);
