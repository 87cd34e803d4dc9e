"""What is known of a chart: the values it reads, and what it makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str, ...]
"""Keys of a value, from the top: ("image", "tag")."""


@dataclass(frozen=True, kw_only=True)
class Open:
    """
    A value whose own keys the chart does not name, because it hands them on.

    Args:
        default: what the chart has; the values of a release are merged into it.

        only: the keys that what it is handed to has; empty where they are anybody's choice.

        are_flags: whether each of its keys becomes a flag of a program.
    """

    default: Mapping[str, Any] = field(default_factory=dict)
    only: frozenset[str] = frozenset()
    are_flags: bool = False


@dataclass(frozen=True, kw_only=True)
class Items:
    """
    A list; empty in the chart.

    Args:
        of: what each item is.
    """

    of: type = dict


Table = Mapping[str, Any]
"""
Key -> a Table (a section, whose keys are these and no others), Open, Items, or the chart's default: a text, a number or
a switch, and what is given has to be one too.
"""


@dataclass(frozen=True, kw_only=True)
class Made:
    """
    An object that a chart makes.

    Args:
        kind: of the object.

        name: with placeholders of Chart.full_names where the chart computes it.

        where: switches that are all on where it is made.
    """

    kind: str
    name: str
    where: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Chart:
    """
    The facts of one version of a chart.

    Args:
        name: of the chart.

        version: of the chart.

        repository: where it is published.

        values: every key that its templates read.

        elsewhere: a key that it does not have (dotted) -> what to do instead, as an imperative.

        images: sections that name an image; those whose repository is the same in the chart are one image.

        default_pod: what podSecurityContext is where it is empty, and is not where it is given.

        series: what an alert's expression has in it that reads the metrics; with placeholders.

        scraped: the switch that has to be on for that.

        crds_in_folder: whether its CRDs are in crds/, which Helm never upgrades.

        breaks: a value that the chart takes and that its pods cannot live with, and why.

        full_names: placeholder -> where the name is given outright, and what it is called after where it is not ("" for
        the release).

        makes: the objects that a health check may wait for.
    """

    name: str
    version: str
    repository: str
    values: Table
    elsewhere: Mapping[str, str]
    images: tuple[Path, ...]
    default_pod: Mapping[str, Any]
    series: tuple[str, ...]
    scraped: tuple[Path, str]
    crds_in_folder: bool
    breaks: tuple[tuple[Path, Any, str], ...] = ()
    full_names: Mapping[str, tuple[Path, str]]
    makes: tuple[Made, ...]

    def default(self, path: Path) -> Any:  # noqa: ANN401 - a value may be anything
        """
        What a value is where nobody gives it.

        Args:
            path: of the value.

        Returns:
            The chart's default; None where it has none.
        """
        known: Any = self.values
        for key in path:
            if isinstance(known, Open):
                known = known.default
            known = known.get(key) if isinstance(known, Mapping) else None
        if isinstance(known, Items):
            return []
        return known.default if isinstance(known, Open) else known

    def pods(self) -> tuple[Path, ...]:
        """The sections that say how a pod runs: () is the whole of the values."""
        sections = ((), *((key,) for key, known in self.values.items() if isinstance(known, Mapping)))
        return tuple(each for each in sections if self.default((*each, "podSecurityContext")) is not None)
