"""The files that git holds -> those that Flux fetches, which are fewer."""

import hashlib
import posixpath
from collections.abc import Iterator, Mapping

from pathspec import PathSpec

IGNORE_FILE = ".sourceignore"
ALWAYS = (
    *(".git/", ".gitignore", ".gitmodules", ".gitattributes"),
    *("*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip"),
    *(".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml"),
    *("cloudbuild.yaml", "codeship-services.yml", "codeship-steps.yml"),
    *("**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml"),
)
"""Source: fluxcd/pkg@sourceignore/v0.18.0:sourceignore/sourceignore.go"""


class Artifact:
    """
    What Flux's source-controller packs of a tree: neither links nor what a .sourceignore or its own list leaves out.

    Args:
        texts: path -> what the file holds, of the whole tree.

        links: paths of links.

    Source:
        fluxcd/pkg@artifact/v0.18.0:artifact/storage/archive.go; fluxcd/pkg@sourceignore/v0.18.0:sourceignore/sourceignore.go
    """

    def __init__(self, texts: Mapping[str, str], links: Mapping[str, str]) -> None:
        self._links = links
        patterns = tuple(_patterns(texts))
        self._left_out = PathSpec.from_lines("gitignore", (*ALWAYS, *patterns))
        self._known: dict[str, bool] = {}
        self.identity = hashlib.sha256("\n".join(patterns).encode()).hexdigest()
        """Changes with what is left out."""

    def holds(self, path: str) -> bool:
        """
        Tell whether Flux fetches a file.

        Args:
            path: of a file of the tree.

        Returns:
            Whether it does.
        """
        if path not in self._known:
            self._known[path] = not self.link_on(path) and not self._left_out.match_file(path)
        return self._known[path]

    def link_on(self, path: str) -> str:
        """
        The link that a path stands behind, or is.

        Args:
            path: relative to the root of the tree.

        Returns:
            The path of the link; "" where there is none.
        """
        if not self._links:
            return ""
        parts = path.split("/")
        ways = ("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
        return next((each for each in ways if each in self._links), "")


def _patterns(texts: Mapping[str, str]) -> Iterator[str]:
    """The patterns of every .sourceignore as ones of the root; of two that match a path the later one counts."""
    files = [path for path in texts if path.endswith(IGNORE_FILE) and posixpath.basename(path) == IGNORE_FILE]
    for path in sorted(files, key=lambda file: posixpath.dirname(file).split("/")):
        folder = posixpath.dirname(path)
        for line in texts[path].splitlines():
            if line.strip() and not line.startswith("#"):
                yield _within(folder, line)


def _within(folder: str, pattern: str) -> str:
    if not folder:
        return pattern
    sign, bare = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    # a slash before its end binds a pattern to the folder of its file
    deep = "" if "/" in bare.rstrip().removesuffix("/") else "**/"
    return f"{sign}/{folder}/{deep}{bare.removeprefix('/')}"
