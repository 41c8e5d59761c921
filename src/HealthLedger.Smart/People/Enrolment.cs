using Microsoft.AspNetCore.Identity;

namespace HealthLedger.Smart.People;

/// <summary>Sets a person's password by an invitation. Whatever is wrong with name and code, the answer is one, and the same steps lead to it.</summary>
internal sealed class Enrolment(UserManager<User> users, SignInGate gate, TimeProvider time)
{
    private const int MaxCode = 64;

    public async Task<EnrolmentResult> SetPassword(string username, string code, string password, CancellationToken cancellationToken)
    {
        // Before anybody is looked for: it tells of the password alone.
        if (password.Length > PeopleRegistry.MaxPassword || !await IsStrong(password))
        {
            return EnrolmentResult.WeakPassword;
        }

        // One attempt for a name at a time, so that a code counts once.
        using var turn = await gate.Enter(users.NormalizeName(username)!, cancellationToken);
        var user = await users.FindByNameAsync(username);
        if (code.Length > MaxCode || !Invitation.Opens(user, code, time.GetUtcNow()))
        {
            return EnrolmentResult.WrongCode;
        }

        user!.PasswordHash = users.PasswordHasher.HashPassword(user, password);
        (user.InvitationHash, user.InvitationEnds) = (null, null);
        (user.AccessFailedCount, user.LockoutEnd) = (0, null);

        // Writes the whole row where nobody else did meanwhile.
        return (await users.UpdateSecurityStampAsync(user)).Succeeded ? EnrolmentResult.Done : EnrolmentResult.WrongCode;
    }

    private async Task<bool> IsStrong(string password)
    {
        foreach (var rule in users.PasswordValidators)
        {
            if (!(await rule.ValidateAsync(users, new User(), password)).Succeeded)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>What became of setting a password.</summary>
internal enum EnrolmentResult
{
    /// <summary>It is set; the invitation is spent.</summary>
    Done,
    /// <summary>It is too short, too simple or too long; the invitation still counts.</summary>
    WeakPassword,
    /// <summary>There is no such invitation, or not any more.</summary>
    WrongCode,
}
