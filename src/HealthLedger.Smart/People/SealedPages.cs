using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using HealthLedger.Sealing;
using HealthLedger.Smart.Keys;
using Microsoft.AspNetCore.DataProtection;

namespace HealthLedger.Smart.People;

/// <summary>
/// ASP.NET Core's data protection (session cookies, antiforgery tokens) on our own envelope and key directory, instead of a key ring in plain files of the
/// user's home. The purposes are authenticated data, so that what was protected for one opens for no other.
/// </summary>
internal sealed class SealedPages : IDataProtector
{
    private const string Label = "smart-pages";

    private readonly RowKey key;
    private readonly byte[] purposes;

    public SealedPages(ISealedSecrets secrets)
        : this(RowKey.Load(secrets, SecretNames.Pages), [])
    {
    }

    private SealedPages(RowKey key, byte[] purposes)
    {
        this.key = key;
        this.purposes = purposes;
    }

    public IDataProtector CreateProtector(string purpose)
    {
        var text = Encoding.UTF8.GetBytes(purpose);
        var longer = new byte[purposes.Length + sizeof(int) + text.Length];
        purposes.CopyTo(longer, 0);
        BinaryPrimitives.WriteInt32BigEndian(longer.AsSpan(purposes.Length), text.Length);
        text.CopyTo(longer, purposes.Length + sizeof(int));
        return new SealedPages(key, longer);
    }

    public byte[] Protect(byte[] plaintext) => Envelope.Seal(key.Secret, Label, purposes, plaintext);

    public byte[] Unprotect(byte[] protectedData) =>
        Envelope.Open(key.Secret, Label, purposes, protectedData) ?? throw new CryptographicException("The data was not protected here, or not for this purpose.");
}
