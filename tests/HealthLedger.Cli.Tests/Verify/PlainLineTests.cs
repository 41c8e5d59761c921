// What a hostile server, file or recorded fact says must not be obeyed by a terminal (ECMA-48 control functions, Unicode TR 36 on bidirectional text).
namespace HealthLedger.Cli.Tests.Verify;

public sealed class PlainLineTests
{
    [Theory]
    [InlineData("Müller, 医院 😀 \U0001F3E5", "Müller, 医院 😀 \U0001F3E5")]
    [InlineData("a\u001b[2Jb", "a?[2Jb")]
    [InlineData("a\u009b31mb", "a?31mb")]
    [InlineData("one\r\nok     absence", "one??ok     absence")]
    [InlineData("a\u202eb\u200bc\u2028d\ufeff\u007f", "a?b?c?d??")]
    [InlineData(null, "")]
    public void Controls_line_ends_and_changes_of_direction_become_question_marks(string? text, string shown) => Assert.Equal(shown, PlainLine.Of(text));

    [Fact]
    public void Half_a_surrogate_pair_is_shown_as_what_it_is() => Assert.Equal("a\ufffdb", PlainLine.Of("a\ud83db"));
}
