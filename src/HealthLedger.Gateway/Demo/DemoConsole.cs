using Spectre.Console;

namespace HealthLedger.Gateway.Demo;

/// <summary>What the walk prints: numbered steps, what each did, what proves it. Colours and progress bars on a terminal only.</summary>
internal sealed class DemoConsole(IAnsiConsole console)
{
    /// <summary>The process's console; plain and wide where the output is no terminal.</summary>
    public static IAnsiConsole Open()
    {
        if (!Console.IsOutputRedirected)
        {
            return AnsiConsole.Console;
        }

        var plain = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No });
        plain.Profile.Width = 200;
        return plain;
    }

    public void Title(string text)
    {
        console.WriteLine();
        console.MarkupLineInterpolated($"[bold]{text}[/]");
    }

    public void Step(int number, string text)
    {
        console.WriteLine();
        console.MarkupLineInterpolated($"[bold]{number}[/] {text}");
    }

    public void Say(string text) => console.MarkupLineInterpolated($"    {text}");

    /// <summary>One proof: printed, and returned so that a step's outcome is the conjunction of what it shows.</summary>
    public bool Prove(bool holds, string what)
    {
        if (holds)
        {
            console.MarkupLineInterpolated($"    [green]ok[/]   {what}");
        }
        else
        {
            console.MarkupLineInterpolated($"    [red]FAIL[/] {what}");
        }

        return holds;
    }

    /// <summary>Work that may take over a second, with a bar on a terminal.</summary>
    public async Task<T> Progress<T>(string what, int total, Func<Action, Task<T>> work)
    {
        if (!console.Profile.Capabilities.Interactive || !console.Profile.Capabilities.Ansi)
        {
            return await work(static () => { });
        }

        return await console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(Markup.Escape("    " + what), maxValue: Math.Max(total, 1));
                return await work(() => task.Increment(1));
            });
    }

    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table().Border(TableBorder.Minimal);
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(Markup.Escape(column)).NoWrap());
        }

        foreach (var row in rows)
        {
            table.AddRow([.. row.Select(cell => Markup.Escape(cell))]);
        }

        console.Write(new Padder(table, new Padding(4, 0, 0, 0)));
    }
}
