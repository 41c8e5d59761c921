using System.Buffers.Binary;
using System.Collections.Concurrent;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys;

/// <summary>How keys are wrapped: under a key-encryption key of the present epoch, which rotation ends.</summary>
public sealed partial class KeyRing
{
    private const int RewrappedTogether = 2000;
    private const int AssociatedSize = TenantId.Size + KeyedName.Size + 1 + sizeof(int);
    private readonly ConcurrentDictionary<int, PinnedSecret> wrapping = new();
    private readonly Lock rotating = new();

    // Whoever wraps a key holds it until the key is stored, so that an epoch never ends between the two.
    private readonly ReaderWriterLockSlim wrappingGate = new();
    private volatile int epoch;

    /// <summary>The epoch in which keys are wrapped now, from 1 upwards.</summary>
    public int Epoch => epoch;

    /// <summary>
    /// Wraps every key under a fresh key-encryption key and destroys the one before, so that no copy of the wrapped keys made until now opens again. Goes on while the gateway
    /// serves; where the process ends in between, the next start finishes it.
    /// </summary>
    /// <returns>The new epoch, and how many keys were wrapped anew.</returns>
    public (int Epoch, long Keys) RotateWrapping()
    {
        lock (rotating)
        {
            directory.BeginEpoch();
            wrappingGate.EnterWriteLock();
            epoch = directory.Epoch;
            wrappingGate.ExitWriteLock();
            return (epoch, FinishRotation());
        }
    }

    /// <summary>
    /// Copies what opens the wrapped keys, and lets the caller copy these, while no rotation comes between: the master key's header, sealed under the passphrase, and the sealed
    /// wrapping keys. Not a passphrase that lies with the keys: with it the copy would open by itself.
    /// </summary>
    /// <param name="to">An empty directory.</param>
    /// <param name="copyWrappedKeys">Copies the store.</param>
    public void Copy(string to, Action copyWrappedKeys)
    {
        ArgumentNullException.ThrowIfNull(copyWrappedKeys);
        lock (rotating)
        {
            directory.CopySealed(to);
            copyWrappedKeys();
        }
    }

    internal void Unwrap(WrappedKey wrapped, Span<byte> key)
    {
        if (TryUnwrap(wrapped, key))
        {
            return;
        }

        // A rotation may have wrapped it anew since it was read.
        if (store.Of(wrapped.Subject).FirstOrDefault(stored => stored.Kind == wrapped.Kind) is not { } current || current.Epoch == wrapped.Epoch || !TryUnwrap(current, key))
        {
            throw new DamagedKeysException("A wrapped key does not open: keys.db is damaged or belongs to another key directory. Restore it from a backup of the key directory.");
        }
    }

    private PinnedSecret Unwrap(WrappedKey wrapped) =>
        wrapped.Sealed.Length - Envelope.Overhead is > 0 and <= MaxSecretSize
            ? PinnedSecret.Create(wrapped.Sealed.Length - Envelope.Overhead, (this, wrapped), static (key, state) => state.Item1.Unwrap(state.wrapped, key))
            : throw new DamagedKeysException("A wrapped key has a length that no key has: keys.db is damaged.");

    private WrappedKey WrapFresh(KeyedName subject, KeyKind kind)
    {
        using var key = PinnedSecret.Random(Envelope.SecretSize);
        return Wrap(subject, kind, key);
    }

    private WrappedKey Wrap(KeyedName subject, KeyKind kind, PinnedSecret key)
    {
        var now = epoch;
        Span<byte> associated = stackalloc byte[AssociatedSize];
        WriteAssociated(subject, kind, now, associated);
        var wrappingKey = WrappingKey(now) ?? throw new DamagedKeysException($"The wrapping key of epoch {now} is missing: restore the key directory from a backup.");
        return new WrappedKey(subject, kind, now, Envelope.Seal(wrappingKey.Span, "wrapped-key", associated, key.Span));
    }

    private bool TryUnwrap(WrappedKey wrapped, Span<byte> key)
    {
        Span<byte> associated = stackalloc byte[AssociatedSize];
        WriteAssociated(wrapped.Subject, wrapped.Kind, wrapped.Epoch, associated);
        try
        {
            return wrapped.Sealed.Length == key.Length + Envelope.Overhead
                && WrappingKey(wrapped.Epoch) is { } wrappingKey && Envelope.TryOpen(wrappingKey.Span, "wrapped-key", associated, wrapped.Sealed.Span, key);
        }
        catch (ObjectDisposedException)
        {
            return false; // its epoch ended just now
        }
    }

    private PinnedSecret? WrappingKey(int of)
    {
        if (wrapping.TryGetValue(of, out var key))
        {
            return key;
        }

        if (directory.OpenWrappingKey(of) is not { } opened)
        {
            return null;
        }

        var kept = wrapping.GetOrAdd(of, opened);
        if (kept != opened)
        {
            opened.Dispose();
        }

        return kept;
    }

    private bool Wrapping(Func<bool> wrapAndStore)
    {
        wrappingGate.EnterReadLock();
        try
        {
            return wrapAndStore();
        }
        finally
        {
            wrappingGate.ExitReadLock();
        }
    }

    /// <summary>Wraps what is left of earlier epochs, then destroys their keys.</summary>
    private long FinishRotation()
    {
        long rewrapped = 0;
        while (store.Rewrap(epoch, RewrappedTogether, Rewrapped) is var count and > 0)
        {
            rewrapped += count;
        }

        directory.EndEpochs();
        foreach (var earlier in wrapping.Keys.Where(known => known != epoch))
        {
            if (wrapping.TryRemove(earlier, out var key))
            {
                key.Dispose();
            }
        }

        return rewrapped;
    }

    private WrappedKey Rewrapped(WrappedKey wrapped)
    {
        using var key = PinnedSecret.Create(wrapped.Sealed.Length - Envelope.Overhead, (this, wrapped), static (key, state) =>
        {
            if (!state.Item1.TryUnwrap(state.wrapped, key))
            {
                throw new DamagedKeysException("A wrapped key does not open, so the rotation of the wrapping key cannot go on: keys.db is damaged. The wrapping keys of before are kept.");
            }
        });
        return Wrap(wrapped.Subject, wrapped.Kind, key);
    }

    private void WriteAssociated(KeyedName subject, KeyKind kind, int epoch, Span<byte> associated)
    {
        directory.Tenant.CopyTo(associated);
        subject.CopyTo(associated[TenantId.Size..]);
        associated[TenantId.Size + KeyedName.Size] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(associated[(TenantId.Size + KeyedName.Size + 1)..], epoch);
    }
}
