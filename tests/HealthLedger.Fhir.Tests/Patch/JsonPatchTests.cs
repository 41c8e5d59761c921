// JSON Patch, RFC 6902, and JSON Pointer, RFC 6901: the examples of RFC 6902 appendix A as laws on a resource.
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Fhir.Patch;

namespace HealthLedger.Fhir.Tests.Patch;

public sealed class JsonPatchTests
{
    private const string Patient = """{"resourceType":"Patient","id":"a","active":true,"name":[{"family":"Long","given":["A","B"]}],"a/b":1,"m~n":2}""";

    [Theory]
    [InlineData("""[]""", Patient)]
    [InlineData("""[{"op":"add","path":"/gender","value":"male"}]""", """{"resourceType":"Patient","id":"a","active":true,"name":[{"family":"Long","given":["A","B"]}],"a/b":1,"m~n":2,"gender":"male"}""")]
    [InlineData("""[{"op":"add","path":"/name/0/given/1","value":"X"}]""", """{"resourceType":"Patient","id":"a","active":true,"name":[{"family":"Long","given":["A","X","B"]}],"a/b":1,"m~n":2}""")]
    [InlineData("""[{"op":"add","path":"/name/0/given/-","value":"X"}]""", """{"resourceType":"Patient","id":"a","active":true,"name":[{"family":"Long","given":["A","B","X"]}],"a/b":1,"m~n":2}""")]
    [InlineData("""[{"op":"add","path":"/active","value":false}]""", """{"resourceType":"Patient","id":"a","active":false,"name":[{"family":"Long","given":["A","B"]}],"a/b":1,"m~n":2}""")]
    [InlineData("""[{"op":"remove","path":"/name"},{"op":"remove","path":"/a~1b"},{"op":"remove","path":"/m~0n"}]""", """{"resourceType":"Patient","id":"a","active":true}""")]
    [InlineData("""[{"op":"replace","path":"/name/0/family","value":"Short"}]""", """{"resourceType":"Patient","id":"a","active":true,"name":[{"family":"Short","given":["A","B"]}],"a/b":1,"m~n":2}""")]
    [InlineData("""[{"op":"move","from":"/name/0/given/0","path":"/name/0/given/1"}]""", """{"resourceType":"Patient","id":"a","active":true,"name":[{"family":"Long","given":["B","A"]}],"a/b":1,"m~n":2}""")]
    [InlineData("""[{"op":"copy","from":"/name/0","path":"/name/-"}]""", """{"resourceType":"Patient","id":"a","active":true,"name":[{"family":"Long","given":["A","B"]},{"family":"Long","given":["A","B"]}],"a/b":1,"m~n":2}""")]
    [InlineData("""[{"op":"test","path":"/name/0","value":{"given":["A","B"],"family":"Long"}},{"op":"test","path":"/a~1b","value":1.0}]""", Patient)]
    [InlineData("""[{"op":"test","path":"/active","value":true,"unknown":1}]""", Patient)]
    [InlineData("""[{"op":"remove","path":"/name/0/given/0"},{"op":"remove","path":"/name/0/given/0"},{"op":"remove","path":"/name/0/family"}]""", """{"resourceType":"Patient","id":"a","active":true,"a/b":1,"m~n":2}""")]
    [InlineData("""[{"op":"replace","path":"","value":{"resourceType":"Patient"}}]""", """{"resourceType":"Patient"}""")]
    public void Operations_come_one_after_the_other(string patch, string expected)
    {
        var (read, fault) = JsonPatch.Parse(Encoding.UTF8.GetBytes(patch));
        Assert.Null(fault);
        var (patched, refused) = read!.Apply(Encoding.UTF8.GetBytes(Patient));
        Assert.Null(refused);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(patched)), Encoding.UTF8.GetString(patched!));
        Assert.Equal(patched, read.Apply(Encoding.UTF8.GetBytes(Patient)).Patched);
    }

    [Theory]
    [InlineData("""[{"op":"test","path":"/active","value":true},{"op":"test","path":"/active","value":"true"}]""", 1)]
    [InlineData("""[{"op":"test","path":"/name/0/given","value":["B","A"]}]""", 0)]
    [InlineData("""[{"op":"add","path":"/contact/name","value":{}}]""", 0)]
    [InlineData("""[{"op":"add","path":"/name/2","value":{}}]""", 0)]
    [InlineData("""[{"op":"add","path":"/name/01","value":{}}]""", 0)]
    [InlineData("""[{"op":"add","path":"/name/x","value":{}}]""", 0)]
    [InlineData("""[{"op":"remove","path":"/gender"}]""", 0)]
    [InlineData("""[{"op":"remove","path":"/name/-"}]""", 0)]
    [InlineData("""[{"op":"replace","path":"/gender","value":"male"}]""", 0)]
    [InlineData("""[{"op":"move","from":"/gender","path":"/sex"}]""", 0)]
    [InlineData("""[{"op":"add","path":"/active/x","value":1}]""", 0)]
    public void What_does_not_fit_names_its_operation_and_no_value(string patch, int operation)
    {
        var (read, fault) = JsonPatch.Parse(Encoding.UTF8.GetBytes(patch));
        Assert.Null(fault);
        var (patched, refused) = read!.Apply(Encoding.UTF8.GetBytes(Patient));
        Assert.Null(patched);
        Assert.Equal((PatchFaultKind.NotApplicable, operation), (refused!.Kind, refused.Operation));
        Assert.DoesNotContain("Long", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""[{"op":"increase","path":"/a"}]""")]
    [InlineData("""[{"op":"add","path":"/a"}]""")]
    [InlineData("""[{"op":"add","path":"a","value":1}]""")]
    [InlineData("""[{"op":"add","path":"/~2","value":1}]""")]
    [InlineData("""[{"op":"add","path":"/~","value":1}]""")]
    [InlineData("""[{"op":"copy","path":"/a"}]""")]
    [InlineData("""[{"op":"move","from":"/a","path":"/a/b"}]""")]
    [InlineData("""[{"op":"add","op":"remove","path":"/a","value":1}]""")]
    [InlineData("""[{"op":"\ud800","path":"/a"}]""")]
    public void A_document_that_is_no_patch_is_told_from_itself(string document) =>
        Assert.Equal(PatchFaultKind.Malformed, JsonPatch.Parse(Encoding.UTF8.GetBytes(document)).Fault!.Kind);

    [Fact]
    public void Patches_of_one_request_share_the_bytes_of_what_they_read_and_make()
    {
        var patch = JsonPatch.Parse("""[{"op":"add","path":"/active","value":true}]"""u8.ToArray()).Patch!;
        var patient = Encoding.UTF8.GetBytes($$"""{"resourceType":"Patient","name":[{"family":"{{new string('a', 8 * 1024 * 1024)}}"}]}""");
        var time = new PatchTime();
        for (var i = 0; i < 15; i++)
        {
            Assert.NotNull(patch.Apply(patient, time).Patched);
        }

        Assert.Equal(PatchFaultKind.TooCostly, patch.Apply(patient, time).Fault!.Kind);
        Assert.NotNull(patch.Apply(patient, new PatchTime()).Patched);
    }

    [Fact]
    public void Numbers_and_texts_that_do_not_change_stay_as_they_were_written()
    {
        const string Resource = """{"resourceType":"Observation","valueQuantity":{"value":1.50,"unit":"é<&\u0001"},"status":"final"}""";
        var (patched, _) = JsonPatch.Parse("""[{"op":"replace","path":"/status","value":"amended"},{"op":"add","path":"/component","value":[{"valueQuantity":{"value":2.00}}]}]"""u8.ToArray()).Patch!.Apply(Encoding.UTF8.GetBytes(Resource));
        var text = Encoding.UTF8.GetString(patched!);
        Assert.Contains("1.50", text, StringComparison.Ordinal);
        Assert.Contains("2.00", text, StringComparison.Ordinal);
        Assert.Contains("é<&\\u0001", text, StringComparison.Ordinal);
    }

    /// <summary>Copies that double at each step, or nest in each other, end by a limit and not by memory or stack.</summary>
    [Theory]
    [InlineData("""{"op":"copy","from":"/name","path":"/name/-"}""")]
    [InlineData("""{"op":"copy","from":"/name","path":"/name/0/given"}""")]
    [InlineData("""{"op":"copy","from":"","path":"/contained"}""")]
    public void Copies_of_copies_end_at_a_limit(string operation)
    {
        var (read, _) = JsonPatch.Parse(Encoding.UTF8.GetBytes("[" + string.Join(',', Enumerable.Repeat(operation, 200)) + "]"));
        Assert.Equal(PatchFaultKind.TooCostly, read!.Apply(Encoding.UTF8.GetBytes(Patient)).Fault!.Kind);
    }

    [Fact]
    public void A_patch_has_a_limit_of_operations()
    {
        var operations = string.Join(',', Enumerable.Repeat("""{"op":"test","path":"/active","value":true}""", ResourcePatch.MaxOperations + 1));
        Assert.Equal(PatchFaultKind.Malformed, JsonPatch.Parse(Encoding.UTF8.GetBytes("[" + operations + "]")).Fault!.Kind);
    }
}
