using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace HealthLedger.Smart.People;

/// <summary>Wires people's sign-in into a host.</summary>
public static class PeopleWiring
{
    /// <summary>
    /// Registers Identity on our store, the session cookie as the default scheme, antiforgery, and data protection on the key directory. The host brings
    /// <see cref="Keys.ISealedSecrets"/> and <see cref="IPersonStore"/>, calls <c>UseAuthentication</c>, <c>UseAuthorization</c> and
    /// <see cref="SignInEndpoints.MapSignIn"/>, and MUST NOT let the cookie count for <c>/fhir</c>, <c>/auth</c> or <c>/admin</c>, which have bearer tokens.
    /// </summary>
    public static IServiceCollection AddPeople(this IServiceCollection services, Action<PeopleOptions>? configure = null)
    {
        services.AddOptions<PeopleOptions>().Configure(options => configure?.Invoke(options)).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<PersonRows>();
        services.AddSingleton<SignInGate>();
        services.AddScoped<SignIn>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddScoped<PeopleRegistry>();
        services.AddScoped<Enrolment>();
        services.AddScoped<IUserStore<User>, UserStore>();
        services.AddIdentityCore<User>();
        services.AddOptions<IdentityOptions>().Configure<IOptions<PeopleOptions>>(Configure);
        services.AddOptions<PasswordHasherOptions>().Configure<IOptions<PeopleOptions>>((hasher, people) => hasher.IterationCount = people.Value.PasswordIterations);
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "healthledger-form";
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        });
        services.AddAuthentication(Session.Scheme).AddCookie(Session.Scheme);
        services.AddOptions<CookieAuthenticationOptions>(Session.Scheme).Configure<IOptions<PeopleOptions>>(Configure);
        services.AddAuthorization();

        // After the two above: both add ASP.NET Core's own key ring, which must not be the one that is used.
        services.AddSingleton<IDataProtectionProvider, SealedPages>();
        services.Configure<KeyManagementOptions>(ring =>
        {
            ring.XmlRepository = new UnusedKeyRing();
            ring.XmlEncryptor = new NullXmlEncryptor();
        });
        return services;
    }

    private static void Configure(IdentityOptions identity, IOptions<PeopleOptions> people)
    {
        identity.Lockout.AllowedForNewUsers = true;
        identity.Lockout.MaxFailedAccessAttempts = people.Value.AttemptsBeforeLockout;
        identity.Lockout.DefaultLockoutTimeSpan = TimeSpan.FromMinutes(people.Value.LockoutMinutes);

        // NIST SP 800-63B section 5.1.1: length counts, composition rules do not help.
        identity.Password.RequiredLength = 10;
        identity.Password.RequiredUniqueChars = 4;
        identity.Password.RequireDigit = false;
        identity.Password.RequireLowercase = false;
        identity.Password.RequireUppercase = false;
        identity.Password.RequireNonAlphanumeric = false;
    }

    private static void Configure(CookieAuthenticationOptions cookie, IOptions<PeopleOptions> people)
    {
        cookie.Cookie.Name = "healthledger";
        cookie.Cookie.HttpOnly = true;
        cookie.Cookie.SameSite = SameSiteMode.Lax;
        cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        cookie.ExpireTimeSpan = TimeSpan.FromMinutes(people.Value.SessionMinutes);
        cookie.SlidingExpiration = true;
        cookie.LoginPath = people.Value.SignInPage;
        cookie.AccessDeniedPath = people.Value.SignInPage;
        cookie.ReturnUrlParameter = "returnUrl";
        cookie.Events.OnValidatePrincipal = EndWhereTheStampChanged;
    }

    /// <summary>Asked on each request, so that a person who is disabled or changes the password is out at once, everywhere.</summary>
    private static async Task EndWhereTheStampChanged(CookieValidatePrincipalContext context)
    {
        var users = context.HttpContext.RequestServices.GetRequiredService<UserManager<User>>();
        var id = context.Principal?.FindFirst(ClaimTypes.NameIdentifier)?.Value;
        var user = id is null ? null : await users.FindByIdAsync(id);
        if (user is null || user.Disabled || user.SecurityStamp != context.Principal!.FindFirst(Session.StampClaim)?.Value)
        {
            context.RejectPrincipal();
            await context.HttpContext.SignOutAsync(Session.Scheme);
        }
    }
}
