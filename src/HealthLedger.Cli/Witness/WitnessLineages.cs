using HealthLedger.Proofs.Notes;
using HealthLedger.Proofs.Successions;

namespace HealthLedger.Cli.Witness;

/// <summary>How a witness learns by which keys the keys of its logs were succeeded: by files that are given at a start and kept in its state. What was cosigned stays, since it is kept by origin.</summary>
internal static class WitnessLineages
{
    /// <summary>Verifies the given files, or those that were kept, and keeps them.</summary>
    /// <param name="logs">The pinned keys.</param>
    /// <param name="offline">The pinned offline keys.</param>
    /// <param name="given">At most one for each log.</param>
    /// <param name="state">The state, which is held.</param>
    /// <param name="errors">Where two statements that contradict each other are shown.</param>
    /// <exception cref="UsageException">A file does not hold, is of no pinned log, or contradicts what was kept: both statements are shown. Or of a pinned offline key there is none.</exception>
    public static IReadOnlyList<LogLineage> Follow(IReadOnlyList<NoteVerifier> logs, IReadOnlyList<NoteVerifier> offline, IReadOnlyList<SuccessionFile> given, WitnessState state, TextWriter errors)
    {
        var files = given.Select(file => (Origin: OriginOf(file), File: file)).ToList();
        var lineages = new List<LogLineage>();
        foreach (var origin in logs.Select(log => log.Name).Distinct(StringComparer.Ordinal))
        {
            var kept = state.Successions(origin);
            var fresh = files.Where(each => each.Origin == origin).ToList();
            if (fresh.Count > 1)
            {
                throw new UsageException($"--successions: two files are of {origin}.");
            }

            if ((fresh.Count == 1 ? fresh[0].File : kept) is not { } file)
            {
                continue;
            }

            lineages.Add(Verify(file, logs, offline));
            if (fresh.Count == 1)
            {
                Compare(kept, lineages[^1], errors);
                state.Keep(origin, file);
            }
        }

        // A key that was retired would count here as if nothing had been pinned.
        if (offline.FirstOrDefault(key => !lineages.Exists(lineage => lineage.Offline.ToString() == key.ToString())) is { } unused)
        {
            throw new UsageException($"--offline-key: there are no successions that {unused.Name} signed; give them (--successions).");
        }

        return files.All(file => lineages.Exists(lineage => lineage.Origin == file.Origin)) ? lineages : throw new UsageException("--successions: a file is of a log that no --log names.");
    }

    private static LogLineage Verify(SuccessionFile file, IReadOnlyList<NoteVerifier> logs, IReadOnlyList<NoteVerifier> offline)
    {
        var named = file.Statements.Count > 0 && Succession.Parse(file.Statements[0].Statement.Text).TryGet(out var founding, out _) ? founding.Offline.ToString() : "";
        return file.Verify(logs, offline.FirstOrDefault(key => key.ToString() == named)).TryGet(out var lineage, out var fault)
            ? lineage
            : throw new UsageException($"--successions: {fault.Detail}");
    }

    private static void Compare(SuccessionFile? kept, LogLineage lineage, TextWriter errors)
    {
        foreach (var (i, before) in (kept?.Statements ?? []).Index())
        {
            if (i >= lineage.Statements.Count)
            {
                throw new UsageException($"--successions: fewer successions of {lineage.Origin} than the {kept!.Statements.Count} statements that were given before.");
            }

            if (!lineage.Statements[i].Note.Text.SequenceEqual(before.Statement.Text))
            {
                errors.WriteLine(before.Statement);
                errors.WriteLine(lineage.Statements[i].Note);
                throw new UsageException($"--successions: two different statements of succession {i} of {lineage.Origin} are signed: keep both.");
            }
        }
    }

    private static string OriginOf(SuccessionFile file) =>
        file.Statements.Count > 0 && Succession.Parse(file.Statements[0].Statement.Text).TryGet(out var founding, out _) ? founding.Origin : "";
}
