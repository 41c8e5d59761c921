// scrypt: RFC 7914 section 12.
using System.Runtime.Versioning;
using System.Text;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Tests.Vault;

public sealed class KeyDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory place = new();

    [Fact]
    public void The_same_passphrase_opens_the_same_keys_again()
    {
        using var first = Open("a passphrase");
        using var key = first.Derive("cursor");
        using var again = Open("a passphrase");
        using var sameKey = again.Derive("cursor");
        using var otherKey = again.Derive("locator");
        Assert.Equal(first.Tenant, again.Tenant);
        Assert.Equal(key.Span, sameKey.Span);
        Assert.NotEqual(key.Span.ToArray(), otherKey.Span.ToArray());
        Assert.False(again.PassphraseLiesWithKeys);
    }

    [Fact]
    public void Another_passphrase_is_refused_and_leaves_the_header_alone()
    {
        Open("a passphrase").Dispose();
        var header = File.ReadAllBytes(place["data.keys/master.json"]);
        Assert.Throws<WrongPassphraseException>(() => Open("a Passphrase"));
        Assert.Throws<WrongPassphraseException>(() => Open(null));
        Assert.Equal(header, File.ReadAllBytes(place["data.keys/master.json"]));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Without_a_passphrase_one_is_made_once_and_kept_for_the_owner_alone()
    {
        using (var made = Open(null))
        {
            Assert.True(made.PassphraseLiesWithKeys);
        }

        var kept = File.ReadAllText(place["data.keys/passphrase"]);
        Assert.Equal(43, kept.Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(place["data.keys/passphrase"]));
        using var again = Open(null);
        Assert.Equal(kept, File.ReadAllText(place["data.keys/passphrase"]));
        using var given = Open(kept);
        Assert.Equal(again.Tenant, given.Tenant);
    }

    [Fact]
    public void A_crash_between_passphrase_and_header_is_finished_by_the_next_start()
    {
        Directory.CreateDirectory(place["data.keys"]);
        File.WriteAllText(place["data.keys/passphrase"], "left behind");
        File.WriteAllText(place["data.keys/master.json.new"], "{");
        Open(null).Dispose();
        Open("left behind").Dispose();
    }

    [Fact]
    public void A_data_directory_of_other_keys_is_refused_naming_both_and_what_to_do()
    {
        using var mine = Open("a passphrase");
        using var other = Open("a passphrase", data: "other", keys: "other.keys");
        var refused = Assert.Throws<ForeignDirectoryException>(() => Open("a passphrase", data: "data", keys: "other.keys"));
        Assert.Contains(mine.Tenant.ToString(), refused.Message);
        Assert.Contains(other.Tenant.ToString(), refused.Message);
        Assert.Contains("HealthLedger:Keys", refused.Message);
    }

    [Fact]
    public void Data_without_its_keys_is_refused_and_no_new_keys_are_made()
    {
        Open("a passphrase").Dispose();
        var refused = Assert.Throws<ForeignDirectoryException>(() => Open("a passphrase", keys: "lost.keys"));
        Assert.Contains("Restore", refused.Message);
        Assert.False(Directory.Exists(place["lost.keys"]));
    }

    [Theory]
    [InlineData("\"n\": 32768", "\"n\": 16384")]
    [InlineData("\"n\": 32768", "\"n\": 2097152")]
    [InlineData("\"n\": 32768", "\"n\": 40000")]
    [InlineData("\"r\": 8", "\"r\": 1000")]
    [InlineData("\"p\": 1", "\"p\": 1000")]
    [InlineData("\"format\": 1", "\"format\": 2")]
    [InlineData("\"tenant\": \"", "\"tenant\": \"0")]
    [InlineData("\"salt\": \"", "\"salt\": \"AAAA")]
    [InlineData("\"master\": \"", "\"master\": \"AAAA")]
    [InlineData("\"master\"", "\"mastered\"")]
    [InlineData("{", "[")]
    public void A_header_that_asks_for_something_else_is_refused_before_any_work(string part, string instead)
    {
        Open("a passphrase").Dispose();
        var path = place["data.keys/master.json"];
        var text = File.ReadAllText(path);
        Assert.Contains(part, text);
        File.WriteAllText(path, text.Replace(part, instead));
        Assert.Throws<DamagedKeysException>(() => Open("a passphrase"));
    }

    [Fact]
    public void A_header_with_changed_tenant_or_cost_does_not_open()
    {
        Open("a passphrase").Dispose();
        var path = place["data.keys/master.json"];
        var text = File.ReadAllText(path);
        File.WriteAllText(path, text.Replace("\"n\": 32768", "\"n\": 65536"));
        Assert.Throws<WrongPassphraseException>(() => Open("a passphrase"));
        var tenant = File.ReadAllText(place["data/tenant"]).TrimEnd();
        File.WriteAllText(path, text.Replace(tenant, TenantId.Random().ToString()));
        Assert.Throws<WrongPassphraseException>(() => Open("a passphrase"));
    }

    [Fact]
    public void A_huge_header_is_not_read()
    {
        Open("a passphrase").Dispose();
        File.AppendAllText(place["data.keys/master.json"], new string(' ', 20_000));
        Assert.Throws<DamagedKeysException>(() => Open("a passphrase"));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void The_directory_is_tightened_to_its_owner()
    {
        Directory.CreateDirectory(place["data.keys"], (UnixFileMode)0b111_111_111);
        Open("a passphrase").Dispose();
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(place["data.keys"]));
        Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(place["data.keys/master.json"]));
    }

    [Fact]
    public void A_passphrase_has_limits_and_a_files_line_end_is_no_part_of_it()
    {
        Assert.Throws<ArgumentException>(() => Passphrase.FromText(""));
        Assert.Throws<ArgumentException>(() => Passphrase.FromText(new string('x', 1025)));
        Passphrase.FromText(new string('x', 1024)).Dispose();
        File.WriteAllText(place["file"], "line\r\n");
        using var fromFile = Passphrase.FromFile(place["file"]);
        Assert.Equal("line"u8, fromFile.Span);
        File.WriteAllText(place["file"], new string('x', 5000));
        Assert.Throws<ArgumentException>(() => Passphrase.FromFile(place["file"]));
        File.WriteAllText(place["file"], "\n");
        Assert.Throws<ArgumentException>(() => Passphrase.FromFile(place["file"]));
    }

    [Fact]
    public void Scrypt_is_that_of_the_RFC()
    {
        // The first 32 of the vector's 64 bytes: the last step is PBKDF2, whose shorter outputs are prefixes.
        using var key = ScryptParameters.Derive("pleaseletmein"u8, "SodiumChloride"u8, 1 << 14);
        Assert.Equal("7023BDCB3AFD7348461C06CD81FD38EBFDA8FBBA904F8E3EA9B543F6545DA1F2", Convert.ToHexString(key.Span));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ScryptParameters(1 << 14).Derive("x"u8, "y"u8));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ScryptParameters((1 << 17) + 1).Derive("x"u8, "y"u8));
    }

    public void Dispose() => place.Dispose();

    private KeyDirectory Open(string? passphrase, string data = "data", string keys = "data.keys")
    {
        using var secret = passphrase is null ? null : Passphrase.FromBytes(Encoding.UTF8.GetBytes(passphrase));
        return KeyDirectory.Open(new KeyDirectoryOptions { Path = place[keys], DataPath = place[data], Passphrase = secret, Scrypt = ScryptParameters.Floor });
    }
}
