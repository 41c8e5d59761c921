using System.Security.Cryptography;
using System.Text;
using HealthLedger.Sealing;

namespace HealthLedger.Vault.Keys.Holding;

/// <summary>
/// What gateway and key holder have in common: 32 random bytes in a file on each side. Every request and answer is an envelope under it, an answer bound to its request, so that each
/// side knows the other and nobody between them reads a key (docs/formats/key-holder.md).
/// </summary>
public sealed class HolderLink : IDisposable
{
    /// <summary>The longest message in bytes: one record of the greatest size with its receipt.</summary>
    public const int MaxBytes = 40 << 20;

    private const string RequestLabel = "key-holder/request";
    private const string AnswerLabel = "key-holder/answer";
    private static readonly byte[] Domain = Encoding.ASCII.GetBytes("healthledger/key-holder/1");
    private readonly PinnedSecret secret;

    private HolderLink(PinnedSecret secret) => this.secret = secret;

    /// <summary>A fresh one.</summary>
    public static HolderLink Random() => new(PinnedSecret.Random(Envelope.SecretSize));

    /// <summary>Reads a link file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or others than its owner may read it.</exception>
    /// <exception cref="InvalidDataException">It holds no link.</exception>
    public static HolderLink FromFile(string path) => new(SecretFile.Read(path));

    /// <summary>Writes a new link file, for its owner alone. Durable on return.</summary>
    /// <exception cref="IOException">It exists, or cannot be written.</exception>
    public void WriteTo(string path) => SecretFile.Write(path, secret);

    /// <summary>Seals a request.</summary>
    public byte[] SealRequest(ReadOnlySpan<byte> request) => Envelope.Seal(secret.Span, RequestLabel, Domain, request);

    /// <summary>Opens a request; null where it is none of this link.</summary>
    public byte[]? OpenRequest(ReadOnlySpan<byte> message) => message.Length > MaxBytes ? null : Envelope.Open(secret.Span, RequestLabel, Domain, message);

    /// <summary>Seals the answer to a request.</summary>
    /// <param name="request">The request's message as it came.</param>
    /// <param name="answer">What is answered.</param>
    public byte[] SealAnswer(ReadOnlySpan<byte> request, ReadOnlySpan<byte> answer) => Envelope.Seal(secret.Span, AnswerLabel, BoundTo(request), answer);

    /// <summary>Opens the answer to a request; null where it is none of this link, or another request's.</summary>
    public byte[]? OpenAnswer(ReadOnlySpan<byte> request, ReadOnlySpan<byte> message) => message.Length > MaxBytes ? null : Envelope.Open(secret.Span, AnswerLabel, BoundTo(request), message);

    /// <inheritdoc/>
    public void Dispose() => secret.Dispose();

    private static byte[] BoundTo(ReadOnlySpan<byte> request)
    {
        var bound = new byte[Domain.Length + SHA256.HashSizeInBytes];
        Domain.CopyTo(bound, 0);
        SHA256.HashData(request, bound.AsSpan(Domain.Length));
        return bound;
    }
}
