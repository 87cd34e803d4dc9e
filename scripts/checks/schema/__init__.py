"""
Rendered objects -> fields that are none, that are missing, or that hold what they may not.

    library    the files of schemas/ and those of the package kubernetes-validate
    fields     what was meant with a field that is none
    plain      what YAML knows and JSON does not
    sentences  what is wrong, in words
"""

import dataclasses
import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from scripts.checks.fault import REASON_LENGTH, Fault, reason
from scripts.checks.objects import Objects, fault
from scripts.checks.schema.fields import read
from scripts.checks.schema.library import KUBERNETES_VERSION, Library, group_of
from scripts.checks.schema.plain import plain
from scripts.checks.schema.sentences import QUOTE, Said, sentences
from scripts.document import Location, mapping
from scripts.model import Resource, ResourceId

OTHER_KINDS: Mapping[str, frozenset[str]] = {
    "external-secrets.io": frozenset(
        {"ClusterExternalSecret", "ClusterPushSecret", "ClusterSecretStore", "PushSecret", "SecretStore"}
    ),
    "helm.toolkit.fluxcd.io": frozenset(),
    "kustomize.toolkit.fluxcd.io": frozenset(),
    "monitoring.coreos.com": frozenset(
        {"Alertmanager", "AlertmanagerConfig", "PodMonitor", "Prometheus", "PrometheusAgent"}
        | {"ScrapeConfig", "ThanosRuler"}
    ),
    "snapshot.storage.k8s.io": frozenset(),
    "source.toolkit.fluxcd.io": frozenset({"Bucket", "ExternalArtifact", "HelmChart"}),
    "volsync.backube": frozenset(),
}
"""Group of which some kinds have a schema here -> its kinds that have none."""

QUOTE_VARIABLE = "write `${quote}${NAME}${quote}`, with `quote: '\"'` beside NAME: kustomize takes other quotes away"
"""How a variable becomes text: kustomize leaves quotes only where it would itself read something else without them."""

DURATIONS = frozenset({"for", "interval", "keep_firing_for", "query_offset"})
"""Fields of a PrometheusRule that promtool takes for no number."""


__all__ = ["QUOTE", "QUOTE_VARIABLE", "Checked", "check"]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """
    What the schemas say of the objects of a tree.

    Args:
        faults: what is wrong.

        meant: the objects as they should have been written where that is clear, so that nothing follows from such a fault.

        judged: objects and the locations in them of the other faults.

        unchecked: kinds that no schema is held for, each with the number of its objects.
    """

    faults: tuple[Fault, ...]
    meant: Objects
    judged: Mapping[ResourceId, tuple[Location, ...]]
    unchecked: Mapping[str, int]

    @property
    def subject(self) -> str:
        """How many objects were held against a schema, and which were not."""
        without = sum(self.unchecked.values())
        kinds = ", ".join(self.unchecked)
        rest = f" ({without} more have none: {kinds})" if without else ""
        return f"{len(self.meant.resources) - without} objects{rest}"

    def beside(self, others: tuple[Fault, ...]) -> Iterator[Fault]:
        """
        What the schemas alone say.

        Args:
            others: faults that rules about one subject found, which say more of a field than its schema can.

        Yields:
            The faults of other fields, and those that an annotation takes out of such a rule.
        """
        told = {(each.resource.id, each.location) for each in others if not _is_allowed(each.resource, each.rule)}
        yield from (each for each in self.faults if (each.resource.id, each.location) not in told)

    def independent(self, others: tuple[Fault, ...]) -> Iterator[Fault]:
        """
        Leave out what only follows from a fault that the schemas tell.

        Args:
            others: faults that another check found.

        Yields:
            Those of fields that neither stand within one that is at fault, nor around one.
        """
        for each in others:
            inner = [location for location in self.judged.get(each.resource.id, ()) if location != each.location]
            pairs = [(each.location, location) for location in inner if each.location]
            if not any(one[: len(other)] == other or other[: len(one)] == one for one, other in pairs):
                yield each


def check(objects: Objects) -> Checked:
    """
    Hold every object against the schema of its kind.

    Args:
        objects: of the tree.

    Returns:
        What is wrong, and what was not checked.
    """
    kinds = Counter((each.id.api_version, each.id.kind) for each in objects.resources)
    library = Library(frozenset(kinds))
    faults: list[Fault] = []
    judged: dict[ResourceId, tuple[Location, ...]] = {}
    mended: dict[int, Resource] = {}
    for index, each in enumerate(objects.resources):
        said = tuple(one for one in _examine(library, each) if not _is_told_elsewhere(each, one))
        if not said:
            continue
        faults += [fault(one.rule, each, one.location, one.found, one.next_step) for one in said]
        judged[each.id] = tuple(one.location for one in said if not one.meant and not _is_allowed(each, one.rule))
        mended[index] = dataclasses.replace(each, document=_mended(each.document, said))
    resources = tuple(mended.get(index, each) for index, each in enumerate(objects.resources))
    unchecked: Counter[str] = Counter()
    for (api_version, kind), count in kinds.items():
        if kind and not library.root(api_version, kind):
            unchecked[kind] += count
    return Checked(
        faults=tuple(faults),
        meant=Objects(resources=resources, externals=objects.externals) if mended else objects,
        judged=judged,
        unchecked=dict(sorted(unchecked.items())),
    )


def _is_allowed(resource: Resource, rule: str) -> bool:
    return len(reason(resource, rule)) >= REASON_LENGTH


def _is_told_elsewhere(resource: Resource, said: Said) -> bool:
    """What promtool and the check of HelmRepositories read for themselves; they read text where a number stands."""
    if resource.id.kind == "HelmRepository":
        return said.location == ("spec", "url")
    if resource.id.kind != "PrometheusRule" or said.location[:2] != ("spec", "groups"):
        return False
    is_entry = said.location[-2:-1] in {("annotations",), ("labels",)}
    is_number = isinstance(read(resource.document, said.location), bool | int | float)
    return not is_entry and (not is_number or said.location[-1] in DURATIONS or said.keyword != "type")


def _examine(library: Library, resource: Resource) -> Iterator[Said]:
    api_version, kind = resource.id.api_version, resource.id.kind
    for name in ("apiVersion", "kind"):
        if not resource.document.get(name):
            yield Said(rule="schema-missing", location=(name,), found=f"has no {name}", next_step=f"add {name}")
        elif not isinstance(resource.document[name], str):
            found = f"has {name}: {resource.document[name]}, which is no text"
            yield Said(rule="schema-value", location=(name,), found=found, next_step=f"write {name} as text")
            return
    if not api_version or not kind:
        return
    validator = library.validator(api_version, kind)
    if validator is None:
        yield from _unknown_kind(library, api_version, kind)
        return
    document: Any = resource.document
    try:
        errors = list(validator.iter_errors(document))
    except ValueError:
        # something that YAML knows and JSON does not
        document, strange = plain(document)
        yield from strange
        told = {each.location for each in strange}
        errors = [each for each in validator.iter_errors(document) if tuple(each.instance_path) not in told]
    if errors:
        yield from sentences(library, document, errors)


def _unknown_kind(library: Library, api_version: str, kind: str) -> Iterator[Said]:
    group = group_of(api_version)
    others = OTHER_KINDS.get(group)
    if group in library.groups:
        versions = sorted(version for version, other in library.core if other == kind)
        names = sorted(name for version, name in library.core if version == api_version and not name.endswith("List"))
        near = difflib.get_close_matches(kind, names, 1)
        found = f"is none of the kinds that Kubernetes {KUBERNETES_VERSION} has in {api_version}"
        if versions:
            yield _no_kind(("apiVersion",), found, f"write `apiVersion: {versions[-1]}`")
        else:
            yield _no_kind(("kind",), found, f"write `kind: {near[0]}`" if near else "correct kind or apiVersion")
    elif others is not None and kind not in {*others, *library.kinds(group)}:
        names = sorted({*others, *library.kinds(group)})
        near = difflib.get_close_matches(kind, names, 1)
        found = f"is none of the kinds that {group} has: {', '.join(names)}"
        yield _no_kind(("kind",), found, f"write `kind: {near[0]}`" if near else "write one of them")


def _no_kind(location: Location, found: str, next_step: str) -> Said:
    return Said(rule="schema-kind", location=location, found=found, next_step=next_step)


def _mended(document: Mapping[str, Any], said: tuple[Said, ...]) -> Mapping[str, Any]:
    found: Any = document
    for each in said:
        if each.meant is None:
            continue
        if each.meant.location == each.location:
            found = _put(found, each.location, each.meant.value)
        elif read(found, each.meant.location) is None:
            found = _put(_without(found, each.location), each.meant.location, each.meant.value)
    return cast("Mapping[str, Any]", found)


def _put(value: object, location: Location, new: object) -> object:
    """A copy of what stands on the way to a location, with another value there."""
    step, rest = location[0], location[1:]
    found: Any = list(value) if isinstance(value, list) else dict(mapping(value))
    found[step] = _put(read(found, (step,)), rest, new) if rest else new
    return found


def _without(value: object, location: Location) -> object:
    """A copy of what stands on the way to a location, with nothing there."""
    *around, name = location
    left = {key: each for key, each in mapping(read(value, tuple(around))).items() if key != name}
    return _put(value, tuple(around), left) if around else left
