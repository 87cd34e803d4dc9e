"""What the tasks show of a tree: what the cluster would receive, and what a change does to it."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from scripts.errors import RenderError, SettingsError
from scripts.render import render
from scripts.review import show_changes, show_manifests

MINIMAL = Path(__file__).parent.parent / "trees" / "valid" / "minimal"
CLUSTER = "kubernetes/clusters/apps"
DEMO = "kubernetes/workloads/apps/demo"


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    shutil.copytree(MINIMAL, root)
    return root


def shown(capsys, **flags):
    show_manifests(**flags)
    return capsys.readouterr().out


def test_every_object_is_shown_as_it_would_be_applied(tree, capsys):
    documents = list(yaml.safe_load_all(shown(capsys, root=str(tree))))

    def by_name(each):
        return each["kind"], each["metadata"]["name"]

    assert sorted(documents, key=by_name) == sorted((each.document for each in render(tree).resources), key=by_name)
    assert any(each["metadata"]["name"] == "demo-data" for each in documents)


def test_the_objects_of_one_kustomization_are_those_that_it_applies(tree, capsys):
    text = shown(capsys, root=str(tree), name="cluster-apps-demo")

    assert {line for line in text.splitlines() if line.startswith("#")} == {"# applied by cluster-apps-demo"}
    assert len(list(yaml.safe_load_all(text))) == sum(
        each.kustomization == "cluster-apps-demo" for each in render(tree).resources
    )


def test_the_objects_of_the_entry_point_come_first(tree, capsys):
    (first, *_) = [line for line in shown(capsys, root=str(tree)).splitlines() if line.startswith("#")]

    assert first == f"# applied by {CLUSTER}"
    assert shown(capsys, root=str(tree), name=CLUSTER).startswith(f"---\n{first}\n")


def test_the_order_does_not_depend_on_that_of_the_files(tree, capsys):
    before = shown(capsys, root=str(tree))
    file = tree / CLUSTER / "kustomization.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert len(document["resources"]) > 2
    document["resources"].reverse()
    file.write_text(yaml.safe_dump(document), encoding="utf-8")

    assert shown(capsys, root=str(tree)) == before


def test_a_name_that_there_is_not_is_answered_with_those_that_there_are(tree):
    with pytest.raises(SettingsError, match=r"--name demo: is no Flux Kustomization .* cluster-apps-demo"):
        show_manifests(root=str(tree), name="demo")


def test_the_values_of_a_secret_are_not_shown(tree, capsys):
    (tree / DEMO / "secret.yaml").write_text(
        "{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {held: value-to-hide}, data: {other: dG8gaGlkZQ==}}\n",
        encoding="utf-8",
    )
    file = tree / DEMO / "kustomization.yaml"
    file.write_text(f"{file.read_text(encoding='utf-8')}resources:\n  - secret.yaml\n", encoding="utf-8")

    text = shown(capsys, root=str(tree))

    assert "held: '**redacted**'" in text
    assert "value-to-hide" not in text
    assert "dG8gaGlkZQ==" not in text


def test_a_tree_that_does_not_render_prints_nothing(tree, capsys):
    (tree / DEMO / "kustomization.yaml").write_text("resources: [nosuch.yaml]\n", encoding="utf-8")

    with pytest.raises(RenderError):
        show_manifests(root=str(tree))

    assert capsys.readouterr().out == ""


# -------------------------------------------------------------------------------------------------- against a commit


@pytest.fixture
def git(tree):
    def call(*words):
        identity = ("-c", "user.name=Someone", "-c", "user.email=someone@example.org")
        return subprocess.run(
            ["git", "-C", tree, *identity, *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    call("init", "-q", "-b", "main")
    call("add", ".")
    call("commit", "-q", "-m", "feat: begin")
    return call


def differences(capsys, **flags):
    show_changes(**flags)
    return capsys.readouterr().out.splitlines()


def replace(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_an_unchanged_tree_has_no_differences(git, tree, capsys):
    assert differences(capsys, base="HEAD", root=str(tree)) == [
        f"against HEAD ({git('rev-parse', '--short', 'HEAD')}): 0 added, 0 removed, 0 changed; nothing dangerous for backups"
    ]


@pytest.mark.usefixtures("git")
def test_a_value_that_templates_share_is_shown_where_it_arrives(tree, capsys):
    replace(tree / CLUSTER / "cluster-settings.yaml", "VOLSYNC_BUCKET: volsync", "VOLSYNC_BUCKET: other")

    lines = differences(capsys, base="main", root=str(tree))

    assert any(line.startswith("changed ExternalSecret ") for line in lines)
    assert any("[repository-changed]" in line and "/volsync/" in line and "/other/" in line for line in lines)


def test_what_was_committed_since_is_compared_too(git, tree, capsys):
    replace(tree / CLUSTER / "demo.yaml", "prune: false", "prune: true")
    git("commit", "-qam", "feat: prune the app")
    replace(tree / CLUSTER / "kustomization.yaml", "  - demo.yaml\n", "")
    git("commit", "-qam", "feat: remove the app")

    lines = differences(capsys, base="HEAD~1", root=str(tree))

    assert sum("[backup-removed]" in line for line in lines) == 1
    assert differences(capsys, base="HEAD", root=str(tree))[-1].endswith("; nothing dangerous for backups")


def test_neither_the_work_tree_nor_the_index_is_touched(git, tree, capsys):
    replace(tree / CLUSTER / "cluster-settings.yaml", "VOLSYNC_BUCKET: volsync", "VOLSYNC_BUCKET: other")
    (tree / "notes.txt").write_text("mine\n", encoding="utf-8")
    before = git("status", "--porcelain"), git("worktree", "list"), (tree / ".git/index").read_bytes()

    differences(capsys, base="main", root=str(tree))

    assert (git("status", "--porcelain"), git("worktree", "list"), (tree / ".git/index").read_bytes()) == before


@pytest.mark.usefixtures("git")
def test_a_tree_may_be_a_folder_of_its_repository(tree, tmp_path, capsys):
    outer = tmp_path / "outer"
    shutil.copytree(tree, outer / "cluster a", ignore=shutil.ignore_patterns(".git"))
    for words in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "x"),
    ):
        subprocess.run(["git", "-C", outer, *words], check=True)
    replace(outer / "cluster a" / CLUSTER / "cluster-settings.yaml", "VOLSYNC_BUCKET: volsync", "VOLSYNC_BUCKET: other")

    assert any(
        "[repository-changed]" in line for line in differences(capsys, base="HEAD", root=str(outer / "cluster a"))
    )


@pytest.mark.parametrize("base", ["nosuch", "--help", "--all", "-", ""])
@pytest.mark.usefixtures("git")
def test_a_base_that_is_no_commit_is_refused(tree, base):
    with pytest.raises(SettingsError, match="names no commit of this repository; run `git fetch`"):
        show_changes(base=base, root=str(tree))


def test_a_base_that_holds_no_tree_is_refused(git, tree):
    git("rm", "-rq", "--cached", "kubernetes")
    git("commit", "-qm", "feat: none")

    with pytest.raises(SettingsError, match="holds no folder kubernetes"):
        show_changes(base="HEAD", root=str(tree))


def test_a_tree_that_is_in_no_repository_is_refused(tree):
    with pytest.raises(SettingsError, match="is in no git work tree"):
        show_changes(base="HEAD", root=str(tree))


def test_a_base_that_does_not_render_is_told_from_a_tree_that_does_not(git, tree):
    good = (tree / DEMO / "kustomization.yaml").read_text(encoding="utf-8")
    (tree / DEMO / "kustomization.yaml").write_text("resources: [nosuch.yaml]\n", encoding="utf-8")
    with pytest.raises(RenderError) as here:
        show_changes(base="HEAD", root=str(tree))
    git("commit", "-qam", "fix: break it")
    (tree / DEMO / "kustomization.yaml").write_text(good, encoding="utf-8")
    with pytest.raises(RenderError) as there:
        show_changes(base="HEAD", root=str(tree))

    assert here.value.where == DEMO
    assert there.value.where == f"{DEMO} at HEAD"
