"""The environment, read in one place; a Secret prints as **redacted**."""

import os
from collections.abc import Mapping
from pathlib import Path

from scripts.errors import SettingsError

REPOSITORY_ROOT = Path(__file__).resolve().parent.parent
"""The checkout that these scripts are run from."""

REDACTED = "**redacted**"


class Secret:
    """
    A value that must not be seen; `reveal` is the only way to it.

    It is no dataclass: `dataclasses.asdict` would take it apart on its way into a report.

    Args:
        value: the value itself.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the call that needs it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __str__(self) -> str:
        return REDACTED

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    def __format__(self, format_spec: str) -> str:
        return REDACTED

    def __reduce__(self) -> str:
        # a pickled secret would be a secret on disk
        raise TypeError("a Secret is not to be pickled or copied")


def environment() -> dict[str, str]:
    """A copy of the process's environment."""
    return dict(os.environ)


def optional(name: str) -> str:
    """
    One variable of the environment.

    Args:
        name: of the variable.

    Returns:
        Its value without white space around it; "" where it is unset or empty.
    """
    return os.environ.get(name, "").strip()


def required(name: str, *, purpose: str) -> str:
    """
    One variable of the environment that the caller cannot do without.

    Args:
        name: of the variable.

        purpose: what it is for, for the message ("the address of the 1Password Connect server").

    Returns:
        Its value, never empty.

    Raises:
        SettingsError: where it is unset or empty.
    """
    value = optional(name)
    if not value:
        raise SettingsError(f"environment variable {name}", f"is not set; it is {purpose}", f"run `export {name}=...`")
    return value


def secret(name: str, *, purpose: str) -> Secret:
    """
    One secret of the environment that the caller cannot do without.

    Args:
        name: of the variable.

        purpose: what it is for, for the message.

    Returns:
        The secret, never empty.

    Raises:
        SettingsError: where it is unset or empty.
    """
    return Secret(required(name, purpose=purpose))


def cache_directory(variables: Mapping[str, str] | None = None) -> Path:
    """
    Where tools are kept between runs, outside of any checkout.

    Args:
        variables: the environment; the process's own where None.

    Returns:
        `$APPS_BACKUP_CACHE`, else `$XDG_CACHE_HOME/apps-backup`, else `~/.cache/apps-backup`; it may not exist yet.
    """
    found = os.environ if variables is None else variables
    if found.get("APPS_BACKUP_CACHE"):
        return Path(found["APPS_BACKUP_CACHE"]).expanduser()
    base = found.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "apps-backup"
