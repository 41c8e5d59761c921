using Microsoft.Extensions.Options;

namespace HealthLedger.Gateway.Hosting;

/// <summary>
/// Keeps the framework's own log categories at Warning or above, whatever the configuration asks for: below that they write paths, queries and header values, and
/// a query names a patient. Our own categories write no personal data and follow the configuration.
/// </summary>
internal sealed class QuietFramework : IPostConfigureOptions<LoggerFilterOptions>
{
    private const LogLevel Floor = LogLevel.Warning;
    private const string Ours = "HealthLedger";

    public void PostConfigure(string? name, LoggerFilterOptions options)
    {
        for (var i = 0; i < options.Rules.Count; i++)
        {
            var rule = options.Rules[i];
            if (rule.CategoryName?.StartsWith(Ours, StringComparison.Ordinal) != true)
            {
                var level = rule.LogLevel is { } asked && asked > Floor ? asked : Floor;
                options.Rules[i] = new LoggerFilterRule(rule.ProviderName, rule.CategoryName, level, rule.Filter);
            }
        }

        options.MinLevel = options.MinLevel > Floor ? options.MinLevel : Floor;
    }
}
