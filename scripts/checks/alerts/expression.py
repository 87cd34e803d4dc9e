"""An expression of PromQL -> what makes it fire always, or at the wrong times, whatever its series say."""

from collections.abc import Iterator

import promql_parser as promql

from scripts.checks.alerts.labels import Lookup
from scripts.checks.alerts.parts import is_scalar, matchers_of, selected_name

COMPARISONS = frozenset({"==", "!=", ">", ">=", "<", "<="})
ABSENT = frozenset({"absent", "absent_over_time"})


def check(expression: promql.Expr, lookup: Lookup, *, waits: bool) -> Iterator[tuple[str, str]]:
    """
    Check what the expression of an alert says.

    Args:
        expression: as it was parsed.

        lookup: what is known of series.

        waits: whether the alert has a `for`.

    Yields:
        What is wrong, as what follows the alert's name in a sentence, and what to do.
    """
    if not _is_filtered(expression, lookup):
        found = "compares nothing, so it fires for as long as there are series, whatever they say"
        yield found, "write what its value is to be compared with"
    met: list[promql.Expr] = []
    promql.walk(expression, met.append)
    for name in dict.fromkeys(map(_unpinned, met)):
        if name and (series := lookup(name)) and series.is_summary:
            quantiles = ", ".join(sorted(series.values["quantile"]))
            found = f"does not say which quantile of {name} it means, and there is one series for each of {quantiles}"
            yield found, f'write {name}{{quantile="..."}}'
    if not waits and any(isinstance(each, promql.Call) and each.func.name in ABSENT for each in met):
        yield "has absent() and no `for`, so it fires at each scrape that is late", "add `for: 5m`"


def _unpinned(expression: promql.Expr) -> str:
    """The series that a selector asks for without a word about its quantile; "" for anything else."""
    selector = expression.vector_selector if isinstance(expression, promql.MatrixSelector) else expression
    if not isinstance(selector, promql.VectorSelector):
        return ""
    return "" if any(each.name == "quantile" for each in matchers_of(selector)) else selected_name(selector)


def _is_filtered(expression: promql.Expr, lookup: Lookup) -> bool:
    """Whether there is a result only when something is so; also where that is not known."""
    match expression:
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr() | promql.AggregateExpr():
            return _is_filtered(expression.expr, lookup)
        case promql.Call():
            # vector(1) is how an alert is written that is always to fire
            is_meant = expression.func.name in ABSENT | {"vector"}
            return is_meant or any(_is_filtered(each, lookup) for each in expression.args if not is_scalar(each))
        case promql.BinaryExpr():
            return _is_filtered_pair(expression, lookup)
        case promql.MatrixSelector():
            return _is_filtered(expression.vector_selector, lookup)
        case promql.VectorSelector():
            series = lookup(selected_name(expression)) if selected_name(expression) else None
            # one that nothing exposes is told already
            return series is None or series.is_state
        case _:
            return False


def _is_filtered_pair(expression: promql.BinaryExpr, lookup: Lookup) -> bool:
    operator = str(expression.op)
    left, right = (_is_filtered(each, lookup) for each in (expression.lhs, expression.rhs))
    if operator in COMPARISONS:
        return not (expression.modifier and expression.modifier.return_bool) or left or right
    if operator == "or":
        return left and right
    return left or right or operator == "unless"
