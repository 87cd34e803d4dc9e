import os

import pytest

from scripts.e2e.digest import checksums, compare, digest, dumped, loaded, record, shown


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    root.mkdir()
    (root / "file").write_bytes(b"content")
    (root / "empty").touch()
    (root / "empty directory").mkdir()
    (root / "link").symlink_to("file")
    (root / "a").write_bytes(b"linked")
    (root / "b").hardlink_to(root / "a")
    (root / "c").write_bytes(b"linked")
    os.mkfifo(root / "pipe")
    return root


def rewrite_keeping_time(path, content):
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def unlink_hard_link(root):
    before = (root / "b").stat()
    (root / "b").unlink()
    (root / "b").write_bytes(b"linked")
    os.utime(root / "b", ns=(before.st_atime_ns, before.st_mtime_ns))


def retarget(root):
    (root / "link").unlink()
    (root / "link").symlink_to("elsewhere")


def pipe_to_file(root):
    (root / "pipe").unlink()
    (root / "pipe").touch()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda root: rewrite_keeping_time(root / "file", b"Content"), ("file", "sha256"), id="a byte"),
        pytest.param(lambda root: rewrite_keeping_time(root / "empty", b"x"), ("empty", "size_bytes"), id="a size"),
        pytest.param(lambda root: (root / "file").chmod(0o700), ("file", "mode"), id="a mode"),
        pytest.param(lambda root: (root / "file").chmod(0o4644), ("file", "mode"), id="a setuid bit"),
        pytest.param(lambda root: os.utime(root / "file", ns=(1, 1)), ("file", "mtime_ns"), id="a time"),
        pytest.param(
            lambda root: os.utime(root / "empty directory", ns=(1, 1)),
            ("empty directory", "mtime_ns"),
            id="a directory's time",
        ),
        pytest.param(retarget, ("link", "target"), id="a symlink's target"),
        pytest.param(unlink_hard_link, ("b", "linked_to"), id="a hard link that became a copy"),
        pytest.param(pipe_to_file, ("pipe", "type"), id="a pipe that became a file"),
        pytest.param(
            lambda root: (root / "empty directory").rmdir(), ("empty directory", "missing"), id="a missing one"
        ),
        pytest.param(lambda root: (root / "new").touch(), ("new", "unexpected"), id="one too many"),
    ],
)
def test_the_comparison_names(tree, change, expected):
    before = record(tree)

    change(tree)

    assert expected in [(each.path, each.what) for each in compare(before, record(tree))]
    assert digest(before) != digest(record(tree))


def test_the_same_tree_has_no_difference_and_one_digest(tree):
    assert compare(record(tree), record(tree)) == ()
    assert digest(record(tree)) == digest(record(tree))


def test_a_comparison_with_nothing_names_everything(tree):
    everything = record(tree)

    assert {each.path for each in compare(everything, {})} == set(everything)
    assert {each.path for each in compare({}, everything)} == set(everything)


def test_a_name_that_is_no_text_is_kept_and_shown_on_one_line(tmp_path):
    (tmp_path / os.fsdecode(b"not utf-8 \xff\nnewline")).write_bytes(b"x")

    found = record(tmp_path)

    assert [os.fsencode(path) for path in found] == [b"not utf-8 \xff\nnewline"]
    assert checksums(found).count("\n") == 1
    assert shown("not utf-8 \udcff\nnewline") == "not utf-8 \\udcff\\nnewline"


def test_a_directory_that_cannot_be_read_is_an_error_and_not_an_empty_record(tmp_path):
    with pytest.raises(FileNotFoundError):
        record(tmp_path / "missing")


def test_a_record_travels_as_text(tree):
    (tree / os.fsdecode(b"not utf-8 \xff")).mkdir()
    found = record(tree)

    assert loaded(dumped(found)) == found
    assert dumped(found).isascii()


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(lambda _: [], id="nothing"),
        pytest.param(lambda lines: lines[1:], id="its beginning"),
        pytest.param(lambda lines: lines[:-1], id="its end"),
        pytest.param(lambda lines: [lines[0][:-8], *lines[1:]], id="a part of a line"),
        pytest.param(lambda lines: [lines[0].swapcase(), *lines[1:]], id="other bytes"),
        pytest.param(lambda lines: ["a warning", *lines], id="something else before it"),
    ],
)
def test_a_record_that_lost_something_on_its_way_is_none(tree, cut):
    lines = dumped(record(tree)).splitlines()

    with pytest.raises(ValueError, match=r"end is missing|are there|padding|base64"):
        loaded("\n".join(cut(lines)))


def test_the_lost_and_found_of_a_file_system_is_no_part_of_a_record(tree):
    before = record(tree)
    (tree / "lost+found").mkdir(mode=0)
    (tree / "empty directory" / "lost+found").mkdir()

    assert set(record(tree)) - set(before) == {"empty directory/lost+found"}
