using System.Buffers.Binary;
using HealthLedger.Ledger.Successions;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Ledger;

/// <summary>The log's keys while one succeeds another: both sign from when the successor is made until the retiring one is destroyed (docs/decisions/0021).</summary>
public sealed partial class LedgerKeys
{
    private readonly Lock _gate = new();
    private IReadOnlyList<StatedSuccession> _stated = [];
    private LogLineage? _lineage;
    private LogKey _first;
    private LogKey? _second;
    private SuccessionAsked? _asked;
    private DateTimeOffset? _until;

    private enum Phase : byte
    {
        Asked = 1,
        Overlapping = 2,
    }

    /// <summary>The successions so far, from number 0; empty where the log never named an offline key.</summary>
    public IReadOnlyList<StatedSuccession> Stated => Volatile.Read(ref _stated);

    /// <summary>What those statements say of the log's keys; null where there are none.</summary>
    public LogLineage? Lineage => Volatile.Read(ref _lineage);

    /// <summary>What checks the signature of the key beside the log's: a successor that was asked for, or a retiring key; null where there is none.</summary>
    public NoteVerifier? Beside => Volatile.Read(ref _second)?.Signer.Verifier;

    /// <summary>Until when the retiring key signs too; null where none does.</summary>
    public DateTimeOffset? RetiresAt
    {
        get
        {
            lock (_gate)
            {
                return _until;
            }
        }
    }

    /// <summary>The succession that was asked for and is not installed; null where there is none.</summary>
    internal SuccessionAsked? Asked
    {
        get
        {
            lock (_gate)
            {
                return _asked;
            }
        }
    }

    /// <summary>Every key that this log ever signed checkpoints with, as far as it is known here.</summary>
    internal IReadOnlyList<NoteVerifier> Verifiers
    {
        get
        {
            lock (_gate)
            {
                return
                [
                    _first.Signer.Verifier, .. _second is null ? Array.Empty<NoteVerifier>() : [_second.Signer.Verifier],
                    .. (_lineage?.Reigns ?? []).Select(reign => reign.Key).Where(key => key.ToString() != VerifierKey && key.ToString() != Beside?.ToString()),
                ];
            }
        }
    }

    /// <summary>A policy that knows this log's successions; the same one where there are none.</summary>
    public LogPolicy Extend(LogPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return Lineage is { } lineage ? policy.Following(lineage) : policy;
    }

    /// <summary>Takes up the statements that are kept with the keys, before the ledger is opened.</summary>
    /// <exception cref="InvalidDataException">They do not hold together.</exception>
    public void Remember(IReadOnlyList<StatedSuccession> stated)
    {
        ArgumentNullException.ThrowIfNull(stated);
        var lineage = stated.Count == 0 ? null
            : LogLineage.Verify([.. stated.Select(each => each.Signed.Note)], [], stated[0].Signed.Statement.Offline).TryGet(out var read, out var fault) ? read
            : throw new InvalidDataException($"The successions of the log's key do not hold together ({fault.Code}).");
        lock (_gate)
        {
            Volatile.Write(ref _lineage, lineage);
            Volatile.Write(ref _stated, [.. stated]);
        }
    }

    /// <summary>Whether a key that counts for so many entries signed a note: the log's own, its successor to be, or one that was not yet retired.</summary>
    internal bool HasSigned(SignedNote note, ulong size)
    {
        if (!note.Verify(Verifiers).TryGet(out var signatures, out _))
        {
            return false;
        }

        var lineage = Lineage;
        return signatures.Any(each => each.Verifier.ToString() == VerifierKey
            || (Asked is not null && each.Verifier.ToString() == Beside?.ToString())
            || (lineage?.Reigns.Any(reign => reign.Key.ToString() == each.Verifier.ToString() && !(size > reign.To)) ?? false));
    }

    /// <summary>Signs a checkpoint: the log's key, the one beside it, the local cosigner.</summary>
    internal SignedNote Sign(Checkpoint checkpoint, DateTimeOffset time)
    {
        var note = Sign(checkpoint.ToBytes());
        return note.With(Cosigner.Cosign(note.Text, time));
    }

    /// <summary>Signs a text as the log: its key, and the one beside it.</summary>
    internal SignedNote Sign(ReadOnlySpan<byte> text)
    {
        // Under the lock, since a retiring key is destroyed under it.
        lock (_gate)
        {
            return new SignedNote(text, _second is null ? [_first.Signer.Sign(text)] : [_first.Signer.Sign(text), _second.Signer.Sign(text)]);
        }
    }

    /// <summary>Makes the successor's key, which signs from now on too; does nothing where it is made.</summary>
    internal void Prepare()
    {
        lock (_gate)
        {
            if (_second is null)
            {
                Volatile.Write(ref _second, LogKey.Fresh(Origin));
                _asked = new SuccessionAsked(0, default, SuccessionReason.Rotated);
            }
        }
    }

    /// <summary>Says what is asked for: where the log is frozen for its key, under a checkpoint that both keys signed.</summary>
    internal void Ask(SuccessionAsked asked)
    {
        lock (_gate)
        {
            _asked = asked;
        }
    }

    /// <summary>The request: the statement with the signatures of the successor and, unless it is revoked, of the retiring key.</summary>
    internal SignedNote Request(Succession statement)
    {
        var text = statement.ToText();
        lock (_gate)
        {
            return new SignedNote(text, statement.Reason switch
            {
                SuccessionReason.Founded => [_first.Signer.Sign(text)],
                SuccessionReason.Rotated => [_first.Signer.Sign(text), _second!.Signer.Sign(text)],
                _ => [_second!.Signer.Sign(text)],
            });
        }
    }

    /// <summary>The successor becomes the log's key; the retiring one signs beside it until a time.</summary>
    internal void Succeed(DateTimeOffset until)
    {
        lock (_gate)
        {
            var retiring = _first;
            Volatile.Write(ref _first, _second ?? throw new InvalidOperationException("There is no successor."));
            Volatile.Write(ref _second, retiring);
            (_asked, _until) = (null, until);
        }
    }

    /// <summary>Destroys the retiring key in memory; does nothing where there is none.</summary>
    internal void Retire()
    {
        lock (_gate)
        {
            if (_until is not null)
            {
                _second!.Signer.Dispose();
                Volatile.Write(ref _second, null);
                _until = null;
            }
        }
    }

    private void ImportSecond(ReadOnlySpan<byte> part)
    {
        var phase = (Phase)part[0];
        var number = BinaryPrimitives.ReadUInt64BigEndian(part[(1 + SecretSize)..]);
        var reason = (SuccessionReason)part[^1];
        if (phase is not (Phase.Asked or Phase.Overlapping) || reason > SuccessionReason.Revoked || number > long.MaxValue / 2)
        {
            throw new InvalidDataException("These are not the keys of a ledger.");
        }

        _second = LogKey.FromSeed(Origin, part.Slice(1, SecretSize));
        (_asked, _until) = phase == Phase.Asked
            ? (new SuccessionAsked(number, new Hash(part.Slice(1 + SecretSize + sizeof(ulong), Hash.Length)), reason), (DateTimeOffset?)null)
            : (null, DateTimeOffset.FromUnixTimeSeconds((long)Math.Min(number, 253402300799)));
    }

    private void ExportSecond(Span<byte> part)
    {
        if (_second is null)
        {
            return;
        }

        part[0] = (byte)(_asked is null ? Phase.Overlapping : Phase.Asked);
        _second.Key.CopySeedTo(part[1..]);
        BinaryPrimitives.WriteUInt64BigEndian(part[(1 + SecretSize)..], _asked?.Size ?? (ulong)_until!.Value.ToUnixTimeSeconds());
        (_asked?.Root ?? default).CopyTo(part[(1 + SecretSize + sizeof(ulong))..]);
        part[^1] = (byte)(_asked?.Reason ?? SuccessionReason.Founded);
    }
}
