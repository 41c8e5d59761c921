// RFC 4180 section 2; OWASP "CSV Injection": a cell that begins as a formula does is text.
using System.Text;
using HealthLedger.Review;

namespace HealthLedger.Tests.Review;

public sealed class EventCsvTests
{
    [Theory]
    [InlineData("=1+1", "\"'=1+1\"")]
    [InlineData("@x", "\"'@x\"")]
    [InlineData("-2", "\"'-2\"")]
    [InlineData("+3", "\"'+3\"")]
    [InlineData("\tx", "\"'\tx\"")]
    [InlineData("\rx", "\"'\rx\"")]
    [InlineData("a\"b", "\"a\"\"b\"")]
    [InlineData("a,b\r\nc", "\"a,b\r\nc\"")]
    [InlineData("", "\"\"")]
    [InlineData(null, "\"\"")]
    public void A_cell_is_quoted_and_never_a_formula(string? cell, string written) => Assert.Equal(written + "\r\n", Encoding.UTF8.GetString(EventCsv.Line([cell])));

    [Fact]
    public void A_line_has_its_cells_between_commas() => Assert.Equal("\"\",\"a\",\"\"\r\n", Encoding.UTF8.GetString(EventCsv.Line([null, "a", null])));
}
