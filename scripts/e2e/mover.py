"""
What VolSync's restic mover does with restic: the same commands, flags, order and exit codes.

Two things are different on purpose. A run that did nothing says so in `did_nothing`, where the mover's exit code 0 calls
it a success; and a restore never creates a repository, where the mover would.

Source: backube/volsync@v0.12.0:mover-restic/entry.sh; controllers/mover/restic/mover.go (FORGET_OPTIONS).
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from scripts.e2e.selection import forget_options, select
from scripts.e2e.system import Snapshot
from scripts.process import Completed, minimal_environment, run
from scripts.settings import Secret

HOST = "volsync"
NO_REPOSITORY = "Is there a repository at the following location"
COMMAND_TIMEOUT_S = 3600.0
NOT_SECRET = ("RESTIC_REPOSITORY", "AWS_DEFAULT_REGION")
"""Keys of the Secret that say where, and are wanted in messages."""

SAVED = re.compile(r"^snapshot ([0-9a-f]+) saved$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Mover:
    """
    A mover pod.

    Args:
        restic: path of the program.

        secret: the keys of the Secret that its environment takes.

        data: what is mounted at /data; its name has to be "data", because restic stores the path.

        cache: what is mounted at /cache.
    """

    restic: Path
    secret: Mapping[str, Secret]
    data: Path
    cache: Path


@dataclass(frozen=True, kw_only=True)
class MoverRun:
    """
    How a mover ended.

    Args:
        exit_code: of its container: 0 done or nothing done; 1, 3, 10 and 11 as the mover has them.

        log: what it said, a line each.

        snapshot_id: the snapshot that it saved or restored, 8 hex digits or more; "" where there is none.

        did_nothing: why it saved or restored nothing although its exit code is 0; "" where it did.
    """

    exit_code: int
    log: tuple[str, ...]
    snapshot_id: str = ""
    did_nothing: str = ""


class _Ended(Exception):
    """The script stops here, with this exit code."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def back_up(mover: Mover, *, unlock: bool, retain: Mapping[str, Any], prune: bool) -> MoverRun:
    """
    Run the actions `[unlock] backup [prune]`.

    Args:
        mover: the pod.

        unlock: whether stale locks are removed first.

        retain: spec.restic.retain.

        prune: whether data that no snapshot needs is removed at the end.

    Returns:
        How it ended.
    """
    log: list[str] = []
    snapshot_id = ""
    try:
        if unlock:
            _unlock(mover, log)
        if is_empty(mover.data):
            log.append("Directory is empty skipping backup")
            return MoverRun(exit_code=0, log=tuple(log), did_nothing="the source is empty, and nothing was saved")
        _ensure_initialized(mover, log)
        completed = _checked(mover, log, "backup", "--host", HOST, "--exclude=lost+found", ".", in_data=True)
        saved = SAVED.search(completed.stdout)
        snapshot_id = saved[1] if saved else ""
        _checked(mover, log, "forget", "--host", HOST, *forget_options(retain))
        if prune:
            _checked(mover, log, "prune")
    except _Ended as ended:
        return MoverRun(exit_code=ended.exit_code, log=tuple(log), snapshot_id=snapshot_id)
    missing = "" if snapshot_id else "restic did not say that it saved a snapshot"
    return MoverRun(exit_code=0, log=tuple(log), snapshot_id=snapshot_id, did_nothing=missing)


def restore(mover: Mover, *, previous: int, restore_as_of: datetime | None, delete: bool) -> MoverRun:
    """
    Run the action `restore`.

    Args:
        mover: the pod.

        previous: spec.restic.previous.

        restore_as_of: spec.restic.restoreAsOf.

        delete: spec.restic.enableFileDeletion.

    Returns:
        How it ended.
    """
    log: list[str] = []
    try:
        if not _repository_exists(mover, log):
            reason = f"restic finds no repository there ({log[0]})"
            return MoverRun(exit_code=0, log=tuple(log), did_nothing=reason)
        eligible = snapshots(mover)
        chosen = select(eligible, previous=previous, restore_as_of=restore_as_of)
        if chosen is None:
            log += ["No eligible snapshots found", "No data will be restored"]
            reason = f"none of the {len(eligible)} snapshots is eligible"
            return MoverRun(exit_code=0, log=tuple(log), did_nothing=reason)
        flags = ("--delete",) if delete else ()
        short_id = chosen.id[:8]
        _checked(mover, log, "restore", chosen.id, "-t", ".", "--host", HOST, *flags, in_data=True)
    except _Ended as ended:
        return MoverRun(exit_code=ended.exit_code, log=tuple(log))
    descriptor = os.open(mover.data, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return MoverRun(exit_code=0, log=tuple(log), snapshot_id=short_id)


def snapshots(mover: Mover) -> tuple[Snapshot, ...]:
    """
    The snapshots that a restore chooses from: those with a path that has /data in it, of whatever host.

    Args:
        mover: the pod.

    Returns:
        Oldest first.

    Raises:
        CommandFailed: where restic cannot list them.
    """
    listed = json.loads(restic(mover, "snapshots", "--json", "--no-lock", accept=(0,)).stdout) or []
    found = (
        Snapshot(id=each["id"], time=time(each["time"]))
        for each in listed
        if any("/data" in path for path in each["paths"])
    )
    return tuple(sorted(found, key=lambda snapshot: snapshot.time))


def restic(mover: Mover, *arguments: str, accept: tuple[int, ...] | None, in_data: bool = False) -> Completed:
    """
    Run restic the way the mover pod does.

    Args:
        mover: the pod.

        arguments: of restic.

        accept: exit codes that are not failures; None accepts every one.

        in_data: whether the working directory is /data.

    Returns:
        What it said.

    Raises:
        CommandFailed: where its exit code is not accepted.
    """
    return run(
        (mover.restic, *arguments),
        timeout_s=COMMAND_TIMEOUT_S,
        environment=environment(mover),
        cwd=mover.data if in_data else None,
        accept=accept,
        next_step="see `What the mover said` in the evidence",
    )


def environment(mover: Mover) -> dict[str, str | Secret]:
    """
    What the mover's container sees.

    Args:
        mover: the pod.

    Returns:
        A mapping for `process.run`.
    """
    secret = {key: value.reveal() if key in NOT_SECRET else value for key, value in mover.secret.items()}
    return minimal_environment(
        {**secret, "RESTIC_CACHE_DIR": str(mover.cache), "RESTIC_PROGRESS_FPS": "0.1", "PWD": str(mover.data)}
    )


def is_empty(directory: Path) -> bool:
    """
    Tell whether a volume holds nothing but what a file system puts there itself.

    Args:
        directory: the volume.

    Returns:
        True where it does.
    """
    return all(path.name == "lost+found" for path in directory.iterdir())


def time(text: str) -> datetime:
    """
    Read a time as restic writes it.

    Args:
        text: for example "2026-11-24T02:47:39.123456789Z".

    Returns:
        The time, with its zone.
    """
    # restic writes nanoseconds, datetime holds microseconds
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))


def _unlock(mover: Mover, log: list[str]) -> None:
    completed = _logged(mover, log, "unlock")
    if completed.exit_code != 0 and NO_REPOSITORY not in completed.stderr:
        raise _Ended(3)


def _ensure_initialized(mover: Mover, log: list[str]) -> None:
    if not _repository_exists(mover, log):
        _checked(mover, log, "init")


def _repository_exists(mover: Mover, log: list[str]) -> bool:
    completed = restic(mover, "cat", "config", accept=None)
    if completed.exit_code == 0:
        return True
    log += _lines(completed)
    # S3's refusals come with the same words as a missing repository: `init` then fails with the reason
    if completed.exit_code == 10 or (completed.exit_code == 1 and NO_REPOSITORY in completed.stderr):
        return False
    raise _Ended(3)


def _checked(mover: Mover, log: list[str], *arguments: str, in_data: bool = False) -> Completed:
    completed = _logged(mover, log, *arguments, in_data=in_data)
    if completed.exit_code != 0:
        raise _Ended(completed.exit_code)
    return completed


def _logged(mover: Mover, log: list[str], *arguments: str, in_data: bool = False) -> Completed:
    log.append(f"=== {arguments[0]} ===")
    completed = restic(mover, *arguments, accept=None, in_data=in_data)
    log += _lines(completed)
    return completed


def _lines(completed: Completed) -> list[str]:
    text = completed.stdout + completed.stderr
    return [line.encode("utf-8", "backslashreplace").decode() for line in text.splitlines() if line.strip()]
