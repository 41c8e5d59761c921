using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace HealthLedger.Smart.People;

/// <summary>
/// ASP.NET Core starts its own key ring whether it is used or not, and would write it, in clear, to the user's home. <see cref="SealedPages"/> stands in its
/// place; this keeps the ring that nobody uses out of the file system.
/// </summary>
internal sealed class UnusedKeyRing : IXmlRepository
{
    private readonly List<XElement> keys = [];

    public IReadOnlyCollection<XElement> GetAllElements()
    {
        lock (keys)
        {
            return [.. keys];
        }
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        lock (keys)
        {
            keys.Add(element);
        }
    }
}
