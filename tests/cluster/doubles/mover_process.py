"""
The mover pod: `python -m tests.cluster.doubles.mover_process [unlock] backup [prune]`, or `restore`.

scripts.e2e.mover does the work; this is the container around it, with the two things that scripts.e2e.mover leaves out on
purpose: a restore creates a repository that is missing, and doing nothing is a success.

Source: backube/volsync@v0.12.0:mover-restic/entry.sh
"""

import os
import sys
import time
from datetime import datetime
from pathlib import Path

from scripts import toolchain
from scripts.e2e import mover
from scripts.e2e.mover import NO_REPOSITORY, NOT_SECRET, Mover, MoverRun
from scripts.settings import Secret

REQUIRED = ("RESTIC_REPOSITORY", "RESTIC_PASSWORD")
PASSED_ON = ("AWS_", "RESTIC_")
OWN = ("RESTIC_CACHE_DIR", "RESTIC_PROGRESS_FPS")
TITLES = {
    "=== init ===": "=== Initialize Dir ===",
    "=== backup ===": "=== Starting backup ===",
    "=== forget ===": "=== Starting forget ===",
    "=== prune ===": "=== Starting prune ===",
    "=== unlock ===": "=== Starting unlock ===",
    "=== restore ===": "=== Starting restore ===",
}


def main(actions: list[str], variables: dict[str, str]) -> int:
    say("Starting container", "VolSync restic container version: v0.12.0", *actions)
    for name in REQUIRED:
        if not variables.get(name):
            say(f"{name} must be defined")
            return 1
    begun = time.monotonic()
    mounted = Path(variables["DATA_DIR"])
    if actions == ["restore"]:
        # restic puts a folder in the place of a link that it restores to
        code = restore(pod_of(variables, data=mounted.resolve()), variables)
    elif "backup" in actions:
        options = variables.get("FORGET_OPTIONS", "").split()
        retain = {name.removeprefix("--keep-"): value for name, value in zip(options[::2], options[1::2], strict=True)}
        pod = pod_of(variables, data=mounted)
        code = told(mover.back_up(pod, unlock="unlock" in actions, retain=retain, prune="prune" in actions))
    else:
        say(f"unknown action: {' '.join(actions)}")
        return 2
    if code == 0:
        say(f"Restic completed in {time.monotonic() - begun:.0f}s", "=== Done ===")
    return code


def pod_of(variables: dict[str, str], *, data: Path) -> Mover:
    secret = {
        name: Secret(value) for name, value in variables.items() if name.startswith(PASSED_ON) and name not in OWN
    }
    for name in NOT_SECRET:
        secret.setdefault(name, Secret(""))
    return Mover(
        restic=toolchain.get("restic").path,
        secret={name: value for name, value in secret.items() if value},
        data=data,
        cache=Path(variables["RESTIC_CACHE_DIR"]),
    )


def restore(pod: Mover, variables: dict[str, str]) -> int:
    asked = mover.restic(pod, "cat", "config", accept=None)
    if asked.exit_code == 10 or (asked.exit_code == 1 and NO_REPOSITORY in asked.stderr):
        say("=== Initialize Dir ===")
        made = mover.restic(pod, "init", accept=None)
        say(*(made.stdout + made.stderr).splitlines())
        if made.exit_code:
            return made.exit_code
    as_of = variables.get("RESTORE_AS_OF", "")
    return told(
        mover.restore(
            pod,
            previous=int(variables.get("SELECT_PREVIOUS") or 0),
            restore_as_of=datetime.fromisoformat(as_of) if as_of else None,
            delete="--delete" in variables.get("RESTORE_OPTIONS", ""),
        )
    )


def told(ended: MoverRun) -> int:
    say(*(TITLES.get(line, line) for line in ended.log))
    return ended.exit_code


def say(*lines: str) -> None:
    for line in lines:
        if line.strip():
            sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], dict(os.environ)))
