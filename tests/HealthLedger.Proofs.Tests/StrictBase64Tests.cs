// RFC 4648 sections 3.5, 4 and 5; RFC 7515 section 2: one text for each byte string, so that nothing signed has a second spelling.
using FsCheck;
using FsCheck.Fluent;

namespace HealthLedger.Proofs.Tests;

public sealed class StrictBase64Tests
{
    [Fact]
    public void Every_byte_string_is_read_back_from_its_spelling()
    {
        Prop.ForAll<byte[]>(bytes => StrictBase64.DecodeUrl(StrictBase64.EncodeUrl(bytes))!.AsSpan().SequenceEqual(bytes)).QuickCheckThrowOnFailure();
        Prop.ForAll<byte[]>(bytes => StrictBase64.Decode(Convert.ToBase64String(bytes))!.AsSpan().SequenceEqual(bytes)).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("A")]
    [InlineData("AA==")]
    [InlineData("AA%%")]
    [InlineData("AAA%")]
    [InlineData("AB")]
    [InlineData("AAB")]
    [InlineData("A A")]
    [InlineData("AA\n")]
    [InlineData("A+")]
    [InlineData("A/")]
    [InlineData("\u00c4A")]
    public void A_second_spelling_in_base64url_is_refused(string text) => Assert.Null(StrictBase64.DecodeUrl(text));

    [Theory]
    [InlineData("AA")]
    [InlineData("AA%%")]
    [InlineData("AB==")]
    [InlineData("AAB=")]
    [InlineData("AAA=\n")]
    [InlineData("A-==")]
    [InlineData("A===")]
    public void A_second_spelling_in_base64_is_refused(string text) => Assert.Null(StrictBase64.Decode(text));
}
