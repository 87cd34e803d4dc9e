"""An expression of PromQL -> the labels that its result can have, and the names in it that nothing has."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import promql_parser as promql

from scripts.checks.alerts.parts import NAME, is_scalar, labels_of_absent, matchers_of, selected_name
from scripts.checks.alerts.series import Series

Labels = frozenset[str] | None
"""Every label that a result can have; None where that is not known."""

Lookup = Callable[[str], Series | None]
"""Name of a series -> what is known of it; None where nothing exposes it."""

NONE: frozenset[str] = frozenset()
ALTERNATIVES = re.compile(r"[\w.-]+(?:\|[\w.-]+)*")
SET_OPERATORS = ("and", "or", "unless")
SELECTS = ("topk", "bottomk", "limitk", "limit_ratio")


@dataclass(frozen=True, kw_only=True)
class UnknownName:
    """
    A name that is in an expression and in nothing else.

    Args:
        rule: "alert-metric" or "alert-label".

        message: what was found.

        near: the names that may have been meant, as a sentence ("volsync_volume_out_of_sync"); "" where none is near.
    """

    rule: str
    message: str
    near: str


class Reader:
    """
    Reads one expression.

    Args:
        lookup: what is known of series.

        names: of every series that is known, to tell what may have been meant.
    """

    def __init__(self, lookup: Lookup, names: Sequence[str]) -> None:
        self._lookup = lookup
        self._names = names
        self._made: list[str] = []
        self._used: set[str] = set()
        self.unknown: list[UnknownName] = []

    def read(self, expression: promql.Expr) -> Labels:
        """
        Follow the labels of an expression from its series to its result, and note what nothing has on the way.

        Args:
            expression: as it was parsed.

        Returns:
            The labels that the result can have.
        """
        result = self._labels(expression)
        for label in self._made:
            if result is not None and label not in result | self._used:
                found = f"makes the label {label}, which nothing uses and its result has not"
                self._note("alert-label", found, label, tuple(result | self._used))
        return result

    def _labels(self, expression: promql.Expr) -> Labels:
        found: Labels = NONE
        match expression:
            case promql.VectorSelector():
                found = self._selected(expression)
            case promql.MatrixSelector():
                found = self._selected(expression.vector_selector)
            case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
                found = self._labels(expression.expr)
            case promql.AggregateExpr():
                found = self._aggregated(expression)
            case promql.BinaryExpr():
                found = self._combined(expression)
            case promql.Call():
                found = self._called(expression)
            case _:
                pass  # a number or a text
        return found

    def _selected(self, selector: promql.VectorSelector) -> Labels:
        matchers = tuple(matchers_of(selector))
        name = selected_name(selector)
        if not name:
            # `{__name__=~"..."}` and `{job="x"}` select whatever there is
            return None
        series = self._lookup(name)
        if series is None:
            self._note("alert-metric", f"asks for the series {name}, which nothing exposes", name, self._names)
            return None
        for matcher in matchers:
            if matcher.name != NAME:
                self._demand((matcher.name,), series.labels, f"{name}{{{matcher.name}}}")
                self._value(name, matcher, series)
        return series.labels

    def _value(self, series: str, matcher: promql.Matcher, known: Series) -> None:
        values = known.values.get(matcher.name)
        if values is None or not matcher.value:
            return
        is_text = matcher.op in (promql.MatchOp.Equal, promql.MatchOp.NotEqual)
        wrong: tuple[str, ...] = (matcher.value,)
        if not is_text and ALTERNATIVES.fullmatch(matcher.value):
            wrong = tuple(each for each in matcher.value.split("|") if not _matches_some(each, values))
        elif matcher.value in values or (not is_text and _matches_some(matcher.value, values)):
            wrong = ()
        for each in wrong:
            found = f"asks for {series}{{{matcher.name}}} to be {each!r}, and it is one of {', '.join(sorted(values))}"
            self._note("alert-label", found, each, tuple(values))

    def _aggregated(self, expression: promql.AggregateExpr) -> Labels:
        inner = self._labels(expression.expr)
        if expression.param is not None:
            self._labels(expression.param)
        operator = str(expression.op)
        modifier = expression.modifier
        kept: Labels = NONE
        if modifier is not None:
            is_by = modifier.type == promql.AggModifierType.By
            self._demand(modifier.labels, inner, f"{operator} {'by' if is_by else 'without'}")
            named = frozenset(modifier.labels)
            kept = named if is_by else _without(inner, named)
        if operator in SELECTS:
            return inner
        if operator == "count_values" and isinstance(expression.param, promql.StringLiteral) and kept is not None:
            return kept | {expression.param.val}
        return kept

    def _combined(self, expression: promql.BinaryExpr) -> Labels:
        left, right = self._labels(expression.lhs), self._labels(expression.rhs)
        if is_scalar(expression.rhs):
            return left
        if is_scalar(expression.lhs):
            return right
        modifier = expression.modifier
        matching = modifier.matching if modifier else None
        on = matching is not None and matching.type == promql.LabelModifierType.Include
        named = frozenset(matching.labels) if matching else NONE
        if on:
            self._demand(sorted(named), left, "on, to the left")
            self._demand([each for each in sorted(named) if left is None or each in left], right, "on, to the right")
        elif matching:
            self._demand(sorted(named), _either(left, right), "ignoring")
        operator = str(expression.op)
        if operator in SET_OPERATORS:
            found = _either(left, right) if operator == "or" else left
        elif modifier and modifier.card == promql.VectorMatchCardinality.ManyToOne:
            found = self._grouped(modifier, left, right, "group_left")
        elif modifier and modifier.card == promql.VectorMatchCardinality.OneToMany:
            found = self._grouped(modifier, right, left, "group_right")
        else:
            found = named if on else _without(left, named)
        return found

    def _grouped(self, modifier: promql.BinModifier, many: Labels, one: Labels, what: str) -> Labels:
        brought = frozenset(modifier.group_labels or ())
        self._demand(sorted(brought), one, what)
        return None if many is None else many | brought

    def _called(self, call: promql.Call) -> Labels:
        texts = [each.val for each in call.args if isinstance(each, promql.StringLiteral)]
        read = [
            (is_scalar(each), self._labels(each)) for each in call.args if not isinstance(each, promql.StringLiteral)
        ]
        kept = next((labels for is_number, labels in read if not is_number), NONE)
        name = call.func.name
        match name:
            case "absent" | "absent_over_time":
                return frozenset(labels_of_absent(call.args[0]))
            case "vector":
                return NONE
            case "label_replace" if len(texts) == 4:
                self._demand((texts[2],), kept, name)
                return self._with(kept, texts[0])
            case "label_join" if len(texts) >= 3:
                self._demand(texts[2:], kept, name)
                return self._with(kept, texts[0])
            case "histogram_quantile":
                self._demand(("le",), kept, name)
                return _without(kept, frozenset({"le"}))
            case _:
                pass  # it keeps the labels of what it is given
        return kept

    def _with(self, labels: Labels, made: str) -> Labels:
        self._made.append(made)
        return None if labels is None else labels | {made}

    def _demand(self, wanted: Sequence[str], held: Labels, where: str) -> None:
        self._used.update(wanted)
        for label in wanted:
            if held is not None and label not in held:
                found = f"uses the label {label} ({where}), which is not there: there are {_listed(held)}"
                self._note("alert-label", found, label, tuple(held))

    def _note(self, rule: str, message: str, wanted: str, known: Sequence[str]) -> None:
        found = UnknownName(rule=rule, message=message, near=next(iter(get_close_matches(wanted, known, 1)), ""))
        if found not in self.unknown:
            self.unknown.append(found)


def _without(labels: Labels, named: frozenset[str]) -> Labels:
    return None if labels is None else labels - named


def _either(left: Labels, right: Labels) -> Labels:
    return None if left is None or right is None else left | right


def _matches_some(pattern: str, values: frozenset[str]) -> bool:
    try:
        return any(re.fullmatch(pattern, each) for each in values)
    except re.error:
        # RE2 and Python differ a little; promtool reads it as Prometheus does
        return True


def _listed(labels: frozenset[str]) -> str:
    return ", ".join(sorted(labels)) or "none"
