"""Every command and every YAML block of the documentation, against bash, the rendered tree, restic and invoke's own parser."""

import re

import pytest
import yaml

from scripts.checks.docs.markdown import read
from scripts.process import run as run_program
from scripts.settings import REPOSITORY_ROOT as ROOT
from scripts.toolchain import get
from tests.docs import example, manifests, programs, prose, shell

RUNBOOK = "docs/runbooks/volsync-backup-restore.md"
PROSE_ONLY = {"CHANGELOG.md", "docs/reference/exit-codes.md", "docs/reference/parameters.md"}


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    return example.known(tmp_path_factory.mktemp("tree"))


# -------------------------------------------------------------------------------------------------- the pages as they are


def with_commands():
    return [path for path in prose.pages(ROOT) if path not in PROSE_ONLY]


@pytest.mark.parametrize("path", with_commands())
def test_every_command_of_a_page_is_right(path, known, tmp_path):
    assert example.checked(read(ROOT, path), known, tmp_path) == []


def test_the_pages_have_commands_and_are_run(tmp_path):
    calls = shell.run(read(ROOT, RUNBOOK), tmp_path).calls

    assert {"kubectl", "flux", "mc", "op", "invoke", "nox", "curl"} <= {call.program for call in calls}
    assert len([call for call in calls if call.program == "kubectl"]) > 80


@pytest.mark.parametrize("path", sorted(PROSE_ONLY))
def test_a_page_that_is_not_run_has_no_commands(path):
    assert [block for block in read(ROOT, path).blocks if block.language in shell.SHELL] == []


@pytest.mark.parametrize("path", prose.pages(ROOT))
def test_every_block_says_which_language_it_is_in(path):
    assert {block.language for block in read(ROOT, path).blocks} <= {"bash", "console", "text", "yaml"}


def test_every_restic_command_is_one_of_restics(tmp_path):
    calls = shell.run(read(ROOT, RUNBOOK), tmp_path).calls
    commands = {arguments for call in calls if (arguments := restic_arguments(call))}

    assert len(commands) > 15
    assert [problem for arguments in sorted(commands) for problem in restic_refuses(arguments)] == []


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("snapshotz",), id="a command that there is not"),
        pytest.param(("check", "--read-all-data"), id="a flag that there is not"),
        pytest.param(("repair", "locks"), id="a part of a command that there is not"),
    ],
)
def test_what_restic_does_not_have_is_found(arguments):
    assert list(restic_refuses(arguments))


def restic_arguments(call):
    words = call.arguments
    return words[words.index("restic") + 1 :] if call.program == "kubectl" and "restic" in words else ()


GLOBAL = {"--repo": 1}


def restic_refuses(arguments):
    """What the real restic says of a command and its flags; its own help is all that runs."""
    words, flags, rest = [], [], list(arguments)
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            flags.append(word.partition("=")[0])
            rest = rest[GLOBAL.get(word, 0) :]
        else:
            words.append(word)
    command = words[:2] if words[0] in {"repair", "key"} else words[:1]
    helped = run_program((get("restic").path, "help", *command), timeout_s=30, accept=None)
    if helped.exit_code != 0 or f"restic {' '.join(command)}" not in helped.stdout:
        yield f"restic has no command {' '.join(command)}"
    yield from (
        f"restic {' '.join(command)} has no {flag}"
        for flag in flags
        if not re.search(rf"{re.escape(flag)}\b", helped.stdout)
    )


# ------------------------------------------------------------------------------------------------------------------ YAML


def test_the_app_of_the_readme_is_backed_up_and_comes_back(known):
    made = {(each.id.kind, each.id.name) for each in known.rendering.resources if each.id.namespace == "demo-app"}

    assert made == {
        ("ExternalSecret", "demo-app-volsync-secret"),
        ("PersistentVolumeClaim", "demo-app-data"),
        ("ReplicationDestination", "demo-app-restore"),
        ("ReplicationSource", "demo-app-backup"),
    }
    assert [
        f"`{example.APP}/{path}`" in (ROOT / "README.md").read_text(encoding="utf-8") for path in example.readme_app()
    ] == [True] * 2


def test_the_schedule_of_the_readme_follows_from_the_name_of_its_app(known):
    (source,) = [each for each in known.documents("ReplicationSource") if each["metadata"]["namespace"] == "demo-app"]
    checksum = int(run_program(("cksum",), timeout_s=10, stdin="demo-app").stdout.split()[0])
    minute, hour = source["spec"]["trigger"]["schedule"].split()[:2]

    assert int(hour) * 60 + int(minute) == 60 + checksum % 240


def test_the_flux_kustomization_of_the_readme_is_as_that_of_the_tree(known):
    ours, theirs = (
        next(each.document for each in known.rendering.kustomizations if each.name == f"cluster-apps-{app}")
        for app in ("demo-app", "volsync-test")
    )

    assert set(ours["spec"]) == set(theirs["spec"])
    assert set(ours["spec"]["postBuild"]["substitute"]) == set(theirs["spec"]["postBuild"]["substitute"])


@pytest.mark.parametrize(
    "page",
    [path for path in prose.pages(ROOT) if path != "README.md" and example.blocks(path, "yaml")] or ["README.md"],
)
def test_every_block_of_yaml_is_an_object_of_the_tree(page, known):
    for block in example.blocks(page, "yaml"):
        for document in yaml.safe_load_all(block.text):
            assert (document["apiVersion"], document["kind"]) in known.pairs | {
                ("kustomize.config.k8s.io/v1beta1", "Kustomization")
            }
            if "namespace" in document.get("metadata", {}):
                assert list(manifests.check(document, known, [document])) == []


def test_the_random_secrets_of_the_runbook_are_as_long_as_minio_takes_them():
    text = (ROOT / RUNBOOK).read_text(encoding="utf-8")
    password, key = programs.random_lengths(text)

    assert password >= 32
    assert 32 <= key <= programs.most_secret_characters()
