"""backup.add on copies of the tree: what it writes, what it leaves alone, and that the result is a valid tree."""

import re
import shutil
import subprocess

import pytest
import yaml

from scripts.checks.docs.markdown import read
from scripts.errors import Drift, SettingsError
from scripts.operate import add
from scripts.operate.edit import Entry, put
from scripts.settings import REPOSITORY_ROOT as ROOT
from scripts.validate import conclude, validate

APPS = "kubernetes/workloads/apps"
SHOP = {
    "app/deployment.yaml": (ROOT / APPS / "volsync-test/app/deployment.yaml")
    .read_text()
    .replace("volsync-test", "shop"),
    "app/kustomization.yaml": """\
---
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
# what the shop is made of
resources:
  - deployment.yaml # serves it
  - namespace.yaml
""",
    "app/namespace.yaml": """\
---
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    pod-security.kubernetes.io/enforce: restricted
""",
    "ks.yaml": """\
---
# the shop
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: cluster-apps-shop
  namespace: flux-system
spec:
  interval: 10m
  path: ./kubernetes/workloads/apps/shop/app
  # what leaves git leaves the cluster
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
  timeout: 15m
  wait: true
""",
}


@pytest.fixture
def tree(tmp_path):
    """The tree with an app in it that has no backups."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.strip("\0").split("\0"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    write(tmp_path, SHOP)
    with (tmp_path / APPS / "kustomization.yaml").open("a") as file:
        file.write("  - shop/ks.yaml\n")
    return tmp_path


def write(root, files):
    for path, text in files.items():
        (root / APPS / "shop" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / APPS / "shop" / path).write_text(text)


def added(root, **rest):
    usual = {"name": "shop", "namespace": "", "size": "", "user": "", "root": str(root)}
    add.run(**usual | rest)


def texts(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_an_app_gets_the_lines_of_the_readme_and_the_tree_is_valid_and_nothing_else_is_touched(tree, tools, capsys):
    before = texts(tree)
    added(tree, size="10Gi")
    out = capsys.readouterr().out
    after = texts(tree)
    changed = {path for path in after if after[path] != before.get(path)}

    assert changed == {f"{APPS}/shop/{name}" for name in ("app/kustomization.yaml", "app/namespace.yaml", "ks.yaml")}
    for path in changed:
        lines = after[path].decode().splitlines()
        left = [line for line in lines if f"+{line}" not in out.splitlines()]
        assert left == before[path].decode().splitlines()
    conclude(validate(tree, tools=tools))

    of_readme = [yaml.safe_load(each.text) for each in read(ROOT, "README.md").blocks if each.language == "yaml"]
    of_shop = [yaml.safe_load(after[f"{APPS}/shop/{name}"]) for name in ("app/kustomization.yaml", "ks.yaml")]
    spread = of_shop[1]["spec"]["postBuild"]["substitute"].pop("BACKUP_SCHEDULE")
    del of_readme[1]["spec"]["postBuild"]["substitute"]["BACKUP_SCHEDULE"]
    of_shop[0]["resources"].remove("deployment.yaml")
    assert re.fullmatch(r"\d+ [1-4] \* \* \*", spread)
    assert of_shop == yaml.safe_load(yaml.safe_dump(of_readme).replace("demo-app", "shop"))

    added(tree, size="10Gi")

    assert texts(tree) == after
    assert capsys.readouterr().out == "shop: has these lines already, nothing was written\n"


def test_a_run_that_was_killed_half_way_is_finished_by_the_next(tree):
    added(tree)
    whole = texts(tree)
    write(
        tree,
        {"app/kustomization.yaml": SHOP["app/kustomization.yaml"], "app/namespace.yaml": SHOP["app/namespace.yaml"]},
    )
    added(tree)

    assert texts(tree) == whole


def test_the_user_of_the_app_is_the_one_of_its_mover(tree):
    added(tree, user="1000")
    substitute = yaml.safe_load((tree / APPS / "shop/ks.yaml").read_text())["spec"]["postBuild"]["substitute"]

    assert (substitute["VOLSYNC_MOVER_UID"], substitute["VOLSYNC_MOVER_GID"]) == ("1000", "1000")


CLAIM = """\
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: own
  namespace: shop
spec:
  accessModes:
    - ReadWriteOnce
  resources:
    requests:
      storage: 1Gi
"""


@pytest.mark.parametrize(
    ("files", "given", "error", "said"),
    [
        pytest.param(
            {}, {"name": "nosuch"}, SettingsError, "is no app of this tree; .*shop, .*volsync-test", id="unknown"
        ),
        pytest.param(
            {"ks.yaml": SHOP["ks.yaml"].replace("  prune", "  postBuild:\n    substitute:\n      APP: other\n  prune")},
            {},
            Drift,
            r"shop/ks.yaml:\d+: has APP: other, and shop would be written",
            id="another value",
        ),
        pytest.param(
            {
                "app/claim.yaml": CLAIM,
                "app/kustomization.yaml": SHOP["app/kustomization.yaml"] + "  - claim.yaml\n",
            },
            {},
            Drift,
            "PersistentVolumeClaim shop/own: is the app's own",
            id="a volume of its own",
        ),
        pytest.param({}, {"namespace": "volsync-test"}, Drift, "backs this app up already", id="backed up already"),
        pytest.param(
            {
                "ks.yaml": SHOP["ks.yaml"].replace(
                    "  prune: true", "  dependsOn: [{name: cluster-apps-volsync-system}]\n  prune: true"
                )
            },
            {},
            Drift,
            r"shop/ks.yaml:\d+: is written in a way that no lines can be added to",
            id="a list on one line",
        ),
        pytest.param({}, {"user": "root"}, SettingsError, "--user root: is no number", id="a user that is no number"),
    ],
)
def test_what_is_not_clear_is_refused_and_nothing_is_written(tree, files, given, error, said):
    write(tree, files)
    before = texts(tree)

    with pytest.raises(error, match=said):
        added(tree, **given)

    assert texts(tree) == before


@pytest.mark.parametrize(
    ("text", "location", "value", "expected"),
    [
        pytest.param("a:\n  c: 1\n", ("a", "b"), "x", "a:\n  b: x\nc: 1\n".replace("\nc", "\n  c"), id="before"),
        pytest.param(
            "a:\n    c: 1", ("a", "d"), "1", 'a:\n    c: 1\n    d: "1"\n', id="at the end, as deep as the others"
        ),
        pytest.param(
            "# of z\nz: 1\n", ("a", "b"), "x", "a:\n  b: x\n# of z\nz: 1\n", id="above the comment of the next"
        ),
        pytest.param("a:\nz: 1\n", ("y", "b"), "x", "a:\ny:\n  b: x\nz: 1\n", id="beside an empty one"),
        pytest.param("l:\n- a # one\n\nz: 1\n", ("l",), ["b"], "l:\n- a # one\n- b\n\nz: 1\n", id="a list"),
    ],
)
def test_an_entry_is_written_where_a_person_would_write_it(text, location, value, expected):
    is_item = isinstance(value, list)
    entry = Entry(kind="", name="", location=location, value=value[0] if is_item else value, is_item=is_item)

    assert put("a.yaml", text, entry) == expected
    assert put("a.yaml", expected, entry) == expected
