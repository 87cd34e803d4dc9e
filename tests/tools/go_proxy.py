"""A Go module proxy in a folder, with modules that build in a moment."""

import base64
import hashlib
import io
import json
import zipfile
from pathlib import Path

MAIN = """\
package main

import "os"

var version = "unknown"

func main() { os.Stdout.WriteString("tiny version " + version + "\\n") }
"""


def publish(proxy: Path, module: str, version: str, files: dict[str, str]) -> str:
    """
    Put one version of a module on a proxy.

    Args:
        proxy: the folder that GOPROXY names as a file URL.

        module: its path, in lower case.

        version: for example "v1.0.0".

        files: path in the module -> content; go.mod is one of them.

    Returns:
        The module's sum, worked out here: base64 of the SHA-256 of the sorted lines "<SHA-256>  <path>".

    Source:
        golang.org/x/mod@v0.21.0:sumdb/dirhash/hash.go (Hash1), golang.org/ref/mod#goproxy-protocol
    """
    folder = proxy / module / "@v"
    folder.mkdir(parents=True, exist_ok=True)
    named = {f"{module}@{version}/{path}": content for path, content in sorted(files.items())}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for path, content in named.items():
            packed.writestr(path, content)
    (folder / f"{version}.zip").write_bytes(archive.getvalue())
    (folder / f"{version}.mod").write_text(files["go.mod"])
    (folder / f"{version}.info").write_text(json.dumps({"Version": version, "Time": "2026-01-01T00:00:00Z"}))
    return _sum(named)


def sum_of_go_mod(content: str) -> str:
    """The sum of a go.mod alone, as go.sum lists it."""
    return _sum({"go.mod": content})


def _sum(files: dict[str, str]) -> str:
    lines = [f"{hashlib.sha256(content.encode()).hexdigest()}  {path}\n" for path, content in sorted(files.items())]
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()
