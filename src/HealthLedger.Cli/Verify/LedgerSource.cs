namespace HealthLedger.Cli.Verify;

/// <summary>The files that a ledger serves, wherever they come from. Nothing that it gives is trusted.</summary>
internal abstract class LedgerSource : IDisposable
{
    /// <summary>What is read, for people.</summary>
    public abstract string Name { get; }

    /// <summary>True where entry bundles can be asked for without being an auditor: a copy in a directory may hold them.</summary>
    public abstract bool MayHoldEntries { get; }

    /// <summary>The bytes under a path such as <c>tile/0/000</c>; null where there are none.</summary>
    /// <param name="path">Relative, with slashes.</param>
    /// <param name="maxBytes">At most one byte more than this is read: a longer file comes back cut, one byte too long.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="UnreachableException">The source itself cannot be read.</exception>
    public abstract Task<byte[]?> Fetch(string path, int maxBytes, CancellationToken cancellationToken);

    /// <summary>The source that a command line names: an http or https URL, or a directory. A bare host means its <c>/ledger/</c>.</summary>
    /// <param name="place">The URL or directory.</param>
    /// <param name="token">Gives the bearer token with which a URL's entries are asked for; null to read only what is public.</param>
    /// <exception cref="UsageException">The URL has a query or a fragment.</exception>
    /// <exception cref="UnreachableException">There is neither such a URL nor such a directory.</exception>
    public static LedgerSource Of(string place, Func<CancellationToken, ValueTask<string>>? token = null)
    {
        if (Uri.TryCreate(place, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
        {
            return url is { Query: "", Fragment: "" } ? new HttpLedger(url, token) : throw new UsageException("The ledger's URL must have neither query nor fragment.");
        }

        if (!Directory.Exists(place))
        {
            throw new UnreachableException($"{place} is neither an http URL nor a directory.");
        }

        var inside = Path.Combine(place, "ledger");
        var served = !File.Exists(Path.Combine(place, "checkpoint")) && Directory.Exists(inside) ? inside : place;
        return StoredLedger.Is(served) ? new StoredLedger(served) : new DirectoryLedger(served);
    }

    public virtual void Dispose()
    {
    }

    /// <summary>Reads a stream up to the limit and one byte.</summary>
    protected static async Task<byte[]> Read(Stream stream, int maxBytes, CancellationToken cancellationToken)
    {
        var buffer = new byte[maxBytes + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return buffer.AsSpan(0, length).ToArray();
    }
}
