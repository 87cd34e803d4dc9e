"""tools.toml as values: what each external program is for, which version will do, and how it is got."""

import hashlib
import platform
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.errors import SettingsError
from scripts.settings import REPOSITORY_ROOT

TOOLS_FILE = REPOSITORY_ROOT / "tools.toml"


@dataclass(frozen=True, kw_only=True)
class GoModule:
    """
    The source that a program is built from.

    Args:
        module: path of the Go module.

        version: of the module ("v5.8.1").

        sum: Go's digest of the module's source ("h1:", then base64).

        package: the program's package, relative to the module ("./cmd/restic").

        stamp: linker variables as "package.Name=value", so that the program knows its version.
    """

    module: str
    version: str
    sum: str
    package: str
    stamp: tuple[str, ...] = ()

    @property
    def linker_flags(self) -> str:
        """What `-ldflags` gets: no symbol tables, and the stamp."""
        return _linker_flags(self.stamp)

    def install_command(self, _program: str) -> str:
        """The same build by hand, as one shell command."""
        package = "/".join(part for part in (self.module, self.package.removeprefix(".").strip("/")) if part)
        flags = f"-ldflags='{self.linker_flags}' " if self.stamp else ""
        return f"GOBIN=~/.local/bin GOTOOLCHAIN=auto go install {flags}{package}@{self.version}"


@dataclass(frozen=True, kw_only=True)
class GoPins:
    """
    A module of this repository that has no code: it pins, by the digests in its go.sum, what a program is built from.

    It is for a program whose own module cannot be built by itself, as one that replaces modules by folders beside it.

    Args:
        folder: that its go.mod and go.sum are in, relative to tools.toml.

        package: import path of the program's package ("k8s.io/kubernetes/cmd/kube-apiserver").

        sum: SHA-256 of go.mod and go.sum, 64 lower-case hex digits.

        stamp: linker variables as "package.Name=value", so that the program knows its version.
    """

    folder: str
    package: str
    sum: str
    stamp: tuple[str, ...] = ()

    @property
    def linker_flags(self) -> str:
        """What `-ldflags` gets: no symbol tables, and the stamp."""
        return _linker_flags(self.stamp)

    def install_command(self, program: str) -> str:
        """The same build by hand, as one shell command."""
        flags = f"-ldflags='{self.linker_flags}'"
        return f"GOTOOLCHAIN=auto go build -C {self.folder} {flags} -o ~/.local/bin/{program} {self.package}"


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """
    A Python package that carries a program.

    Args:
        requirements: a file beside tools.toml that pins the package with its digests.

        program: path of the program below the folder that the package is installed into.
    """

    requirements: str
    program: str


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """
    One program of tools.toml.

    Args:
        name: of the program on the PATH.

        purpose: what it is needed for, as in "restic makes backups".

        version: what is built.

        least: the oldest version accepted on the PATH.

        version_command: its arguments that print its version.

        version_pattern: a regular expression whose first group is the version.

        install: (system, command) pairs, for the message where it cannot be had.

        source: how it is built; None where it cannot be.

        optional: why it may be missing; "" where it may not.

        on_demand: why it is got only where it is asked for by its name; "" where it is got with all others.
    """

    name: str
    purpose: str
    version: str
    least: str
    version_command: tuple[str, ...]
    version_pattern: str
    install: tuple[tuple[str, str], ...]
    source: GoModule | GoPins | Wheel | None = None
    optional: str = ""
    on_demand: str = ""

    @property
    def next_step(self) -> str:
        """What a person does where the program cannot be got."""
        commands = ", ".join(f"{system} `{command}`" for system, command in self.install)
        return f"install it yourself: {commands}"

    @property
    def digest(self) -> str:
        """12 hexadecimal digits, lower case: they change with whatever changes the built program."""
        built_from = (self.name, self.version, self.source, platform.system(), platform.machine())
        return hashlib.sha256(repr(built_from).encode()).hexdigest()[:12]


def read(file: Path = TOOLS_FILE) -> Mapping[str, Recipe]:
    """
    Read tools.toml.

    Args:
        file: its path.

    Returns:
        Name of the program -> its recipe, in the file's order.

    Raises:
        SettingsError: where the file is missing, is no TOML, or lacks a key.
    """
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        return {name: _recipe(name, table, file.parent) for name, table in document.items()}
    except OSError as error:
        raise SettingsError(
            str(error.filename or file), f"cannot be read ({error.strerror})", "restore it from git"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(file), f"is not TOML ({error})", "mend it, or restore it from git") from error
    except (KeyError, TypeError) as error:
        raise SettingsError(
            str(file), f"a table lacks a key or has an unknown one ({error})", "mend it, or restore it from git"
        ) from error


def _recipe(name: str, table: Mapping[str, Any], root: Path) -> Recipe:
    source = _source(table, root)
    by_hand = "" if source is None or isinstance(source, Wheel) else source.install_command(name)
    return Recipe(
        name=name,
        purpose=table["purpose"],
        version=table["version"],
        least=table["least"],
        version_command=tuple(table["version_command"]),
        version_pattern=table["version_pattern"],
        install=tuple(
            (system, table["install"][key].replace("{go_install}", by_hand))
            for key, system in (("debian", "Debian"), ("fedora", "Fedora"), ("macos", "macOS"))
        ),
        source=source,
        optional=table.get("optional", ""),
        on_demand=table.get("on_demand", ""),
    )


def _source(table: Mapping[str, Any], root: Path) -> GoModule | GoPins | Wheel | None:
    if "wheel" in table:
        return Wheel(**table["wheel"])
    if "go" not in table:
        return None
    keys = {**table["go"], "stamp": tuple(table["go"].get("stamp", ()))}
    if "folder" not in keys:
        return GoModule(**keys)
    pins = hashlib.sha256(b"".join((root / keys["folder"] / name).read_bytes() for name in ("go.mod", "go.sum")))
    return GoPins(**keys, sum=pins.hexdigest())


def _linker_flags(stamp: tuple[str, ...]) -> str:
    return " ".join(["-s", "-w", *(f"-X={variable}" for variable in stamp)])
