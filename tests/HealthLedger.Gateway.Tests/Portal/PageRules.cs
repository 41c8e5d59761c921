using AngleSharp.Dom;
using AngleSharp.Html.Dom;

namespace HealthLedger.Gateway.Tests.Portal;

/// <summary>What holds for every page: headers that keep others out, and a structure that everybody can use (WCAG 2.2: 1.3.1, 2.4.1, 2.4.2, 3.1.1, 4.1.2).</summary>
internal static class PageRules
{
    public static void Hold(SeenPage page)
    {
        var policy = page.Headers["Content-Security-Policy"];
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", page.Headers["X-Content-Type-Options"]);
        Assert.Contains("no-store", page.Headers["Cache-Control"], StringComparison.Ordinal);

        var document = page.Document;
        Assert.Equal("en", document.DocumentElement.GetAttribute("lang"));
        Assert.False(string.IsNullOrWhiteSpace(document.Title));
        Assert.Single(document.QuerySelectorAll("h1"));
        Assert.Single(document.QuerySelectorAll("main"));
        Assert.Single(document.QuerySelectorAll("header.top"));
        Assert.Single(document.QuerySelectorAll("footer"));
        Assert.Equal("#main", document.QuerySelector("body > a")!.GetAttribute("href"));

        var levels = document.QuerySelectorAll("h1, h2, h3, h4").Select(h => h.TagName[1] - '0').ToList();
        Assert.All(levels.Zip(levels.Skip(1)), pair => Assert.True(pair.Second <= pair.First + 1, "a heading level is left out"));
        var ids = document.QuerySelectorAll("[id]").Select(e => e.Id!).ToList();
        Assert.Equal(ids.Distinct(), ids);
        Assert.All(document.QuerySelectorAll("[aria-labelledby]"), e => Assert.Contains(e.GetAttribute("aria-labelledby")!, ids));
        Assert.All(
            document.QuerySelectorAll("input:not([type=hidden]), select"),
            e => Assert.True(document.QuerySelector($"label[for='{e.Id}']") is { TextContent.Length: > 0 }, $"{e.OuterHtml} has no label"));
        Assert.All(document.QuerySelectorAll("table"), t =>
        {
            Assert.NotNull(t.QuerySelector("caption"));
            Assert.All(t.QuerySelectorAll("th"), h => Assert.Equal("col", h.GetAttribute("scope")));
        });
        Assert.All(document.QuerySelectorAll("a, button"), e => Assert.False(string.IsNullOrWhiteSpace(e.GetAttribute("aria-label") ?? e.TextContent)));

        // Nothing inline and nothing from elsewhere: the policy would stop it.
        Assert.All(document.QuerySelectorAll("*"), e => Assert.DoesNotContain(e.Attributes, a => a.Name == "style" || a.Name.StartsWith("on", StringComparison.Ordinal)));
        Assert.Empty(document.QuerySelectorAll("style"));
        Assert.All(document.QuerySelectorAll("script, link"), e => Assert.StartsWith("/assets/", e.GetAttribute("src") ?? e.GetAttribute("href"), StringComparison.Ordinal));
        Assert.All(document.Forms.Where(f => f.Method == "post"), f => Assert.Contains(f.Elements.OfType<IHtmlInputElement>(), i => i.Name == "__RequestVerificationToken"));
    }
}
