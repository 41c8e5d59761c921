using FsCheck;
using FsCheck.Fluent;

namespace HealthLedger.Fhir.Tests;

/// <summary>Good texts, damaged: cut at every place, with each byte changed, or changed anywhere at random.</summary>
internal static class DamagedText
{
    /// <summary>Every beginning of a text but the whole.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> CutsOf(byte[] text) => Enumerable.Range(0, text.Length).Select(length => (ReadOnlyMemory<byte>)text.AsMemory(0, length));

    /// <summary>The text with each of its bytes in turn made each of the given ones.</summary>
    public static IEnumerable<byte[]> ChangesOf(byte[] text, byte[] values)
    {
        foreach (var at in Enumerable.Range(0, text.Length))
        {
            foreach (var value in values)
            {
                var changed = text.ToArray();
                changed[at] = value;
                yield return changed;
            }
        }
    }

    /// <summary>Checks that something holds of 20,000 texts that came about by taking some bytes out of one and putting others in.</summary>
    public static void CheckAnyChange(byte[][] texts, Func<byte[], bool> holds) =>
        Prop.ForAll(
                ArbMap.Default.ArbFor<(int, PositiveInt, byte[], NonNegativeInt)>(),
                change =>
                {
                    var (which, at, bytes, removed) = change;
                    var text = texts[(int)((uint)which % texts.Length)].ToList();
                    var start = at.Get % text.Count;
                    text.RemoveRange(start, Math.Min(removed.Get, text.Count - start));
                    text.InsertRange(start, bytes ?? []);
                    return holds([.. text]);
                })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));
}
