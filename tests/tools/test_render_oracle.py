"""Our rendering against that of Flux's own code: flate, and flux where it is on the PATH."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys

import pytest

from scripts.errors import RenderError
from scripts.render import Builder, render, render_tree
from scripts.render.apply import apply
from scripts.render.overlay import overlay
from scripts.render.variables import config_maps, variables
from scripts.settings import REPOSITORY_ROOT
from scripts.source import read
from scripts.store import NOTHING_KEPT
from scripts.toolchain import get, present
from tests.tools import awkward, oracles
from tests.tools.trees import MINIMAL, SYSTEM

FLATE_DIFFERS = {
    "common-metadata": "flate adds common metadata before it substitutes, the controller after"
    " (kustomize-controller@v1.9.4:internal/controller/kustomization_controller.go, apply)",
    "dollars-that-are-meant": "flate does not look at an object without ${, so two dollars stay two",
    "images": "flate puts an image of spec.images in the place of one of the kustomization, Flux merges them"
    " (fluxcd/pkg@kustomize/v1.40.0:kustomize/kustomize_generator.go)",
    "post-build-that-always-substitutes": "flate does not know spec.postBuild.substituteStrategy",
    "the-root-as-path": "flate takes its own start for a part of what the root applies, and waits for ever",
    "values-beyond-64-bits": "flate keeps every digit, and loses a text that looks like a merge key",
    "yaml-1-1-values": "flate reads YAML 1.2 once the values are in, Flux YAML 1.1 without its dates",
}
"""Tree -> why flate cannot decide. What is expected was printed by flux 2.9.4, or stands in the source that is named."""

FLUX_DIFFERS = {
    "a-source-that-leaves-files-out": "flux build reads the .sourceignore of the path alone; flate decides",
}

FLATE_ACCEPTS = {
    "a-field-of-kustomize-that-is-none": "Flux drops it without a word; a typing error is not to be dropped",
    "a-key-that-is-a-number": "flate reads such keys; flux 2.9.4 refuses",
    "a-link-to-a-file": "flate reads the folder, where links work; Flux fetches none"
    " (fluxcd/pkg@artifact/v0.18.0:artifact/storage/archive.go)",
    "a-link-to-a-folder": "likewise",
    "a-link-to-a-kustomization": "likewise",
    "a-name-that-becomes-a-number": "flate asks no API server; the controller finds no name"
    " (kustomize-controller@v1.9.4:internal/controller/kustomization_controller.go, ReadObjects)",
    "a-name-that-becomes-nothing": "likewise",
    "a-setting-that-is-a-truth": "flate makes a text of it; the API server refuses a ConfigMap with data that is no text",
    "a-variable-in-a-default-without-value": "flate never complains of an unset variable; flux 2.9.4 refuses",
    "a-variable-without-value": "likewise",
    "an-inline-value-that-is-a-number": "flate makes a text of it; the API server refuses it"
    " (kustomize-controller@v1.9.4:api/v1/kustomization_types.go, PostBuild.Substitute is a map of texts)",
    "an-object-twice-after-substitution": "flate applies both; flux 2.9.4 refuses",
    "settings-in-a-circle": "flate takes a ConfigMap from its file before anything is applied; a cluster waits for ever",
}
"""Tree that is to be refused -> why flate accepts it, and who refuses."""

FLUX_ACCEPTS = {
    "a-config-map-of-another-namespace": "flux build reads no ConfigMaps; flate refuses",
    "a-config-map-that-nothing-makes": "likewise",
    "a-field-of-kustomize-that-is-none": FLATE_ACCEPTS["a-field-of-kustomize-that-is-none"],
    "a-file-outside-of-the-tree": "flux build reads the whole disk; the controller and flate the tree alone"
    " (fluxcd/pkg@kustomize/v1.40.0:kustomize/kustomize_generator.go, SecureBuild)",
    "a-file-that-is-left-out-of-the-source": "flux build reads the .sourceignore of the path alone; flate refuses",
    "a-link-to-a-file": FLATE_ACCEPTS["a-link-to-a-file"],
    "a-link-to-a-folder": "likewise",
    "a-link-to-a-kustomization": "likewise",
    "a-name-that-becomes-a-number": FLATE_ACCEPTS["a-name-that-becomes-a-number"],
    "a-name-that-becomes-nothing": "likewise",
    "a-name-that-is-no-variable": "flux build reads no ConfigMaps; flate refuses",
    "a-path-that-is-left-out-of-the-source": "flux build reads the .sourceignore of the path alone; flate refuses",
    "a-picture-in-a-config-map": "flux build reads what is never fetched; flate refuses",
    "a-setting-that-is-a-truth": "flux build reads no ConfigMaps",
    "an-inline-value-that-is-a-number": FLATE_ACCEPTS["an-inline-value-that-is-a-number"],
    "settings-in-a-circle": "flux build reads no ConfigMaps",
}
"""Tree that is to be refused -> why `flux build` accepts it, and who refuses."""

STORY_COMMANDS = (
    pytest.param("cluster-apps-volsync", "kubernetes/clusters/apps", id="the entry point"),
    pytest.param("cluster-apps-volsync", f"{SYSTEM}/volsync", id="volsync"),
    pytest.param("cluster-apps-volsync-snapshot-controller", f"{SYSTEM}/snapshot-controller", id="snapshot-controller"),
    pytest.param("cluster-apps-volsync-system", SYSTEM, id="the system"),
)
"""`flux build kustomization NAME --path PATH` of AC7, T8.1, T8.2 and T8.4; PATH need not be the spec.path of NAME."""

FLUX_THAT_BUILDS_WITHOUT_VALUES = """\
#!{python}
import subprocess, sys, yaml
if "version" in sys.argv:
    print("flux: v2.9.4")
    sys.exit()
folder = sys.argv[sys.argv.index("--path") + 1]
built = subprocess.run(["{kustomize}", "build", folder], capture_output=True, text=True, check=True).stdout
for document in yaml.safe_load_all(built):
    labels = document["metadata"].setdefault("labels", {{}})
    labels["kustomize.toolkit.fluxcd.io/name"] = sys.argv[3]
    labels["kustomize.toolkit.fluxcd.io/namespace"] = "flux-system"
    {change}
    print("---")
    print(yaml.safe_dump(document), end="")
"""


def copy(source, folder):
    """What was read, in a folder where a tool may leave what it likes."""
    for path in source.files:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path in source.links:
            target.symlink_to(source.links[path])
        elif path in source.texts:
            target.write_text(source.texts[path], encoding="utf-8", newline="")
        else:
            target.write_bytes((source.root / path).read_bytes())


def tree(name, folder=awkward.FOLDER):
    return awkward.read(folder / f"{name}.txtar")


def expected(archive):
    lines = archive.files[awkward.EXPECTED].splitlines()
    return oracles.shape((name, json.loads(document)) for name, _, document in (line.partition(" ") for line in lines))


def check_flate(rendering, root, names=()):
    completed, theirs = oracles.flate(root, names)

    assert oracles.is_accepted(completed), completed.stderr
    assert oracles.shape(oracles.without_default_namespace(theirs, rendering)) == oracles.shape(
        oracles.without_default_namespace(oracles.ours(rendering), rendering)
    )
    return "flate"


def check_flux(rendering, root):
    """Compare with flux where it is on the PATH; "" where it is not."""
    program = present("flux")
    if program is None:
        return ""
    theirs = []
    for each in rendering.kustomizations:
        completed, found = oracles.flux(program.path, root, each, document=oracles.with_values(each, rendering))
        assert completed.exit_code == 0, completed.stderr
        theirs += oracles.with_common_metadata(found, each)
        is_refused = oracles.flux(program.path, root, each)[0].exit_code != 0
        # without a value of its own flux substitutes nothing, and complains of nothing
        has_values = bool(each.specification.get("postBuild", {}).get("substitute"))
        assert is_refused == (has_values and bool(rendering.offline_unset.get(each.identity)))
    ours = [(name, document) for name, document in oracles.ours(rendering) if name != oracles.BOOTSTRAP]
    assert oracles.shape(theirs) == oracles.shape(ours)
    return "flux"


def flux_accepts(program, root):
    source = read(root, git=None)
    rendering = render_tree(source, Builder(source, get("kustomize"), NOTHING_KEPT))
    asked = [oracles.flux(program, root, each)[0] for each in rendering.kustomizations]
    return all(each.exit_code == 0 for each in asked)


def the_oracles(*spoke):
    """Who has to have spoken: nobody is left out but flux, where it is not on the PATH."""
    assert [each for each in spoke if each] == ["flate", *(["flux"] if present("flux") else [])]


@pytest.mark.parametrize("name", [each for each in awkward.archives(awkward.FOLDER) if each not in FLATE_DIFFERS])
def test_an_awkward_tree_renders_as_flux_renders_it(name, tmp_path):
    archive = tree(name)
    rendering = render(archive.write(tmp_path / "ours"))

    flate = check_flate(rendering, archive.write(tmp_path / "flate"))
    if name in FLUX_DIFFERS:
        return
    the_oracles(flate, check_flux(rendering, archive.write(tmp_path / "flux")))


@pytest.mark.parametrize("name", FLATE_DIFFERS)
def test_where_flate_differs_a_tree_renders_as_flux_itself_says(name, tmp_path):
    archive = tree(name)
    rendering = render(archive.write(tmp_path / "ours"))

    assert oracles.shape(oracles.ours(rendering)) == expected(archive)
    # once flate has learnt it, it is no exception any more
    with pytest.raises(AssertionError):
        check_flate(rendering, archive.write(tmp_path / "flate"))
    check_flux(rendering, archive.write(tmp_path / "flux"))


def test_there_are_at_least_twenty_awkward_trees_and_each_says_why():
    found = {name: tree(name).sentence for name in awkward.archives(awkward.FOLDER)}

    assert len(found) >= 20
    assert all(sentence.endswith(".") for sentence in found.values())
    assert len(set(found.values())) == len(found)
    assert {*FLATE_DIFFERS, *FLUX_DIFFERS} <= found.keys()
    assert {name for name in found if awkward.EXPECTED in tree(name).files} == FLATE_DIFFERS.keys()


@pytest.mark.parametrize("name", awkward.archives(awkward.REFUSED))
def test_a_tree_that_flux_refuses_is_refused_and_the_object_or_the_file_is_named(name, tmp_path):
    archive = tree(name, awkward.REFUSED)
    (tmp_path / "ours").mkdir()
    (tmp_path / "flate").mkdir()

    with pytest.raises(RenderError) as caught:
        pytest.fail(f"rendered: {render(archive.write(tmp_path / 'ours' / 'tree'))}")

    words = archive.sentence.partition("says: ")[2].split(" | ")
    assert [word for word in words if word not in str(caught.value)] == []
    assert str(tmp_path) not in str(caught.value)
    completed, _ = oracles.flate(archive.write(tmp_path / "flate" / "tree"))
    assert oracles.is_accepted(completed) == (name in FLATE_ACCEPTS)
    if program := present("flux"):
        assert (name in FLUX_ACCEPTS) == flux_accepts(program.path, archive.write(tmp_path / "flux"))


@pytest.mark.parametrize(
    "root", [pytest.param(REPOSITORY_ROOT, id="this one"), pytest.param(MINIMAL, id="the smallest")]
)
def test_a_tree_of_this_repository_renders_as_flux_renders_it(root, tmp_path):
    git = present("git")
    source = read(root, git=git.path if git and root == REPOSITORY_ROOT else None)
    for name in ("flate", "flux"):
        (tmp_path / name).mkdir()
        copy(source, tmp_path / name)
    rendering = render(root)
    names = rendering.particulars.externals["Kustomization"] - {each.identity for each in rendering.kustomizations}

    the_oracles(check_flate(rendering, tmp_path / "flate", names), check_flux(rendering, tmp_path / "flux"))


@pytest.mark.parametrize(("name", "folder"), STORY_COMMANDS)
def test_the_commands_of_the_story_print_what_our_rendering_gives(name, folder, tmp_path):
    source = read(REPOSITORY_ROOT, git=get("git").path)
    builder = Builder(source, get("kustomize"), NOTHING_KEPT)
    rendering = render_tree(source, builder)
    kustomization = next(each for each in rendering.kustomizations if each.name == name)
    held = config_maps(each.document for each in rendering.resources)
    moved = dataclasses.replace(kustomization, path=type(kustomization.path)(folder))
    built = builder.build([overlay(moved, source.texts, builder.files, builder.artifact)])[0]

    applied = apply(moved, built.texts, variables(moved, held, frozenset()))

    assert (built.error, applied.error, applied.unset, applied.offline_unset) == ("", None, {}, {})
    assert applied.documents
    if program := present("flux"):
        copy(source, tmp_path)
        completed, theirs = oracles.flux(program.path, tmp_path, kustomization, folder=folder)
        assert completed.exit_code == 0, completed.stderr
        assert oracles.shape(theirs) == oracles.shape((name, document) for document in applied.documents)


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        pytest.param("", True, id="the same objects"),
        pytest.param("document['data'] = {'a': '2'}", False, id="another value"),
        pytest.param("labels['more'] = 'x'", False, id="another label"),
        pytest.param("sys.exit(1)", False, id="a refusal"),
    ],
)
def test_a_flux_on_the_path_is_asked_and_a_difference_is_seen(change, is_same, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "flux"
    program.parent.mkdir()
    text = FLUX_THAT_BUILDS_WITHOUT_VALUES.format(
        python=sys.executable, kustomize=get("kustomize").path, change=change or "pass"
    )
    program.write_text(text)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    archive = tree("paths-written-in-many-ways")
    rendering = render(archive.write(tmp_path / "ours"))

    if is_same:
        assert check_flux(rendering, archive.write(tmp_path / "flux")) == "flux"
    else:
        with pytest.raises(AssertionError):
            check_flux(rendering, archive.write(tmp_path / "flux"))


def test_what_git_does_not_hold_is_not_applied_though_flate_finds_it(tmp_path):
    root = tree("inline-values-win").write(tmp_path / "tree")
    (root / ".gitignore").write_text("/kubernetes/apps/\n")
    subprocess.run([shutil.which("git"), "init", "--quiet", root], check=True)

    with pytest.raises(RenderError, match="kubernetes/apps/wiki: there is no such folder"):
        render(root)
    # flate reads the folder, Flux what git holds
    assert oracles.is_accepted(oracles.flate(root)[0])
