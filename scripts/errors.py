"""
One class and one exit code per kind of failure.

    BackupError
    ├── FindingsFound        1  the tree, or a cluster's backups, were checked and something is wrong with them
    ├── CouldNotRun          2  a check could not run, so nothing can be said
    ├── SettingsError        3  an environment variable, file or flag is missing or wrong
    ├── ToolMissing          4  an external program cannot be had
    ├── CommandFailed        5  an external program ran and failed
    ├── Unreachable          6  a service did not answer in time
    ├── Refused              7  a service answered and refused
    ├── Drift                8  a state that this project did not make is in the way
    ├── RenderError          9  the tree cannot be rendered
    ├── ProofFailed         10  what came back is not what was written
    ├── MoverFailed         11  a backup or restore failed, or did nothing and called it a success
    ├── CommitRefused       12  something that does not belong would go into the commit
    ├── Forbidden           13  the Kubernetes API does not let this user do it
    ├── NotFound            14  the cluster has no such object, or no such kind of object
    ├── Conflict            15  an object of the cluster was made or changed by somebody else meanwhile
    └── Interrupted        130  Ctrl-C, or a signal that ends the process

Each is caught once, by the task wrapper (scripts/task.py). Anything else is a bug and keeps its traceback.
"""

from typing import ClassVar


class BackupError(Exception):
    """
    A failure that a person can act on.

    Args:
        where: a file with its line, an object (Kind namespace/name), a service or a program.

        found: what is wrong there, with the value found and the value wanted.

        next_step: what to do about it, as an imperative ("run `invoke minio.setup`").
    """

    exit_code: ClassVar[int]

    def __init__(self, where: str, found: str, next_step: str) -> None:
        super().__init__(where, found, next_step)
        self.where = where
        self.found = found
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.where}: {self.found}; {self.next_step}"


class FindingsFound(BackupError):
    """The tree, or a cluster's backups, were checked and something is wrong with them."""

    exit_code = 1


class CouldNotRun(BackupError):
    """A check could not run, so nothing can be said."""

    exit_code = 2


class SettingsError(BackupError):
    """An environment variable, file or flag is missing or wrong."""

    exit_code = 3


class ToolMissing(BackupError):
    """An external program cannot be had."""

    exit_code = 4


class CommandFailed(BackupError):
    """
    An external program ran and failed.

    Args:
        command_exit_code: the program's own exit code; None where a time-out ended it.
    """

    exit_code = 5

    def __init__(self, where: str, found: str, next_step: str, *, command_exit_code: int | None = None) -> None:
        super().__init__(where, found, next_step)
        self.command_exit_code = command_exit_code


class Unreachable(BackupError):
    """A service did not answer in time."""

    exit_code = 6


class Refused(BackupError):
    """A service answered and refused."""

    exit_code = 7


class Drift(BackupError):
    """A state that this project did not make is in the way."""

    exit_code = 8


class RenderError(BackupError):
    """The tree cannot be rendered."""

    exit_code = 9


class ProofFailed(BackupError):
    """What came back is not what was written."""

    exit_code = 10


class MoverFailed(BackupError):
    """
    A backup or restore failed, or did nothing and called it a success.

    Args:
        log: what the mover said, a line each; none where no mover ran.
    """

    exit_code = 11

    def __init__(self, where: str, found: str, next_step: str, *, log: tuple[str, ...] = ()) -> None:
        super().__init__(where, found, next_step)
        self.log = log


class CommitRefused(BackupError):
    """Something that does not belong would go into the commit."""

    exit_code = 12


class Forbidden(BackupError):
    """
    The Kubernetes API does not let this user do it.

    Args:
        verb: as a Role names it ("list").

        resource: as a Role names it ("pods/log").
    """

    exit_code = 13

    def __init__(self, where: str, found: str, next_step: str, *, verb: str = "", resource: str = "") -> None:
        super().__init__(where, found, next_step)
        self.verb = verb
        self.resource = resource


class NotFound(BackupError):
    """
    The cluster has no such object, or no such kind of object.

    Args:
        kind_is_known: False where the cluster does not serve the kind at all.
    """

    exit_code = 14

    def __init__(self, where: str, found: str, next_step: str, *, kind_is_known: bool = True) -> None:
        super().__init__(where, found, next_step)
        self.kind_is_known = kind_is_known


class Conflict(BackupError):
    """
    An object of the cluster was made or changed by somebody else meanwhile.

    Args:
        exists: True where it was to be made and is there already.
    """

    exit_code = 15

    def __init__(self, where: str, found: str, next_step: str, *, exists: bool = False) -> None:
        super().__init__(where, found, next_step)
        self.exists = exists


class Interrupted(BackupError):
    """Ctrl-C, or a signal that ends the process."""

    exit_code = 130
