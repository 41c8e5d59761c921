using System.Security.Cryptography;
using System.Text.Json;
using HealthLedger.Sealing;

namespace HealthLedger.Gateway.Fhir.Export;

/// <summary>
/// The exports that are open: in memory, and sealed in a file each, so that they outlive a restart. A file holds a request and nothing of any record; its name is the
/// hash of the job's id. Safe for concurrent use.
/// </summary>
internal sealed class ExportJobs
{
    /// <summary>How many exports a client may have open.</summary>
    public const int MaximumOpen = 20;

    /// <summary>How long an export is open.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(6);

    private const string Label = "export-job";
    private const int Step = 1024;
    private readonly string _directory;
    private readonly byte[] _secret;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ExportJob> _jobs = new(StringComparer.Ordinal);

    /// <summary>Takes up what was open when the gateway last ended. A file that does not open is no job.</summary>
    public ExportJobs(string directory, byte[] secret, TimeProvider time)
    {
        (_directory, _secret, _time) = (directory, secret, time);
        Directory.CreateDirectory(directory);
        foreach (var file in Directory.EnumerateFiles(directory))
        {
            if (Read(file) is { } job && job.Expires > time.GetUtcNow())
            {
                _jobs.Add(job.Id, job);
            }
            else
            {
                File.Delete(file);
            }
        }
    }

    /// <summary>How long until one of a client's exports expires, where it has as many as it may; null where it may open another.</summary>
    public TimeSpan? WaitOf(string client)
    {
        lock (_gate)
        {
            Sweep();
            var own = _jobs.Values.Where(j => j.Client == client).ToList();
            return own.Count < MaximumOpen ? null : own.Min(j => j.Expires) - _time.GetUtcNow();
        }
    }

    /// <summary>Opens an export; false where the client has as many as it may.</summary>
    /// <exception cref="IOException">The disk took it not.</exception>
    public bool Add(ExportJob job)
    {
        lock (_gate)
        {
            if (_jobs.Values.Count(j => j.Client == job.Client) >= MaximumOpen)
            {
                return false;
            }

            Write(job);
            _jobs.Add(job.Id, job);
            return true;
        }
    }

    /// <summary>An open export of this owner; null for everybody else's, as for one that never was.</summary>
    public ExportJob? Find(string id, string owner)
    {
        lock (_gate)
        {
            return _jobs.TryGetValue(id, out var job) && job.Owner == owner && job.Expires > _time.GetUtcNow() ? job : null;
        }
    }

    /// <summary>Ends an export; downloads under way end at their next page.</summary>
    public void Remove(ExportJob job)
    {
        lock (_gate)
        {
            File.Delete(FileOf(job.Id));
            _jobs.Remove(job.Id);
        }
    }

    private void Sweep()
    {
        var now = _time.GetUtcNow();
        foreach (var job in _jobs.Values.Where(j => j.Expires <= now).ToList())
        {
            File.Delete(FileOf(job.Id));
            _jobs.Remove(job.Id);
        }
    }

    private string FileOf(string id) => Path.Combine(_directory, Convert.ToHexStringLower(HMACSHA256.HashData(_secret, System.Text.Encoding.ASCII.GetBytes(id))));

    private void Write(ExportJob job)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(job);
        var padded = new byte[(json.Length + Step - 1) / Step * Step];
        padded.AsSpan().Fill((byte)' ');
        json.CopyTo(padded, 0);
        var file = FileOf(job.Id);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            using var stream = new FileStream(file + ".new", options);
            stream.Write(Envelope.Seal(_secret, Label, System.Text.Encoding.ASCII.GetBytes(Path.GetFileName(file)), padded));
            stream.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            File.Delete(file + ".new");
            throw;
        }

        File.Move(file + ".new", file);
    }

    private ExportJob? Read(string file)
    {
        try
        {
            return Envelope.Open(_secret, Label, System.Text.Encoding.ASCII.GetBytes(Path.GetFileName(file)), File.ReadAllBytes(file)) is { } json
                && JsonSerializer.Deserialize<ExportJob>(json) is { } job && FileOf(job.Id) == file
                ? job
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
