"""Where a rendered object comes from, and the line that a fault of it is told at."""

import pytest

from scripts.store import NOTHING_KEPT
from scripts.validate import validate
from tests.tools.trees import CLUSTER, DEMO, both, places, replace, write

APP = "kubernetes/workloads/apps/demo"
CLAIM = """\
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: NAME
  namespace: demo
spec:
  accessModes: [ReadWriteOnce]
  resources: { requests: { storage: 1Gi } }
  storageClassName: CLASS
"""


def claim(name, storage_class="typo"):
    return CLAIM.replace("NAME", name).replace("CLASS", storage_class)


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(
            both(
                write(f"{APP}/cache.yaml", claim("cache")),
                replace(DEMO, "  - namespace.yaml\n", "  - cache.yaml\n  - namespace.yaml\n"),
            ),
            [("volsync-class", f"{APP}/cache.yaml", 10), ("volsync-unprotected", f"{APP}/cache.yaml", 5)],
            id="a manifest of the app",
        ),
        pytest.param(
            both(
                write(f"{APP}/cache.yaml", claim("cache", "block")),
                write(f"{APP}/patch.yaml", claim("cache")),
                replace(
                    DEMO, "  - namespace.yaml\n", "  - cache.yaml\n  - namespace.yaml\npatches:\n  - path: patch.yaml\n"
                ),
            ),
            [("volsync-class", f"{APP}/cache.yaml", 10), ("volsync-unprotected", f"{APP}/cache.yaml", 5)],
            id="a manifest with a patch that looks like it",
        ),
        pytest.param(
            both(
                write(f"{APP}/more/cache.yaml", claim("cache")),
                write(f"{APP}/more/other.yaml", claim("other", "block")),
                write(
                    f"{APP}/more/kustomization.yaml",
                    "---\nnamePrefix: app-\nnameSuffix: -a\nresources:\n  - cache.yaml\n  - other.yaml\n",
                ),
                replace(DEMO, "  - namespace.yaml\n", "  - more\n  - namespace.yaml\n"),
            ),
            [
                ("volsync-class", f"{APP}/more/cache.yaml", 10),
                ("volsync-unprotected", f"{APP}/more/cache.yaml", 5),
                ("volsync-unprotected", f"{APP}/more/other.yaml", 5),
            ],
            id="manifests whose names are changed while they are built",
        ),
        pytest.param(
            both(
                write(f"{APP}/cache.yaml", claim("cache")),
                write(f"{APP}/other.yaml", claim("other", "block")),
                replace(DEMO, "  - namespace.yaml\n", "  - cache.yaml\n  - namespace.yaml\n  - other.yaml\n"),
                replace(f"{CLUSTER}/demo.yaml", "  prune: false\n", "  namePrefix: x-\n  prune: false\n"),
            ),
            [
                ("volsync-class", f"{APP}/cache.yaml", 10),
                ("volsync-unprotected", f"{APP}/cache.yaml", 5),
                ("volsync-unprotected", f"{APP}/other.yaml", 5),
            ],
            id="manifests whose names Flux changes",
        ),
    ],
)
def test_a_fault_is_told_where_its_object_is_written_down(tree, tools, edit, expected):
    edit(tree)

    found = validate(tree, tools=tools, is_repository=False, store=NOTHING_KEPT)

    assert expected == sorted(
        each for each in places(found) if each[0].startswith("volsync-") and each[1].startswith(APP)
    )
