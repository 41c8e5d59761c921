using System.Collections.Immutable;
using HealthLedger.Access;
using HealthLedger.Smart.Jose;

namespace HealthLedger.Smart.Clients;

/// <summary>How a client proves who it is.</summary>
public enum ClientKind
{
    /// <summary>A SMART backend service: its own key, no person.</summary>
    Backend,
    /// <summary>An app that cannot keep a secret.</summary>
    Public,
    /// <summary>An app with a key of its own that also acts for people.</summary>
    Confidential,
}

/// <summary>A registered OAuth client: what it is, how it proves that, and the most it may ever be granted. Holds no personal data and no secret.</summary>
public sealed record Client
{
    /// <summary>1 to 128 characters of <c>A-Z a-z 0-9 . _ ~ -</c>.</summary>
    public required string ClientId { get; init; }

    /// <summary>How it authenticates.</summary>
    public required ClientKind Kind { get; init; }

    /// <summary>The name people see; 1 to 200 characters.</summary>
    public required string Name { get; init; }

    /// <summary>The organization that answers for it, as <c>Organization/id</c>; null where there is none.</summary>
    public string? Organization { get; init; }

    /// <summary>The role of its own tokens: <see cref="CallerRole.System"/>, <see cref="CallerRole.Regulator"/> or <see cref="CallerRole.Operator"/>.</summary>
    public CallerRole Role { get; init; } = CallerRole.System;

    /// <summary>Its public keys: at least one unless it is public, at most 8; ES384 or RS384.</summary>
    public ImmutableArray<JsonWebKey> Keys { get; init; } = [];

    /// <summary>Where it may be sent back to, compared exactly: absolute <c>https</c> URLs, or <c>http</c> on loopback; at most 20.</summary>
    public ImmutableArray<string> RedirectUris { get; init; } = [];

    /// <summary>The most it may be granted: SMART scopes, or <see cref="ServiceScopes"/>; at most 200.</summary>
    public required ImmutableArray<string> Scopes { get; init; }

    /// <summary>The purposes it may use.</summary>
    public required ImmutableArray<PurposeOfUse> Purposes { get; init; }

    /// <summary>True where it may choose ids (update as create).</summary>
    public bool MayMigrate { get; init; }

    /// <summary>True: no new token, and tokens in hand stop counting at once.</summary>
    public bool Disabled { get; init; }
}
