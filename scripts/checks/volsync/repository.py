"""ReplicationSources, ReplicationDestinations -> whether each has a repository of its own that can be opened."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from scripts import particulars
from scripts.checks.fault import Fault
from scripts.checks.objects import Objects, fault, field, restic, secret_name
from scripts.cluster_settings import KEYS
from scripts.document import items, mapping
from scripts.model import Resource

NEEDED = ("AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_SECRET_ACCESS_KEY", "RESTIC_PASSWORD", "RESTIC_REPOSITORY")
"""What the Secret has to hold."""

ITEM = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "RESTIC_PASSWORD"})
"""The fields of the 1Password item that the set-up makes."""

PLACEHOLDER = re.compile(r"\{\{-?\s*\.(\w+)")


def check(objects: Objects) -> Iterator[Fault]:
    """
    Check the way from each backup to its repository.

    Args:
        objects: of the tree.

    Yields:
        What is wrong: in the settings, in how the objects refer to Secrets, in the Secrets, in the repositories.
    """
    makers = _makers(objects)
    used: dict[tuple[str, str], Resource] = {}
    yield from _settings(objects)
    for each in (*objects.sources, *objects.destinations):
        if not restic(each):
            yield fault(
                "volsync-method",
                each,
                ("spec", "restic"),
                "has no spec.restic, so that VolSync refuses it",
                "give it spec.restic with its repository",
            )
            continue
        key = each.id.namespace, secret_name(each)
        if key in makers:
            used[key] = makers[key]
        elif not objects.has_external("Secret", *key):
            yield fault(
                "volsync-credentials",
                each,
                ("spec", "restic", "repository"),
                f"names the Secret {key[1] or '(none)'}, which no ExternalSecret of namespace {key[0]} makes",
                f"name the target of an ExternalSecret, or add the Secret to {particulars.PATH}",
            )
    for maker in used.values():
        yield from _external_secret(objects, maker)
    yield from _shared(objects, makers)
    yield from _pairs(objects, makers)


def _makers(objects: Objects) -> Mapping[tuple[str, str], Resource]:
    """(namespace, name) of a Secret -> the ExternalSecret that makes it."""
    return {
        (each.id.namespace, str(field(each, "spec", "target", "name") or each.id.name)): each
        for each in objects.of("ExternalSecret", "external-secrets.io/")
    }


def _settings(objects: Objects) -> Iterator[Fault]:
    if objects.settings is not None:
        for key in KEYS.values():
            if not objects.setting(key):
                yield fault(
                    "cluster-settings",
                    objects.settings,
                    ("data", key),
                    f"has no value for {key}, which the set-up tasks need",
                    "add it below `data:`",
                )
        if (url := objects.setting("VOLSYNC_ENDPOINT")) and not _is_address(url):
            yield fault(
                "cluster-settings",
                objects.settings,
                ("data", "VOLSYNC_ENDPOINT"),
                f"has the VOLSYNC_ENDPOINT {url}, which is no address of a server",
                "write scheme, host and port, for example http://10.25.11.3:9000",
            )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _external_secret(objects: Objects, maker: Resource) -> Iterator[Fault]:
    store = str(field(maker, "spec", "secretStoreRef", "name") or "")
    kind = field(maker, "spec", "secretStoreRef", "kind") or "SecretStore"
    namespace = maker.id.namespace if kind == "SecretStore" else ""
    held = {(each.id.namespace, each.id.name) for each in objects.of(str(kind))}
    if (namespace, store) not in held and not objects.has_external(str(kind), namespace, store):
        yield fault(
            "external-secret-store",
            maker,
            ("spec", "secretStoreRef", "name"),
            f"reads from {kind} {store or '(none)'}, which is neither in the tree nor external",
            f"correct the name, or add it to {particulars.PATH}",
        )
    yield from _items(objects, maker)
    yield from _keys(maker)
    yield from _place(objects, maker)


def _items(objects: Objects, maker: Resource) -> Iterator[Fault]:
    wanted = objects.setting("VOLSYNC_ITEM")
    for index, each in enumerate(items(field(maker, "spec", "dataFrom"))):
        title = mapping(mapping(each).get("extract")).get("key")
        if wanted and title is not None and title != wanted:
            yield fault(
                "external-secret-item",
                maker,
                ("spec", "dataFrom", index, "extract", "key"),
                f"reads the item {title}, and the set-up makes {wanted}",
                f"write {wanted}: an item is looked up by its title",
            )


def _keys(maker: Resource) -> Iterator[Fault]:
    fields = {str(mapping(each).get("secretKey")) for each in items(field(maker, "spec", "data"))}
    if any(mapping(each).get("extract") for each in items(field(maker, "spec", "dataFrom"))):
        fields |= ITEM
    template = mapping(field(maker, "spec", "target", "template"))
    data = mapping(template.get("data"))
    made = set(data) | (fields if not data or template.get("mergePolicy") == "Merge" else set())
    if missing := [key for key in NEEDED if key not in made]:
        yield fault(
            "external-secret-keys",
            maker,
            ("spec", "target", "template", "data"),
            f"makes a Secret without {', '.join(missing)}",
            "add it to spec.target.template.data",
        )
    for key, text in data.items():
        location = ("spec", "target", "template", "data", key)
        unknown = sorted(set(PLACEHOLDER.findall(str(text))) - fields)
        if unknown:
            found = f"fills {key} from {', '.join(unknown)}, which it does not read from anywhere"
            yield fault("external-secret-field", maker, location, found, f"use one of {', '.join(sorted(fields))}")
        elif key in NEEDED and text in (None, ""):
            yield fault("external-secret-field", maker, location, f"leaves {key} empty", "give it a value")


def _place(objects: Objects, maker: Resource) -> Iterator[Fault]:
    endpoint, bucket = objects.setting("VOLSYNC_ENDPOINT").rstrip("/"), objects.setting("VOLSYNC_BUCKET")
    url = repository(maker)
    wanted = f"s3:{endpoint}/{bucket}/"
    if not url or not endpoint or not bucket:
        return
    path = url.removeprefix(wanted)
    if path == url or not path.strip("/") or "//" in path:
        yield fault(
            "volsync-repository-place",
            maker,
            ("spec", "target", "template", "data", "RESTIC_REPOSITORY"),
            f"has the repository {url}, and wanted is {wanted}APP",
            "take endpoint and bucket from the cluster settings, and give each app a path of its own",
        )


def repository(maker: Resource) -> str:
    """
    The restic repository that an ExternalSecret leads to.

    Args:
        maker: the ExternalSecret.

    Returns:
        Its address; "" where it is not in the tree, but comes from an item.
    """
    url = str(field(maker, "spec", "target", "template", "data", "RESTIC_REPOSITORY") or "")
    return "" if "{{" in url else url.rstrip("/")


def _shared(objects: Objects, makers: Mapping[tuple[str, str], Resource]) -> Iterator[Fault]:
    first: dict[str, Resource] = {}
    for each in objects.sources:
        key = each.id.namespace, secret_name(each)
        address = (repository(makers[key]) if key in makers else "") or "/".join(key)
        if not key[1]:
            continue
        if address in first:
            yield fault(
                "volsync-repository-shared",
                each,
                ("spec", "restic", "repository"),
                f"writes to {address}, as {first[address].id} does: each prunes and forgets the other's snapshots",
                "give each source a repository path, and so a Secret, of its own",
            )
        first.setdefault(address, each)


def _pairs(objects: Objects, makers: Mapping[tuple[str, str], Resource]) -> Iterator[Fault]:
    for pair in objects.pairs:
        source, destination = pair.source, pair.destination
        keys = tuple((each.id.namespace, secret_name(each)) for each in (source, destination))
        if not all(restic(each) for each in (source, destination)) or keys[0] == keys[1]:
            continue
        # where one leads nowhere, that is the fault
        if all(key in makers or objects.has_external("Secret", *key) for key in keys):
            yield fault(
                "volsync-repository-other",
                destination,
                ("spec", "restic", "repository"),
                f"restores from the Secret {keys[1][1]}, and {source.id} backs up to {keys[0][1]}",
                f"name {keys[0][1]} in both",
            )
