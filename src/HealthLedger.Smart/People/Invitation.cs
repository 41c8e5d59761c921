using System.Security.Cryptography;
using System.Text;

namespace HealthLedger.Smart.People;

/// <summary>A code by which one person sets a password, once and within a time: 100 random bits in letters and digits that are not taken for each other (Crockford's Base32).</summary>
public sealed class Invitation
{
    private const string Letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int Length = 20;
    private const int Group = 5;

    private Invitation(string code, DateTimeOffset ends) => (Code, Ends) = (code, ends);

    /// <summary>What the person types, in groups of five. A secret.</summary>
    public string Code { get; }

    /// <summary>When it stops counting.</summary>
    public DateTimeOffset Ends { get; }

    internal static Invitation Make(DateTimeOffset ends) =>
        new(string.Join('-', RandomNumberGenerator.GetString(Letters, Length).Chunk(Group).Select(letters => new string(letters))), ends);

    /// <summary>From now on it counts for this person, in the place of any before.</summary>
    internal void PutOn(User user) => (user.InvitationHash, user.InvitationEnds) = (Hash(Code), Ends);

    /// <summary>True where it was typed rightly and in time. A person without one takes the same steps.</summary>
    internal static bool Opens(User? user, string typed, DateTimeOffset now)
    {
        var known = Convert.FromHexString(user?.InvitationHash ?? Hash(""));
        var same = CryptographicOperations.FixedTimeEquals(known, Convert.FromHexString(Hash(typed)));
        return same && user is { InvitationHash: not null, Disabled: false } && now < user.InvitationEnds;
    }

    /// <summary>As Crockford reads it: case, hyphens and blanks mean nothing, O is zero, I and L are one.</summary>
    private static string Hash(string code)
    {
        var plain = code.ToUpperInvariant().Replace('O', '0').Replace('I', '1').Replace('L', '1').Where(letter => letter is not ('-' or ' '));
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes("healthledger/invitation/v1\0" + string.Concat(plain))));
    }

    /// <summary>Not the code.</summary>
    public override string ToString() => "invitation";
}
