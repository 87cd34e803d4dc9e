"""Parts of a parsed expression of PromQL -> what they ask for."""

from collections.abc import Iterator

import promql_parser as promql

NAME = "__name__"


def selected_name(selector: promql.VectorSelector) -> str:
    """
    The series that a selector asks for.

    Args:
        selector: as it was parsed.

    Returns:
        Its name, whichever way it is written; "" where it asks for no certain one.
    """
    named = (each.value for each in selector.matchers.matchers if (each.name, each.op) == (NAME, promql.MatchOp.Equal))
    return selector.name or next(named, "")


def matchers_of(selector: promql.VectorSelector) -> Iterator[promql.Matcher]:
    """
    What a selector asks of labels.

    Args:
        selector: as it was parsed.

    Yields:
        Each matcher, those between `or` too.
    """
    yield from selector.matchers.matchers
    for group in selector.matchers.or_matchers:
        yield from group


def is_scalar(expression: promql.Expr) -> bool:
    """
    Tell a number from what has labels.

    Args:
        expression: as it was parsed.

    Returns:
        Whether it is one number.
    """
    match expression:
        case promql.NumberLiteral():
            return True
        case promql.Call():
            return bool(expression.func.return_type == promql.ValueType.Scalar)
        case promql.ParenExpr() | promql.UnaryExpr():
            return is_scalar(expression.expr)
        case promql.BinaryExpr():
            return is_scalar(expression.lhs) and is_scalar(expression.rhs)
        case _:
            return False


def labels_of_absent(expression: promql.Expr) -> Iterator[str]:
    """
    The labels that absent() can tell of what is not there.

    Args:
        expression: that absent() is given.

    Yields:
        Those that a plain selector asks to be equal to something; none where there is more to it.
    """
    match expression:
        case promql.ParenExpr():
            yield from labels_of_absent(expression.expr)
        case promql.MatrixSelector():
            yield from labels_of_absent(expression.vector_selector)
        case promql.VectorSelector():
            for matcher in expression.matchers.matchers:
                if matcher.op == promql.MatchOp.Equal and matcher.name != NAME:
                    yield matcher.name
        case _:
            pass  # of what is worked out no label is known
