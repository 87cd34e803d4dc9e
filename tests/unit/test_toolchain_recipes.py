"""tools.toml: every table is complete, pinned, and reads the version that the program really prints."""

import re
import shutil

import pytest

from scripts.errors import SettingsError
from scripts.settings import REPOSITORY_ROOT
from scripts.toolchain.recipe import GoModule, GoPins, Wheel, read

RECIPES = read()


@pytest.mark.parametrize(
    ("name", "printed", "version"),
    [
        pytest.param("go", "go version go1.26.8 linux/amd64\n", "1.26.8", id="go"),
        pytest.param("go", "go version go1.27 darwin/arm64\n", "1.27", id="go without a patch number"),
        pytest.param("go", "go version devel go1.28-0b1c2d3 linux/amd64\n", None, id="go between two releases"),
        pytest.param("git", "git version 2.39.5\n", "2.39.5", id="git"),
        pytest.param("git", "git version 2.39.5 (Apple Git-154)\n", "2.39.5", id="git of macOS"),
        pytest.param("kustomize", "v5.8.1\n", "5.8.1", id="kustomize"),
        pytest.param("kustomize", "(devel)\n", None, id="kustomize built without a stamp"),
        pytest.param("restic", "restic 0.17.3 compiled with go1.26.8 on linux/amd64\n", "0.17.3", id="restic"),
        pytest.param(
            "minio",
            "minio version RELEASE.2025-09-07T16-13-09Z (commit-id=07c3a42)\nRuntime: go1.24.6 linux/amd64\n",
            "2025-09-07T16-13-09Z",
            id="minio as it was released",
        ),
        pytest.param(
            "minio",
            "minio version DEVELOPMENT.2026-02-12T20-18-48Z (commit-id=DEVELOPMENT.GOGET)\n",
            "2026-02-12T20-18-48Z",
            id="minio as it is built here",
        ),
        pytest.param(
            "minio", "minio version DEVELOPMENT.GOGET (commit-id=DEVELOPMENT.GOGET)\n", None, id="minio without a stamp"
        ),
        pytest.param("flate", "flate version 0.6.5\n", "0.6.5", id="flate"),
        pytest.param("flate", "flate version dev\n", None, id="flate built without a stamp"),
        pytest.param(
            "promtool",
            "promtool, version 3.16.0 (branch: HEAD, revision: 1)\n  build user: x\n",
            "3.16.0",
            id="promtool",
        ),
        pytest.param(
            "promtool",
            "promtool, version 2.42.0+ds (branch: debian/sid, revision: 1)\n",
            "2.42.0",
            id="Debian's promtool",
        ),
        pytest.param("gitleaks", "8.30.1\n", "8.30.1", id="gitleaks"),
        pytest.param("gitleaks", "version is set by build process\n", None, id="gitleaks built without a stamp"),
        pytest.param("flux", "flux: v2.9.5\n", "2.9.5", id="flux"),
        pytest.param("etcd", "etcd Version: 3.5.21\nGit SHA: GitNotFound\n", "3.5.21", id="etcd"),
        pytest.param("kube-apiserver", "Kubernetes v1.33.13\n", "1.33.13", id="kube-apiserver"),
        pytest.param(
            "kube-apiserver", "Kubernetes v0.0.0-master+$Format:%H$\n", "0.0.0", id="kube-apiserver without a stamp"
        ),
    ],
)
def test_a_version_is_read_from_what_the_program_prints(name, printed, version):
    match = re.search(RECIPES[name].version_pattern, printed, re.MULTILINE)

    assert (match[1] if match else None) == version


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_tool_says_what_it_is_for_and_how_three_systems_install_it(recipe):
    assert recipe.purpose
    assert [system for system, _ in recipe.install] == ["Debian", "Fedora", "macOS"]
    assert all(command and "{" not in command and "\n" not in command for _, command in recipe.install)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_tool_that_is_built_is_pinned_by_digest(recipe):
    match recipe.source:
        case GoModule() as source:
            pinned = bool(re.fullmatch(r"h1:[A-Za-z0-9+/]{43}=", source.sum)) and source.version.startswith("v")
        case GoPins() as source:
            pins = (REPOSITORY_ROOT / source.folder / "go.sum").read_text()
            module = source.package.removesuffix("/cmd/kube-apiserver")
            pinned = bool(re.search(rf"^{re.escape(module)} v[\d.]+ h1:[A-Za-z0-9+/]{{43}}=$", pins, re.MULTILINE))
        case Wheel() as source:
            pins = (REPOSITORY_ROOT / source.requirements).read_text()
            pinned = f"=={recipe.version} " in pins and "--hash=sha256:" in pins
        case None:
            pinned = recipe.name == "git" or bool(recipe.optional)

    assert pinned


def test_a_digest_changes_with_what_is_built_and_with_nothing_else(tmp_path):
    file = tmp_path / "tools.toml"
    shutil.copytree(REPOSITORY_ROOT / "tools", tmp_path / "tools")
    text = (REPOSITORY_ROOT / "tools.toml").read_text()
    digests = []
    for change in ((), ("builds each kustomization", "changed"), ("v5.8.1", "v5.8.2")):
        file.write_text(text.replace(*change) if change else text)
        digests.append(read(file)["kustomize"].digest)

    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("pin", ["go.mod", "go.sum"])
def test_a_digest_changes_with_the_pins_that_are_kept_in_files_of_their_own(tmp_path, pin):
    file = tmp_path / "tools.toml"
    shutil.copytree(REPOSITORY_ROOT / "tools", tmp_path / "tools")
    shutil.copy(REPOSITORY_ROOT / "tools.toml", file)
    before = read(file)["etcd"].digest
    with (tmp_path / "tools" / "kubernetes" / pin).open("a") as changed:
        changed.write("\n")

    assert read(file)["etcd"].digest != before


def test_pins_that_are_missing_are_named(tmp_path):
    file = tmp_path / "tools.toml"
    shutil.copy(REPOSITORY_ROOT / "tools.toml", file)

    with pytest.raises(SettingsError, match="cannot be read") as missing:
        read(file)

    assert missing.value.where == str(tmp_path / "tools" / "kubernetes" / "go.mod")


def test_the_command_by_hand_builds_the_same_pin():
    by_hand = dict(RECIPES["promtool"].install)["Fedora"]

    assert by_hand == (
        "sudo dnf install golang && GOBIN=~/.local/bin GOTOOLCHAIN=auto go install "
        "-ldflags='-s -w -X=github.com/prometheus/common/version.Version=3.16.0' "
        "github.com/prometheus/prometheus/cmd/promtool@v0.316.0"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("[go", "is not TOML", id="no TOML"),
        pytest.param("[go]\nversion = '1'\n", "lacks a key", id="a key is missing"),
        pytest.param(None, "cannot be read", id="no file"),
    ],
)
def test_a_tools_file_that_cannot_be_used_is_named(tmp_path, text, found):
    file = tmp_path / "tools.toml"
    if text is not None:
        file.write_text(text)

    with pytest.raises(SettingsError, match=found) as wrong:
        read(file)

    assert wrong.value.where == str(file)
