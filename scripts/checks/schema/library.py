"""The files of schemas/ and the definitions of the package kubernetes-validate -> one schema for each kind of object."""

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast
from urllib.parse import urldefrag, urljoin

import jsonschema_rs

from scripts.settings import REPOSITORY_ROOT

FOLDER = REPOSITORY_ROOT / "schemas"
KUBERNETES_VERSION = "1.33"
"""Of the cluster that the tree is for."""

PACKAGE = "kubernetes_validate"
PACKAGE_FILE = f"kubernetes-json-schema/v{KUBERNETES_VERSION}.0-local-strict/_definitions.json"
PATCHES = ("kubernetes.json", "embedded.json")
ADDRESS = "file:///schemas/"
"""What references are read against; nothing is read there, nor over a network."""

ANY_NAME = frozenset({"rbac.authorization.k8s.io"})
"""Groups whose objects have names that may hold more than those of others."""

BOUNDS: Mapping[str, int] = {"int32": 2**31, "int64": 2**63}

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Node:
    """
    A schema that stands somewhere in a file.

    Args:
        address: of the file, against which its references are read.

        schema: what stands there.
    """

    address: str
    schema: Json


class Library:
    """
    The schemas of some kinds of objects.

    Args:
        kinds: apiVersion and kind of each.

        folder: of the custom resources' schemas, as <group>/<kind>_<version>.json.
    """

    def __init__(self, kinds: frozenset[tuple[str, str]], folder: Path = FOLDER) -> None:
        self._folder = folder
        self._kinds = kinds
        self._validators: dict[tuple[str, str], jsonschema_rs.Draft202012Validator] = {}

    @cached_property
    def core(self) -> Mapping[tuple[str, str], str]:
        """ApiVersion and kind -> the definition of it, for what every cluster has."""
        found: dict[tuple[str, str], str] = {}
        for name, definition in _package().items():
            for each in definition.get("x-kubernetes-group-version-kind", ()):
                group = f"{each['group']}/" if each["group"] else ""
                # of the many that options of calls have, the first is the definition's own
                found.setdefault((f"{group}{each['version']}", each["kind"]), name)
        return found

    @cached_property
    def groups(self) -> frozenset[str]:
        """The groups whose kinds every cluster has; "" for the core group."""
        return frozenset(group_of(api_version) for api_version, _ in self.core)

    def root(self, api_version: str, kind: str) -> Node | None:
        """
        The schema of a kind.

        Args:
            api_version: group and version.

            kind: for example "ReplicationSource".

        Returns:
            It, not yet followed; None where there is none.
        """
        if definition := self.core.get((api_version, kind)):
            name = "anyName" if group_of(api_version) in ANY_NAME else "metadata"
            parts: list[Json] = [
                {"$ref": f"kubernetes.json#/$defs/{definition}"},
                {
                    "required": ["apiVersion", "kind", "metadata"],
                    "properties": {"metadata": {"$ref": f"definitions.json#/$defs/{name}"}},
                },
            ]
            return Node(address=ADDRESS, schema={"allOf": parts})
        path = custom_resource(api_version, kind)
        if path not in self.files:
            return None
        return Node(address=ADDRESS + path, schema=self.files[path])

    def kinds(self, group: str) -> tuple[str, ...]:
        """
        The kinds of a custom resource's group.

        Args:
            group: of an apiVersion.

        Returns:
            Those that have a schema.
        """
        within = (self.files[path] for path in sorted(self.files) if posixpath.dirname(path) == group)
        consts = (each.get("properties", {}).get("kind", {}).get("const") for each in within)
        return tuple(kind for kind in consts if kind)

    def validator(self, api_version: str, kind: str) -> jsonschema_rs.Draft202012Validator | None:
        """
        The compiled schema of a kind.

        Args:
            api_version: group and version.

            kind: for example "ReplicationSource".

        Returns:
            It; None where there is no schema.
        """
        identity = api_version, kind
        if identity not in self._validators:
            root = self.root(api_version, kind)
            if root is None:
                return None
            self._validators[identity] = jsonschema_rs.Draft202012Validator(
                dict(root.schema), registry=self._registry, base_uri=root.address, validate_formats=True, offline=True
            )
        return self._validators[identity]

    def follow(self, node: Node, reference: str) -> Node:
        """
        What a reference leads to.

        Args:
            node: that has it.

            reference: a file and a place in it, as `$ref` has them.

        Returns:
            What stands there.
        """
        return self.at(urljoin(node.address, reference))

    def at(self, address: str) -> Node:
        """
        What stands at an address.

        Args:
            address: of a file, and a place in it.

        Returns:
            What stands there.
        """
        file, place = urldefrag(address)
        found: Any = self.files.get(file.removeprefix(ADDRESS), {})
        for step in place.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found[int(name)] if isinstance(found, list) else found[name]
        return Node(address=file, schema=cast("Json", found))

    @cached_property
    def files(self) -> Mapping[str, Json]:
        """Path below ADDRESS -> the file there; that of the core kinds is made of the package's definitions."""
        own = {
            path.relative_to(self._folder).as_posix(): json.loads(path.read_bytes())
            for path in sorted(self._folder.rglob("*.json"))
        }
        core, embedded = (own[name] for name in PATCHES)
        wanted = [self.core[each] for each in sorted(self._kinds & self.core.keys())]
        metadata = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
        known = _patched(_bounded(_closure(_package(), [*wanted, metadata])), core)
        roots = [name for name in embedded if not name.startswith("$")]
        within = _bounded(_closure(_package(), roots))
        own["kubernetes.json"] = {"$defs": known}
        own["embedded.json"] = {"$defs": _patched(_without_null(_patched(within, core)), embedded)}
        return own

    @cached_property
    def _registry(self) -> jsonschema_rs.Registry:
        return jsonschema_rs.Registry([(ADDRESS + path, dict(each)) for path, each in self.files.items()])


def group_of(api_version: str) -> str:
    """
    The group of an apiVersion.

    Args:
        api_version: group and version.

    Returns:
        The group; "" for the core group.
    """
    return api_version.rpartition("/")[0]


def custom_resource(api_version: str, kind: str) -> str:
    """
    Where the schema of a custom resource stands.

    Args:
        api_version: group and version.

        kind: for example "ReplicationSource".

    Returns:
        A path in schemas/, whether it is there or not.
    """
    group, _, version = api_version.rpartition("/")
    return f"{group}/{kind.lower()}_{version}.json"


@cache
def _package() -> Mapping[str, Json]:
    found = find_spec(PACKAGE)  # to import it takes longer than all that is done with its files
    assert found is not None and found.submodule_search_locations  # noqa: S101, PT018 - it is in requirements.txt
    path = Path(found.submodule_search_locations[0]) / PACKAGE_FILE
    return cast("Mapping[str, Json]", json.loads(path.read_bytes())["$defs"])


def _closure(definitions: Mapping[str, Json], names: list[str]) -> dict[str, Json]:
    """The definitions of these names and all that they refer to; the rest would only have to be compiled."""
    found: dict[str, Json] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = definitions[name]
            waiting += _references(definitions[name])
    return found


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "$ref" and isinstance(each, str):
                yield each.rpartition("/")[2]
            else:
                yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _patched(definitions: Mapping[str, Json], patch: Json) -> dict[str, Json]:
    return {name: _merged(each, patch.get(name, {})) for name, each in definitions.items()}


def _merged(value: Json, patch: Json) -> Json:
    """RFC 7386."""
    found = dict(value)
    for name, each in patch.items():
        if each is None:
            found.pop(name, None)
        elif isinstance(each, dict):
            before = found.get(name)
            found[name] = _merged(before if isinstance(before, dict) else {}, each)
        else:
            found[name] = each
    return found


def _bounded(value: Any) -> Any:  # noqa: ANN401 - a schema is any JSON
    """A format of a number says nothing to a validator."""
    if isinstance(value, list):
        return [_bounded(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {name: _bounded(each) for name, each in value.items()}
    bound = BOUNDS.get(str(value.get("format")))
    return found if bound is None else {"minimum": -bound, "maximum": bound - 1, **found}


def _without_null(value: Any) -> Any:  # noqa: ANN401 - a schema is any JSON
    """A custom resource may not hold null where the API server takes it from a kind of its own."""
    if isinstance(value, dict):
        return {name: _without_null(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_null(each) for each in value if each is not None and each != "null"]
    return value
