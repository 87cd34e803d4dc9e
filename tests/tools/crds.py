"""A CustomResourceDefinition -> the JSON Schema that an API server would hold an object against."""

import yaml

CONTROLLER_ONLY = "oldSelf"
"""A rule about a change of an object says nothing of one that is made."""

ONE_OF_KUBE_CONFIG = {"oneOf": [{"required": ["configMapRef"]}, {"required": ["secretRef"]}]}
NO_WAIT_BUT_RETRY = {
    "if": {"required": ["retryInterval"]},
    "then": {"properties": {"name": {"const": "RetryOnFailure"}}},
}

EXPRESSIONS = {
    "has(self.configMapRef) || has(self.secretRef)": ONE_OF_KUBE_CONFIG,
    "!has(self.configMapRef) || !has(self.secretRef)": ONE_OF_KUBE_CONFIG,
    "(has(self.chart) && !has(self.chartRef)) || (!has(self.chart) && has(self.chartRef))": {
        "oneOf": [{"required": ["chart"]}, {"required": ["chartRef"]}]
    },
    "!has(self.retryInterval) || self.name != 'RemediateOnFailure'": NO_WAIT_BUT_RETRY,
    "!has(self.retryInterval) || self.name == 'RetryOnFailure'": NO_WAIT_BUT_RETRY,
    "!has(self.serviceAccountName) || (has(self.provider) && (self.provider == 'azure' || self.provider == 'aws'))": {
        "if": {"required": ["serviceAccountName"]},
        "then": {"required": ["provider"], "properties": {"provider": {"enum": ["azure", "aws"]}}},
    },
    "(has(self.volumeHandle) && !has(self.snapshotHandle)) || (!has(self.volumeHandle) && has(self.snapshotHandle))": {
        "oneOf": [{"required": ["volumeHandle"]}, {"required": ["snapshotHandle"]}]
    },
    "(has(self.volumeSnapshotContentName) && !has(self.persistentVolumeClaimName)) || "
    "(!has(self.volumeSnapshotContentName) && has(self.persistentVolumeClaimName))": {
        "oneOf": [{"required": ["volumeSnapshotContentName"]}, {"required": ["persistentVolumeClaimName"]}]
    },
    "has(self.name) && has(self.__namespace__)": {"required": ["name", "namespace"]},
    "size(self) > 0": {"minLength": 1},
}
"""An expression of x-kubernetes-validations -> the same in JSON Schema; one that is not here stops the tests."""

KEPT = (
    *("type", "enum", "pattern", "required", "minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength"),
    *("minProperties", "maxProperties"),
)
BOUNDS = {"int32": 2**31, "int64": 2**63}


def definitions(folder):
    """(apiVersion, kind) -> what its definition says, for every version that is served."""
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        definition = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["spec"]
        for version in definition["versions"]:
            if version["served"]:
                api_version = f"{definition['group']}/{version['name']}"
                found[api_version, definition["names"]["kind"]] = version["schema"]["openAPIV3Schema"]
    return found


def schema(definition):
    """The JSON Schema of what a definition says of all but the metadata and the status."""
    found = convert(definition)
    found["properties"] |= {name: {"type": "object"} for name in ("metadata", "status") if name in found["properties"]}
    return found


def convert(node):
    found = {name: node[name] for name in KEPT if name in node}
    if "pattern" in found:
        # Go takes a flag in the middle
        found["pattern"] = found["pattern"].replace("^(?i)", "(?i)^")
    if node.get("x-kubernetes-int-or-string"):
        found["type"] = ["integer", "string"]
    if node.get("format") in BOUNDS:
        bound = BOUNDS[node["format"]]
        found |= {
            "minimum": max(-bound, node.get("minimum", -bound)),
            "maximum": min(bound - 1, node.get("maximum", bound)),
        }
    elif node.get("format") == "date-time":
        found["format"] = "date-time"
    if isinstance(node.get("items"), dict):
        found["items"] = convert(node["items"])
    _close(node, found)
    if node.get("nullable") or "default" in node:
        # null in the place of a default is taken away before anything is checked
        types = found["type"] if isinstance(found["type"], list) else [found["type"]]
        found |= {"type": [*types, "null"]} | ({"enum": [*found["enum"], None]} if "enum" in found else {})
    for each in node.get("x-kubernetes-validations", ()):
        if CONTROLLER_ONLY not in each["rule"]:
            found.setdefault("allOf", []).append(EXPRESSIONS[each["rule"]])
    return found


def _close(node, found):
    if node.get("type") != "object" and "properties" not in node:
        return
    properties = node.get("properties", {})
    found["properties"] = {name: convert(each) for name, each in properties.items()}
    # a default is filled in before anything is checked
    found["required"] = [name for name in node.get("required", ()) if "default" not in properties.get(name, {})]
    rest = node.get("additionalProperties")
    if isinstance(rest, dict):
        found["additionalProperties"] = convert(rest)
    elif not rest and not node.get("x-kubernetes-preserve-unknown-fields"):
        found["additionalProperties"] = False
