using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Text;

namespace HealthLedger.Fhir.Definitions;

/// <summary>
/// Finds values by the UTF-8 bytes of a name. Open addressing over a table at most half full; filled once, then read by any number of
/// threads. The hash looks at both ends and the length: names come from the definitions, not from callers, so nobody can crowd a slot.
/// </summary>
internal sealed class Utf8Table<T>
    where T : class
{
    private readonly byte[]?[] _names;
    private readonly T?[] _values;
    private readonly int _mask;

    public Utf8Table(int count)
    {
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, count * 2));
        _names = new byte[size][];
        _values = new T[size];
        _mask = size - 1;
    }

    /// <summary>Adds a name once; a name that is there already keeps its value.</summary>
    public void Add(string name, T value)
    {
        var utf8 = Encoding.UTF8.GetBytes(name);
        var slot = Slot(utf8);
        while (_names[slot] is { } taken)
        {
            if (taken.AsSpan().SequenceEqual(utf8))
            {
                return;
            }

            slot = (slot + 1) & _mask;
        }

        _names[slot] = utf8;
        _values[slot] = value;
    }

    public bool TryGet(ReadOnlySpan<byte> name, [NotNullWhen(true)] out T? value)
    {
        var slot = Slot(name);
        while (_names[slot] is { } taken)
        {
            if (name.SequenceEqual(taken))
            {
                value = _values[slot]!;
                return true;
            }

            slot = (slot + 1) & _mask;
        }

        value = null;
        return false;
    }

    private int Slot(ReadOnlySpan<byte> name)
    {
        ulong mixed;
        if (name.Length >= 8)
        {
            mixed = BinaryPrimitives.ReadUInt64LittleEndian(name) ^ (BinaryPrimitives.ReadUInt64LittleEndian(name[^8..]) * 0x9E3779B97F4A7C15);
        }
        else if (name.Length >= 4)
        {
            mixed = BinaryPrimitives.ReadUInt32LittleEndian(name) | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(name[^4..]) << 32);
        }
        else if (name.Length > 0)
        {
            mixed = name[0] | ((ulong)name[name.Length >> 1] << 8) | ((ulong)name[^1] << 16);
        }
        else
        {
            mixed = 0;
        }

        mixed = (mixed + (ulong)name.Length) * 0xD6E8FEB86659FD93;
        return (int)(mixed >> 40) & _mask;
    }
}
