using System.ComponentModel.DataAnnotations;

namespace HealthLedger.Smart.People;

/// <summary>Settings of people's sign-in.</summary>
public sealed class PeopleOptions
{
    /// <summary>The page that holds the sign-in form; failed attempts go back to it with <c>?failed=1</c>.</summary>
    /// <value>The default value is <c>/sign-in</c>.</value>
    [Required, RegularExpression("/[a-z/-]*")]
    public string SignInPage { get; set; } = "/sign-in";

    /// <summary>Rounds of PBKDF2-HMAC-SHA-512 for a password.</summary>
    /// <value>The default value is 210,000, which OWASP's password storage guide asks for.</value>
    [Range(100_000, 10_000_000)]
    public int PasswordIterations { get; set; } = 210_000;

    /// <summary>Wrong passwords in a row that lock a person out.</summary>
    /// <value>The default value is 5.</value>
    [Range(3, 20)]
    public int AttemptsBeforeLockout { get; set; } = 5;

    /// <summary>How long a lockout lasts, in minutes.</summary>
    /// <value>The default value is 5.</value>
    [Range(1, 1440)]
    public int LockoutMinutes { get; set; } = 5;

    /// <summary>Attempts to sign in that one network address may make in a minute, right or wrong.</summary>
    /// <value>The default value is 30.</value>
    [Range(1, 10_000)]
    public int AttemptsPerMinute { get; set; } = 30;

    /// <summary>How long an invitation to set a password counts, in hours.</summary>
    /// <value>The default value is 72.</value>
    [Range(1, 720)]
    public int InvitationHours { get; set; } = 72;

    /// <summary>Minutes without a request after which a session ends.</summary>
    /// <value>The default value is 30.</value>
    [Range(1, 720)]
    public int SessionMinutes { get; set; } = 30;
}
