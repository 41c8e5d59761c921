// docs/formats/keys.md, master.json format 2. The frozen example was made from that page by another implementation; later versions must read it.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using HealthLedger.Vault.Keys;

namespace HealthLedger.Tests.Vault;

public sealed class MasterKeyProviderTests : IDisposable
{
    private const string FrozenKey =
        "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQChGN++zeYl9dlwiAxToOpS4YUlqSUqjDEyB0rOOftqG7T5an8oJcfyOpTWSfzirqIp5nPmrQwXo3FbggO26KYbz3vOW+kxqRE7O2"
        + "l0QP2L4DVakd1SUYlbPuuUEminJEJMtlffPTSJa/85elBpomeZOO9x/yOVW7xY7yrMXy4LHncX6IRq0Fsouq3hU/i8/LFDiEOuLVzLmaJ4pkTUTqe2qeketHMz/KOC4Wv715fGP/+2zLthtdWxGlzz"
        + "fb4wm/FR9HT6f5zHaZGoquz0tj99itM+OoRGCZWHASUElPkXTfY8rmmID5yR6Cik/vVCi8z5RiEby9XHZsUn9XodK3c1AgMBAAECggEAAR95bnePS07HlBNms+3duZ6CfUI3akYC5nHgPB1xsAopvJ"
        + "6uQeXi2xXnHrKdACmDzjNMizGZRtA9WeFx9tmapXv7RXN6OyiOCwcoKNwhHaio8TeDaZpRkPYYfKDqONa1su+HH50UxivKDNOvnCTlKvoXdTMi7jIZrIGySdgUq+rTcvNm9jB21np2w1KM0ae93Nc4"
        + "Cor+IGp/aQw39iTmijz+rAUy/O8W0VGtsTd1UmKHwgP8B23GsEufpYhZPvC5EDnh41Yzt9Ay9oGWZTOmPhwz/r8uAZa6nX2biVOSlh2w8aLI4GtqgMJZXpqEK5PEIqLA7er1Bnch0Tt/ssV2KwKBgQ"
        + "DQ5/KQC+LyQPqHXU0D2EkgvydhyLQt3azZRqXuaySpwcXd5pVFdOLB9oHzMqImkwFW2y1ZuRHu4pSd3yYOurdn7nFXNXDHWpcqJkMiN6E9hR+dPTGlzEDp/haiz7W3/RX3FdCBsMOvzwH6oqlCN2rh"
        + "AbSy5Hl82wPVj9lSlFMUEwKBgQDFadtKzgR2qq/bi2q34j04lbRaC1+XTfXZa73Vgc38kj6YbSZdlZb8H9kpRVeCqOn2WfIbGXql2ySNlcr3rlJedHKFaRrxzx8dbJ2kwDuErGyldEgM1jVE9KoMwC"
        + "ielIGPRCidqb3pfNdZ1rBrur/zTpUhQTEhTW5D6e9c5j7glwKBgEqS8lkPlTVLkuNtoAeGVxyUgFd80S0qXAC4IpXIs67R2HONU64Wurfo6pzJb277vVenKDpGQauYQNtWhHxvlPdJ/DXYguj3Ys0O"
        + "GZsGZs3STuXPqYB5OJcPOD9ojIMgmo24wNT7J/ADor45ANj9dW7bMAlIXEIA4Q6Eqly7TCj3AoGALEboy2dXsvHnjXtAjUut5YIWOFfysbHnoUM8CaYaeDqo1XEtuLGzcosGHu6RiRmvl/Rmi9N0Ib"
        + "z7/tGI+3JawRqnEOsZAwEsfmH9HZWMA97UY2uoOVDWE8g4V7HFqoOuZ16nKW2HzdWVS24OlasGIGEQq6u+hDSktZDDgfeWRLMCgYA8lphgiSag7l8PMGeKReICMs10vB4QSmoRi2tKdbaGI5pDS89f"
        + "NqaEH5NoapdT1kEp4jQ1TfxSALUlUCsiBdhxnq3fVHTN90EuWpRdF+We3REeUnAVYSi2vIC8j0SZFZm5GAloofUQ0b2n/RDzkJSGNlhE6eUjdDLID1MTmed2rA==";

    private const string FrozenHeader = """
        {
          "format": 2,
          "tenant": "000102030405060708090a0b0c0d0e0f",
          "pkcs11": {
            "algorithm": "RSA-OAEP-SHA256",
            "key": "986d55c657c12763cc2f897764128fb407c7232c1aff90ca032fddf08113ae73",
            "secret": "mndpRQ3xaeKkRbQsuPSsClcaUy+EoarB/jwLDPHudXe3RQKIXV42i4oKOEjc4u7QfRMqyc3eO0W3coytgOLBC7D0URhwyxsdPHkfabVKweTZThleaXgVSV1UI16J7gqt4y4iv51mbQ33Y3Kj9EUooxo9ccGfTKLZmSlcxZOx/epMrQfwSRiCIwnhrefIZQQ0s8PZEj8uQSKDdqgXORsdnUVs/ixgXTOVBmFoHiLcs0guLiDstq2RLkrsSEtHdjCZ2SFif7KxNKQtHfdL0/68igl8iirg4LQA3K9GuisvA2yYxrrzZfOv2xvPRARF0RIecLMSwgVWMIUBUWgYEt6PvQ=="
          },
          "master": "AYCBgoOEhYaHiImKi4yNjo+QkZKTlJWWl5iZmpucnZ6fcCDKd+olYD0VIm2tF0BHBYJNF6gAY+7Apno9e9/2wG6i2QYisTojXBwArvNq/RYv+TM9LwqyQQFy7RdIzAgjQ2Dv8STAnUQ2CWbXDxxSyFo="
        }
        """;

    private const string FrozenCursorKey = "4204df6924199a9a988afdc34359c469ab20b668a09dddaee24ae9250bf43166";
    private readonly TemporaryDirectory place = new();
    private readonly RsaKey key = new();

    private string Header => place["data.keys/master.json"];

    public void Dispose()
    {
        key.Dispose();
        place.Dispose();
    }

    [Fact]
    public void A_new_directory_opens_by_the_key_outside_and_by_no_passphrase()
    {
        byte[] cursor;
        using (var made = Open(key))
        {
            Assert.True(made.IsWithProvider);
            Assert.False(made.PassphraseLiesWithKeys);
            Assert.False(File.Exists(place["data.keys/passphrase"]));
            cursor = Cursor(made);
        }

        using (var again = Open(key))
        {
            Assert.Equal(cursor, Cursor(again));
        }

        Assert.Throws<KeyProviderException>(() => Open(null));
        Assert.Throws<KeyProviderException>(() => Open(null, "a passphrase"));
        using var other = new RsaKey();
        Assert.Contains("another", Assert.Throws<KeyProviderException>(() => Open(other)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_moves_from_its_passphrase_to_the_key_and_back_with_the_same_keys()
    {
        byte[] cursor;
        using (var before = Open(key: null))
        {
            cursor = Cursor(before);
            Assert.False(before.MoveToProvider());
        }

        using (var both = Open(key))
        {
            Assert.True(both.PassphraseLiesWithKeys);
            Assert.True(both.MoveToProvider());
            Assert.Equal((true, false), (both.IsWithProvider, both.PassphraseLiesWithKeys));
            Assert.False(File.Exists(place["data.keys/passphrase"]));
        }

        Assert.Throws<KeyProviderException>(() => Open(null));
        using (var moved = Open(key))
        {
            Assert.Equal(cursor, Cursor(moved));
            using var passphrase = Passphrase.FromText("back again");
            moved.ChangePassphrase(passphrase);
            Assert.False(moved.IsWithProvider);
        }

        using var back = Open(null, "back again");
        Assert.Equal(cursor, Cursor(back));
    }

    [Fact]
    public void A_key_that_fails_or_lies_leaves_the_header_as_it_was()
    {
        Open(null, "a passphrase").Dispose();
        var before = File.ReadAllBytes(Header);
        foreach (var failing in new[] { new RsaKey { Fails = true }, new RsaKey { Forgets = true } })
        {
            using (failing)
            {
                using var directory = Open(failing, "a passphrase");
                Assert.Throws<KeyProviderException>(() => directory.MoveToProvider());
                Assert.Equal(before, File.ReadAllBytes(Header));
            }
        }
    }

    [Fact]
    public void A_header_that_was_changed_does_not_open()
    {
        Open(key).Dispose();
        var good = JsonNode.Parse(File.ReadAllText(Header))!;
        foreach (var change in new Action<JsonNode>[]
        {
            json => json["tenant"] = new string('0', 32),
            json => json["master"] = Flipped(json["master"]!),
            json => json["pkcs11"]!["secret"] = Flipped(json["pkcs11"]!["secret"]!),
            json => json["pkcs11"]!["secret"] = Convert.ToBase64String(key.Wrap(new byte[32])),
            json => json["pkcs11"]!["key"] = new string('0', 64),
            json => json["pkcs11"]!["algorithm"] = "RSA1_5",
            json => json["format"] = 1,
            json => json["format"] = 3,
            json => json["pkcs11"] = null,
        })
        {
            var changed = good.DeepClone();
            change(changed);
            File.WriteAllText(Header, changed.ToJsonString());
            Assert.True(Record.Exception(() => Open(key)) is KeyProviderException or DamagedKeysException or ForeignDirectoryException, changed.ToJsonString());
        }

        File.WriteAllText(Header, good.ToJsonString());
        Open(key).Dispose();
    }

    [Fact]
    public void The_frozen_header_opens_to_the_keys_that_it_was_made_with()
    {
        Directory.CreateDirectory(place["data.keys"]);
        File.WriteAllText(Header, FrozenHeader);
        using var frozen = new RsaKey(Convert.FromBase64String(FrozenKey));
        using var directory = Open(frozen);
        Assert.Equal(FrozenCursorKey, Convert.ToHexStringLower(Cursor(directory)));
    }

    [Theory]
    [InlineData("pkcs11:token=t;object=o", null)]
    [InlineData("pkcs11:token=t;object=o?pin-value=1234", "PIN")]
    [InlineData("pkcs11:token=t;object=o?PIN-SOURCE=file:/pin", "PIN")]
    [InlineData("pkcs11:", "RFC 7512")]
    [InlineData("file:/key", "RFC 7512")]
    [InlineData("pkcs11:token=t object=o", "RFC 7512")]
    public void A_uri_is_one_of_PKCS_11_and_holds_no_PIN(string uri, string? fault)
    {
        var found = Pkcs11Key.Fault(uri);
        Assert.Equal(fault is null, found is null);
        Assert.Contains(fault ?? "", found ?? "", StringComparison.Ordinal);
    }

    private static byte[] Cursor(KeyDirectory directory)
    {
        using var derived = directory.Derive("cursor");
        return derived.Span.ToArray();
    }

    private static string Flipped(JsonNode base64)
    {
        var bytes = Convert.FromBase64String(base64.GetValue<string>());
        bytes[^1] ^= 1;
        return Convert.ToBase64String(bytes);
    }

    private KeyDirectory Open(RsaKey? key, string? passphrase = null)
    {
        using var given = passphrase is null ? null : Passphrase.FromText(passphrase);
        return KeyDirectory.Open(new KeyDirectoryOptions { Path = place["data.keys"], DataPath = place["data"], Passphrase = given, Provider = key, Scrypt = ScryptParameters.Floor });
    }

    /// <summary>A key pair in memory, in the place of one in a token.</summary>
    private sealed class RsaKey : IMasterKeyProvider, IDisposable
    {
        private readonly RSA rsa = RSA.Create(2048);

        public RsaKey()
        {
        }

        public RsaKey(byte[] pkcs8) => rsa.ImportPkcs8PrivateKey(pkcs8, out _);

        /// <summary>As a token that is not there.</summary>
        public bool Fails { get; init; }

        /// <summary>As a token that opens something else than it sealed.</summary>
        public bool Forgets { get; init; }

        public byte[] Fingerprint() => Fails ? throw new KeyProviderException("not there") : SHA256.HashData(rsa.ExportSubjectPublicKeyInfo());

        public byte[] Wrap(ReadOnlySpan<byte> secret) => rsa.Encrypt(secret, RSAEncryptionPadding.OaepSHA256);

        public void Unwrap(ReadOnlySpan<byte> wrapped, Span<byte> secret)
        {
            try
            {
                rsa.Decrypt(wrapped, RSAEncryptionPadding.OaepSHA256).CopyTo(secret);
                secret[0] ^= (byte)(Forgets ? 1 : 0);
            }
            catch (CryptographicException failed)
            {
                throw new KeyProviderException("does not open", failed);
            }
        }

        public void Dispose() => rsa.Dispose();
    }
}
