namespace HealthLedger.Fhir.FhirPath;

/// <summary>A compiled expression node. Immutable, so that one compiled expression serves all threads.</summary>
internal abstract class Expr
{
    public abstract Items Evaluate(in Scope scope);
}

internal sealed class LiteralExpr(Items value) : Expr
{
    public Items Value { get; } = value;
    public override Items Evaluate(in Scope scope) => Value;
}

internal enum ScopeVariable { This, Index, Total }

internal sealed class ScopeVariableExpr(ScopeVariable variable) : Expr
{
    public ScopeVariable Variable { get; } = variable;

    public override Items Evaluate(in Scope scope) => Variable switch
    {
        ScopeVariable.This => scope.Focus,
        ScopeVariable.Index => new Items(new IntegerItem(scope.Index)),
        _ => scope.Total,
    };
}

/// <summary>%name: FHIRPath 2.0 section 9, and R4's fixed ones (http://hl7.org/fhir/R4/fhirpath.html#vars).</summary>
internal sealed class ExternalExpr(string name) : Expr
{
    public string Name { get; } = name;

    public override Items Evaluate(in Scope scope)
    {
        var context = scope.Context;
        if (context.Variables is { } variables && variables.TryGetValue(Name, out var value)) return value;
        return Name switch
        {
            "resource" => context.Resource is { } resource ? new Items(resource) : context.Original,
            "rootResource" => (context.RootResource ?? context.Resource) is { } root ? new Items(root) : context.Original,
            "context" => context.Original,
            "sct" => Text("http://snomed.info/sct"),
            "loinc" => Text("http://loinc.org"),
            "ucum" => Text("http://unitsofmeasure.org"),
            _ when Name.StartsWith("vs-", StringComparison.Ordinal) => Text("http://hl7.org/fhir/ValueSet/" + Name[3..]),
            _ when Name.StartsWith("ext-", StringComparison.Ordinal) => Text("http://hl7.org/fhir/StructureDefinition/" + Name[4..]),
            _ => throw new FhirPathEvaluationException("An unknown variable: %" + Name),
        };

        static Items Text(string text) => new(new StringItem(text));
    }
}

/// <summary>A step by element name; without a target it starts at the focus, where it may also name the focus's own type ("Patient.name").</summary>
internal sealed class MemberExpr(Expr? target, string name) : Expr
{
    public Expr? Target { get; } = target;
    public string Name { get; } = name;

    public override Items Evaluate(in Scope scope)
    {
        var input = Target is null ? scope.Focus : Target.Evaluate(scope);
        scope.Context.Charge(1 + input.Count);
        if (Target is null && char.IsAsciiLetterUpper(Name[0])) return OfOwnType(input, scope.Context.IsStrict);
        if (scope.Context.IsStrict) Demand(input);
        if (input.Count == 1) return input[0].Child(Name);
        var result = new ItemsBuilder();
        foreach (var item in input) result.AddRange(item.Child(Name));
        return result.Build();
    }

    private void Demand(in Items input)
    {
        foreach (var item in input)
            if (item is NodeItem { Type: { } type } && type.ElementNamed(Name) is null) throw new FhirPathEvaluationException($"{type.Name} has no element {Name}");
    }

    private Items OfOwnType(in Items input, bool isStrict)
    {
        var result = new ItemsBuilder();
        foreach (var item in input)
            if (item is NodeItem && item.Is(new TypeName(null, Name))) result.Add(item);
        if (isStrict && result.IsEmpty && !input.IsEmpty) throw new FhirPathEvaluationException("The focus is no " + Name);
        return result.Build();
    }
}

internal sealed class IndexerExpr(Expr target, Expr index) : Expr
{
    public Expr Target { get; } = target;
    public Expr Index { get; } = index;

    public override Items Evaluate(in Scope scope)
    {
        var items = Target.Evaluate(scope);
        var at = Singles.Integer(Index.Evaluate(scope));
        return at is { } i && i >= 0 && i < items.Count ? new Items(items[i]) : Items.Empty;
    }
}

/// <summary>A function call. Arguments stay expressions: the function decides whether to evaluate them once, or for each item.</summary>
internal sealed class CallExpr(Expr? target, string name, FunctionBody body, Expr[] arguments) : Expr
{
    public Expr? Target { get; } = target;
    public string Name { get; } = name;
    public Expr[] Arguments { get; } = arguments;

    public override Items Evaluate(in Scope scope)
    {
        var input = Target is null ? scope.Focus : Target.Evaluate(scope);
        scope.Context.Charge(1 + input.Count);
        if (scope.Context.IsStrict && Name is ("skip" or "take" or "first" or "last" or "tail") && Target is CallExpr { Name: "children" or "descendants" })
            throw new FhirPathEvaluationException("The collection has no order");
        return body(scope, input, Arguments);
    }
}

internal delegate Items FunctionBody(in Scope scope, Items input, Expr[] arguments);

/// <summary>The operators "is" and "as", and the functions is(), as() and ofType(), which differ only in what they return.</summary>
internal sealed class TypeExpr(Expr? target, TypeOperation operation, TypeName type) : Expr
{
    public Expr? Target { get; } = target;
    public TypeOperation Operation { get; } = operation;
    public TypeName Type { get; } = type;

    public override Items Evaluate(in Scope scope)
    {
        var input = Target is null ? scope.Focus : Target.Evaluate(scope);
        scope.Context.Charge(1 + input.Count);
        var isLenient = scope.Context.IsLenient;
        if (Operation == TypeOperation.Is)
            return input.TryGetSingle(out var item) ? new Items(BooleanItem.Of(item.Is(Type) || isLenient && IsNamesake(item))) : Items.Empty;
        if (Operation == TypeOperation.As && input.Count > 1 && !isLenient)
            throw new FhirPathEvaluationException("\"as\" expects one item");
        var result = new ItemsBuilder();
        foreach (var each in input)
            if (IsA(each) || isLenient && IsNamesake(each)) result.Add(each);
        return result.Build();
    }

    // A cast to a primitive type wants exactly that type: code is not returned as string.
    private bool IsA(Item item) => item is NodeItem { IsPrimitive: true } ? item.Is(Type) && item.TypeName == Type.Name : item.Is(Type);

    // Boolean for boolean, DateTime for dateTime.
    private bool IsNamesake(Item item) =>
        item is NodeItem { IsPrimitive: true } && Type.Namespace is null && item.TypeName.Length == Type.Name.Length
        && char.ToUpperInvariant(item.TypeName[0]) == Type.Name[0] && item.TypeName.AsSpan(1).SequenceEqual(Type.Name.AsSpan(1));
}

internal enum TypeOperation { Is, As, OfType }

internal sealed class PolarityExpr(Expr operand, bool negative) : Expr
{
    public Expr Operand { get; } = operand;
    public bool Negative { get; } = negative;

    public override Items Evaluate(in Scope scope)
    {
        if (!Operand.Evaluate(scope).TryGetSingle(out var item)) return Items.Empty;
        return item.Value switch
        {
            IntegerItem i => new Items(Negative ? new IntegerItem(unchecked(-i.Integer)) : i),
            DecimalItem d => new Items(Negative ? new DecimalItem(-d.Decimal) : d),
            QuantityItem q => new Items(Negative ? new QuantityItem(-q.Amount, q.Unit, q.IsCalendar) : q),
            _ => throw new FhirPathEvaluationException("A sign is for numbers and quantities"),
        };
    }
}

/// <summary>An operator of two evaluated operands.</summary>
internal sealed class BinaryExpr(Expr left, Expr right, string operation) : Expr
{
    private readonly Func<Items, Items, FhirPathContext, Items> _body = Operators.Of(operation);

    public Expr Left { get; } = left;
    public Expr Right { get; } = right;
    public string Operation { get; } = operation;

    public override Items Evaluate(in Scope scope) => _body(Left.Evaluate(scope), Right.Evaluate(scope), scope.Context);
}

internal sealed class UnionExpr(Expr left, Expr right) : Expr
{
    public Expr Left { get; } = left;
    public Expr Right { get; } = right;

    public override Items Evaluate(in Scope scope) => Equality.Union(Left.Evaluate(scope), Right.Evaluate(scope), scope.Context);
}

/// <summary>Boolean operators with three values; the right side is not evaluated where the left decides.</summary>
internal sealed class LogicExpr(Expr left, Expr right, LogicOperation operation) : Expr
{
    public Expr Left { get; } = left;
    public Expr Right { get; } = right;
    public LogicOperation Operation { get; } = operation;

    public override Items Evaluate(in Scope scope)
    {
        var a = Singles.Boolean(Left.Evaluate(scope));
        if (Operation == LogicOperation.And && a == false) return new Items(BooleanItem.False);
        if (Operation == LogicOperation.Or && a == true || Operation == LogicOperation.Implies && a == false) return new Items(BooleanItem.True);
        var b = Singles.Boolean(Right.Evaluate(scope));
        bool? result = Operation switch
        {
            LogicOperation.And => b == false ? false : a & b,
            LogicOperation.Or => b == true ? true : a | b,
            LogicOperation.Xor => a ^ b,
            _ => b == true ? true : a == true ? b : null,
        };
        return result is { } known ? new Items(BooleanItem.Of(known)) : Items.Empty;
    }
}

internal enum LogicOperation { And, Or, Xor, Implies }
