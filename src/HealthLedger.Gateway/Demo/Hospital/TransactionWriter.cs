using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace HealthLedger.Gateway.Demo.Hospital;

/// <summary>Writes one FHIR R4 transaction Bundle, entry by entry (https://hl7.org/fhir/R4/http.html#transaction).</summary>
internal sealed class TransactionWriter : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new(64 * 1024);
    private readonly List<string> _fullUrls = [];

    public TransactionWriter()
    {
        Json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        Json.WriteStartObject();
        Json.WriteString("resourceType", "Bundle");
        Json.WriteString("type", "transaction");
        Json.WriteStartArray("entry");
    }

    public Utf8JsonWriter Json { get; }

    public int Resources { get; private set; }

    public IReadOnlyList<string> FullUrls => _fullUrls;

    /// <summary>Starts a resource that the server shall create; close it with <see cref="EndPost"/>.</summary>
    public void BeginPost(string type, string fullUrl, Coded? sensitivity = null)
    {
        _fullUrls.Add(fullUrl);
        Json.WriteStartObject();
        Json.WriteString("fullUrl", fullUrl);
        Json.WriteStartObject("resource");
        Json.WriteString("resourceType", type);
        Json.WriteStartObject("meta");
        Json.WriteStartArray("security");
        Coding(new Coded(Coded.Confidentiality, sensitivity is null ? "N" : "R", sensitivity is null ? "normal" : "restricted"));
        if (sensitivity is not null) Coding(sensitivity);
        Json.WriteEndArray();
        Json.WriteEndObject();
    }

    public void EndPost(string type) => EndEntry("POST", type);

    /// <summary>Starts a directory resource under an id of our choosing; close it with <see cref="EndPut"/>.</summary>
    public void BeginPut(string type, string id)
    {
        Json.WriteStartObject();
        Json.WriteString("fullUrl", $"https://demo.example/fhir/{type}/{id}");
        Json.WriteStartObject("resource");
        Json.WriteString("resourceType", type);
        Json.WriteString("id", id);
    }

    public void EndPut(string type, string id) => EndEntry("PUT", $"{type}/{id}");

    public void Coding(Coded code)
    {
        Json.WriteStartObject();
        Json.WriteString("system", code.System);
        Json.WriteString("code", code.Code);
        Json.WriteString("display", code.Display);
        Json.WriteEndObject();
    }

    /// <summary>A CodeableConcept under <paramref name="name"/>, or as an array element when it is null.</summary>
    public void Concept(string? name, Coded code, bool withText = true)
    {
        if (name is null) Json.WriteStartObject();
        else Json.WriteStartObject(name);
        Json.WriteStartArray("coding");
        Coding(code);
        Json.WriteEndArray();
        if (withText) Json.WriteString("text", code.Display);
        Json.WriteEndObject();
    }

    public void Concepts(string name, Coded code, bool withText = false)
    {
        Json.WriteStartArray(name);
        Concept(null, code, withText);
        Json.WriteEndArray();
    }

    public void Reference(string? name, string target)
    {
        if (name is null) Json.WriteStartObject();
        else Json.WriteStartObject(name);
        Json.WriteString("reference", target);
        Json.WriteEndObject();
    }

    public void References(string name, params ReadOnlySpan<string> targets)
    {
        Json.WriteStartArray(name);
        foreach (var target in targets) Reference(null, target);
        Json.WriteEndArray();
    }

    /// <summary>A UCUM Quantity rounded to <paramref name="decimals"/>, written with exactly that many.</summary>
    public void Quantity(string name, double value, int decimals, string unit, string ucum)
    {
        Json.WriteStartObject(name);
        Json.WritePropertyName("value");
        Json.WriteRawValue(((decimal)value).ToString("F" + decimals, CultureInfo.InvariantCulture));
        Json.WriteString("unit", unit);
        Json.WriteString("system", "http://unitsofmeasure.org");
        Json.WriteString("code", ucum);
        Json.WriteEndObject();
    }

    public void Identifier(string system, string value)
    {
        Json.WriteStartObject();
        Json.WriteString("system", system);
        Json.WriteString("value", value);
        Json.WriteEndObject();
    }

    public void Date(string name, DateOnly day) => Json.WriteString(name, day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

    public void Moment(string name, DateTime utc) => Json.WriteString(name, utc.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));

    public ReadOnlyMemory<byte> Finish()
    {
        Json.WriteEndArray();
        Json.WriteEndObject();
        Json.Flush();
        return _buffer.WrittenMemory.ToArray();
    }

    public void Dispose() => Json.Dispose();

    private void EndEntry(string method, string url)
    {
        Resources++;
        Json.WriteEndObject();
        Json.WriteStartObject("request");
        Json.WriteString("method", method);
        Json.WriteString("url", url);
        Json.WriteEndObject();
        Json.WriteEndObject();
    }
}
