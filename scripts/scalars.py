"""Text of a YAML file without quotes -> what kustomize and Flux make of it, and where others make something else of it."""

import datetime
import math
import re
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml

TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"})
FALSE = frozenset({"n", "N", "no", "No", "NO", "off", "Off", "OFF"})
"""What is a truth value to YAML 1.1, and so to kubectl and Flux, and text to kustomize."""

WHOLE = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|[0-9][0-9_]*)")
FRACTION = re.compile(r"[-+]?(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?")
TIME = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:(?P<gap>[Tt ])(\d\d?):(\d\d?):(\d\d?)(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d)?)?"
)
SIXTIES = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
"""A number of base 60 to YAML 1.1: 12:30:45 is 45045."""

LEAST, LARGEST = -(2**63), 2**64 - 1
"""Whole numbers beyond these lose digits."""

LARGEST_OF_FLUX = 2**63 - 1
"""The same, in the place of a variable."""

NULL = "tag:yaml.org,2002:null"
TRUTH = "tag:yaml.org,2002:bool"
MERGE = "tag:yaml.org,2002:merge"
OTHER = "tag:yaml.org,2002:other"
"""Numbers, and all that may be one thing or another."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """
    What is made of text that one who reads it may take for something else.

    Args:
        found: what is made of it, as what follows "it is" in a sentence.

        next_step: what to write.
    """

    found: str
    next_step: str


class KustomizeLoader(yaml.CSafeLoader):
    """
    Reads text without quotes as kustomize does.

    Source:
        kubernetes-sigs/kustomize@kustomize/v5.8.1 (go.yaml.in/yaml/v3@v3.0.3)
    """

    # of its own: what it does not name is text
    yaml_implicit_resolvers: ClassVar[Any] = {}  # type: ignore[misc] # PyYAML keeps it on the class

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.ambiguous: list[tuple[int, str]] = []
        """Line, counted from 1, and text of what others read in another way."""

    def construct_other(self, node: yaml.ScalarNode) -> object:
        """
        Read a scalar that may be one thing or another.

        Args:
            node: of the document.

        Returns:
            A number or text; a time is text that kustomize writes anew.
        """
        if reading(node.value):
            self.ambiguous.append((node.start_mark.line + 1, node.value))
        value = number(node.value)
        return (time(node.value) or node.value) if value is None else value


def _resolvers() -> None:
    words = "|".join(sorted(TRUE | FALSE))
    numbers = f"{WHOLE.pattern}|{FRACTION.pattern}|{SIXTIES.pattern}|{TIME.pattern}"
    add = KustomizeLoader.add_implicit_resolver
    add(NULL, re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
    add(TRUTH, re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF"))
    add(OTHER, re.compile(rf"(?:{words})\Z"), list("yYnNoO"))
    add(OTHER, re.compile(rf"(?:{numbers})\Z"), list("+-.0123456789"))
    add(OTHER, re.compile(r"=\Z"), ["="])
    add(MERGE, re.compile(r"<<\Z"), ["<"])
    for tag in (OTHER, MERGE):
        KustomizeLoader.add_constructor(tag, KustomizeLoader.construct_other)


_resolvers()


def number(text: str) -> int | float | None:
    """
    The number that kustomize and Flux see in text without quotes.

    Args:
        text: as it is written.

    Returns:
        The number; None where they see text.

    Source:
        go.yaml.in/yaml/v2@v2.4.2:resolve.go, go.yaml.in/yaml/v3@v3.0.3:resolve.go (resolve)
    """
    if not text or text[0] not in "+-.0123456789":
        return None
    bare = text.replace("_", "")
    if WHOLE.fullmatch(text):
        digits = bare.lstrip("+-").lower()
        is_octal = len(digits) > 1 and digits.isdecimal() and digits[0] == "0"
        base = 8 if is_octal and not {"8", "9"} & set(digits) else 0 if not is_octal else 10
        try:
            value = int(bare, base)
            return value if LEAST <= value <= LARGEST else float(value)
        except (ValueError, OverflowError):  # 0x_, and more digits than anybody can read
            return None
    fraction = float(bare) if FRACTION.fullmatch(text) else math.inf
    if math.isinf(fraction):
        return None
    return int(fraction) if fraction.is_integer() and LEAST <= fraction <= LARGEST else fraction


def reading(text: str) -> Reading | None:
    """
    Find out whether text without quotes may be taken for something else than what is made of it.

    Args:
        text: as it is written.

    Returns:
        What is made of it; None where everybody agrees with what is written.
    """
    if text in TRUE | FALSE:
        other = "true" if text in TRUE else "false"
        found = f"text to kustomize, and {other} to kubectl and, in the place of a variable, to Flux"
        return Reading(found=found, next_step=f"write `{other}`, or quote it")
    value = number(text)
    if value is not None and (str(value) != text or value > LARGEST_OF_FLUX):
        is_other = str(value) != text
        shown, to_whom = (value, "") if is_other else (float(value), " to Flux")
        return Reading(found=f"the number {shown}{to_whom}", next_step=f"write `{shown}`, or quote it if it is text")
    moment = time(text)
    if moment not in {None, text}:
        return Reading(found=f"the time {moment} to kustomize", next_step="quote it")
    if SIXTIES.fullmatch(text):
        return Reading(found="text to Flux, and a number of base 60 to YAML 1.1", next_step="quote it")
    if text in {"=", "<<"}:
        return Reading(found="text to Flux, and a sign of YAML 1.1 to others", next_step="quote it")
    return None


def time(text: str) -> str | None:
    """
    The time that kustomize sees in text without quotes.

    Args:
        text: as it is written.

    Returns:
        What it writes in its place; None where it sees none.

    Source:
        go.yaml.in/yaml/v3@v3.0.3:resolve.go (parseTimestamp)
    """
    found = TIME.fullmatch(text)
    # without a zone it is one only where a blank stands in the middle, with a zone only where none does
    if found is None or (found["gap"] is not None and (found["gap"] == " ") == bool(found["zone"])):
        return None
    year, month, day, hour, minute, second = (int(each or 0) for each in found.group(1, 2, 3, 5, 6, 7))
    try:
        moment = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        return None
    fraction = (found["fraction"] or "").rstrip("0").removesuffix(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}{found['zone'] or 'Z'}"
