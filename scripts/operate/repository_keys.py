"""
The keys of restic repositories: which password opens one, and how one is added and removed.

The only module that writes into a repository from where the task runs (docs/decisions/0005-keys-are-written-from-where-the-task-runs.md).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from minio import Minio

from scripts.e2e import mover
from scripts.e2e.mover import Mover
from scripts.errors import CommandFailed, Drift, ProofFailed
from scripts.operate import mover_log
from scripts.process import Completed, run
from scripts.settings import Secret

TIMEOUT_S = 420.0
RETRY_LOCK = "--retry-lock=5m"
"""A mover that works in the repository is waited for."""

WRONG_PASSWORD = "wrong password or no key found"  # noqa: S105 - pragma: allowlist secret - it is what restic says
"""Source: restic/restic@v0.17.0:internal/repository/key.go (ErrNoKeyFound)"""

CONFIG = "config"
"""
The object that makes a prefix of the bucket a repository.

Source: restic/restic@v0.17.0:internal/backend/layout/layout_default.go
"""


def find(client: Minio, bucket: str) -> tuple[str, ...]:
    """
    Find the repositories of a bucket, also those of apps that are no more.

    Args:
        client: that may list it.

        bucket: that is looked through, down to the first repository of each path.

    Returns:
        Their paths in the bucket, sorted.
    """
    found, left = [], [""]
    while left:
        prefix = left.pop()
        listed = list(client.list_objects(bucket_name=bucket, prefix=prefix))
        if any(each.object_name == f"{prefix}{CONFIG}" for each in listed):
            found.append(prefix.rstrip("/"))
        else:
            left += [str(each.object_name) for each in listed if each.is_dir]
    return tuple(sorted(found))


@dataclass(frozen=True, kw_only=True)
class Keys:
    """
    The keys of one repository.

    Args:
        restic: the program.

        secret: its environment, without a password.

        cache: an existing folder.

        ca_file: PEM file of the authority that signed MinIO's certificate; the usual ones where None.
    """

    restic: Path
    secret: dict[str, Secret]
    cache: Path
    ca_file: Path | None

    @property
    def where(self) -> str:
        """What messages call it."""
        return f"repository {self.secret['RESTIC_REPOSITORY'].reveal()}"

    def id(self, password: Secret) -> str:
        """
        Open the repository.

        Args:
            password: to open it with.

        Returns:
            The id of the key that it opens, 64 hex digits; "" where it opens none.

        Raises:
            CommandFailed: where restic cannot tell.
        """
        ended = self._restic(password, "key", "list", "--json", "--no-lock")
        if ended.exit_code != 0 and WRONG_PASSWORD in ended.stderr:
            return ""
        listed = json.loads(self._checked(ended).stdout)
        return next(str(each["id"]) for each in listed if each["current"])

    def add(self, password: Secret, new: Secret) -> None:
        """
        Add a password, and see that it opens the repository.

        Args:
            password: that opens it.

            new: that is to open it too.

        Raises:
            CommandFailed: where restic cannot.

            ProofFailed: where it does not.
        """
        # from standard input: it is neither in a file nor among the arguments
        self._write(password, "key", "add", "--new-password-file=/dev/stdin", stdin=new.reveal())
        if not self.id(new):
            raise ProofFailed(self.where, "is not opened by the password that was added", "run this again")

    def remove(self, password: Secret, old: Secret) -> None:
        """
        Remove a password, and see that it does not open the repository any more.

        Args:
            password: that opens it, and goes on doing so.

            old: that is removed; may be gone already.

        Raises:
            CommandFailed: where restic cannot.

            ProofFailed: where one of the two is not so in the end.
        """
        # more than one where two runs added it at once
        while unwanted := self.id(old):
            self._write(password, "key", "remove", unwanted)
        if not self.id(password):
            raise ProofFailed(self.where, "is not opened by the new password", "run `restic key list` on it")

    def _write(self, password: Secret, *arguments: str, stdin: str = "") -> None:
        # a run of this that was killed has left its lock: restic knows that its process is dead
        self._checked(self._restic(password, "unlock"))
        self._checked(self._restic(password, *arguments, RETRY_LOCK, stdin=stdin))

    def _checked(self, ended: Completed) -> Completed:
        if ended.exit_code != 0:
            why = mover_log.cause(ended.stderr, ended.exit_code)
            found = f"restic {ended.command[1]} {ended.command[2] if len(ended.command) > 2 else ''}".rstrip()
            raise CommandFailed(
                self.where, f"{found} failed: {why.found}", why.next_step, command_exit_code=ended.exit_code
            )
        return ended

    def _restic(self, password: Secret, *arguments: str, stdin: str = "") -> Completed:
        pod = Mover(
            restic=self.restic, secret={**self.secret, "RESTIC_PASSWORD": password}, data=self.cache, cache=self.cache
        )
        authority = () if self.ca_file is None else ("--cacert", self.ca_file)
        return run(
            (self.restic, *arguments, *authority),
            timeout_s=TIMEOUT_S,
            environment=mover.environment(pod),
            stdin=stdin,
            accept=None,
        )


def refuse_unless_opened(keys: Keys, passwords: Iterable[Secret]) -> None:
    """
    Refuse a repository that a rotation would leave behind.

    Args:
        keys: of the repository.

        passwords: of the record.

    Raises:
        Drift: where none of them opens it.
    """
    if not any(keys.id(each) for each in passwords if each):
        raise Drift(
            keys.where,
            "is opened by no password of the record",
            "add the record's password to it with `restic key add`, or move it out of the bucket",
        )
