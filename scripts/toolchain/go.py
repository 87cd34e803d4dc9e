"""A pinned Go module -> a program built from source that was checked against the pin."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import stamina

from scripts import process, progress
from scripts.errors import CommandFailed, ToolMissing
from scripts.settings import Secret
from scripts.toolchain import network
from scripts.toolchain.recipe import GoModule, GoPins, Recipe

DOWNLOAD_TIMEOUT_S = 900.0
BUILD_TIMEOUT_S = 2700.0
ATTEMPTS = 3

PASSED_ON = (
    *("GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "GOVCS", "GOAUTH"),
    *("GOENV", "GOPATH", "GOMODCACHE", "GOCACHE", "GOTMPDIR", "GOMAXPROCS", "XDG_CONFIG_HOME"),
)
"""What Go may see of the machine's own settings: where modules come from and where they are kept."""


@dataclass(frozen=True, kw_only=True)
class Go:
    """
    Go, and what it is run with.

    Args:
        path: of the program.

        variables: its environment.
    """

    path: Path
    variables: dict[str, str | Secret] = field(repr=False)


def command(path: Path, *, own_caches: Path | None) -> Go:
    """
    Go with this machine's own settings, but a build that is the same everywhere.

    Args:
        path: of the program.

        own_caches: a folder for its module and build caches; None for the ones that the user's Go has anyway.

    Returns:
        What `build` takes.
    """
    own: dict[str, str | Secret] = {}
    flags = ["-buildvcs=false"]
    if own_caches is not None:
        own = {"GOPATH": str(own_caches / "path"), "GOCACHE": str(own_caches / "build")}
        # without this flag its files are read-only, and the cache cannot be removed with `rm -r`
        flags.append("-modcacherw")
    fixed: dict[str, str | Secret] = {
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "auto",
        "GOFLAGS": " ".join(flags),
    }
    return Go(path=path, variables=own | network.settings(PASSED_ON) | fixed)


def build(recipe: Recipe, source: GoModule | GoPins, go: Go, output: Path, *, root: Path) -> None:
    """
    Download a module, check it against its pin, and build its program.

    It is built inside of its own module, or inside of the one of this repository that pins it: the go.sum of that
    vouches for every other module.

    Args:
        recipe: of the program.

        source: its module.

        go: what builds it.

        output: path of the program to be made.

        root: the folder that tools.toml is in.

    Raises:
        ToolMissing: where the module cannot be had, is not the pinned one, or does not build.
    """
    if isinstance(source, GoPins):
        folder = root / source.folder
    else:
        with progress.step(f"download the source of {recipe.name} {recipe.version}"):
            folder = _download(recipe, source, go)
    with progress.step(f"build {recipe.name} {recipe.version} (once; this can take minutes)"):
        words = ["build", "-trimpath", "-mod=readonly", f"-ldflags={source.linker_flags}", "-o", str(output)]
        try:
            _retried(go, [*words, source.package], timeout_s=BUILD_TIMEOUT_S, cwd=folder)
        except CommandFailed as error:
            raise ToolMissing(_title(recipe), f"cannot be built: {error.found}", recipe.next_step) from error


def _download(recipe: Recipe, source: GoModule, go: Go) -> Path:
    words = ["mod", "download", "-json", f"{source.module}@{source.version}"]
    try:
        # from the root folder: a go.mod in the working directory must not have a say
        answer = json.loads(_retried(go, words, timeout_s=DOWNLOAD_TIMEOUT_S, cwd=Path(go.path.anchor)).stdout)
    except CommandFailed as error:
        raise ToolMissing(_title(recipe), f"its source cannot be had: {error.found}", recipe.next_step) from error
    except ValueError as error:
        raise ToolMissing(_title(recipe), "Go's answer to `go mod download` is no JSON", recipe.next_step) from error
    served = answer.get("Sum", "none")
    if served != source.sum:
        raise ToolMissing(
            _title(recipe),
            f"the source of {source.module}@{source.version} has the sum {served}, tools.toml pins {source.sum}",
            "do not use that source; find out why GOPROXY serves another one",
        )
    return Path(answer["Dir"])


def _retried(go: Go, words: Sequence[str], *, timeout_s: float, cwd: Path) -> process.Completed:
    def again(error: Exception) -> bool:
        # a time-out was long enough; an exit code may be the network's passing fault
        return isinstance(error, CommandFailed) and error.command_exit_code is not None

    for attempt in stamina.retry_context(on=again, attempts=ATTEMPTS, timeout=timeout_s, wait_initial=0.5, wait_max=5):
        with attempt:
            return _run(go, words, timeout_s=timeout_s, cwd=cwd)
    raise AssertionError("stamina gives up by raising what the last attempt raised")


def _run(go: Go, words: Sequence[str], *, timeout_s: float, cwd: Path) -> process.Completed:
    completed = process.run([go.path, *words], timeout_s=timeout_s, environment=go.variables, cwd=cwd, accept=None)
    if completed.exit_code != 0:
        raise CommandFailed(
            "go",
            f"`go {words[0]}` says: {_complaint(completed)}",
            "read it, and run this again",
            command_exit_code=completed.exit_code,
        )
    return completed


def _complaint(completed: process.Completed) -> str:
    try:
        # with -json its errors are on standard output
        return str(json.loads(completed.stdout)["Error"])
    except (ValueError, KeyError, TypeError):
        # eight lines: what Go says of a checksum that differs
        return process.last_words(completed, lines=8)


def _title(recipe: Recipe) -> str:
    return f"{recipe.name} {recipe.version}"
