"""Unit tests of alerts -> the alerts that no test sees fire, or stay silent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scripts.document import Document, items, mapping


@dataclass(frozen=True, kw_only=True)
class Tested:
    """
    What the unit tests expect of alerts.

    Args:
        firing: names of those that a test expects to fire.

        silent: names of those that a test expects to stay silent.
    """

    firing: frozenset[str]
    silent: frozenset[str]

    def missing(self, alert: str) -> tuple[str, ...]:
        """
        Say which tests an alert lacks.

        Args:
            alert: its name.

        Returns:
            In words, for a sentence that begins with "no test in which it".
        """
        wanted = (("fires", self.firing), ("stays silent", self.silent))
        return tuple(what for what, names in wanted if alert not in names)


def read(tests: Iterable[Document]) -> Tested:
    """
    Read what unit tests expect.

    Args:
        tests: documents of promtool's unit tests.

    Returns:
        What they expect of each alert.
    """
    found = tuple(pair for document in tests for pair in _expected(document))
    return Tested(
        firing=frozenset(name for name, fires in found if fires),
        silent=frozenset(name for name, fires in found if not fires),
    )


def _expected(document: Document) -> Iterator[tuple[str, bool]]:
    for test in items(document.get("tests")):
        for each in items(mapping(test).get("alert_rule_test")):
            yield str(mapping(each).get("alertname")), bool(mapping(each).get("exp_alerts"))
