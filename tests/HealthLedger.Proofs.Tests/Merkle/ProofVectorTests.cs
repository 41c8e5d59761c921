// transparency-dev/merkle testdata: valid and invalid inclusion and consistency proofs (RFC 6962 sections 2.1.1 and 2.1.2).
// The subtree vectors of the same set concern subtree proofs (tlog-cosignature's sign-subtree), which nothing here makes or reads.
using System.Security.Cryptography;
using System.Text.Json;
using HealthLedger.Proofs.Merkle;
using Xunit.Abstractions;

namespace HealthLedger.Proofs.Tests.Merkle;

public class ProofVectorTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_published_inclusion_proof_is_judged_as_published() => Check("inclusion", test =>
        // A leaf hash of no bytes cannot be expressed as our type: that is a refusal.
        test.GetProperty("leafHash").GetString() != "" && InclusionProof.Verify(
            One(test, "leafHash"), test.GetProperty("leafIdx").GetUInt64(), test.GetProperty("treeSize").GetUInt64(), Hashes(test, "proof"), One(test, "root")).Holds);

    [Fact]
    public void Every_published_consistency_proof_is_judged_as_published() => Check("consistency", test =>
        ConsistencyProof.Verify(
            test.GetProperty("size1").GetUInt64(), test.GetProperty("size2").GetUInt64(), Hashes(test, "proof"), One(test, "root1"), One(test, "root2")).Holds);

    private void Check(string kind, Func<JsonElement, bool> verify)
    {
        if (SharedData.Find($"crypto/merkle/{kind}.json", output) is not { } file)
        {
            return;
        }

        using var vectors = JsonDocument.Parse(File.ReadAllBytes(file));
        var count = 0;
        foreach (var item in vectors.RootElement.EnumerateArray())
        {
            var test = item.GetProperty("test");
            Assert.True(verify(test) != test.GetProperty("wantErr").GetBoolean(), item.GetProperty("file").GetString());
            count++;
        }

        Assert.Equal(98, count);
    }

    private static Hash One(JsonElement test, string name) => Read(test.GetProperty(name));

    private static Hash[] Hashes(JsonElement test, string name) =>
        test.GetProperty(name) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray().Select(Read)] : [];

    // Some vectors use a short text, or none, as a hash that is only compared: hashed to 32 bytes, equal ones stay equal and others different.
    private static Hash Read(JsonElement value)
    {
        var bytes = value.ValueKind == JsonValueKind.Null ? [] : value.GetBytesFromBase64();
        return new Hash(bytes.Length == Hash.Length ? bytes : SHA256.HashData([0xff, .. bytes]));
    }
}
