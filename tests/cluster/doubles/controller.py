"""A queue of names, and one who looks at each: how every controller of a cluster works."""

import heapq
import itertools
import threading
import time
import traceback
from collections.abc import Callable

from scripts.cluster import Change, Kind
from scripts.errors import BackupError
from tests.cluster.doubles.hub import Hub, Key, key

FIRST_BACK_OFF_S = 0.005
LAST_BACK_OFF_S = 1000.0


class Controller:
    """
    Looks at an object whenever something about it changed.

    Args:
        name: for messages.

        hub: that tells of changes.

        reconcile: looks at one; gives the seconds after which it wants to look again, None for never. A BackupError
            that it raises makes it look again after a while that doubles each time.

        threads: how many it looks at at once.
    """

    def __init__(
        self, name: str, hub: Hub, reconcile: Callable[[Key], float | None], *, threads: int = 1, slowest_s: float = 5.0
    ) -> None:
        self.name = name
        self.hub = hub
        self._reconcile = reconcile
        self._slowest_s = slowest_s
        self._count = threads
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._order = itertools.count()
        self._due: list[tuple[float, int, Key]] = []
        self._busy: set[Key] = set()
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._running = False
        self._everything: list[Kind] = []

    def looks_at(self, kind: Kind) -> None:
        """Look at each object of a kind, and at it again after each change; called before the hub starts."""
        self._everything.append(kind)
        self.hub.listen(kind, lambda change: self.look(key(dict(change.object))))

    def looks_at_owner(self, kind: Kind, owner: Kind) -> None:
        """Look at the owner of each object of a kind that changed."""

        def told(change: Change) -> None:
            namespace = change.object["metadata"].get("namespace", "")
            for each in change.object["metadata"].get("ownerReferences") or ():
                if each["kind"] == owner.kind:
                    self.look((namespace, each["name"]))

        self.hub.listen(kind, told)

    def looks_where(self, kind: Kind, keys: Callable[[Change], "list[Key]"]) -> None:
        """Look at what a function names after each change of a kind."""

        def told(change: Change) -> None:
            for each in keys(change):
                self.look(each)

        self.hub.listen(kind, told)

    def look(self, name: Key, after_s: float = 0.0) -> None:
        """Look at something, soon."""
        with self._changed:
            if self._running:
                heapq.heappush(self._due, (time.monotonic() + after_s, next(self._order), name))
                self._changed.notify()

    def start(self) -> None:
        """Begin, with everything that is there."""
        with self._changed:
            self._running = True
            self._due.clear()
            self._failures.clear()
        for kind in self._everything:
            for each in self.hub.list(kind):
                self.look(key(each))
        self._threads = [
            threading.Thread(target=self._work, name=f"{self.name} {n}", daemon=True) for n in range(self._count)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, as a process that is killed between two requests; what it had in mind is forgotten."""
        with self._changed:
            self._running = False
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._threads = []
        self._busy.clear()

    def _work(self) -> None:
        while (name := self._next()) is not None:
            try:
                again_s = self._reconcile(name)
                self._failures.pop(name, None)
            except BackupError:
                failures = self._failures[name] = self._failures.get(name, 0) + 1
                again_s = min(FIRST_BACK_OFF_S * 2 ** (failures - 1), LAST_BACK_OFF_S, self._slowest_s)
            except Exception:
                self.hub.crashes.append(f"{self.name} {name}: {traceback.format_exc()}")
                again_s = 1.0
            self._done(name)
            if again_s is not None:
                self.look(name, again_s)

    def _next(self) -> Key | None:
        with self._changed:
            while self._running:
                now = time.monotonic()
                if not self._due or self._due[0][0] > now:
                    self._changed.wait(self._due[0][0] - now if self._due else None)
                    continue
                _, _, name = heapq.heappop(self._due)
                # the same name may wait more than once: the looks that are due now are one
                self._due = [each for each in self._due if each[2] != name or each[0] > now]
                heapq.heapify(self._due)
                if name in self._busy:
                    self._again.add(name)
                    continue
                self._busy.add(name)
                return name
            return None

    def _done(self, name: Key) -> None:
        with self._changed:
            self._busy.discard(name)
            if name in self._again:
                self._again.discard(name)
                heapq.heappush(self._due, (time.monotonic(), next(self._order), name))
                self._changed.notify()
