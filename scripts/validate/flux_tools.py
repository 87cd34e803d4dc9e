"""Flux Kustomizations -> what flux or flate says of each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from scripts.checks.flux import identity
from scripts.errors import CommandFailed
from scripts.process import last_words, run
from scripts.render import ENTRY_POINT, FluxKustomization
from scripts.validate.offline import environment

TIMEOUT_S = 120.0

RESULT = re.compile(r"^\s*(?P<mark>[✓✗⊘])\s+Kustomization\s+(?P<id>\S+)(?:\s+(?P<said>.*))?$")
"""A line of `flate test ks` about a Flux Kustomization."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """
    What a tool said of one Flux Kustomization.

    Args:
        error: why it does not build; "" where it does.

        is_blocked: whether the fault is elsewhere.

        duration_s: wall time in seconds.
    """

    error: str = ""
    is_blocked: bool = False
    duration_s: float = 0.0


def ask_flux(flux: Path, copy: Path, kustomization: FluxKustomization, path: str) -> Said:
    """
    Build one Flux Kustomization with flux, without a cluster.

    Args:
        flux: the program.

        copy: a copy of the tree; flux leaves files in it.

        kustomization: what to build.

        path: the folder that it is to apply, relative to the root of the tree.

    Returns:
        What flux said.

    Raises:
        CommandFailed: where it takes too long.

    Source:
        fluxcd/flux2@v2.9.4:cmd/flux/build_kustomization.go (--dry-run wants --kustomization-file, and skips
        substituteFrom; --strict-substitute is in every version since 2.3.0).
    """
    file = copy / "kustomization-to-build.yaml"
    file.write_text(yaml.safe_dump(dict(kustomization.document)), encoding="utf-8")
    command = (flux, "build", "kustomization", kustomization.name, "--path", f"./{path}")
    offline = ("--dry-run", "--strict-substitute", "--kustomization-file", file, "-n", kustomization.namespace)
    completed = run((*command, *offline), timeout_s=TIMEOUT_S, environment=environment(copy), cwd=copy, accept=None)
    error = "" if completed.exit_code == 0 else last_words(completed).replace(f"{copy}/", "")
    return Said(error=error, duration_s=completed.duration_s)


def ask_flate(
    flate: Path, copy: Path, wanted: tuple[FluxKustomization, ...], externals: frozenset[str]
) -> Mapping[str, Said]:
    """
    Build the whole tree with flate, which renders with the controllers' own libraries.

    Args:
        flate: the program.

        copy: a copy of the tree; it gets an empty stand-in for each external Flux Kustomization.

        wanted: the Flux Kustomizations of the tree.

        externals: "namespace/name" of those that the tree waits for and that others make.

    Returns:
        "namespace/name" -> what flate said.

    Raises:
        CommandFailed: where it takes too long, or says nothing of one of them.
    """
    (copy / ".git").mkdir(exist_ok=True)  # flate takes the folder that holds it for the GitRepository flux-system
    _stand_in(copy, externals - {identity(each) for each in wanted})
    command = (flate, "test", "ks", "--path", ENTRY_POINT, "--cache-dir", copy / "cache", "--no-progress")
    completed = run(
        (*command, "--source-retry-attempts", "1"),
        timeout_s=TIMEOUT_S,
        environment=environment(copy),
        cwd=copy,
        accept=None,
    )
    said: dict[str, Said] = {}
    for line in completed.stdout.splitlines():
        if found := RESULT.match(line):
            error = "" if found["mark"] == "✓" else (found["said"] or "does not build").replace(f"{copy}/", "")
            said[found["id"]] = Said(error=error, is_blocked=found["mark"] == "⊘")
    for each in wanted:
        if identity(each) not in said:
            raise CommandFailed(
                "flate",
                f"said nothing of Kustomization {each.name}: {last_words(completed)}",
                "run `flate test ks --path kubernetes/clusters/apps`",
                command_exit_code=completed.exit_code,
            )
    return said


def _stand_in(copy: Path, externals: frozenset[str]) -> None:
    empty = "kubernetes/stand-in"
    (copy / empty).mkdir(parents=True, exist_ok=True)
    (copy / empty / "kustomization.yaml").write_text("resources: []\n", encoding="utf-8")
    documents = [
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"namespace": namespace, "name": name},
            "spec": {
                "interval": "1h",
                "path": f"./{empty}",
                "prune": True,
                "sourceRef": {"kind": "GitRepository", "name": "flux-system", "namespace": "flux-system"},
            },
        }
        for namespace, _, name in (each.partition("/") for each in sorted(externals))
    ]
    file = copy / ENTRY_POINT / "stand-in-for-externals.yaml"
    file.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
