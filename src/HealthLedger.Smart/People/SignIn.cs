using Microsoft.AspNetCore.Identity;

namespace HealthLedger.Smart.People;

/// <summary>Checks a username and a password. Whatever fails, the answer is the same and takes about the same time.</summary>
internal sealed class SignIn(UserManager<User> users, IPasswordHasher<User> hasher, SignInGate gate)
{
    /// <summary>The person; null where the name is unknown, the password wrong or not set yet, or the person disabled or locked out.</summary>
    public async Task<User?> Attempt(string username, string password, CancellationToken cancellationToken)
    {
        if (password.Length > PeopleRegistry.MaxPassword)
        {
            return null;
        }

        // One attempt for a name at a time: guesses made at once would all see the count before any of them was counted.
        using var turn = await gate.Enter(users.NormalizeName(username)!, cancellationToken);
        var user = await users.FindByNameAsync(username);
        if (user?.PasswordHash is null || user.Disabled || await users.IsLockedOutAsync(user))
        {
            hasher.VerifyHashedPassword(new User(), gate.DecoyHash(hasher), password);
            return null;
        }

        if (!await users.CheckPasswordAsync(user, password))
        {
            await users.AccessFailedAsync(user);
            return null;
        }

        return (await users.ResetAccessFailedCountAsync(user)).Succeeded ? user : null;
    }
}
