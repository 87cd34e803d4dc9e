import shutil
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from scripts import store
from scripts.settings import REPOSITORY_ROOT
from scripts.store import NOTHING_KEPT, Store, code_digest, digest_of, key, of_files


@pytest.fixture
def file(tmp_path):
    return tmp_path / "results" / "results.sqlite3"


def put(file, **results):
    kept = Store(file)
    for name, result in results.items():
        kept.put(name, result)
    kept.keep()


def test_what_was_kept_is_given_back_to_the_next_run_and_nothing_else(file):
    put(file, a=("x", 1), b={"y": None})

    assert Store(file).get(["a", "b", "c"]) == {"a": ("x", 1), "b": {"y": None}}


def test_what_was_put_and_not_kept_is_gone(file):
    kept = Store(file)
    kept.put("a", 1)
    kept.forget_news()
    kept.keep()

    assert Store(file).get(["a"]) == {}


def test_there_may_be_more_keys_than_a_statement_takes_values(file):
    put(file, **{f"k{number}": number for number in range(3 * store.PAGE)})

    assert len(Store(file).get(f"k{number}" for number in range(4 * store.PAGE))) == 3 * store.PAGE


def test_a_result_that_was_damaged_is_not_given(file):
    put(file, a="right", b="other")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE results SET value = (SELECT value FROM results WHERE key = 'b') WHERE key = 'a'")
    connection.close()

    assert Store(file).get(["a", "b"]) == {"b": "other"}


@pytest.mark.parametrize(
    "content",
    [pytest.param(b"", id="empty"), pytest.param(b"no database" * 100, id="something else")],
)
def test_a_file_that_is_no_database_gives_nothing_and_is_replaced(file, content):
    file.parent.mkdir()
    file.write_bytes(content)
    assert Store(file).get(["a"]) == {}

    put(file, a=1)

    assert Store(file).get(["a"]) == {"a": 1}


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path):
    (tmp_path / "results").write_text("a file where the folder should be", encoding="utf-8")

    put(tmp_path / "results" / "results.sqlite3", a=1)

    assert Store(tmp_path / "results" / "results.sqlite3").get(["a"]) == {}


def test_one_that_grew_too_large_starts_anew(file, monkeypatch):
    put(file, a=1)
    monkeypatch.setattr(store, "LARGEST_BYTES", 1)

    put(file, b=2)

    assert Store(file).get(["a", "b"]) == {"b": 2}


def test_what_nobody_asked_for_in_two_weeks_is_forgotten(file, monkeypatch):
    put(file, old=1, used=2)
    later = store.time.time() + (store.KEPT_DAYS + 1) * 86400
    monkeypatch.setattr(store.time, "time", lambda: later)
    kept = Store(file)
    kept.get(["used"])
    kept.put("new", 3)
    kept.keep()

    assert Store(file).get(["old", "used", "new"]) == {"used": 2, "new": 3}


def test_the_folder_is_closed_to_other_users(file):
    put(file, a=1)

    assert file.parent.stat().st_mode & 0o077 == 0


def test_one_that_keeps_nothing_gives_nothing():
    NOTHING_KEPT.put("a", 1)
    NOTHING_KEPT.keep()

    assert NOTHING_KEPT.get(["a"]) == {}


WRITER = """
import sys
from pathlib import Path
from scripts.store import Store
kept = Store(Path(sys.argv[1]))
for number in range(400):
    kept.put(f"{sys.argv[2]}-{number}", ("x" * 5000, number))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[3])):
    kept.keep()
    for number in range(400):
        kept.put(f"{sys.argv[2]}-{number}", ("x" * 5000, number))
"""


def writer(file, name, rounds):
    words = [sys.executable, "-c", textwrap.dedent(WRITER), str(file), name, str(rounds)]
    process = subprocess.Popen(
        words, cwd=REPOSITORY_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": "."}
    )
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize(
    ("change", "again"),
    [
        pytest.param({}, 0, id="nothing changed"),
        pytest.param({"file 7": "another"}, 1, id="one file changed"),
        pytest.param({"file 7": None}, 0, id="a file is gone"),
        pytest.param({"a new file": "new"}, 1, id="a file is new"),
    ],
)
def test_of_files_only_what_may_have_changed_is_worked_out_again(file, monkeypatch, change, again):
    # as many parts as there are numbers: each file is one of its own
    monkeypatch.setattr(store, "PARTS", 2**32)
    digests = {f"file {number}": f"digest {number}" for number in range(20)}
    asked = []

    def work(paths):
        asked.extend(paths)
        return {path: f"result of {path} as {digests[path]}" for path in paths}

    first = Store(file)
    of_files(first, "kind", digests, work)
    first.keep()
    asked.clear()
    digests = {path: digest for path, digest in {**digests, **change}.items() if digest}

    found = of_files(Store(file), "kind", digests, work)

    assert found == {path: f"result of {path} as {digest}" for path, digest in digests.items()}
    assert list(found) == list(digests)
    assert len(asked) == again


def test_of_files_all_is_worked_out_again_where_what_all_depend_on_changed(file):
    first = Store(file)
    of_files(first, "kind", {"a": "1"}, lambda _: {"a": "of the first version"}, "first")
    first.keep()

    assert of_files(Store(file), "kind", {"a": "1"}, lambda _: {"a": "of the second"}, "second") == {
        "a": "of the second"
    }
    assert of_files(Store(file), "other", {"a": "1"}, lambda _: {"a": "of another kind"}, "first") == {
        "a": "of another kind"
    }


def test_of_no_files_nothing_is_worked_out(file):
    assert of_files(Store(file), "kind", {}, lambda _: pytest.fail("was called")) == {}


def test_two_runs_that_keep_at_once_both_keep_all(file):
    writers = [writer(file, name, 5) for name in ("a", "b")]
    for each in writers:
        each.stdin.write("go\n")
        each.stdin.flush()
    assert [each.wait(60) for each in writers] == [0, 0]
    for each in writers:
        each.stdin.close()
        each.stdout.close()

    found = Store(file).get(f"{name}-{number}" for name in ("a", "b") for number in range(400))

    assert len(found) == 800


def test_a_run_that_is_killed_while_it_keeps_leaves_what_was_there_and_no_half_result(file):
    put(file, before=1)
    for _ in range(5):
        process = writer(file, "killed", 1000)
        process.stdin.write("go\n")
        process.stdin.flush()
        store.time.sleep(0.05)
        process.kill()
        process.wait(60)
        process.stdin.close()
        process.stdout.close()

    found = Store(file).get(["before", *(f"killed-{number}" for number in range(400))])

    assert found["before"] == 1
    assert len(found) in {1, 401}
    put(file, after=2)
    assert Store(file).get(["after"]) == {"after": 2}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(("build", "a", "c"), id="another part"),
        pytest.param(("built", "a", "b"), id="another kind"),
        pytest.param(("build", "ab", ""), id="parts that read the same in a row"),
        pytest.param(("build", "b", "a"), id="another order"),
    ],
)
def test_a_key_tells_apart_what_differs(other):
    assert key("build", "a", "b") != key(*other)
    assert key("build", "a", "b") == key("build", "a", "b")


def test_a_digest_of_values_tells_apart_what_differs():
    assert digest_of({"a": "1", "b": "2"}) == digest_of({"b": "2", "a": "1"})
    assert digest_of({"a": "12"}) != digest_of({"a1": "2"})


@pytest.mark.parametrize("changed", ["scripts/checks/__init__.py", "requirements.txt"])
def test_another_rule_or_another_package_gives_other_keys(tmp_path, changed):
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        shutil.copytree(REPOSITORY_ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(REPOSITORY_ROOT / "requirements.txt", folder)
    same = code_digest(after)
    code_digest.cache_clear()
    (after / changed).write_text((after / changed).read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")

    assert code_digest(before) == same
    assert code_digest(after) != same
