using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace HealthLedger.Smart.Endpoints;

/// <summary>Reads a posted form with limits, so that nobody can make the server hold much.</summary>
internal static class SmallForm
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
    public static async Task<(IReadOnlyDictionary<string, string>? Form, FormFault? Error)> Read(HttpRequest request, CancellationToken cancellationToken)
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

        var reader = new FormFeature(request, Limits);
        IFormCollection fields;
        try
        {
            fields = await reader.ReadFormAsync(cancellationToken);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return Fault(413, "The body is larger than 64 KiB.");
        }
        catch (Exception e) when (e is InvalidDataException or BadHttpRequestException)
        {
            return Fault(400, "The form cannot be read.");
        }

        // Whoever reads the form after us, such as the antiforgery check, gets this one.
        request.HttpContext.Features.Set<IFormFeature>(reader);
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

    private static (IReadOnlyDictionary<string, string>? Form, FormFault? Error) Fault(int status, string why) =>
        (null, new FormFault(status, why));
}

/// <summary>Why a form was not read.</summary>
/// <param name="Status">400 or 413.</param>
/// <param name="Why">What is wrong with it.</param>
internal sealed record FormFault(int Status, string Why);
