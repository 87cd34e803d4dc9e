"""A call of kubectl -> what kubectl would refuse, and what of it the tree does not know."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.docs import manifests
from tests.docs.flags import Refused, taken_apart
from tests.docs.shell import Call
from tests.docs.tree import CONDITIONS, KINDS, PATCHED, STATUS, Known

COMMON = "-n= --namespace="
SELECT = "-l= --selector= --field-selector= --all --all-namespaces -A"
VERBS = {
    "annotate": f"{COMMON} {SELECT} --overwrite",
    "apply": f"{COMMON} -f=",
    "config": "",
    "delete": f"{COMMON} --ignore-not-found",
    "describe": f"{COMMON} {SELECT}",
    "exec": f"{COMMON} -i -t -it -c=",
    "get": f"{COMMON} {SELECT} -o= --sort-by=",
    "logs": f"{COMMON} {SELECT} -c= --prefix --tail=",
    "patch": f"{COMMON} --type= -p=",
    "port-forward": COMMON,
    "scale": f"{COMMON} {SELECT} --replicas=",
    "wait": f"{COMMON} {SELECT} --for= --timeout=",
}
"""Verb -> the flags that the documentation may use. Source: kubernetes/kubectl@v0.32.4, `kubectl help`."""

STATUS_PATH = re.compile(r"\.status\.(\w+)")
DATA_PATH = re.compile(r"\.data\.(\w+)")


@dataclass(frozen=True, kw_only=True)
class Made:
    """
    What a page makes in the cluster with `kubectl apply -f -`.

    Args:
        names: pairs of a kind and a name.
    """

    names: frozenset[tuple[str, str]]


def made(calls: tuple[Call, ...]) -> Made:
    """What the calls of a page make."""
    documents = [document for call in calls for document in _applied(call)]
    return Made(names=frozenset((each["kind"], each["metadata"]["name"]) for each in documents))


def check(call: Call, known: Known, made_here: Made, root: Path) -> Iterator[str]:
    """What is wrong with a call; a Refused where kubectl would not even start."""
    arguments, inner = _split(call.arguments)
    verb = next((each for each in arguments if each in VERBS), "")
    if not verb:
        raise Refused(f"kubectl has no command {' '.join(arguments[:1])} that the documentation may use")
    before, after = arguments[: arguments.index(verb)], arguments[arguments.index(verb) + 1 :]
    words, flags = taken_apart((*before, *after), VERBS[verb])
    namespace = flags.get("-n", flags.get("--namespace", ""))
    if namespace and namespace not in known.namespaces:
        yield f"there is no namespace {namespace}"
    yield from _selector(flags, known)
    if verb == "config":
        return
    if verb == "apply":
        yield from _manifests(call, known, flags, root)
        return
    objects = _objects(words, verb)
    for kind, name in objects:
        if name and name not in known.names(kind) and (kind, name) not in made_here.names:
            yield f"nothing makes {kind} {name}"
    yield from _fields(verb, flags, objects, known)
    if verb == "exec":
        yield from _inner(inner, known)


def _split(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if "--" not in arguments:
        return arguments, ()
    middle = arguments.index("--")
    return arguments[:middle], arguments[middle + 1 :]


def _objects(words: tuple[str, ...], verb: str) -> tuple[tuple[str, str], ...]:
    """What a call is about, as pairs of a kind and a name ("" for every one)."""
    if not words:
        return (("Pod", ""),) if verb == "logs" else ()
    if verb == "exec" and "/" not in words[0]:
        return (("Pod", words[0]),)
    if "/" in words[0]:
        return tuple((_kind(each.partition("/")[0]), each.partition("/")[2]) for each in words if "/" in each)
    names = tuple(each for each in words[1:] if "=" not in each) or ("",)
    return tuple((_kind(kind), name) for kind in words[0].split(",") for name in names)


def _kind(word: str) -> str:
    if word not in KINDS:
        raise Refused(f"there is no resource {word}")
    return KINDS[word]


def _selector(flags: Mapping[str, str], known: Known) -> Iterator[str]:
    selector = flags.get("-l", flags.get("--selector", ""))
    if selector:
        key, _, value = selector.partition("=")
        if (key, value) not in known.labels:
            yield f"nothing carries the label {selector}"


def _fields(verb: str, flags: Mapping[str, str], objects: tuple[tuple[str, str], ...], known: Known) -> Iterator[str]:
    kinds = {kind for kind, _ in objects}
    paths = " ".join((flags.get("-o", ""), flags.get("--for", ""), flags.get("--field-selector", "")))
    for kind in kinds & set(STATUS):
        yield from (f"{kind} has no status {each}" for each in STATUS_PATH.findall(paths) if each not in STATUS[kind])
    if "Secret" in kinds:
        yield from (
            f"the Secret has no key {each}" for each in DATA_PATH.findall(paths) if each not in known.secret_keys
        )
    condition = re.match(r"condition=(\w+)", flags.get("--for", ""))
    if condition:
        for kind in kinds:
            if condition[1] not in CONDITIONS.get(kind, set()):
                yield f"{kind} has no condition {condition[1]} that says that it is done"
    if verb == "wait" and not ({"--for", "--timeout"} <= set(flags)):
        yield "waits without --for, or without an end"
    if verb == "patch":
        yield from _patch(flags, kinds)


def _patch(flags: Mapping[str, str], kinds: set[str]) -> Iterator[str]:
    if flags.get("--type") != "merge":
        yield "a custom resource takes no other patch than --type merge"
    try:
        patch = json.loads(flags.get("-p", ""))
    except ValueError:
        raise Refused("the patch is not JSON") from None
    for kind in kinds:
        yield from (
            f"a {kind} has no {path} to patch" for path in _paths(patch) if path not in PATCHED.get(kind, set())
        )


def _paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, f"{path}.{key}" if path else key)
    else:
        yield path


def _applied(call: Call) -> list[dict[str, Any]]:
    if call.program != "kubectl" or "apply" not in call.arguments or "-" not in call.arguments:
        return []
    return [document for document in yaml.safe_load_all(call.stdin) if document]


def _manifests(call: Call, known: Known, flags: Mapping[str, str], root: Path) -> Iterator[str]:
    if flags.get("-f") != "-":
        if not (root / flags.get("-f", "nothing")).exists():
            yield f"there is no {flags.get('-f')}"
        return
    documents = _applied(call)
    if not documents:
        yield "applies nothing"
    for document in documents:
        yield from manifests.check(document, known, documents)


def _inner(words: tuple[str, ...], known: Known) -> Iterator[str]:
    """The command that runs in a container; restic's own flags are checked with the real restic."""
    if not words:
        yield "runs nothing"
    elif words[0] == "wget" and not words[-1].startswith(known.settings["VOLSYNC_ENDPOINT"]):
        yield f"{words[-1]} is not the endpoint of the tree"
    elif words[0] not in {"ls", "restic", "sh", "tar", "wget"}:
        yield f"{words[0]} may not be in that image"
