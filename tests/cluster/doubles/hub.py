"""What is on the API server, as every controller sees it: one watch a kind, shared by all."""

import contextlib
import threading
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from scripts.cluster import Change, Cluster, Kind, Object
from scripts.errors import BackupError, Conflict, NotFound

Key = tuple[str, str]
"""Namespace and name."""


class Hub:
    """
    Keeps what is there, and tells of each change.

    Args:
        cluster: that is watched.

        kinds: of objects.
    """

    def __init__(self, cluster: Cluster, kinds: Iterable[Kind]) -> None:
        self.cluster = cluster
        self.crashes: list[str] = []
        self._kinds = tuple(kinds)
        self._store: dict[Kind, dict[Key, Object]] = {kind: {} for kind in self._kinds}
        self._listeners: dict[Kind, list[Callable[[Change], None]]] = defaultdict(list)
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._watch, args=(kind,), name=f"watch {kind.plural}", daemon=True)
            for kind in self._kinds
        ]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What is watched."""
        return self._kinds

    def listen(self, kind: Kind, listener: Callable[[Change], None]) -> None:
        """Be told of each change of a kind; listeners are quick, and are added before `start`."""
        self._listeners[kind].append(listener)

    @contextlib.contextmanager
    def recording(self, namespace: str) -> Iterator[list[tuple[Kind, Change]]]:
        """Keep each change within a namespace, in the order they were seen, for as long as the context lasts."""
        found: list[tuple[Kind, Change]] = []
        added = []
        for kind in self._kinds:

            def listener(change: Change, kind: Kind = kind) -> None:
                if change.object["metadata"].get("namespace") == namespace:
                    found.append((kind, change))

            self._listeners[kind].append(listener)
            added.append((kind, listener))
        try:
            yield found
        finally:
            for kind, listener in added:
                self._listeners[kind].remove(listener)

    def start(self) -> None:
        """Watch."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the watches end when their connections do."""
        self._stopping.set()

    def join(self) -> None:
        """Wait for the end of the watches."""
        for thread in self._threads:
            thread.join()

    def find(self, kind: Kind, name: str, namespace: str = "") -> Object | None:
        """An object as it was seen last."""
        with self._lock:
            return self._store[kind].get((namespace, name))

    def list(self, kind: Kind, namespace: str = "") -> tuple[Object, ...]:
        """The objects as they were seen last; of every namespace where "" is given."""
        with self._lock:
            return tuple(each for (found, _), each in self._store[kind].items() if namespace in ("", found))

    def owned(self, kind: Kind, uid: str) -> tuple[Object, ...]:
        """The objects that name an owner."""
        return tuple(each for each in self.list(kind) if uid in {owner["uid"] for owner in owners(each)})

    def _watch(self, kind: Kind) -> None:
        while not self._stopping.is_set():
            try:
                for change in self.cluster.watch(kind, timeout_s=3600):
                    self._take(kind, change)
                    if self._stopping.is_set():
                        return
            except BackupError:
                # the API is away; what was missed is seen again as what is there
                self._stopping.wait(0.1)
            except Exception:
                self.crashes.append(traceback.format_exc())
                self._stopping.wait(0.1)

    def _take(self, kind: Kind, change: Change) -> None:
        document = dict(change.object)
        with self._lock:
            if change.type == "deleted":
                held = self._store[kind].get(key(document))
                if held is not None and held["metadata"]["uid"] == document["metadata"]["uid"]:
                    del self._store[kind][key(document)]
            else:
                self._store[kind][key(document)] = document
        for listener in list(self._listeners[kind]):
            listener(change)


def key(document: Object) -> Key:
    """Namespace and name of an object."""
    metadata = document["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def owners(document: Object) -> list[Object]:
    """The owner references of an object."""
    return document["metadata"].get("ownerReferences") or []


@contextlib.contextmanager
def gone_is_fine():
    """Ignore that an object is not there any more, or is another one by now: whoever watches will see."""
    with contextlib.suppress(NotFound, Conflict):
        yield
