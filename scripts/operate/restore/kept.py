"""
The journal of an app's restore, on its cluster: written before each thing that is done.

It is a ConfigMap beside the app: making one is atomic, which an annotation is not, so that a second restore is refused; it
outlives the ReplicationSource and the machine that the task runs on; and Flux, which did not make it, leaves it alone.
"""

from dataclasses import replace
from typing import Any

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import CONFIG_MAP
from scripts.errors import Conflict, NotFound
from scripts.operate.apps import App
from scripts.operate.restore.journal import Journal, dumped, loaded

KEY = "journal.json"
LABEL = "apps-backup/restore"
"""Of the pods and claims that a restore makes: the name of its journal."""


class Kept:
    """
    The journal of an app's restore, on its cluster.

    Args:
        cluster: that the app is on.

        app: that is restored.
    """

    def __init__(self, cluster: Cluster, app: App) -> None:
        self._cluster = cluster
        self._app = app
        self._version = ""
        self._journal: Journal | None = None
        self.is_lost = False
        """Whether another run has taken it over: whatever is done from then on is that one's."""

    @property
    def name(self) -> str:
        """Of the ConfigMap."""
        return name(self._app)

    @property
    def now(self) -> Journal:
        """What it says."""
        if self._journal is None:
            raise AssertionError("it is begun or taken over before it is read")
        return self._journal

    def begin(self, journal: Journal) -> None:
        """
        Make it.

        Args:
            journal: what it says.

        Raises:
            Conflict: where there is one already.
        """
        labels = {"app.kubernetes.io/managed-by": "apps-backup"}
        metadata = {"name": self.name, "namespace": self._app.namespace, "labels": labels}
        try:
            made = self._cluster.create(CONFIG_MAP, {"metadata": metadata, "data": {KEY: dumped(journal)}})
        except Conflict as conflict:
            if not conflict.exists:
                raise
            raise Conflict(
                self._app.where,
                f"is being restored already, says ConfigMap {self._app.namespace}/{self.name}",
                "let that run end; where it is dead, give --resume",
                exists=True,
            ) from conflict
        self._hold(made, journal)

    def take_over(self, holder: str) -> None:
        """
        Go on with what another run has begun; that one is stopped by its next write.

        Args:
            holder: of this run.

        Raises:
            NotFound: where there is none.

            Conflict: where it cannot be read.
        """
        where = f"ConfigMap {self._app.namespace}/{self.name}"
        found = self._cluster.find(CONFIG_MAP, self.name, self._app.namespace)
        if found is None:
            raise NotFound(self._app.where, "has no restore to go on with", "run this without --resume")
        try:
            journal = loaded((found.get("data") or {})[KEY])
        except (ValueError, KeyError, TypeError) as damaged:
            raise Conflict(where, f"is no journal that this can read: {damaged}", "see who wrote it") from damaged
        self._hold(found, journal)
        self.note(holder=holder)

    def note(self, **changes: Any) -> Journal:  # noqa: ANN401 - fields of Journal
        """
        Write what comes next, before it is done.

        Args:
            changes: fields of the journal.

        Returns:
            What it says now.

        Raises:
            Conflict: where another run has taken it over.
        """
        wanted = replace(self.now, **changes)
        change = {"metadata": {"resourceVersion": self._version}, "data": {KEY: dumped(wanted)}}
        try:
            written = self._cluster.patch(CONFIG_MAP, self.name, self._app.namespace, change)
        except (Conflict, NotFound):
            written = self._own(wanted)
        self._hold(written, wanted)
        return wanted

    def remove(self) -> None:
        """Remove it: nothing is left to be done."""
        self._cluster.delete(CONFIG_MAP, self.name, self._app.namespace)

    def _own(self, wanted: Journal) -> Object:
        # a write whose answer was lost was sent again, and found its own trace
        found = self._cluster.find(CONFIG_MAP, self.name, self._app.namespace)
        if found is not None and (found.get("data") or {}).get(KEY) == dumped(wanted):
            return found
        self.is_lost = True
        raise Conflict(self._app.where, "another run has taken this restore over", "see how that one ends")

    def _hold(self, written: Object, journal: Journal) -> None:
        self._version = written["metadata"]["resourceVersion"]
        self._journal = journal


def name(app: App) -> str:
    """
    Name what a restore makes: its journal and its ReplicationDestination.

    Args:
        app: that is restored.

    Returns:
        For example "shop-backup-in-restore".
    """
    return f"{app.source}-in-restore"
