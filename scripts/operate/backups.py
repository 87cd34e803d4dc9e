"""Backups that were asked for -> how each ended; so many at once, and nothing half done however it ends."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import REPLICATION_SOURCE
from scripts.cluster.pods import exit_code
from scripts.errors import BackupError, Conflict, NotFound, Refused, Unreachable
from scripts.operate import apps, attempt, seen, trigger
from scripts.operate.apps import App
from scripts.operate.attempt import Attempt, Died, Patience, Phase, Saved, Step
from scripts.operate.seen import Seen
from scripts.progress import say

TAKE_BACK_TIMES = 5
"""How often a trigger is taken back anew, because the object was changed meanwhile."""


class End(Enum):
    """What a backup came to."""

    BACKED_UP = "backed up"
    FAILED = "failed"
    STILL_RUNNING = "still running"
    NOT_BEGUN = "not begun"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """
    How a backup ended.

    Args:
        app: that was to be backed up.

        saved: what was saved; None where nothing is proven.

        error: why not; None where it was interrupted before its end, or never begun.

        goes_on: whether it was interrupted, and VolSync goes on with it.
    """

    app: App
    saved: Saved | None = None
    error: BackupError | None = None
    goes_on: bool = False

    @property
    def kind(self) -> End:
        """What it came to."""
        if self.saved is not None:
            return End.BACKED_UP
        if self.error is not None:
            return End.FAILED
        return End.STILL_RUNNING if self.goes_on else End.NOT_BEGUN


class Backups:
    """
    Backups that were asked for.

    Args:
        cluster: that they are on.

        wanted: apps, in the order in which they are begun.

        scope: the one app that is meant; None where every namespace is looked at.

        concurrency: how many may be in flight.

        patience: how long is waited.

        dead: uids of pods that had failed before, and are no sign of a failure now.
    """

    def __init__(
        self,
        cluster: Cluster,
        wanted: Iterable[App],
        *,
        scope: App | None,
        concurrency: int,
        patience: Patience,
        dead: frozenset[str] = frozenset(),
    ) -> None:
        self._cluster = cluster
        self._waiting = list(wanted)
        self._scope = scope
        self._concurrency = concurrency
        self._patience = patience
        self._dead = dead
        self._flying: dict[App, Attempt] = {}
        self._ended: dict[App, Ended] = {}
        self._is_refused = False
        self.left_behind: tuple[App, ...] = ()
        """Whose schedule could not be given back."""

    def round(self) -> bool:
        """
        Look at every backup once, and take the step that comes next.

        Returns:
            True where each has ended.

        Raises:
            Unreachable: where the API stays away.

            Forbidden: where something must not be read.
        """
        while self._waiting and len(self._flying) < self._concurrency:
            now = time.monotonic()
            app = self._waiting[0]
            tag = trigger.tag(datetime.now(UTC))
            self._flying[app] = Attempt(app=app, tag=tag, since=now, started=now, dead=self._dead)
            # last: an interrupt before it leaves the app in both, and in none after it
            del self._waiting[0]
        found = self._seen()
        sources = {apps.of(each): each for each in found.sources}
        for each in tuple(self._flying.values()):
            self._step(each, sources.get(each.app), found)
        return not self._waiting and not self._flying

    def leave(self) -> tuple[Ended, ...]:
        """
        Give every schedule back that is not given back yet, and say how each backup ended.

        Returns:
            One for each that was wanted, in the order of namespace and name.
        """
        for each in tuple(self._flying.values()):
            interrupted = Ended(app=each.app, goes_on=each.phase is not Phase.WAITING)
            self._end(each, self._ended.get(each.app, interrupted))
        for app in self._waiting:
            self._ended.setdefault(app, Ended(app=app))
        return tuple(self._ended[app] for app in sorted(self._ended))

    def _seen(self) -> Seen:
        try:
            return seen.movers(self._cluster, self._scope)
        except Unreachable:
            self._is_refused = True
            raise

    def _step(self, held: Attempt, source: Object | None, found: Seen) -> None:
        pods = () if source is None else found.movers(source)
        try:
            following = attempt.look(held, source, pods, now=time.monotonic(), patience=self._patience)
        except BackupError as error:
            self._end(held, Ended(app=held.app, error=error))
            return
        match following:
            case Phase():
                self._flying[held.app] = replace(held, phase=following, since=time.monotonic())
            case Step.TRIGGER if source is not None:
                self._trigger(held, source, pods)
            case Died():
                pod = following.pod
                failure = attempt.failure(held, pod, seen.log(self._cluster, pod), exit_code(pod))
                self._end(held, Ended(app=held.app, error=failure))
            case Saved():
                self._end(held, Ended(app=held.app, saved=following))
            case _:
                pass

    def _trigger(self, held: Attempt, source: Object, pods: tuple[Object, ...]) -> None:
        before = trigger.manual(source)
        # a schedule that somebody else has switched off stays off
        gives_back = bool(trigger.schedule(source)) and (not before or trigger.is_ours(before))
        dead = frozenset(pod["metadata"]["uid"] for pod in seen.failed(pods))
        # before it is sent: an interrupt between the two would leave it behind
        self._flying[held.app] = replace(
            held, phase=Phase.TRIGGERED, since=time.monotonic(), dead=dead, gives_back=gives_back
        )
        try:
            self._patch(held.app, trigger.changed(source, held.tag))
        except Conflict:
            # somebody changed it since it was read, VolSync perhaps: it is looked at again
            self._flying[held.app] = replace(self._flying[held.app], phase=Phase.WAITING)
        except (NotFound, Refused) as error:
            self._end(held, Ended(app=held.app, error=error))

    def _end(self, held: Attempt, ended: Ended) -> None:
        self._ended[held.app] = ended
        say(f"{held.app.name}: {'backed up' if ended.saved else 'not backed up'}")
        self._give_back(self._flying[held.app])
        del self._flying[held.app]

    def _give_back(self, held: Attempt) -> None:
        if not held.gives_back:
            return
        for _ in range(TAKE_BACK_TIMES):
            # what refuses one, an API that is away say, is not asked once more for each app
            if not self._is_refused and self._gave_back(held):
                return
        self.left_behind = (*self.left_behind, held.app)

    def _gave_back(self, held: Attempt) -> bool:
        try:
            for each in self._cluster.list(REPLICATION_SOURCE, held.app.namespace):
                if apps.of(each) == held.app and trigger.manual(each) == held.tag:
                    self._patch(held.app, trigger.changed(each, None))
        except (Conflict, NotFound):
            # it was changed, or deleted, since it was read
            return False
        except BackupError:
            self._is_refused = True
            return False
        return True

    def _patch(self, app: App, change: Object) -> None:
        self._cluster.patch(REPLICATION_SOURCE, app.source, app.namespace, change)
