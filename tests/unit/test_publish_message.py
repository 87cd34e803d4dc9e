import pytest

from scripts.checks.story import CRITERIA
from scripts.publish.message import RELATED, STORY_PATHS, SUBJECT, Change, belongs, message

SYSTEM = "kubernetes/workloads/platform/backup/volsync-system"


def lines(*changes):
    return message(tuple(Change(path=path, verb=verb) for path, verb in changes)).splitlines()


def test_a_message_has_the_subject_the_parts_and_the_story():
    assert lines(
        (f"{SYSTEM}/volsync/app/prometheusrule.yaml", "add"),
        (f"{SYSTEM}/volsync/ks.yaml", "change"),
        (f"{SYSTEM}/volsync/app/old.yaml", "remove"),
        (f"{SYSTEM}/namespace.yaml", "add"),
        ("docs/architecture.md", "change"),
    ) == [
        SUBJECT,
        "",
        "- VolSync operator and alerts: add app/prometheusrule.yaml; change",
        "  ks.yaml; remove app/old.yaml",
        "- namespace and order of the backup system: add namespace.yaml",
        "- documentation: change architecture.md",
        "",
        RELATED,
    ]


def test_every_file_is_named_once_and_under_the_narrowest_part():
    text = "\n".join(lines(*((f"{path}/x-{number}.yaml", "add") for number, (_, path) in enumerate(STORY_PATHS))))

    assert [text.count(f"x-{number}.yaml") for number in range(len(STORY_PATHS))] == [1] * len(STORY_PATHS)


def test_a_name_cannot_write_a_line_of_the_message():
    assert lines((f"{SYSTEM}/a\n\nSigned-off-by: x", "add"))[2:-2] == [
        "- namespace and order of the backup system: add 'a\\n\\nSigned-off-by: x'"
    ]


@pytest.mark.parametrize("path", [path for each in CRITERIA for path in each.paths])
def test_what_the_story_asks_for_is_committed(path):
    assert belongs(path)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("README.md", id="the readme"),
        pytest.param(f"{SYSTEM}-other/ks.yaml", id="a folder whose name begins the same"),
        pytest.param("kubernetes/clusters/apps/other.yaml", id="another story's entry"),
    ],
)
def test_what_is_no_part_of_the_story_is_not(path):
    assert not belongs(path)
