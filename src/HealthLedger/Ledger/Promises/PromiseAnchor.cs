using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Ledger.Storage;
using HealthLedger.Proofs;

namespace HealthLedger.Ledger.Promises;

/// <summary>How far an emergency journal is.</summary>
/// <param name="Journal">16 random bytes: which journal.</param>
/// <param name="Recorded">The last promise whose entries are in the ledger.</param>
/// <param name="RecordedHash">Its hash; zero before the first.</param>
/// <param name="Promised">The last promise that was given.</param>
/// <param name="PromisedHash">Its hash.</param>
internal readonly record struct PromiseProgress(UInt128 Journal, ulong Recorded, Hash RecordedHash, ulong Promised, Hash PromisedHash);

/// <summary>
/// The file that says how far the journal is, kept apart from it: without it an older copy of the journal would look like one to which nothing was added. Two copies written in turn, so that one
/// that tears leaves the other; never longer or shorter than at first, so that a full disk does not matter.
/// </summary>
internal sealed class PromiseAnchor : IDisposable
{
    public const string FileName = "promised";
    private const int SlotDistance = 4096;
    private const int Length = 152;
    private readonly ILedgerFile _file;
    private readonly byte[] _macKey;
    private ulong _generation;

    private PromiseAnchor(ILedgerFile file, byte[] macKey) => (_file, _macKey) = (file, macKey);

    private static ReadOnlySpan<byte> Magic => "HLEA0001"u8;

    /// <summary>What was written last; null where nothing ever was.</summary>
    public PromiseProgress? Last { get; private set; }

    /// <summary>True where there is something, and none of it can be believed.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Opens the file, an empty one where there is none.</summary>
    public static PromiseAnchor Open(ILedgerStorage storage, ReadOnlySpan<byte> key, string origin)
    {
        var macKey = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes("healthledger/promise-anchor/1\n" + origin));
        var anchor = new PromiseAnchor(storage.Open(FileName), macKey);
        anchor.Read();
        return anchor;
    }

    /// <summary>Keeps the progress, durably.</summary>
    public void Write(PromiseProgress progress)
    {
        var slot = new byte[Length];
        Magic.CopyTo(slot);
        BinaryPrimitives.WriteUInt64BigEndian(slot.AsSpan(8), _generation + 1);
        BinaryPrimitives.WriteUInt128BigEndian(slot.AsSpan(16), progress.Journal);
        BinaryPrimitives.WriteUInt64BigEndian(slot.AsSpan(32), progress.Recorded);
        progress.RecordedHash.CopyTo(slot.AsSpan(40));
        BinaryPrimitives.WriteUInt64BigEndian(slot.AsSpan(72), progress.Promised);
        progress.PromisedHash.CopyTo(slot.AsSpan(80));
        HMACSHA256.HashData(_macKey, slot.AsSpan(0, Length - 32), slot.AsSpan(Length - 32));
        _file.Write(slot, PlaceOf(_generation + 1));
        _file.Flush();
        (_generation, Last) = (_generation + 1, progress);
    }

    /// <summary>Keeps the progress in both copies: whichever of them is lost, nothing older counts again.</summary>
    public void WriteTwice(PromiseProgress progress)
    {
        Write(progress);
        Write(progress);
    }

    public void Dispose()
    {
        _file.Dispose();
        CryptographicOperations.ZeroMemory(_macKey);
    }

    private static long PlaceOf(ulong generation) => (long)(generation % 2) * SlotDistance;

    private void Read()
    {
        var slot = new byte[Length];
        var mac = new byte[32];
        var written = false;
        for (ulong copy = 0; copy < 2; copy++)
        {
            Array.Clear(slot);
            var read = _file.Read(slot, PlaceOf(copy));
            written |= slot.AsSpan(0, read).ContainsAnyExcept((byte)0);
            HMACSHA256.HashData(_macKey, slot.AsSpan(0, Length - 32), mac);
            var generation = BinaryPrimitives.ReadUInt64BigEndian(slot.AsSpan(8));
            if (read == Length && slot.AsSpan().StartsWith(Magic) && generation % 2 == copy && generation > _generation && CryptographicOperations.FixedTimeEquals(mac, slot.AsSpan(Length - 32)))
            {
                _generation = generation;
                Last = new PromiseProgress(
                    BinaryPrimitives.ReadUInt128BigEndian(slot.AsSpan(16)), BinaryPrimitives.ReadUInt64BigEndian(slot.AsSpan(32)), new Hash(slot.AsSpan(40, Hash.Length)),
                    BinaryPrimitives.ReadUInt64BigEndian(slot.AsSpan(72)), new Hash(slot.AsSpan(80, Hash.Length)));
            }
        }

        IsDamaged = written && Last is null;
    }
}
