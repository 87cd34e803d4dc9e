"""A revision of a git repository -> the tree that it holds, in a folder of its own."""

from pathlib import Path

from scripts.errors import SettingsError
from scripts.process import Completed, last_words, minimal_environment, run
from scripts.toolchain import get

TIMEOUT_S = 120.0


def export(root: Path, base: str, folder: Path) -> tuple[Path, str]:
    """
    Write out what a revision holds, without touching the work tree, the index or the list of work trees.

    Args:
        root: the folder that holds `kubernetes/`, in a work tree.

        base: any name of a commit.

        folder: an empty one.

    Returns:
        The same folder as root at that revision, and the commit's abbreviated name.

    Raises:
        SettingsError: where root is in no work tree, or base names no commit that holds it.
    """
    top, prefix = _location(root)
    # what is put behind the name keeps it from being read as an option
    found = _git(top, "rev-parse", "--verify", "--quiet", f"{base}^{{commit}}", accept=None)
    if found.exit_code != 0:
        raise SettingsError(f"--base {base}", "names no commit of this repository", "run `git fetch`, or name another")
    commit = found.stdout.strip()
    kind = _git(top, "cat-file", "-t", f"{commit}:{prefix}kubernetes", accept=None)
    if kind.stdout.strip() != "tree":
        raise SettingsError(f"--base {base}", f"holds no folder {prefix}kubernetes", "name a commit that holds it")
    index, files = folder / "index", folder / "files"
    files.mkdir()
    _git(top, "read-tree", commit, index=index)
    _git(top, "checkout-index", "--all", f"--prefix={files}/", index=index)
    return files / prefix, _git(top, "rev-parse", "--short", commit).stdout.strip()


def _location(root: Path) -> tuple[Path, str]:
    """The top of the work tree, and the folder within it: "" or a path that ends in "/"."""
    found = _git(root, "rev-parse", "--show-toplevel", accept=None)
    if found.exit_code != 0:
        raise SettingsError(str(root), f"is in no git work tree ({last_words(found)})", "run it in a clone")
    prefix = _git(root, "rev-parse", "--show-prefix").stdout.removesuffix("\n")
    return Path(found.stdout.removesuffix("\n")), prefix


def _git(top: Path, *words: str, index: Path | None = None, accept: tuple[int, ...] | None = (0,)) -> Completed:
    variables = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"} | ({"GIT_INDEX_FILE": str(index)} if index else {})
    return run(
        (get("git").path, "-C", top, *words),
        timeout_s=TIMEOUT_S,
        environment=minimal_environment(dict(variables)),
        accept=accept,
        next_step="mend what git says and run it again",
    )
