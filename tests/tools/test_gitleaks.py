"""What gitleaks gets to read: all of it, whatever is in it, and each file as if it were alone."""

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.errors import CommandFailed, ToolMissing
from scripts.settings import REPOSITORY_ROOT
from scripts.source import read
from scripts.toolchain import get
from scripts.validate import gitleaks, secret_scan
from scripts.validate.gitleaks import search
from tests.processes import eventually

# put together here, so that this file holds no line that looks like a credential
KEY_ID = "AKIA" + "Q7ZP2M4XW5RT5VBN"
HIT = f"x: {KEY_ID}\n"


@pytest.fixture(scope="module")
def program():
    return get("gitleaks").path


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files, which has to be empty again in the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def lines(found, path="a"):
    return sorted({line for line, _ in found[path]})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("\n\n\n", [], id="empty lines"),
        pytest.param(KEY_ID, [1], id="a line without an end"),
        pytest.param(f"a\r\nb {KEY_ID}\r\nc\r\n", [2], id="the line ends of Windows"),
        pytest.param(f"a\rb\r{KEY_ID}\n{KEY_ID}\n", [1, 2], id="the line ends of old Macs"),
        pytest.param(f"%PDF-1.7\n{KEY_ID}\n", [2], id="the beginning of a PDF"),
        pytest.param("{\\rtf1\n" + HIT, [2], id="the beginning of rich text"),
        pytest.param(f"SQLite format 3\n{KEY_ID}\n", [2], id="the beginning of a database"),
        pytest.param(f"\ufeff{KEY_ID}\n", [1], id="a byte order mark"),
        pytest.param(f"{'é' * 50_000}\n{KEY_ID}\n", [2], id="a long line of characters with two bytes"),
        pytest.param(f"{'😀' * 30_000} {KEY_ID}\n", [1], id="a long line of characters with four bytes"),
        pytest.param(f"\x01\x1b[0m\x7f\u2028\x85\n{KEY_ID}\n", [2], id="signs that control"),
        pytest.param(f"{KEY_ID} # gitleaks:allow\n", [1], id="a comment of gitleaks"),
        pytest.param("end of bundle\n" * 3 + HIT, [4], id="what tells the end of a file"),
        pytest.param("x\n" * 300_000 + HIT, [300_001], id="very many lines"),
    ],
)
@pytest.mark.usefixtures("temporary")
def test_a_credential_is_found_whatever_is_around_it(program, text, expected):
    assert lines(search({"a": text}, program)) == expected


@pytest.mark.parametrize("shift", range(5))
@pytest.mark.parametrize("word", ["ustar", "CD001", "DICM "])
def test_a_word_by_which_a_file_of_another_kind_is_known_hides_nothing(program, word, shift):
    text = f"{'x' * shift}{word * 10_000}\n{KEY_ID}\n"

    assert lines(search({"a": text}, program)) == [2]


@pytest.mark.usefixtures("temporary")
def test_a_line_of_ten_megabytes_is_read_to_its_end(program):
    text = "a " * 5_000_000

    found = search({"a": f"{text}{KEY_ID}\n", "b": f"{text}\n{HIT}"}, program)

    assert (lines(found), lines(found, "b")) == ([1], [2])


@pytest.mark.parametrize("offset", range(23_950, 24_050, 7))
def test_no_credential_is_cut_in_two(offset):
    text = "a" * offset + f" {KEY_ID} " + "b" * 30_000

    assert any(KEY_ID in piece.text for piece in gitleaks._pieces("a", text))


@settings(max_examples=100, deadline=None)
@given(
    sign=st.sampled_from(["a", "é", "😀"]),
    ends=st.lists(st.integers(0, 90_000), max_size=30),
    size=st.integers(0, 90_000),
)
def test_the_pieces_of_a_text_are_all_of_it_and_know_their_lines(sign, ends, size):
    signs = list("".join(f"{number}{sign}" for number in range(20_000))[:size])
    for end in ends:
        if end < len(signs):
            signs[end] = "\n"
    text = "".join(signs)

    pieces = list(gitleaks._pieces("a.yaml", text))

    assert all(len(piece.text.encode()) <= gitleaks.LONGEST_BYTES for piece in pieces)
    at = 0
    for piece in pieces:
        start = text.find(piece.text, max(at - gitleaks.OVERLAP, 0))
        assert 0 <= start <= at
        assert piece.line == text.count("\n", 0, start) + 1
        at = start + len(piece.text)
    assert at == len(text)


NEIGHBOURS = (
    "sourcegraph\n",
    "facebook airtable cloudflare discord heroku\n",
    'curl -u "mee:\n',
    "secretName: |",
    "-----BEGIN " + "PRIVATE KEY-----\n",
    "kind: Secret\ndata:\n",
    "password:\n",
    "password: |\n",
    "x = '",
    "{{",
    HIT,
)
JUDGED = {
    "git.md": f"at {'3f' * 20} it was\n",
    "key.md": "KEY-----\n" + "x" * 80,
    "curl.md": 'curl -u " aaa:hunter2" http://x\n',  # pragma: allowlist secret - made up for the tests
    "next.yaml": "  password: hunter2long\n",
    "list.yaml": "  abcdefgh: 1\n",
    "word.yaml": "  word\n",
    "end.py": "' + hunter2hunter2\n",
    "hit.yaml": HIT,
}


def test_what_is_found_in_a_file_does_not_depend_on_its_neighbours(program):
    alone = {path: search({path: text}, program)[path] for path, text in JUDGED.items()}
    crowd = {}
    for number, (path, text) in enumerate(JUDGED.items()):
        for place, neighbour in enumerate(NEIGHBOURS):
            suffix = Path(path).suffix
            crowd |= {f"{number}-{place}{suffix}": neighbour, f"{place}/{path}": text}

    found = search(crowd, program)

    assert alone["hit.yaml"]
    assert {name: found[name] for name in crowd if "/" in name} == {
        name: alone[Path(name).name] for name in crowd if "/" in name
    }


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from([".yaml", ".md", ".py"]), st.sampled_from([*NEIGHBOURS, *JUDGED.values()])),
        max_size=6,
    )
)
def test_files_together_are_judged_as_each_of_them(program, files):
    texts = {f"{number}{suffix}": text for number, (suffix, text) in enumerate(files)}

    found = search(texts, program)

    assert found == {path: search({path: text}, program)[path] for path, text in texts.items()}


@pytest.mark.usefixtures("temporary")
def test_thousands_of_files_are_read_and_no_name_matters(program):
    names = [
        "-x",
        "a b",
        "it's",
        'a"b',
        "a\nb",
        "\udcff",
        "é",
        "go.sum",
        "node_modules/a.js",
        "a.zip",
        "a.png",
        "x" * 3000,
    ]
    texts = dict.fromkeys((f"{number}.yaml" for number in range(5000)), "a: 1\n") | dict.fromkeys(names, HIT)

    found = search(texts, program)

    assert {path for path, hits in found.items() if hits} == set(names)
    assert pickle.loads(pickle.dumps(dict(found))) == found  # noqa: S301


def test_files_that_are_no_text_and_links_are_not_looked_at(tmp_path, program):
    (tmp_path / "a.bin").write_bytes(b"\x89\x00" + KEY_ID.encode())
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe" + KEY_ID.encode())
    (tmp_path / "c.md").write_text("c\n")
    (tmp_path / "d.md").symlink_to("c.md")
    (tmp_path / "e.md").symlink_to("/etc/hosts")
    (tmp_path / os.fsdecode(b"\xff.yaml")).write_text(f"---\n{HIT}")
    tree = read(tmp_path, git=None)

    found = secret_scan.scan(tree.texts, {}, program)

    assert [(path, [each.line for each in scanned.findings]) for path, scanned in sorted(found.items())] == [
        ("c.md", []),
        ("\udcff.yaml", [2]),
    ]


def stand_in(folder, text):
    path = folder / "stand-in"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("exit 0", "exit code 0", id="it finds nothing, not even the end of the file"),
        pytest.param("echo no such rule >&2; exit 1", "no such rule", id="it refuses its configuration"),
        pytest.param("kill -9 $$", "exit code -9", id="it is killed"),
        pytest.param("echo '[]'; exit 3", "read 0 of 1 files", id="it reads no file"),
        pytest.param("echo '[{'; exit 3", "no JSON", id="it is cut off"),
        pytest.param("sleep 60", "did not end within 0.5 s", id="it does not end"),
    ],
)
@pytest.mark.usefixtures("temporary")
def test_a_gitleaks_that_does_not_do_its_work_is_no_pass(tmp_path, monkeypatch, text, message):
    monkeypatch.setattr(gitleaks, "TIMEOUT_S", 0.5)

    with pytest.raises(CommandFailed, match=message):
        search({"a": HIT}, stand_in(tmp_path, text))


def test_rules_that_cannot_be_read_are_no_pass(tmp_path, monkeypatch, program):
    (tmp_path / "rules.toml").write_text("[[rules]]\nid = 5\n")
    monkeypatch.setattr(gitleaks, "CONFIGURATION", tmp_path / "rules.toml")

    with pytest.raises(CommandFailed, match=r"see whether it takes rules\.toml"):
        search({"a": HIT}, program)


def test_a_gitleaks_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ToolMissing):
        search({"a": HIT}, tmp_path / "none")


def test_an_error_of_gitleaks_does_not_repeat_what_it_read(tmp_path):
    with pytest.raises(CommandFailed) as raised:
        search({"a": HIT}, stand_in(tmp_path, f"echo {KEY_ID}; exit 1"))

    assert KEY_ID not in str(raised.value)


@pytest.mark.usefixtures("temporary")
def test_two_runs_at_once_do_not_disturb_each_other(program):
    with ThreadPoolExecutor(2) as workers:
        found = list(workers.map(lambda number: search({"a": "\n" * number + HIT}, program), range(8)))

    assert [lines(each) for each in found] == [[number + 1] for number in range(8)]


RUN = """\
from pathlib import Path
from scripts.interrupts import signals_as_interrupts
from scripts.validate.gitleaks import search
with signals_as_interrupts():
    search({"a": "x"}, Path("PROGRAM"))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_ended_leaves_no_file(tmp_path, temporary, number):
    program = stand_in(tmp_path, f"touch {tmp_path}/started; sleep 60")
    process = subprocess.Popen(
        [sys.executable, "-c", RUN.replace("PROGRAM", str(program))], cwd=REPOSITORY_ROOT, stderr=subprocess.DEVNULL
    )
    try:
        eventually((tmp_path / "started").exists)
        assert list(temporary.iterdir())
        process.send_signal(number)
        process.wait(timeout=20)
    finally:
        process.kill()
        process.wait()

    assert process.returncode != 0


def test_nothing_in_this_tree_looks_like_a_credential_without_a_reason(program):
    tree = read(REPOSITORY_ROOT, git=Path("git"))

    found = secret_scan.scan(tree.texts, {}, program)

    assert [str(finding) for scanned in found.values() for finding in scanned.findings] == []
