"""What a mover wrote -> what it saved, or why it failed."""

import re
from dataclasses import dataclass

SAVED = re.compile(r"^snapshot ([0-9a-f]{8,64}) saved$", re.MULTILINE)
PROCESSED = re.compile(r"^processed (\d+) files, ([0-9.]+ \w+)", re.MULTILINE)
RESTORED = re.compile(r"^restoring snapshot ([0-9a-f]{8,64}) of \[", re.MULTILINE)
NOTHING = "No data will be restored"
EMPTY = "Directory is empty skipping backup"
MADE = "Initialize Dir"
TITLE = re.compile(r"^(=== .* ===|Starting container|VolSync restic container version.*)$")
LONGEST = 300
"""Characters of a mover's own words in a message."""

UNKNOWN_STEP = "read the mover's log"


@dataclass(frozen=True, kw_only=True)
class Said:
    """
    What a mover that succeeded said.

    Args:
        snapshot: id of the snapshot that it saved, 8 hex digits or more; "" where it did not say that it saved one.

        is_empty: whether it found nothing to save.

        processed: files and size, as restic words them ("12 files, 3.4 MiB"); "" where it did not say.
    """

    snapshot: str = ""
    is_empty: bool = False
    processed: str = ""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """
    Why a mover failed.

    Args:
        found: what it was, with the mover's own words.

        next_step: what to do about it.
    """

    found: str
    next_step: str


CAUSES = (
    ("repository is already locked", "the repository is locked", "run `invoke backup.unlock`"),
    ("unable to create lock", "the repository is locked", "run `invoke backup.unlock`"),
    (
        "wrong password or no key found",
        "RESTIC_PASSWORD is not the one that the repository was made with",
        "see which password the Secret has",
    ),
    (
        "request signature we calculated does not match",
        "AWS_SECRET_ACCESS_KEY is not the one that MinIO has",
        "run `invoke minio.check`",
    ),
    ("Access Key Id you provided does not exist", "MinIO does not know AWS_ACCESS_KEY_ID", "run `invoke minio.check`"),
    ("Access Denied", "MinIO refuses this key", "run `invoke minio.check`"),
    ("must be defined", "a key of the Secret is empty", "see the ExternalSecret"),
    ("no space left on device", "a volume of the mover is full", "give the cache more room"),
    ("connection refused", "MinIO is out of reach", "see whether MinIO runs"),
    (
        "failed to verify certificate",
        "MinIO's certificate is not trusted",
        "let spec.restic.customCA name the certificate of its authority",
    ),
    ("no such host", "MinIO is out of reach", "see whether MinIO's address is right"),
    ("i/o timeout", "MinIO is out of reach", "see whether the network lets movers through"),
    (
        "source file could not be read",
        "some files could not be read, and the snapshot lacks them",
        "let VOLSYNC_MOVER_UID be the owner of the files",
    ),
)
"""Words of restic or of the mover's script -> what they mean, what to do; the first that fits decides.

Source: restic/restic@v0.17.0 and backube/volsync@v0.12.0:mover-restic/entry.sh; each was seen in a mover's log."""

CODES = {
    2: ("the mover was told to do what it does not know", "see whether controller and mover have one version"),
    10: ("the repository vanished between two steps", "see who deletes in the bucket"),
    11: ("the repository is locked", "run `invoke backup.unlock`"),
    137: ("the mover was killed, as for want of memory", "give the mover more memory"),
    143: ("the mover was told to end, as by an eviction", "see what happened to its node"),
}
"""Exit code of the mover's container -> what it means where its log does not say."""


def said(log: str) -> Said:
    """
    Read what a mover that succeeded said.

    Args:
        log: of the status or of the pod.

    Returns:
        What it saved.
    """
    saved, processed = SAVED.findall(log), PROCESSED.search(log)
    return Said(
        snapshot=saved[-1] if saved else "",
        is_empty=EMPTY in log,
        processed=f"{processed[1]} files, {processed[2]}" if processed else "",
    )


def restored(log: str) -> str:
    """
    Read which snapshot a mover restored.

    Args:
        log: of the status or of the pod.

    Returns:
        8 hex digits or more; "" where it does not say that it restored one, and VolSync calls it a success.

    Source:
        restic/restic@v0.17.0:cmd/restic/cmd_restore.go
    """
    found = RESTORED.findall(log)
    return found[-1] if found and NOTHING not in log and MADE not in log else ""


def cause(log: str | None, exit_code: int | None) -> Cause:
    """
    Say why a mover failed.

    Args:
        log: what it wrote; None where that could not be read.

        exit_code: of its container; None where it is not known.

    Returns:
        The cause, in the mover's own words where they are not known.
    """
    last = _last_words(log or "")
    for words, found, next_step in CAUSES:
        if words in (log or ""):
            line = next(each for each in (log or "").splitlines() if words in each)
            return Cause(found=f"{found} ({_cut(line)})", next_step=next_step)
    if exit_code in CODES:
        found, next_step = CODES[exit_code]
        return Cause(found=f"{found}; exit code {exit_code}", next_step=next_step)
    code = "" if exit_code is None else f"exit code {exit_code}, "
    told = f"it said: {last}" if last else "it said nothing"
    return Cause(found=f"{code}{told if log is not None else 'its log was not read'}", next_step=UNKNOWN_STEP)


def _last_words(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip() and not TITLE.match(line.strip())]
    return _cut(" / ".join(lines[-2:]))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} …"
