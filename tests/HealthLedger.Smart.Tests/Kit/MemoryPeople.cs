using HealthLedger.Smart.People;

namespace HealthLedger.Smart.Tests.Kit;

internal sealed class MemoryPeople : IPersonStore
{
    public List<SealedPerson> Rows { get; } = [];

    public Task<SealedPerson?> Find(byte[] key, CancellationToken cancellationToken) => Locked(() => Rows.Find(row => row.Key.SequenceEqual(key)));

    public Task<SealedPerson?> FindByName(byte[] nameKey, CancellationToken cancellationToken) => Locked(() => Rows.Find(row => row.NameKey.SequenceEqual(nameKey)));

    public Task<IReadOnlyList<SealedPerson>> Read(byte[] after, int most, CancellationToken cancellationToken) => Locked<IReadOnlyList<SealedPerson>>(() =>
        [.. Rows.OrderBy(row => Convert.ToHexString(row.Key), StringComparer.Ordinal).Where(row => row.Key.AsSpan().SequenceCompareTo(after) > 0).Take(most)]);

    public Task<bool> Insert(SealedPerson person, CancellationToken cancellationToken) => Locked(() =>
    {
        if (Rows.Exists(row => row.Key.SequenceEqual(person.Key) || row.NameKey.SequenceEqual(person.NameKey)))
        {
            return false;
        }

        Rows.Add(person);
        return true;
    });

    public Task<bool> Update(SealedPerson person, CancellationToken cancellationToken) => Locked(() =>
    {
        var index = Rows.FindIndex(row => row.Key.SequenceEqual(person.Key) && row.Version == person.Version - 1);
        if (index < 0)
        {
            return false;
        }

        Rows[index] = person;
        return true;
    });

    public Task<bool> Delete(byte[] key, long version, CancellationToken cancellationToken) =>
        Locked(() => Rows.RemoveAll(row => row.Key.SequenceEqual(key) && row.Version == version) == 1);

    private Task<T> Locked<T>(Func<T> work)
    {
        lock (Rows)
        {
            return Task.FromResult(work());
        }
    }
}
