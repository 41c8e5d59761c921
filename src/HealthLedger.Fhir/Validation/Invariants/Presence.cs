using HealthLedger.Fhir.Definitions;
using HealthLedger.Fhir.FhirPath;

namespace HealthLedger.Fhir.Validation.Invariants;

/// <summary>
/// What an invariant says by which elements are present alone. Most invariants are about presence ("value.empty() or dataAbsentReason.empty()"), and nearly all hold
/// where the elements they name are absent: those are decided here by a bit each, without reading the resource again.
/// </summary>
internal static class Presence
{
    /// <summary>What is known of a Boolean: <see cref="Nothing"/> is the empty collection, which invariants count as met.</summary>
    internal enum Truth : byte
    {
        Unknown,
        False,
        True,
        Nothing,
    }

    private enum Content : byte
    {
        Unknown,
        None,
        Some,
    }

    /// <summary>Functions that give nothing where there is nothing, whatever their arguments are.</summary>
    private static readonly HashSet<string> EmptyOnEmpty = new(StringComparer.Ordinal)
    {
        "where", "select", "repeat", "first", "last", "tail", "skip", "take", "descendants", "children", "resolve", "matches", "startsWith", "endsWith", "substring",
        "trace", "toInteger", "toString", "contains", "indexOf", "length", "upper", "lower", "replace", "extension", "distinct", "not",
    };

    /// <summary>What the rule says of an object of this type that has these elements (a bit for each by its index).</summary>
    public static Truth Decide(Expr rule, TypeDefinition type, ulong present) => new Reading(type, present).Of(rule);

    private readonly struct Reading(TypeDefinition type, ulong present)
    {
        public Truth Of(Expr expression)
        {
            switch (expression)
            {
                case LogicExpr logic:
                    return Logic(logic);
                case CallExpr { Name: "exists" } call:
                    return ContentOf(call.Target) switch
                    {
                        Content.None => Truth.False,
                        Content.Some when call.Arguments.Length == 0 => Truth.True,
                        _ => Truth.Unknown,
                    };
                case CallExpr { Name: "empty" } call:
                    return ContentOf(call.Target) switch { Content.None => Truth.True, Content.Some => Truth.False, _ => Truth.Unknown };
                case CallExpr { Name: "hasValue" } call when ContentOf(call.Target) == Content.None:
                    return Truth.False;
                case CallExpr { Name: "all" or "isDistinct" } call when ContentOf(call.Target) == Content.None:
                    return Truth.True;
                case CallExpr { Name: "not", Target: { } target }:
                    return Of(target) switch { Truth.True => Truth.False, Truth.False => Truth.True, var other => other };
                case BinaryExpr { Operation: "=" or "!=" } equal when (Of(equal.Left), Of(equal.Right)) is (Truth.True or Truth.False, Truth.True or Truth.False) and var (a, b):
                    return (a == b) == (equal.Operation == "=") ? Truth.True : Truth.False;
                default:
                    return ContentOf(expression) == Content.None ? Truth.Nothing : Truth.Unknown;
            }
        }

        private Truth Logic(LogicExpr logic)
        {
            var a = Of(logic.Left);
            var b = Of(logic.Right);
            return (logic.Operation, a, b) switch
            {
                (LogicOperation.And, Truth.False, _) or (LogicOperation.And, _, Truth.False) => Truth.False,
                (LogicOperation.Or, Truth.True, _) or (LogicOperation.Or, _, Truth.True) => Truth.True,
                (LogicOperation.Implies, Truth.False, _) or (LogicOperation.Implies, _, Truth.True) => Truth.True,
                (_, Truth.Unknown, _) or (_, _, Truth.Unknown) => Truth.Unknown,
                (LogicOperation.Implies, Truth.True, _) => b,
                (_, Truth.Nothing, _) or (_, _, Truth.Nothing) => Truth.Nothing,
                (LogicOperation.And, _, _) => Truth.True,
                (LogicOperation.Xor, _, _) => a != b ? Truth.True : Truth.False,
                _ => Truth.False,
            };
        }

        private Content ContentOf(Expr? expression)
        {
            switch (expression)
            {
                case null or LiteralExpr { Value.IsEmpty: false }:
                    return Content.Some;
                case LiteralExpr:
                    return Content.None;
                case ScopeVariableExpr { Variable: ScopeVariable.This }:
                    return Content.Some;
                case MemberExpr member when IsFocus(member):
                    return Content.Some;
                case MemberExpr member when member.Target is null || IsFocus(member.Target):
                    return type.ElementNamed(member.Name) is not { } element ? Content.Unknown : (present & (1UL << element.Index)) != 0 ? Content.Some : Content.None;
                case MemberExpr { Target: { } target }:
                    return Below(target);
                case CallExpr { Target: { } target } call when EmptyOnEmpty.Contains(call.Name):
                    return Below(target);
                case TypeExpr { Target: { } target }:
                    return Below(target);
                case IndexerExpr indexer:
                    return Below(indexer.Target);
                case UnionExpr union:
                    return (ContentOf(union.Left), ContentOf(union.Right)) switch
                    {
                        (Content.Some, _) or (_, Content.Some) => Content.Some,
                        (Content.None, Content.None) => Content.None,
                        _ => Content.Unknown,
                    };
                case BinaryExpr { Operation: not ("&" or "contains" or "in") } binary when ContentOf(binary.Left) == Content.None || ContentOf(binary.Right) == Content.None:
                    return Content.None;
                case BinaryExpr { Operation: "in" } membership:
                    return Below(membership.Left);
                default:
                    return Content.Unknown;
            }
        }

        private Content Below(Expr target) => ContentOf(target) == Content.None ? Content.None : Content.Unknown;

        /// <summary>The type's own name, which an expression may begin with.</summary>
        private bool IsFocus(Expr expression) => expression is MemberExpr { Target: null } member && member.Name == type.Name;
    }
}
