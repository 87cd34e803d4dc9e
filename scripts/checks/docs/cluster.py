"""kubectl and flux in the documentation -> the objects and namespaces that nothing makes, where that can be told."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from scripts.checks.docs.commands import is_open
from scripts.checks.objects import Objects, field

KINDS = {
    word: kind
    for kind, words in (
        ("ExternalSecret", "externalsecret externalsecrets es"),
        ("HelmRelease", "helmrelease helmreleases hr"),
        ("HelmRepository", "helmrepository helmrepositories"),
        ("Kustomization", "kustomization kustomizations ks"),
        ("Namespace", "namespace namespaces ns"),
        ("PersistentVolumeClaim", "pvc persistentvolumeclaim persistentvolumeclaims"),
        ("PrometheusRule", "prometheusrule prometheusrules"),
        ("ReplicationDestination", "replicationdestination replicationdestinations"),
        ("ReplicationSource", "replicationsource replicationsources"),
        ("Secret", "secret secrets"),
        ("StorageClass", "storageclass storageclasses sc"),
        ("VolumeSnapshotClass", "volumesnapshotclass volumesnapshotclasses"),
    )
    for word in words.split()
}
"""As kubectl and flux are told -> a kind whose names can be told; what charts and controllers make is not among them."""

VERBS = {
    "kubectl": frozenset({"annotate", "delete", "describe", "edit", "get", "label", "patch", "wait"}),
    "flux": frozenset({"build", "diff", "get", "reconcile", "resume", "suspend"}),
}
"""Program -> commands that are followed by a kind and names."""

OF_KUBERNETES = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
NAMESPACE_FLAGS = frozenset({"-n", "--namespace"})
VALUE_FLAGS = NAMESPACE_FLAGS | {
    *("-c", "-f", "-l", "-o", "-p", "--field-selector", "--for", "--output", "--patch", "--path", "--selector"),
    *("--kustomization-file", "--sort-by", "--tail", "--timeout", "--type"),
}


@dataclass(frozen=True, kw_only=True)
class Known:
    """
    What the documentation may speak of.

    Args:
        objects: that the tree renders to.
    """

    objects: Objects

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """Every namespace that something is in."""
        own = {each.id.namespace for each in self.objects.resources} | {
            each.id.name for each in self.objects.of("Namespace")
        }
        others = {name.partition("/")[0] for names in self.objects.externals.values() for name in names if "/" in name}
        return frozenset(own | others | self.objects.externals.get("Namespace", frozenset())) - {""} | OF_KUBERNETES

    def names(self, kind: str) -> set[str]:
        """
        The names of a kind: in the tree, of others, and what is made of them.

        Args:
            kind: for example "Secret".

        Returns:
            Every name that can be told.
        """
        found = {each.id.name for each in self.objects.of(kind)}
        found |= {each.rpartition("/")[2] for each in self.objects.externals.get(kind, ())}
        if kind == "Namespace":
            found |= self.namespaces
        if kind == "Secret":
            secrets = self.objects.of("ExternalSecret")
            found |= {str(field(each, "spec", "target", "name") or each.id.name) for each in secrets}
        if kind == "PersistentVolumeClaim":
            # Source: backube/volsync@v0.12.0:controllers/mover/restic/mover.go, controllers/volumehandler/volumehandler.go
            movers = (*self.objects.sources, *self.objects.destinations)
            found |= {f"volsync-{each.id.name}-{what}" for each in movers for what in ("src", "dest", "cache")}
        return found


def check(program: str, words: tuple[str, ...], known: Known, page: str) -> Iterator[str]:
    """
    Check what a call of kubectl or flux is about; nothing is said of another.

    Args:
        program: its name.

        words: its arguments.

        known: what there is.

        page: the text that the call stands in, which may make objects of its own.

    Yields:
        What is wrong, as what follows the call in a sentence.
    """
    if program not in VERBS:
        return
    words = words[: words.index("--")] if "--" in words else words
    for namespace in _namespaces(words):
        if not is_open(namespace) and namespace not in known.namespaces:
            yield f"asks for the namespace {namespace}, and nothing is in one of that name"
    verb, *rest = [*_plain(words), ""]
    for kind, name in _named(rest) if verb in VERBS[program] else ():
        if name and not is_open(name) and name not in known.names(kind) and f"name: {name}" not in page:
            yield f"asks for {kind} {name}, which nothing makes"


def _namespaces(words: tuple[str, ...]) -> Iterator[str]:
    for index, word in enumerate(words):
        flag, given, value = word.partition("=")
        if flag in NAMESPACE_FLAGS:
            yield value if given else next(iter(words[index + 1 :]), "")


def _plain(words: tuple[str, ...]) -> Iterator[str]:
    """The words that are neither a flag nor the value of one."""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            yield word
        elif word in VALUE_FLAGS and rest:
            rest.pop(0)


def _named(words: list[str]) -> Iterator[tuple[str, str]]:
    first, *names = [each for each in words if each] or [""]
    if "/" in first:
        for kind, _, name in (each.partition("/") for each in (first, *names)):
            if kind in KINDS:
                yield KINDS[kind], name
    elif first in KINDS:
        # `KEY=VALUE` and `KEY-` are labels or annotations, not names
        yield from ((KINDS[first], each) for each in names if "=" not in each and not each.endswith("-"))
