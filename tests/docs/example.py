"""The tree with the app of the documentation in it, made as the README says."""

import shutil
from pathlib import Path

import yaml

from scripts.checks.docs.markdown import Block, Page, read
from scripts.render import render
from scripts.settings import REPOSITORY_ROOT as ROOT
from tests.docs import kubectl, programs, shell
from tests.docs.tree import Known

APP = "kubernetes/workloads/apps/demo-app"
NAMESPACE = """\
---
apiVersion: v1
kind: Namespace
metadata:
  name: demo-app
  annotations:
    kustomize.toolkit.fluxcd.io/prune: disabled
"""


def blocks(page: str, language: str) -> list[Block]:
    """The blocks of a page that are in one language."""
    return [block for block in read(ROOT, page).blocks if block.language == language]


def readme_app() -> dict[str, str]:
    """The two files that the README has an app write, by the path that stands above each."""
    kustomization, flux = blocks("README.md", "yaml")
    return {"app/kustomization.yaml": kustomization.text, "ks.yaml": flux.text}


def known(root: Path) -> Known:
    """
    Render the tree with that app in it.

    Args:
        root: an empty folder.
    """
    shutil.copytree(ROOT / "kubernetes", root / "kubernetes")
    (root / APP / "app").mkdir(parents=True)
    for path, text in readme_app().items():
        (root / APP / path).write_text(text, encoding="utf-8")
    (root / APP / "app/namespace.yaml").write_text(NAMESPACE, encoding="utf-8")
    apps = root / "kubernetes/workloads/apps/kustomization.yaml"
    apps.write_text(apps.read_text(encoding="utf-8") + "  - demo-app/ks.yaml\n", encoding="utf-8")
    rendering = render(root)
    return Known(
        rendering=rendering,
        externals=rendering.particulars.externals,
        settings=_load("cluster-settings.yaml")["data"],
    )


def checked(page: Page, tree: Known, folder: Path) -> list[str]:
    """What is wrong with a page's commands, which are run in an empty folder."""
    ran = shell.run(page, folder)
    context = programs.Context(known=tree, made=kubectl.made(ran.calls), root=ROOT)
    return [
        *ran.problems,
        *(f"{page.path}:{call.line}: {each}" for call in ran.calls for each in programs.check(call, context)),
    ]


def _load(name: str) -> dict:
    return yaml.safe_load((ROOT / "kubernetes/clusters/apps" / name).read_text(encoding="utf-8"))
