"""A call of a program -> what that program, or the cluster behind it, would refuse."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from scripts.checks.docs import own
from scripts.provision.credentials import LABELS, SECRET_LENGTH
from scripts.settings import REPOSITORY_ROOT
from tests.docs import kubectl
from tests.docs.flags import Refused, taken_apart
from tests.docs.kubectl import Made
from tests.docs.shell import HARMLESS, MARKERS, Call
from tests.docs.tree import Known

FREE = {"openssl", "tar", *HARMLESS}
"""What needs no check of its own."""

FLUX = {
    ("get", "kustomizations"): "-n --namespace -A",
    ("get", "helmreleases"): "-n --namespace -A",
    ("reconcile", "kustomization"): "-n --namespace --with-source",
    ("resume", "kustomization"): "-n --namespace --timeout=",
    ("suspend", "kustomization"): "-n --namespace",
}
"""Source: fluxcd/flux2@v2.9.5, `flux help`."""

MC = {
    ("admin", "policy", "attach"): "--user=",
    ("admin", "policy", "create"): "",
    ("admin", "user", "add"): "",
    ("admin", "user", "info"): "",
    ("alias", "set"): "",
    ("cp",): "--recursive --rewind=",
    ("du",): "--versions",
    ("ilm", "rule", "add"): "--noncurrent-expire-days= --expire-delete-marker",
    ("ilm", "rule", "ls"): "",
    ("ls",): "--recursive --versions",
    ("mb",): "--ignore-existing",
    ("rm",): "--recursive --force",
    ("version", "enable"): "",
    ("version", "info"): "",
}
"""Source: minio/mc@RELEASE.2025-08-13, `mc help`; each was run."""

MOST_ARGUMENTS = {("alias", "set"): 2, ("admin", "user", "add"): 2}
"""One more would be a key, which mc reads from its standard input instead."""

OP = {
    ("item", "create"): "--vault= --template=",
    ("item", "edit"): "--vault=",
    ("item", "get"): "--vault=",
    ("read",): "",
    ("run",): "",
}
"""Source: 1Password CLI 2, reference of `op item`, `op read` and `op run`."""

CURL_FLAGS = "-f -k -o= -s -S -w= -fsS -sk"


COMMANDS = own.read(*((REPOSITORY_ROOT / name).read_text(encoding="utf-8") for name in ("tasks.py", "noxfile.py")))


@dataclass(frozen=True, kw_only=True)
class Context:
    """
    What a call is judged by.

    Args:
        known: the tree.

        made: what the page itself makes in the cluster.

        root: of the checkout.
    """

    known: Known
    made: Made
    root: Path


def check(call: Call, context: Context) -> tuple[str, ...]:
    """What is wrong with a call; nothing where it is right."""
    found = [f"{each!r} is a secret on a command line" for each in call.arguments if any(m in each for m in MARKERS)]
    try:
        found += _checked(call, context)
    except Refused as refused:
        found.append(str(refused))
    return tuple(f"`{call}`: {each}" for each in found)


def _checked(call: Call, context: Context) -> Iterator[str]:
    match call.program:
        case "kubectl":
            yield from kubectl.check(call, context.known, context.made, context.root)
        case "flux":
            yield from _flux(call, context.known)
        case "mc":
            yield from _mc(call, context.known)
        case "op":
            yield from _op(call, context.known)
        case "invoke" | "nox":
            yield from own.check(call.program, call.arguments, COMMANDS)
        case "python" | "python3":
            if call.arguments != ("bootstrap.py",):
                yield "is not a way to set up"
        case "curl":
            yield from _curl(call, context.known)
        case "aws":
            yield "is to be run by `op run`"
        case program if program not in FREE:
            yield "is checked by nothing"


def _flux(call: Call, known: Known) -> Iterator[str]:
    command, rest = _command(call, FLUX)
    words, flags = taken_apart(rest, FLUX[command].replace("--namespace", "--namespace=").replace("-n ", "-n= "))
    namespace = flags.get("-n", flags.get("--namespace", "flux-system"))
    if namespace not in known.namespaces:
        yield f"there is no namespace {namespace}"
    names = known.kustomizations if command[1].startswith("kustomization") else known.names("HelmRelease")
    yield from (f"there is no {command[1]} {word}" for word in words if word not in names)
    if command[0] != "get" and not words:
        yield "needs a name"


def _mc(call: Call, known: Known) -> Iterator[str]:
    command, rest = _command(call, MC)
    words, _flags = taken_apart(rest, MC[command])
    if len(words) > MOST_ARGUMENTS.get(command, 9):
        yield "puts a key on the command line"
    if command == ("alias", "set"):
        if words[1:] != (known.settings["VOLSYNC_ENDPOINT"],):
            yield f"{words[1:]} is not the endpoint of the tree"
        return
    if command == ("admin", "user", "add") and known.settings["VOLSYNC_MINIO_USER"] not in call.stdin.splitlines()[:1]:
        yield "is not given the tree's user first"
    if command[:2] == ("admin", "policy") and words[1] != known.settings["VOLSYNC_MINIO_POLICY"]:
        yield f"{words[1]} is not the policy of the tree"
    for word in words[:1] if command[0] == "admin" else words:
        alias, _, path = word.partition("/")
        if alias not in {"apps", "movers"}:
            yield f"{alias} is no alias that the page makes"
        if path and path.split("/")[0] != known.settings["VOLSYNC_BUCKET"]:
            yield f"{path} is not in the bucket of the tree"


def _op(call: Call, known: Known) -> Iterator[str]:
    command, rest = _command(call, OP)
    vault, item = known.settings["VOLSYNC_VAULT"], known.settings["VOLSYNC_ITEM"]
    if command == ("run",):
        if rest[:2] != ("--", "aws"):
            yield "runs something else than the AWS CLI"
        return
    words, flags = taken_apart(rest, OP[command])
    if command == ("read",):
        yield from (f"{word} is no field of the item" for word in words if word not in _references(vault, item))
        return
    if flags.get("--vault") != vault:
        yield f"does not name the vault {vault}"
    if command == ("item", "create"):
        yield from _item(call, item) if words == ("-",) else ()
        if not words and "--template" not in flags:
            yield "makes an item of nothing"
    elif words[:1] != (item,):
        yield f"{words[:1]} is not the item of the tree"
    for assignment in words[1:]:
        if not re.fullmatch(rf"({'|'.join(LABELS)})\[delete\]", assignment):
            yield f"{assignment} would put a value on the command line"


def _references(vault: str, item: str) -> set[str]:
    return {f"op://{vault}/{item}/{label}" for label in LABELS}


def _item(call: Call, title: str) -> Iterator[str]:
    """An item that `op item create -` reads, with the marker in the place of each random value."""
    item = json.loads(call.stdin)
    if item["title"] != title:
        yield f"{item['title']} is not the title of the item"
    if sorted(field["label"] for field in item["fields"]) != sorted(LABELS):
        yield "has other fields than the ExternalSecret asks for"
    for field in item["fields"]:
        secret = field["value"] in MARKERS
        if secret != (field["type"] == "CONCEALED"):
            yield f"{field['label']} is {field['type']}, and its value is {'random' if secret else 'shown'}"


def random_lengths(text: str) -> tuple[int, ...]:
    """The number of characters of each `openssl rand -hex N` in a text."""
    return tuple(2 * int(found) for found in re.findall(r"openssl rand -hex (\d+)", text))


def most_secret_characters() -> int:
    """The longest secret that MinIO takes."""
    return SECRET_LENGTH[1]


def _curl(call: Call, known: Known) -> Iterator[str]:
    words, _ = taken_apart(call.arguments, CURL_FLAGS)
    endpoint = urlsplit(known.settings["VOLSYNC_ENDPOINT"]).netloc
    for word in words:
        if urlsplit(word).netloc not in {endpoint, "localhost:8443"}:
            yield f"{word} is neither MinIO nor a port that the page forwards"


def _command(call: Call, table: dict[tuple[str, ...], str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    for length in (3, 2, 1):
        command = call.arguments[:length]
        if len(command) == length and command in table:
            return command, call.arguments[length:]
    raise Refused(f"{call.program} has no command {' '.join(call.arguments[:3])}")
