using System.Buffers;
using System.IO.Pipelines;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Evidence;
using HealthLedger.Proofs.Facts;
using HealthLedger.Proofs.Notes;

namespace HealthLedger.Cli.Evidence;

/// <summary>Reads an exported file line by line, whatever its length, and verifies it.</summary>
internal static class EvidenceFile
{
    /// <exception cref="UnreachableException">The file cannot be read.</exception>
    public static async Task<EvidenceReport> Check(string path, LogPolicy policy, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(path);
            return await Check(path, file, policy, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UnreachableException(e.Message);
        }
    }

    private static async Task<EvidenceReport> Check(string path, Stream file, LogPolicy policy, CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(file);
        using var bundle = new EvidenceVerification(policy);
        var events = new EventLines(policy);
        var isBundle = true;
        var whole = await Lines(reader, (line, number) =>
        {
            // An AuditEvent says so in its first member; a bundle has none of that name.
            isBundle = number == 1 ? !line.StartsWith("{\"resourceType\""u8) : isBundle;
            return isBundle ? bundle.Add(line) : events.Add(line, number);
        }, cancellationToken);
        await reader.CompleteAsync();
        return isBundle ? EvidenceReport.OfBundle(path, bundle.Finish(), whole) : EvidenceReport.OfEvents(path, events, whole);
    }

    /// <summary>Hands out lines until one is refused; a fault where a line is too long or the last one does not end.</summary>
    private static async Task<Fault?> Lines(PipeReader reader, LineTaker take, CancellationToken cancellationToken)
    {
        for (var number = 1; ;)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                if (!take(rest.Slice(0, end).ToArray(), number++))
                {
                    return null;
                }

                rest = rest.Slice(rest.GetPosition(1, end));
            }

            if (rest.Length > EvidenceVerification.MaxLine)
            {
                return new Fault("evidence-line", $"Line {number} has more than {EvidenceVerification.MaxLine} bytes.");
            }

            reader.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted)
            {
                return rest.IsEmpty ? null : new Fault("evidence-line", $"Line {number} has no end: the file was cut off.");
            }
        }
    }

    private delegate bool LineTaker(ReadOnlySpan<byte> line, int number);
}

/// <summary>AuditEvents one to a line, each of which proves itself.</summary>
internal sealed class EventLines(LogPolicy policy)
{
    private readonly HashSet<ulong> _seen = [];

    public ulong Count => (ulong)_seen.Count;

    public Fault? Fault { get; private set; }

    public int Line { get; private set; }

    public bool Add(ReadOnlySpan<byte> line, int number)
    {
        if (!AuditEventProof.Verify(line, policy).TryGet(out var index, out var fault))
        {
            (Fault, Line) = (fault, number);
            return false;
        }

        if (!_seen.Add(index))
        {
            (Fault, Line) = (new Fault("evidence-order", $"Entry {index} stands here a second time."), number);
            return false;
        }

        return true;
    }
}
