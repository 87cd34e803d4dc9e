"""
An app's restic repository, read from where the task runs: its snapshots and its locks.

The credentials are those of the app's Secret, in restic's environment alone. Nothing here writes, or takes a lock.
"""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from scripts import toolchain
from scripts.cluster import Cluster, Object
from scripts.e2e import mover, selection
from scripts.e2e.mover import Mover
from scripts.e2e.system import Snapshot
from scripts.errors import CommandFailed, NotFound, SettingsError
from scripts.operate import apps, authority, mover_log
from scripts.process import Completed, run, streamed
from scripts.settings import Secret

KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "RESTIC_PASSWORD",
    "RESTIC_REPOSITORY",
)
"""Of the Secret; no other gets into restic's environment, where RESTIC_PASSWORD_COMMAND would be a program to run."""

TIMEOUT_S = 120.0
SILENCE_S = 1200.0
"""Restic itself tries again for 15 minutes. Source: restic/restic@v0.17.0:cmd/restic/global.go"""

NO_REPOSITORY = 10
"""Exit code of restic. Source: restic/restic@v0.17.0:cmd/restic/main.go"""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """
    A snapshot that a restore can choose.

    Args:
        index: what `previous` has to be for it; 0 is the newest.

        id: 64 hex digits.

        time: when the backup began.

        size_bytes: of the files that it holds; None where it does not say.
    """

    index: int
    id: str
    time: datetime
    size_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class Lock:
    """
    A lock.

    Args:
        id: 64 hex digits.

        time: when it was made, or last refreshed.

        is_exclusive: whether nobody else may work beside its holder.

        host: of its holder; a mover's is its pod.

        process: number of its holder there.
    """

    id: str
    time: datetime
    is_exclusive: bool
    host: str
    process: int


class Repository:
    """
    A restic repository.

    Args:
        pod: restic with its environment.

        ca_file: PEM file of the authority that signed the server's certificate; the usual ones where None.
    """

    def __init__(self, pod: Mover, ca_file: Path | None = None) -> None:
        self._pod = pod
        self._flags = ("--no-lock",) if ca_file is None else ("--no-lock", "--cacert", str(ca_file))

    @property
    def where(self) -> str:
        """What messages call it."""
        return f"repository {self._pod.secret['RESTIC_REPOSITORY'].reveal()}"

    def snapshots(self) -> tuple[Stored, ...]:
        """
        List the snapshots that a restore can choose, as the mover chooses.

        Returns:
            Newest first.

        Raises:
            NotFound: where there is no repository.

            CommandFailed: where restic cannot list them.
        """
        listed = json.loads(self._restic("snapshots", "--json").stdout) or []
        sizes = {each["id"]: (each.get("summary") or {}).get("total_bytes_processed") for each in listed}
        eligible = tuple(
            sorted(
                (
                    Snapshot(id=each["id"], time=mover.time(each["time"]))
                    for each in listed
                    if any("/data" in path for path in each["paths"])
                ),
                key=lambda snapshot: snapshot.time,
            )
        )
        return tuple(
            Stored(index=index, id=chosen.id, time=chosen.time, size_bytes=sizes[chosen.id])
            for index in range(len(eligible))
            if (chosen := selection.select(eligible, previous=index, restore_as_of=None)) is not None
        )

    def locks(self) -> tuple[Lock, ...]:
        """
        List the locks.

        Returns:
            Oldest first.

        Raises:
            NotFound: where there is no repository.

            CommandFailed: where restic cannot list them.
        """
        names = self._restic("list", "locks").stdout.split()
        return tuple(sorted((found for name in names if (found := self._lock(name))), key=lambda lock: lock.time))

    def can_be_read(self, snapshot: str) -> bool:
        """
        Tell whether the list of files of a snapshot can be read to its end.

        Args:
            snapshot: its id.

        Returns:
            True where it can.
        """
        return self._ended("ls", "--json", snapshot).exit_code == 0

    @contextlib.contextmanager
    def reading(self, *arguments: str) -> Iterator[IO[bytes]]:
        """
        Read what restic writes as it writes it, of whatever size.

        Args:
            arguments: of restic; nothing that writes.

        Yields:
            Its standard output.

        Raises:
            CommandFailed: at the end, where restic could not read all of it.
        """
        command: tuple[str | Path, ...] = (self._pod.restic, *arguments, *self._flags)
        try:
            with streamed(command, silence_s=SILENCE_S, environment=mover.environment(self._pod)) as output:
                yield output
        except CommandFailed as failed:
            why = mover_log.cause(failed.found, failed.command_exit_code)
            raise CommandFailed(
                self.where,
                f"cannot be read: {why.found}",
                why.next_step,
                command_exit_code=failed.command_exit_code,
            ) from failed

    def check(self) -> None:
        """
        Read every byte of it and verify it.

        Raises:
            NotFound: where there is no repository.

            CommandFailed: where restic finds something wrong.
        """
        self._restic("check", "--read-data")

    def _lock(self, name: str) -> Lock | None:
        ended = self._ended("cat", "lock", name)
        if ended.exit_code != 0:
            # it is gone by now
            return None
        found: dict[str, Any] = json.loads(ended.stdout)
        return Lock(
            id=name,
            time=mover.time(found["time"]),
            is_exclusive=bool(found.get("exclusive")),
            host=str(found.get("hostname", "")),
            process=int(found.get("pid", 0)),
        )

    def _restic(self, *arguments: str) -> Completed:
        ended = self._ended(*arguments)
        if ended.exit_code == NO_REPOSITORY or (ended.exit_code == 1 and _is_missing(ended.stderr)):
            raise NotFound(
                self.where, "is not there", "see whether a backup was ever made, and the Secret's RESTIC_REPOSITORY"
            )
        if ended.exit_code != 0:
            why = mover_log.cause(ended.stderr, ended.exit_code)
            raise CommandFailed(
                self.where, f"cannot be read: {why.found}", why.next_step, command_exit_code=ended.exit_code
            )
        return ended

    def _ended(self, *arguments: str) -> Completed:
        return run(
            (self._pod.restic, *arguments, *self._flags),
            timeout_s=TIMEOUT_S,
            environment=mover.environment(self._pod),
            accept=None,
        )


def _is_missing(text: str) -> bool:
    # S3's refusals come with the same words
    return mover.NO_REPOSITORY in text and "The specified key does not exist" in text


@contextlib.contextmanager
def opened(cluster: Cluster, source: Object) -> Iterator[Repository]:
    """
    Open the repository of an app for as long as the context lasts.

    Args:
        cluster: that the app is on.

        source: its ReplicationSource.

    Yields:
        The repository; nothing was asked of it yet.

    Raises:
        NotFound: where there is no such Secret.

        Forbidden: where it must not be read.

        SettingsError: where it does not say how to reach an S3 repository, or customCA names what is not there.
    """
    app, restic = apps.of(source), source["spec"].get("restic") or {}
    name = str(restic.get("repository", ""))
    if not name:
        raise SettingsError(app.where, "names no Secret with a repository", "see its spec.restic.repository")
    secret = cluster.secret(name, app.namespace)
    where = f"Secret {app.namespace}/{name}"
    for key in ("RESTIC_REPOSITORY", "RESTIC_PASSWORD"):
        if not secret.get(key):
            raise SettingsError(where, f"has no {key}", "see its ExternalSecret")
    if not secret["RESTIC_REPOSITORY"].reveal().startswith("s3:"):
        raise SettingsError(where, "names a repository that is not in S3", "see that repository by hand")
    kept: dict[str, Secret] = {key: secret[key] for key in KEYS if key in secret}
    certificate = authority.read(cluster, app, restic.get("customCA") or {})
    with tempfile.TemporaryDirectory(prefix="apps-backup-") as folder:
        file = None
        if certificate:
            file = Path(folder) / "ca.crt"
            file.write_text(certificate, encoding="utf-8")
        pod = Mover(restic=toolchain.get("restic").path, secret=kept, data=Path(folder), cache=Path(folder))
        yield Repository(pod, file)
