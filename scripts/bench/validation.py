"""Trees of many apps -> how long `invoke validate` takes on each, beside its peers."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from scripts.bench import kubeconform, trees
from scripts.bench.timing import TIMEOUT_S, python, timed
from scripts.errors import BackupError, CommandFailed
from scripts.particulars import Particulars, particulars
from scripts.process import last_words, run
from scripts.progress import step
from scripts.render.offline import environment
from scripts.settings import REPOSITORY_ROOT, cache_directory
from scripts.source import read
from scripts.substitute import substitute
from scripts.toolchain import get

WORKERS = 2
STAND_IN = "kubernetes/stand-in"

Result = dict[str, float | int | str]


def measure(apps: int) -> Result:
    """
    Time the validation of a tree, and of the same tree after nothing and after one app changed.

    Args:
        apps: how many the tree has.

    Returns:
        Seconds, MiB, and ratios to the peers that are there.

    Raises:
        CommandFailed: where the tree is not found clean.
    """
    with tempfile.TemporaryDirectory(prefix="apps-backup-bench-") as name:
        work = Path(name).resolve()
        tree = work / "tree"
        trees.write(tree, apps)
        found: Result = {"apps": apps, "files": len(read(tree, git=None).files)}
        results = _cache(work)
        with step(f"{apps} apps: validate, with nothing known"):
            found |= _validate(tree, results, "cold")
        with step(f"{apps} apps: validate, with nothing changed"):
            found |= _validate(tree, results, "unchanged")
        trees.change(tree, "app-0000", size_gib=2)
        with step(f"{apps} apps: validate, with one app changed"):
            found |= _validate(tree, results, "one_changed")
        for peer, act in _peers(work, tree).items():
            with step(f"{apps} apps: {peer}"):
                seconds = round(timed(act), 2)
            found |= {
                f"{peer}_seconds": seconds,
                f"cold_to_{peer}_ratio": round(float(found["cold_seconds"]) / seconds, 2),
            }
        return found


def repository() -> Result:
    """
    Time the validation of this repository, with nothing known.

    Returns:
        Seconds.
    """
    with tempfile.TemporaryDirectory(prefix="apps-backup-bench-") as name:
        return _validate(REPOSITORY_ROOT, _cache(Path(name).resolve()), "cold")


def _cache(work: Path) -> Path:
    """A cache directory that has the programs of this machine's own and no results."""
    folder = work / "cache"
    folder.mkdir()
    own = cache_directory()
    for name in os.listdir(own) if own.is_dir() else ():  # noqa: PTH208 - names alone
        if name != "results":
            (folder / name).symlink_to(own / name)
    return folder


def _validate(tree: Path, cache: Path, name: str) -> Result:
    completed = python("-m", "scripts.bench.once", str(tree), environment={"APPS_BACKUP_CACHE": str(cache)})
    said: dict[str, Any] = json.loads(completed.stdout)
    return {
        f"{name}_seconds": round(completed.duration_s, 2),
        f"{name}_memory_mib": said["memory_mib"],
        f"{name}_processor_seconds": said["processor_seconds"],
    }


def _peers(work: Path, tree: Path) -> dict[str, Callable[[], object]]:
    found: dict[str, Callable[[], object]] = {"bare_loop": lambda: _bare_loop(tree)}
    try:
        flate = get("flate").path
    except BackupError:
        pass
    else:
        found["flate"] = lambda: _flate(flate, work, tree)
    if program := shutil.which("kubeconform"):
        schemas = work / "schemas"
        kubeconform.write_schemas(tree, schemas)
        found["kubeconform"] = lambda: kubeconform.check(program, tree, schemas)
    return found


def _bare_loop(tree: Path) -> None:
    """What it takes at the very least: build, substitute and parse, and check nothing."""
    kustomize = get("kustomize").path

    def build(app: Path) -> int:
        command = (kustomize, "build", "--load-restrictor", "LoadRestrictionsNone", app / "app")
        text = run(command, timeout_s=TIMEOUT_S).stdout
        return len(list(yaml.load_all(substitute(text, {"APP": app.name}), Loader=yaml.CSafeLoader)))

    apps = sorted(each for each in (tree / trees.APPS).glob("app-*") if each.is_dir())
    with ThreadPoolExecutor(WORKERS) as workers:
        built = sum(workers.map(build, apps))
    if built < len(apps):
        raise CommandFailed("the bench", f"{built} objects of {len(apps)} apps were built", "run it again")


def _flate(flate: Path, work: Path, tree: Path) -> None:
    copy = work / "of-flate"
    shutil.copytree(tree, copy)
    (copy / ".git").mkdir()  # flate takes the folder that holds it for the GitRepository flux-system
    _stand_in(copy)
    cache = ("--cache-dir", work / "cache-of-flate")
    command = (
        flate,
        "test",
        "ks",
        "--path",
        Particulars().entry_point,
        *cache,
        "--no-progress",
        "--source-retry-attempts",
        "1",
    )
    # the charts of its two HelmReleases are not to be had, which it says at the end
    completed = run(command, timeout_s=TIMEOUT_S, environment=environment(), cwd=copy, accept=(0, 1))
    if completed.stdout.count("✓  Kustomization") < len(list((tree / trees.APPS).iterdir())) - 1:
        raise CommandFailed("flate", f"did not render every app: {last_words(completed)}", "run it by hand")


def _stand_in(copy: Path) -> None:
    """Give flate an empty Flux Kustomization for each that others make."""
    (copy / STAND_IN).mkdir()
    (copy / STAND_IN / "kustomization.yaml").write_text("resources: []\n", encoding="utf-8")
    found = particulars(read(copy, git=None).documents)
    specification = {
        "interval": "1h",
        "path": f"./{STAND_IN}",
        "prune": True,
        "sourceRef": {"kind": "GitRepository", "name": "flux-system", "namespace": "flux-system"},
    }
    made = [
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": dict(zip(("namespace", "name"), each.split("/"), strict=True)),
            "spec": specification,
        }
        for each in sorted(found.externals["Kustomization"])
    ]
    (copy / found.entry_point / "stand-in.yaml").write_text(yaml.safe_dump_all(made), encoding="utf-8")
