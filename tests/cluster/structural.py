"""
A schema of schemas/ -> the structural schema that a CustomResourceDefinition holds.

What a structural schema cannot say is left out: a field that is not known is pruned and not refused, as on a real cluster.

Source: kubernetes/apiextensions-apiserver@v0.33.13:pkg/apiserver/schema (structural.go, validation.go)
"""

import json
import posixpath
from urllib.parse import urldefrag

from scripts.cluster import Kind, Object
from scripts.settings import REPOSITORY_ROOT

FOLDER = REPOSITORY_ROOT / "schemas"
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
KEPT = frozenset(
    {
        *("enum", "format", "maximum", "maxItems", "maxLength", "maxProperties"),
        *("minimum", "minItems", "minLength", "minProperties", "pattern", "required"),
    }
)
OF_KUBERNETES = ("embedded.json", "kubernetes.json")
"""Files of definitions that come from Kubernetes' own; the API server of the tests takes whatever is there."""


def schema_of(kind: Kind) -> Object:
    """
    The structural schema of a custom resource.

    Args:
        kind: of which.

    Returns:
        What schemas/ says of its spec, with any status; one that takes every field where schemas/ says nothing.
    """
    group, _, version = kind.api_version.partition("/")
    address = f"{group}/{kind.kind.lower()}_{version}.json"
    if not (FOLDER / address).is_file():
        return ANYTHING
    document = _file(address)
    fields = {
        name: _converted(each, address)
        for name, each in document["properties"].items()
        if name not in {"apiVersion", "kind", "metadata"}
    }
    required = [name for name in document.get("required", ()) if name in fields]
    return {
        "type": "object",
        "properties": {**fields, "status": ANYTHING},
        **({"required": required} if required else {}),
    }


def _file(address: str) -> Object:
    return json.loads((FOLDER / address).read_text(encoding="utf-8"))


def _converted(node: Object, address: str) -> Object:
    if "$ref" in node:
        return _referred(node, address)
    types = node.get("type")
    made: Object = {name: value for name, value in node.items() if name in KEPT}
    if "const" in node:
        made["enum"] = [node["const"]]
    if isinstance(types, list):
        made["x-kubernetes-int-or-string"] = True
        return made
    made["type"] = types or ("object" if "properties" in node else "string" if "enum" in made else "")
    if not made["type"]:
        return {"x-kubernetes-preserve-unknown-fields": True}
    if "properties" in node:
        made["properties"] = {name: _converted(each, address) for name, each in node["properties"].items()}
    elif isinstance(node.get("additionalProperties"), dict):
        made["additionalProperties"] = _converted(node["additionalProperties"], address)
    elif made["type"] == "object":
        made |= ANYTHING
    if "items" in node:
        made["items"] = _converted(node["items"], address)
    return made


def _referred(node: Object, address: str) -> Object:
    file, fragment = urldefrag(node["$ref"])
    target = posixpath.normpath(posixpath.join(posixpath.dirname(address), file)) if file else address
    if target in OF_KUBERNETES:
        return ANYTHING
    found = _file(target)
    for part in fragment.strip("/").split("/"):
        found = found[part]
    beside = {name: value for name, value in node.items() if name != "$ref"}
    return _converted({**found, **beside}, target)
