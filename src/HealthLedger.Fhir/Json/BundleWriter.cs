using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace HealthLedger.Fhir.Json;

/// <summary>Bundle.entry.response.</summary>
/// <param name="Status">HTTP status, <c>201</c> or <c>201 Created</c>.</param>
/// <param name="Location">Address of the created or updated version; null for none.</param>
/// <param name="ETag">Null for none.</param>
/// <param name="LastModified">Null for none.</param>
/// <param name="Outcome">An OperationOutcome's text; empty for none.</param>
public sealed record EntryResponse(string Status, string? Location = null, string? ETag = null, DateTimeOffset? LastModified = null, ReadOnlyMemory<byte> Outcome = default);

/// <summary>One entry to write. What is null or empty is left out.</summary>
/// <param name="FullUrl">Bundle.entry.fullUrl.</param>
/// <param name="Resource">The resource's text, well-formed JSON; it is copied as it is.</param>
/// <param name="SearchMode"><c>match</c>, <c>include</c> or <c>outcome</c>.</param>
/// <param name="RequestMethod">For history: the interaction's method.</param>
/// <param name="RequestUrl">For history: the interaction's URL.</param>
/// <param name="Response">For history, batch-response and transaction-response.</param>
public sealed record EntryToWrite(
    string? FullUrl = null,
    ReadOnlyMemory<byte> Resource = default,
    string? SearchMode = null,
    string? RequestMethod = null,
    string? RequestUrl = null,
    EntryResponse? Response = null);

/// <summary>
/// Writes a Bundle as its entries come: searchset, history, batch-response, transaction-response (R4 bundle.html). The order of calls is
/// constructor, <see cref="Link"/>, <see cref="Entry"/>, <see cref="Finish"/>.
/// </summary>
public sealed class BundleWriter : IDisposable
{
    private readonly Utf8JsonWriter _writer;
    private State _state;

    /// <summary>Starts a Bundle.</summary>
    /// <param name="output">Takes the text.</param>
    /// <param name="type">Bundle.type.</param>
    /// <param name="id">Bundle.id; null for none.</param>
    /// <param name="lastUpdated">meta.lastUpdated; null for none.</param>
    /// <param name="total">Bundle.total; null for none.</param>
    public BundleWriter(IBufferWriter<byte> output, string type, string? id = null, DateTimeOffset? lastUpdated = null, long? total = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentException.ThrowIfNullOrEmpty(type);
        _writer = new Utf8JsonWriter(output, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 256 });
        _writer.WriteStartObject();
        _writer.WriteString("resourceType"u8, "Bundle"u8);
        Optional("id"u8, id);
        if (lastUpdated is { } time)
        {
            _writer.WriteStartObject("meta"u8);
            _writer.WriteString("lastUpdated"u8, ResourceEditor.Instant(time));
            _writer.WriteEndObject();
        }

        _writer.WriteString("type"u8, type);
        if (total is { } count)
        {
            _writer.WriteNumber("total"u8, count);
        }
    }

    private enum State
    {
        Head,
        Links,
        Entries,
        Finished,
    }

    /// <summary>Adds a link, such as self or next.</summary>
    /// <exception cref="InvalidOperationException">An entry has been written already.</exception>
    public void Link(string relation, string url)
    {
        Step(State.Links, "link"u8);
        _writer.WriteStartObject();
        _writer.WriteString("relation"u8, relation);
        _writer.WriteString("url"u8, url);
        _writer.WriteEndObject();
    }

    /// <summary>Adds an entry.</summary>
    /// <exception cref="InvalidOperationException">The Bundle is finished.</exception>
    public void Entry(EntryToWrite entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        Step(State.Entries, "entry"u8);
        _writer.WriteStartObject();
        Optional("fullUrl"u8, entry.FullUrl);
        if (!entry.Resource.IsEmpty)
        {
            _writer.WritePropertyName("resource"u8);
            _writer.WriteRawValue(entry.Resource.Span, skipInputValidation: true);
        }

        if (entry.SearchMode is not null)
        {
            _writer.WriteStartObject("search"u8);
            _writer.WriteString("mode"u8, entry.SearchMode);
            _writer.WriteEndObject();
        }

        if (entry.RequestMethod is not null)
        {
            _writer.WriteStartObject("request"u8);
            _writer.WriteString("method"u8, entry.RequestMethod);
            _writer.WriteString("url"u8, entry.RequestUrl ?? throw new ArgumentException("A request needs its URL.", nameof(entry)));
            _writer.WriteEndObject();
        }

        Response(entry.Response);
        _writer.WriteEndObject();
    }

    /// <summary>Ends the Bundle and passes all bytes on.</summary>
    public void Finish()
    {
        if (_state is State.Links or State.Entries)
        {
            _writer.WriteEndArray();
        }

        _state = State.Finished;
        _writer.WriteEndObject();
        _writer.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private void Step(State next, ReadOnlySpan<byte> array)
    {
        if (next < _state)
        {
            throw new InvalidOperationException("A Bundle's links come before its entries, and both before its end.");
        }

        if (next == _state)
        {
            return;
        }

        if (_state == State.Links)
        {
            _writer.WriteEndArray();
        }

        _writer.WriteStartArray(array);
        _state = next;
    }

    private void Response(EntryResponse? response)
    {
        if (response is null)
        {
            return;
        }

        _writer.WriteStartObject("response"u8);
        _writer.WriteString("status"u8, response.Status);
        Optional("location"u8, response.Location);
        Optional("etag"u8, response.ETag);
        Optional("lastModified"u8, response.LastModified is { } time ? ResourceEditor.Instant(time) : null);
        if (!response.Outcome.IsEmpty)
        {
            _writer.WritePropertyName("outcome"u8);
            _writer.WriteRawValue(response.Outcome.Span, skipInputValidation: true);
        }

        _writer.WriteEndObject();
    }

    private void Optional(ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            _writer.WriteString(name, value);
        }
    }
}
