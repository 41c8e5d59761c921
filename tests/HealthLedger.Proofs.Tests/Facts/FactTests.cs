// docs/formats/fact.md
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Proofs.Entries;
using HealthLedger.Proofs.Facts;

namespace HealthLedger.Proofs.Tests.Facts;

public class FactTests
{
    public static Fact Any(Random random)
    {
        var builder = new FactBuilder();
        foreach (var field in FactFields.All)
        {
            builder.Set(field, random.Next(4) switch
            {
                0 => null,
                1 => "",
                2 => "déjà vu \u4e2d \U0001f600 " + random.Next(),
                _ => new string('x', random.Next(0, 900)),
            });
        }

        return builder.Build(random.Bytes(32));
    }

    /// <summary>The definition, spelled out with other calls than the code's.</summary>
    private static byte[] Naive(Fact fact)
    {
        var r = fact.Stored[1..33].ToArray();
        var row = FactFields.All.Select(field => SHA256.HashData([
            0,
            .. new HMACSHA256(r).ComputeHash(Encoding.ASCII.GetBytes("healthledger/fact/v1/" + field.ToString().ToLowerInvariant())),
            fact[field] is null ? (byte)0 : (byte)1,
            .. Encoding.UTF8.GetBytes(fact[field] ?? "")])).ToList();
        while (row.Count > 1)
        {
            row = [.. row.Chunk(2).Select(pair => SHA256.HashData([1, .. pair[0], .. pair[1]]))];
        }

        return row[0];
    }

    [Fact]
    public void A_fact_reads_back_and_commits_as_defined() => Laws.Check(80, random =>
    {
        var fact = Any(random);
        var again = Fact.Parse(fact.Stored.Span).Value;
        return fact.Stored.Length % 1024 == 0
            && FactFields.All.All(field => again[field] == fact[field] && again.Has(field) == (fact[field] is not null))
            && again.Commitment == fact.Commitment
            && fact.Commitment.Bytes.SequenceEqual(Naive(fact));
    });

    [Fact]
    public void A_value_of_any_length_commits_as_defined()
    {
        // around the ends of hash blocks, and around the longest value that is hashed beside others
        for (var length = 0; length < 200; length++)
        {
            var builder = new FactBuilder();
            foreach (var field in FactFields.All)
            {
                builder.Set(field, new string((char)('a' + (int)field), Math.Max(0, length - (int)field)));
            }

            var fact = builder.Build(SHA256.HashData([(byte)length]));
            Assert.Equal(Convert.ToHexString(Naive(fact)), Convert.ToHexString(fact.Commitment.Bytes));
        }
    }

    [Fact]
    public void A_changed_byte_is_refused_or_commits_to_something_else() => Laws.Check(200, random =>
    {
        var fact = Any(random);
        var bytes = fact.Stored.ToArray();
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return !Fact.Parse(bytes).TryGet(out var other, out _) || other.Commitment != fact.Commitment;
    });

    [Fact]
    public void Openings_verify_and_tell_only_what_was_chosen() => Laws.Check(60, random =>
    {
        var fact = Any(random);
        var chosen = FactFields.All.Where(_ => random.Next(2) == 0).ToHashSet();
        var opening = FactOpening.Parse(FactOpening.Of(fact, chosen).ToJson()).Value;
        return opening.Verify(fact.Commitment).Holds
            && !opening.Verify(random.Hash()).Holds
            && opening.IsFull == (chosen.Count == 16)
            && FactFields.All.All(field => opening[field].Opened == chosen.Contains(field)
                && opening.ValueOf(field) == (chosen.Contains(field) ? fact[field] : null))
            && FactOpening.Full(fact).Verify(fact.Commitment).Holds;
    });

    [Fact]
    public void A_changed_value_or_an_absent_field_shown_as_empty_does_not_open_the_commitment()
    {
        var fact = new FactBuilder().Set(FactField.Event, "access").Set(FactField.Purpose, "TREAT").Build(new byte[32]);
        var json = Encoding.UTF8.GetString(FactOpening.Full(fact).ToJson());
        Assert.Equal("opening-commitment", FactOpening.Parse(Encoding.UTF8.GetBytes(json.Replace("TREAT", "BTG"))).Value.Verify(fact.Commitment).Fault!.Code);
        Assert.Equal("opening-commitment", FactOpening.Parse(Encoding.UTF8.GetBytes(json.Replace("\"name\":\"user\",\"value\":null", "\"name\":\"user\",\"value\":\"\""))).Value.Verify(fact.Commitment).Fault!.Code);
    }

    [Theory]
    [InlineData("\"suite\":1", "\"suite\":2")]
    [InlineData("\"suite\":1", "\"suite\":1,\"more\":1")]
    [InlineData("\"suite\":1", "\"suite\":1,\"suite\":1")]
    [InlineData("\"name\":\"event\"", "\"name\":\"time\"")]
    [InlineData("\"value\":\"access\"", "\"value\":7")]
    [InlineData("\"value\":\"access\"", "\"value\":\"\\ud800\"")]
    [InlineData("\"value\":\"access\"", "\"leaf\":\"access\"")]
    [InlineData("{\"name\":\"event\"", "{\"\\ud800\":1,\"name\":\"event\"")]
    [InlineData("\"fields\":[", "\"fields\":[{},")]
    public void An_opening_of_another_shape_is_refused(string old, string changed)
    {
        var json = Encoding.UTF8.GetString(FactOpening.Full(new FactBuilder().Set(FactField.Event, "access").Build(new byte[32])).ToJson());
        Assert.Contains(old, json);
        var at = json.IndexOf(old, StringComparison.Ordinal);
        Assert.False(FactOpening.Parse(Encoding.UTF8.GetBytes(json[..at] + changed + json[(at + old.Length)..])).IsValid);
    }

    [Fact]
    public void Stored_bytes_are_read_strictly()
    {
        var bytes = new FactBuilder().Set(FactField.Event, "access").Build(new byte[32]).Stored.ToArray();
        string? Code(Action<byte[]> change)
        {
            var copy = bytes.ToArray();
            change(copy);
            return Fact.Parse(copy).Fault?.Code;
        }

        Assert.Null(Code(_ => { }));
        Assert.Equal("fact-suite", Code(copy => copy[0] = 2));
        Assert.Equal("fact-padding", Code(copy => copy[^1] = 1));
        Assert.Equal("fact-field", Code(copy => copy[33] = 1));
        Assert.Equal("fact-field", Code(copy => copy[37] = 0xff));
        Assert.Equal("fact-padding", Fact.Parse([.. bytes, .. new byte[1024]]).Fault!.Code);
        Assert.Equal("fact-length", Fact.Parse(bytes.AsSpan(0, 1023)).Fault!.Code);
        Assert.Equal("fact-length", Fact.Parse([]).Fault!.Code);
        Assert.Equal("fact-length", Fact.Parse(new byte[Fact.MaxBytes + 1024]).Fault!.Code);
    }

    [Fact]
    public void Limits_of_creation_hold()
    {
        Assert.Equal(Fact.MaxBytes, new FactBuilder().Set(FactField.Targets, new string('x', Fact.MaxBytes - 33 - 64)).Build(new byte[32]).Stored.Length);
        Assert.Throws<ArgumentException>(() => new FactBuilder().Set(FactField.Targets, new string('x', Fact.MaxBytes - 33 - 63)).Build(new byte[32]));
        Assert.Throws<ArgumentException>(() => new FactBuilder().Build(new byte[31]));
        Assert.ThrowsAny<ArgumentException>(() => new FactBuilder().Set(FactField.Event, "\ud800").Build(new byte[32]));
    }

    [Fact]
    public void The_binding_repeats_operation_and_handle()
    {
        Assert.Equal("", Fact.BindingOf(ConsentOperation.None, Hash.Zero));
        Assert.Equal("01" + new string('0', 63) + "1", Fact.BindingOf(ConsentOperation.Grant, new Hash([.. new byte[31], 1])));
        Assert.Equal("2026-11-20T16:00:00.123Z", new FactBuilder().At(new DateTimeOffset(2026, 11, 20, 17, 0, 0, 123, TimeSpan.FromHours(1))).Build(new byte[32])[FactField.Time]);
        Assert.Equal("0001-01-01T00:00:00.000Z", new FactBuilder().At(DateTimeOffset.MinValue).Build(new byte[32])[FactField.Time]);
        Assert.Equal("9999-12-31T23:59:59.999Z", new FactBuilder().At(DateTimeOffset.MaxValue).Build(new byte[32])[FactField.Time]);
    }
}
