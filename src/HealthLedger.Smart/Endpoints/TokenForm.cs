using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace HealthLedger.Smart.Endpoints;

/// <summary>Reads the token endpoint's form with limits, so that nobody can make it hold much.</summary>
internal static class TokenForm
{
    public const int MaxBytes = 64 * 1024;
    private const string ContentType = "application/x-www-form-urlencoded";

    private static readonly FormOptions Limits = new()
    {
        BufferBody = false,
        ValueCountLimit = 32,
        KeyLengthLimit = 128,
        ValueLengthLimit = 16 * 1024,
    };

    /// <summary>The parameters; or an error where the form cannot be read or holds a parameter twice (RFC 6749 section 3.2). Empty values count as absent.</summary>
    public static async Task<(IReadOnlyDictionary<string, string>? Form, TokenAnswer.Refused? Error)> Read(HttpRequest request, CancellationToken cancellationToken)
    {
        var mediaType = request.ContentType?.Split(';')[0].Trim();
        if (!string.Equals(mediaType, ContentType, StringComparison.OrdinalIgnoreCase))
        {
            return Fault(400, $"The body must be {ContentType}.");
        }

        // Holds for bodies that do not tell their length beforehand.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = MaxBytes;
        }

        if (request.ContentLength > MaxBytes)
        {
            return Fault(413, "The body is larger than 64 KiB.");
        }

        IFormCollection fields;
        try
        {
            fields = await new FormFeature(request, Limits).ReadFormAsync(cancellationToken);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return Fault(413, "The body is larger than 64 KiB.");
        }
        catch (Exception e) when (e is InvalidDataException or BadHttpRequestException)
        {
            return Fault(400, "The form cannot be read.");
        }

        var form = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, values) in fields)
        {
            if (values.Count != 1 || !form.TryAdd(name, values[0] ?? ""))
            {
                return Fault(400, "A parameter appears more than once.");
            }

            if (form[name].Length == 0)
            {
                form.Remove(name);
            }
        }

        return (form, null);
    }

    private static (IReadOnlyDictionary<string, string>? Form, TokenAnswer.Refused? Error) Fault(int status, string why) =>
        (null, new TokenAnswer.Refused(status, "invalid_request", why));
}
