namespace HealthLedger.Smart;

/// <summary>
/// The absolute URLs under which the server is known. They come from its configuration or its bound port, never from a request's Host header, which a caller
/// chooses. Set once, before the first request is served.
/// </summary>
public sealed class SmartUrls
{
    private volatile string? baseUrl;

    /// <summary>True once <see cref="Use"/> was called.</summary>
    public bool Known => baseUrl is not null;

    /// <summary>The issuer: the base URL without a final slash, such as <c>http://localhost:5080</c>.</summary>
    public string Issuer => baseUrl ?? throw new InvalidOperationException("The server's base URL is not known yet.");

    /// <summary>The token endpoint.</summary>
    public string Token => Issuer + "/auth/token";

    /// <summary>The public keys that access tokens are signed with.</summary>
    public string KeySet => Issuer + "/auth/jwks";

    /// <summary>The FHIR base: the audience of every access token.</summary>
    public string Fhir => Issuer + "/fhir";

    /// <summary>Sets the base URL.</summary>
    /// <param name="url">Absolute, http or https, without query and fragment.</param>
    /// <exception cref="ArgumentException">It is not such a URL.</exception>
    /// <exception cref="InvalidOperationException">Another one was set before.</exception>
    public void Use(Uri url)
    {
        if (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https") || url.Query.Length > 0 || url.Fragment.Length > 0 || url.UserInfo.Length > 0)
        {
            throw new ArgumentException("The base URL must be absolute, http or https, without user, query and fragment.", nameof(url));
        }

        var text = url.GetLeftPart(UriPartial.Path).TrimEnd('/');
        var before = Interlocked.CompareExchange(ref baseUrl, text, null);
        if (before is not null && before != text)
        {
            throw new InvalidOperationException("The base URL was already set.");
        }
    }
}
