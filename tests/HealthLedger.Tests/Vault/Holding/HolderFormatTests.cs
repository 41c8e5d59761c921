// docs/formats/key-holder.md. The frozen examples were made from that page by another implementation; later versions must read them.
using System.Text;
using HealthLedger.Sealing;
using HealthLedger.Vault;
using HealthLedger.Vault.Keys;
using HealthLedger.Vault.Keys.Holding;

namespace HealthLedger.Tests.Vault.Holding;

public sealed class HolderFormatTests : IDisposable
{
    private const string Held =
        "01808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f881070ce254fd822522320fad97751373aa0f7f15438516979d88bcc8034d85f5a2a5bbe79b2569d082ac694549919"
        + "539850b55df5919a5a983fd651454e5330942aafdae630ecc349e7ce64e8a7d297";

    private const string Open =
        "0300000001000000097b726563656970747d0000000100000000000000020000007101808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f881070ce254fd822522320fad9"
        + "7751373aa0f7f15438516979d88bcc8034d85f5a2a5bbe79b2569d082ac694549919539850b55df5919a5a983fd651454e5330942aafdae630ecc349e7ce64e8a7d2970000000700000001726f770000"
        + "0001000000077772617070656400000005706c616365";

    private const string Make =
        "01000000020000000b50617469656e742f616e6e000000164469726563746f72792f50726163746974696f6e6572";

    private const string Seal =
        "02000000010000000b50617469656e742f616e6e0000007101808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f881070ce254fd822522320fad97751373aa0f7f1543851"
        + "6979d88bcc8034d85f5a2a5bbe79b2569d082ac694549919539850b55df5919a5a983fd651454e5330942aafdae630ecc349e7ce64e8a7d29700000001";

    private const string Index =
        "04000000010000000b50617469656e742f616e6e00000000000000000000007101808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f881070ce254fd822522320fad97751"
        + "373aa0f7f15438516979d88bcc8034d85f5a2a5bbe79b2569d082ac694549919539850b55df5919a5a983fd651454e5330942aafdae630ecc349e7ce64e8a7d2970000000700000001726f7700000000";

    private const string Request =
        "01808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fb929b4474034f378e553e568ba9d82a7f177c575a8573a7a2bf046e98b65478ba76da0f536652c41326ab6fa51f7bb"
        + "c7e59dc5c38295214007892dc4c4fa56c7f67fa682c3c1a4436635cf5671b04efbe63785b253aafc2f954c12cd6855";

    private const string Answer =
        "01c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf9c32e312f4937030ffe45a56d93f4c5bc3b03dd15e2c24309a8cf4f98caf16c9be3c8154bac51cc0f4bf9a547a5a88"
        + "05c04db70ca2fda6a155b239c1";

    private readonly TemporaryDirectory place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void Requests_are_read_and_written_as_documented()
    {
        HolderRequest[] requests = [.. new[] { Make, Seal, Open, Index }.Select(hex => HolderRequest.Parse(Convert.FromHexString(hex))!)];
        Assert.Equal([Make, Seal, Open, Index], requests.Select(request => Convert.ToHexStringLower(request.ToBytes())));
        Assert.Equal(["Patient/ann", "Directory/Practitioner"], Assert.IsType<HolderRequest.Make>(requests[0]).Shelves);
        Assert.True(Assert.IsType<HolderRequest.Seal>(requests[1]).Sealings[0].IsContentKey);
        var open = Assert.IsType<HolderRequest.Open>(requests[2]);
        Assert.Equal("{receipt}", Encoding.ASCII.GetString(open.Receipts[0].Span));
        Assert.Equal((0, 2, "place"), (open.Versions[0].Receipt, open.Versions[0].Target, Encoding.ASCII.GetString(open.Versions[0].Shared!.Place.Span)));
        Assert.Null(Assert.IsType<HolderRequest.Index>(requests[3]).Version.Shared);
    }

    [Fact]
    public void A_held_key_opens_for_its_shelf_alone()
    {
        using var secret = Secret();
        var keys = new HeldKeys(secret);
        var held = Convert.FromHexString(Held);
        var dataKey = new byte[32];
        Assert.True(keys.TryOpen(ShelfId.ForPatient("ann"), held, dataKey));
        Assert.Equal(0x40, dataKey[0]);
        Assert.False(keys.TryOpen(ShelfId.ForPatient("ann2"), held, dataKey));
        Assert.False(keys.TryOpen(ShelfId.ForPatient("ann"), held[..^1], dataKey));
        Assert.True(keys.TryOpen(ShelfId.ForDirectory("Practitioner"), keys.Make(ShelfId.ForDirectory("Practitioner")), dataKey));
    }

    [Fact]
    public void Messages_open_under_their_link_and_an_answer_for_its_request_alone()
    {
        using var link = Link("link", Secret());
        var (request, answer) = (Convert.FromHexString(Request), Convert.FromHexString(Answer));
        Assert.Equal(Make, Convert.ToHexStringLower(link.OpenRequest(request)!));
        Assert.Null(HolderAnswer.Parse(link.OpenAnswer(request, answer), 0, out var code));
        Assert.Equal("target-used", code);
        Assert.Null(link.OpenAnswer(link.SealRequest([1]), answer));
        Assert.Null(link.OpenRequest(answer));
        Assert.Null(link.OpenAnswer(request, request));
        using var other = Link("other", PinnedSecret.Random(32));
        Assert.Null(other.OpenRequest(request));
    }

    [Fact]
    public void An_answer_of_another_length_is_none()
    {
        Assert.Equal([7, 8], HolderAnswer.Parse(HolderAnswer.Granted([7, 8]), 2, out _)!.Value.ToArray());
        Assert.Null(HolderAnswer.Parse(HolderAnswer.Granted([7, 8]), 3, out var code));
        Assert.Equal("answer-broken", code);
        Assert.Null(HolderAnswer.Parse(default, 0, out _));
    }

    [Fact]
    public void A_link_file_is_for_its_owner_alone_and_is_read_strictly()
    {
        var path = place["link"];
        using var fresh = HolderLink.Random();
        fresh.WriteTo(path);
        Assert.Throws<IOException>(() => fresh.WriteTo(path));
        HolderLink.FromFile(path).Dispose();
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
            Assert.Throws<UnauthorizedAccessException>(() => HolderLink.FromFile(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        foreach (var text in new[] { "", new string('0', 64), new string('0', 63) + "\n", new string('0', 63) + "g\n", new string('0', 64) + "\n\n" })
        {
            File.WriteAllText(path, text);
            Assert.Throws<InvalidDataException>(() => HolderLink.FromFile(path));
        }
    }

    private static PinnedSecret Secret() => PinnedSecret.CopyOf([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);

    private HolderLink Link(string name, PinnedSecret secret)
    {
        using (secret)
        {
            SecretFile.Write(place[name], secret);
        }

        return HolderLink.FromFile(place[name]);
    }
}
