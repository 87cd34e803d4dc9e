"""A number -> a tree with as many apps as that, each with a backup, in a folder that is thrown away."""

import shutil
from pathlib import Path

from scripts.checks.volsync.spread import spread_schedule
from scripts.settings import REPOSITORY_ROOT

APPS = Path("kubernetes/workloads/apps")
COPIED = ("kubernetes", "docs", "tests/alerts", "tests/trees/invalid", "tests/trees/without-flux", ".yamllint.yaml")

README = "# Apps\n\n## Back up an app\n\nThe runbook leads here.\n"

FLUX_KUSTOMIZATION = """\
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: cluster-apps-{app}
  namespace: flux-system
spec:
  dependsOn:
    - name: cluster-apps-volsync
  interval: 10m
  path: ./kubernetes/workloads/apps/{app}/app
  postBuild:
    substitute:
      APP: {app}
      BACKUP_SCHEDULE: "{schedule}"
      PVC_SIZE: 10Gi
    substituteFrom:
      - kind: ConfigMap
        name: cluster-settings
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
  timeout: 15m
  wait: true
"""
KUSTOMIZATION = """\
---
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
components:
  - ../../../../components/volsync
resources:
  - cache.yaml
  - namespace.yaml
"""
NAMESPACE = """\
---
apiVersion: v1
kind: Namespace
metadata:
  name: {app}
  annotations:
    kustomize.toolkit.fluxcd.io/prune: disabled
"""
CACHE = """\
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {app}-cache
  namespace: {app}
  annotations:
    allow.backup/volsync-unprotected: what is in it is made anew at each start
spec:
  accessModes:
    - ReadWriteOnce
  resources:
    requests:
      storage: {size}Gi
  storageClassName: rook-ceph-block
"""


def write(folder: Path, apps: int) -> None:
    """
    Write a tree: what this repository has, and for each app a Flux Kustomization, a kustomization with the component, a
    namespace, and a second PVC that is not backed up.

    Args:
        folder: that is made.

        apps: how many.
    """
    for name in COPIED:
        source, target = REPOSITORY_ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    (folder / "README.md").write_text(README, encoding="utf-8")
    names = [f"app-{number:04}" for number in range(apps)]
    for name in names:
        app = folder / APPS / name / "app"
        app.mkdir(parents=True)
        flux_kustomization = FLUX_KUSTOMIZATION.format(app=name, schedule=spread_schedule(name))
        (app.parent / "ks.yaml").write_text(flux_kustomization, encoding="utf-8")
        (app / "kustomization.yaml").write_text(KUSTOMIZATION, encoding="utf-8")
        (app / "namespace.yaml").write_text(NAMESPACE.format(app=name), encoding="utf-8")
        change(folder, name, size_gib=1)
    listing = folder / APPS / "kustomization.yaml"
    text = listing.read_text(encoding="utf-8") + "".join(f"  - {name}/ks.yaml\n" for name in names)
    listing.write_text(text, encoding="utf-8")


def change(folder: Path, app: str, *, size_gib: int) -> None:
    """
    Give an app's second PVC a size.

    Args:
        folder: of the tree.

        app: its name.

        size_gib: the size in GiB.
    """
    (folder / APPS / app / "app" / "cache.yaml").write_text(CACHE.format(app=app, size=size_gib), encoding="utf-8")
