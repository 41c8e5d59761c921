// docs/formats/key-holder.md, "The list": it only grows, a changed record shows, a piece at the end was never acknowledged.
namespace HealthLedger.KeyHolder.Tests;

public sealed class UnwrapListTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("healthledger-").FullName;

    private string File => Path.Combine(root, "unwrapped");

    public UnwrapListTests() => System.IO.File.WriteAllBytes(File, []);

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void Every_changed_byte_and_every_record_taken_out_is_noticed()
    {
        Write(3);
        var good = System.IO.File.ReadAllBytes(File);
        Assert.Equal(96, good.Length);
        for (var at = 0; at < good.Length; at++)
        {
            var changed = good.ToArray();
            changed[at] ^= 1;
            System.IO.File.WriteAllBytes(File, changed);
            Assert.Throws<InvalidDataException>(() => UnwrapList.Open(File, 0));
        }

        System.IO.File.WriteAllBytes(File, [.. good[..32], .. good[64..]]);
        Assert.Throws<InvalidDataException>(() => UnwrapList.Read(File));
    }

    [Fact]
    public void A_list_that_is_missing_is_not_made_anew()
    {
        System.IO.File.Delete(File);
        Assert.Throws<FileNotFoundException>(() => UnwrapList.Open(File, 0));
        Assert.False(System.IO.File.Exists(File));
    }

    [Fact]
    public void A_piece_at_the_end_is_dropped_and_the_list_goes_on()
    {
        Write(2);
        using (var stream = System.IO.File.OpenWrite(File))
        {
            stream.Position = stream.Length;
            stream.Write(new byte[17]);
        }

        using (var list = UnwrapList.Open(File, 0))
        {
            Assert.Equal(2UL, list.Count);
            list.Add([new Unwrapped(9, 0, 120)], 0);
        }

        Assert.Equal([0, 1, 9], UnwrapList.Read(File).Records.Select(record => (int)record.Index));
    }

    [Fact]
    public void The_bytes_are_those_of_the_documentation()
    {
        using (var list = UnwrapList.Open(File, 0))
        {
            list.Add([new Unwrapped(0x0102, 3, 1_700_000_040)], 0);
            list.Add([new Unwrapped(UnwrapList.NoEntry, 0, 1_700_000_100)], 0);
        }

        Assert.Equal(
            "00000000000001020000000301b05516" + "f0e504919b9eec933b7f40ade7035850" + "ffffffffffffffff0000000001b05517" + "bcb324ac0c6c9dd94e0be622e2709fab",
            Convert.ToHexStringLower(System.IO.File.ReadAllBytes(File)));
    }

    private void Write(int count)
    {
        using var list = UnwrapList.Open(File, 0);
        for (var i = 0; i < count; i++)
        {
            list.Add([new Unwrapped((ulong)i, 0, 60)], 0);
        }
    }
}
