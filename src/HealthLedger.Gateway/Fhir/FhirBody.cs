using System.Buffers;

namespace HealthLedger.Gateway.Fhir;

/// <summary>Reads request bodies within limits.</summary>
internal static class FhirBody
{
    /// <summary>The largest body: 16 MiB.</summary>
    public const int Maximum = 16 * 1024 * 1024;

    /// <summary>The whole body; null where it is larger than <paramref name="limit"/>.</summary>
    public static async ValueTask<ReadOnlyMemory<byte>?> Read(HttpContext http, int limit, CancellationToken cancellation)
    {
        if (http.Request.ContentLength > limit)
        {
            return null;
        }

        var reader = http.Request.BodyReader;
        while (true)
        {
            var result = await reader.ReadAsync(cancellation);
            if (result.Buffer.Length > limit)
            {
                reader.AdvanceTo(result.Buffer.End);
                return null;
            }

            if (result.IsCompleted)
            {
                var body = result.Buffer.ToArray();
                reader.AdvanceTo(result.Buffer.End);
                return body;
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }
}
