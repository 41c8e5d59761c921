// docs/formats/fact.md, "targets"
using System.Text.Json;
using HealthLedger.Access;

namespace HealthLedger.Tests.Access;

public sealed class AccessFactsTests
{
    [Fact]
    public void Targets_are_the_json_that_a_serializer_writes_whatever_was_asked_for()
    {
        string[] asked = ["Observation/a-1.b/_history/3", "", "a\"b\\c/d", "Patient?name=d\u00e9j\u00e0 <vu>&+'", "\u4e2d\U0001f600\n\0", new('x', 2000), .. Enumerable.Range(0, 128).Select(c => $"a{(char)c}")];
        foreach (var reference in asked)
        {
            Assert.Equal(Serialized((reference, null)), AccessFacts.JsonArray([(reference, null)]));
            Assert.Equal(Serialized((reference, "0af9"), ("Patient/p", null), ("x", reference)), AccessFacts.JsonArray([(reference, "0af9"), ("Patient/p", null), ("x", reference)]));
        }

        Assert.Equal("[]", AccessFacts.JsonArray([]));
        Assert.Throws<ArgumentException>(() => AccessFacts.JsonArray([("\ud800", null)]));
    }

    private static string Serialized(params (string Reference, string? Hash)[] targets) =>
        JsonSerializer.Serialize(targets.Select(t => t.Hash is null ? new Dictionary<string, string> { ["ref"] = t.Reference } : new Dictionary<string, string> { ["ref"] = t.Reference, ["sha256"] = t.Hash }));
}
