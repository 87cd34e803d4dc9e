"""What is wrong with rendered objects -> findings with the file and line that the object comes from."""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from scripts.checks import RULES, flux
from scripts.document import Document, Location, mapping
from scripts.model import Finding, Resource
from scripts.render import Rendering
from scripts.render.references import FILE_NAMES, closure, references

VARIABLE = re.compile(r"\$\{([_a-zA-Z][_a-zA-Z0-9]*)")

ALLOWED = "allow.backup/"
"""An annotation `allow.backup/RULE: REASON` on an object takes it out of a rule."""

REASON_LENGTH = 10
"""Characters that a reason has at least: shorter than that is none."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """
    One thing that is wrong with a rendered object.

    Args:
        rule: the id of the rule that is broken.

        resource: the object.

        location: keys and indexes of the field in it, whether it is there or not.

        message: what was found and what is wanted, in one sentence.

        next_step: what to do, as an imperative.
    """

    rule: str
    resource: Resource
    location: Location
    message: str
    next_step: str


class Places:
    """
    Where rendered objects are written down.

    Args:
        documents: every document of the tree.

        rendering: of the same tree.

        origin: gives the file that an object comes from, relative to the root, "" where that is not known; asked only
            where more than one document may be the one.
    """

    def __init__(
        self,
        documents: tuple[Document, ...],
        rendering: Rendering,
        origin: Callable[[Resource], str] = lambda _: "",
    ) -> None:
        self._origin = origin
        self._entry_point = rendering.particulars.entry_point
        self._kustomizations = {each.name: each for each in rendering.kustomizations}
        self._by_file: dict[str, list[Document]] = {}
        for document in documents:
            self._by_file.setdefault(document.file, []).append(document)
        self._declarations = flux.declarations(documents)
        self._graph = {
            posixpath.dirname(each.file): references(each)
            for each in documents
            if posixpath.basename(each.file) in FILE_NAMES
        }
        self._within: dict[str, tuple[Document, ...]] = {}

    def line(self, resource: Resource, location: Location) -> tuple[str, int]:
        """
        Where a field of an object is set.

        Args:
            resource: the object.

            location: of the field.

        Returns:
            File and line: of the variable's value where the field is a variable that the Flux Kustomization sets, else
            of the template; the Flux Kustomization itself where the template is not known.
        """
        kustomization = self._kustomizations.get(resource.kustomization)
        applied_by = self._declarations.get(kustomization.name) if kustomization else None
        template = self._template(resource)
        if template is None:
            if applied_by is None:
                return self._entry_point, 0
            return applied_by.file, applied_by.line("metadata", "name")
        value = template.get(*location) if location else None
        # APP is in most names: only a variable that is all of the value is where the fault can be
        text = value if isinstance(value, str) else ""
        for name in () if _literal(text).strip() else VARIABLE.findall(text):
            variable = ("spec", "postBuild", "substitute", name)
            if applied_by is not None and applied_by.get(*variable) is not None:
                return applied_by.file, applied_by.line(*variable)
        return template.file, template.line(*location)

    def _template(self, resource: Resource) -> Document | None:
        same_kind = [
            each
            for each in self._below(resource.kustomization)
            if each.kind == resource.id.kind and each.api_version == resource.id.api_version
        ]
        same_name = [each for each in same_kind if _pattern(each.name).fullmatch(resource.id.name)]
        if len(same_name) == 1:
            return same_name[0]
        # a patch looks like what it patches, and a name may be changed while it is built
        file = self._origin(resource)
        in_file = [each for each in same_name or same_kind if each.file == file] or self._by_file.get(file, [])
        candidates = in_file or same_name
        if candidates:
            return max(candidates, key=lambda each: len(_literal(each.name)))
        return same_kind[0] if len(same_kind) == 1 else None

    def _below(self, applied_by: str) -> tuple[Document, ...]:
        kustomization = self._kustomizations.get(applied_by)
        folder = kustomization.path.as_posix() if kustomization else applied_by
        if folder not in self._within:
            paths = sorted(closure(folder, self._graph))
            self._within[folder] = tuple(each for path in paths for each in self._by_file.get(path, ()))
        return self._within[folder]


def settle(faults: Iterator[Fault], places: Places) -> tuple[tuple[Finding, ...], int]:
    """
    Leave one finding for each line that is at fault, and none where an annotation allows it and says why.

    Args:
        faults: about objects of one rendering; of many that come from one line the first one is told.

        places: of the same rendering.

    Returns:
        The findings by file and line, and how many faults were allowed.
    """
    grouped: dict[tuple[str, int, str, int], list[Fault]] = {}
    allowed = 0
    for fault in faults:
        if len(reason(fault.resource, fault.rule)) >= REASON_LENGTH:
            allowed += 1
            continue
        file, line = places.line(fault.resource, fault.location)
        number = 0
        # two faults of one object are two, also where both are told of the line around them
        while any(each.resource is fault.resource for each in grouped.get((file, line, fault.rule, number), ())):
            number += 1
        grouped.setdefault((file, line, fault.rule, number), []).append(fault)
    return tuple(_finding(*key[:2], grouped[key]) for key in sorted(grouped)), allowed


def reason(resource: Resource, rule: str) -> str:
    """
    Why an object is taken out of a rule.

    Args:
        resource: the object.

        rule: its id.

    Returns:
        What the annotation says; "" where there is none.
    """
    return _annotations(resource).get(f"{ALLOWED}{rule}", "").strip()


def check_exemptions(resources: tuple[Resource, ...]) -> Iterator[Fault]:
    """
    Check that each annotation which takes an object out of a rule names a rule and says why.

    Args:
        resources: every rendered object.

    Yields:
        One fault for each that does not.
    """
    for resource in resources:
        for name, value in _annotations(resource).items():
            rule = name.removeprefix(ALLOWED)
            if rule == name or (rule in RULES and len(value.strip()) >= REASON_LENGTH):
                continue
            found = f"names {rule}, which is no rule" if rule not in RULES else "does not say why"
            yield Fault(
                rule="exemption",
                resource=resource,
                location=("metadata", "annotations", name),
                message=f"{resource.id} has an annotation {name} that {found}",
                next_step=f"write `{ALLOWED}RULE: REASON`, with a rule of docs/reference/rules.md",
            )


def _annotations(resource: Resource) -> Mapping[str, str]:
    annotations = mapping(mapping(resource.document.get("metadata")).get("annotations"))
    return {str(name): str(value) for name, value in annotations.items()}


def _finding(file: str, line: int, faults: list[Fault]) -> Finding:
    others = sorted({str(each.resource.id) for each in faults[1:]} - {str(faults[0].resource.id)})
    more = f" (and {len(others)} more: {', '.join(others[:3])}{', ...' if len(others) > 3 else ''})" if others else ""
    return Finding(
        rule=faults[0].rule,
        file=file,
        line=line,
        message=f"{faults[0].message}{more}",
        next_step=faults[0].next_step,
    )


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it is a variable; a default may hold further variables."""
    index = 0
    while (start := text.find("${", index)) >= 0:
        yield text[index:start], False
        depth, end = 1, start + 2
        while end < len(text) and depth:
            depth += 1 if text.startswith("${", end) else -1 if text[end] == "}" else 0
            end += 1
        yield text[start:end], True
        index = end
    yield text[index:], False


def _literal(text: str) -> str:
    return "".join(piece for piece, is_variable in _pieces(text) if not is_variable)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join(".*" if is_variable else re.escape(piece) for piece, is_variable in _pieces(text)))
