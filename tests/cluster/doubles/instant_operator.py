"""
VolSync, as far as a thousand backups at once are concerned: it begins them, ends them, says so, and moves nothing.

It makes no Job and no pod; operator_double is the one that does what VolSync does.
"""

import threading
from datetime import UTC, datetime

from scripts.cluster import Change, Object
from scripts.cluster.kinds import REPLICATION_SOURCE
from scripts.operate import trigger
from tests.cluster.doubles.controller import Controller
from tests.cluster.doubles.events import stamp
from tests.cluster.doubles.hub import Hub, Key, gone_is_fine, key

TAKES_S = 1.0
"""From the beginning of a backup to its end, in seconds."""


class InstantOperator:
    """
    Answers manual triggers.

    Args:
        hub: the cluster; it watches ReplicationSources.

        ends_at: how many have to be tagged at one time before the first backup ends.
    """

    def __init__(self, hub: Hub, ends_at: int) -> None:
        self._hub = hub
        self._ends_at = ends_at
        self._lock = threading.Lock()
        self._tagged: set[Key] = set()
        self.most = 0
        """The most sources that had a tag of this project at one time."""
        self.done = 0
        """How many backups have ended."""
        self.controller = Controller("instant operator", hub, self._reconcile, threads=8)
        self.controller.looks_at(REPLICATION_SOURCE)
        hub.listen(REPLICATION_SOURCE, self._count)

    def _count(self, change: Change) -> None:
        with self._lock:
            is_tagged = trigger.is_ours(trigger.manual(dict(change.object)))
            (self._tagged.add if is_tagged else self._tagged.discard)(key(dict(change.object)))
            self.most = max(self.most, len(self._tagged))

    def _reconcile(self, name: Key) -> float | None:
        source = self._hub.cluster.find(REPLICATION_SOURCE, name[1], name[0])
        if source is None or source["spec"].get("paused"):
            return None
        tag, status = trigger.manual(source), source.get("status") or {}
        if tag and status.get("lastManualSync") != tag:
            if not status.get("lastSyncStartTime"):
                self._tell(name, "SyncInProgress", lastSyncStartTime=stamp(datetime.now(UTC)))
                return TAKES_S
            if self.most < self._ends_at:
                return TAKES_S
            said = {"result": "Successful", "logs": "snapshot 1a2b3c4d saved\nRestic completed in 1s"}
            self._tell(name, "WaitingForManual", lastSyncStartTime=None, lastManualSync=tag, latestMoverStatus=said)
            with self._lock:
                self.done += 1
        elif not tag and status.get("lastManualSync"):
            self._tell(name, "WaitingForSchedule", lastManualSync=None)
        return None

    def _tell(self, name: Key, reason: str, **status: Object | str | None) -> None:
        condition = {"type": "Synchronizing", "status": "False", "reason": reason, "message": ""}
        change = {"status": {**status, "conditions": [condition]}}
        with gone_is_fine():
            self._hub.cluster.patch(REPLICATION_SOURCE, name[1], name[0], change, subresource="status")
