"""
Trees that nobody would write: whatever is in one, validation ends in time, with a sentence and no traceback.

And it is no clean report where something is broken that Flux would read. FUZZ_EXAMPLES=1000 tries that many made by chance,
other ones each time.
"""

import contextlib
import faulthandler
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts import report
from scripts.errors import BackupError, RenderError
from scripts.render import render
from scripts.settings import REPOSITORY_ROOT
from scripts.validate import validate
from tests.tools.trees import CLUSTER, COMPONENT, DEMO, MINIMAL, SYSTEM, append, both, replace, write

TIMEOUT_S = 60.0
MEMORY_BYTES = 4 * 2**30
"""Address space of each process; a Go program asks for a quarter of it at its start."""

NAMESPACE = "kubernetes/workloads/apps/demo/namespace.yaml"
APPLIED_BY = f"{CLUSTER}/demo.yaml"
SETTINGS = f"{CLUSTER}/cluster-settings.yaml"
RULE = f"{SYSTEM}/volsync/app/prometheusrule.yaml"
RELEASE = f"{SYSTEM}/volsync/app/helmrelease.yaml"
PVC = f"{COMPONENT}/pvc/kustomization.yaml"

BOMB = "a0: &a0 [x, y]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
BLOCKS = "x:\n" + "".join(f"{' ' * depth}a:\n" for depth in range(1, 2_000))


def put(path, make):
    """Something else in the place of a file."""

    def edit(root):
        (root / path).unlink(missing_ok=True)
        make(root / path)

    return edit


def content(path, change):
    return lambda root: (root / path).write_bytes(change((root / path).read_bytes()))


def link(path, target):
    return put(path, lambda file: file.symlink_to(target))


def listen(file):
    # the path of a socket may have 107 bytes
    with socket.socket(socket.AF_UNIX) as server, tempfile.TemporaryDirectory() as short:
        server.bind(f"{short}/s")
        Path(short, "s").rename(file)


def entries(count):
    return append(DEMO, "".join(f"  - none-{number}.yaml\n" for number in range(count)))


SEVERE = [
    pytest.param(
        append(SETTINGS, ("# " + "x" * 150 + "\n") * 200_000), SETTINGS, id="a file of 30 MB, most of it a comment"
    ),
    pytest.param(append(NAMESPACE, "---\n" + "- a\n" * 5_000_000), NAMESPACE, id="a list of five million"),
    pytest.param(append(NAMESPACE, BOMB), NAMESPACE, id="aliases of aliases in an object"),
    pytest.param(append(NAMESPACE, f"x: {'[' * 10_000}{']' * 10_000}\n"), NAMESPACE, id="10,000 brackets"),
    pytest.param(append(NAMESPACE, BLOCKS), NAMESPACE, id="2,000 blocks"),
    pytest.param(
        replace(RULE, "role=", f'role=~".*",role=~"{"(" * 3_000}{")" * 3_000}",role='),
        RULE,
        id="3,000 brackets in a regular expression",
    ),
    pytest.param(
        both(
            replace(RULE, 'absent(up{job="volsync-metrics"} == 1)', f"{'(' * 3_000}up == 1{')' * 3_000}"),
            lambda root: shutil.rmtree(root / "tests"),
        ),
        "VolSyncControllerDown",
        id="3,000 brackets in an expression",
    ),
    pytest.param(put(DEMO, os.mkfifo), DEMO, id="a pipe for a kustomization"),
    pytest.param(put(NAMESPACE, os.mkfifo), NAMESPACE, id="a pipe for an object"),
    pytest.param(
        both(write("kubernetes/a\nb.yaml", "a: [\n"), append(DEMO, '  - "../../../a\\nb.yaml"\n')),
        "a\\nb.yaml",
        id="a line end in the name of a file",
    ),
    pytest.param(entries(300_000), DEMO, id="300,000 entries that are not there"),
]
"""What could end or stop the process that reads it: how to make it, and the file that is to be named."""

BROKEN = [
    pytest.param(append(DEMO, BOMB), DEMO, id="aliases of aliases in a kustomization"),
    pytest.param(link(NAMESPACE, "/etc/passwd"), NAMESPACE, id="a link out of the tree"),
    pytest.param(
        lambda root: Path(os.fsdecode(os.fsencode(root / "kubernetes") + b"/\xff.yaml")).write_text("a: [\n"),
        "kubernetes/",
        id="a name that is no UTF-8",
    ),
    pytest.param(append(DEMO, "  - .\n"), DEMO, id="a kustomization of itself"),
    pytest.param(
        append(NAMESPACE, "x: !!python/object/apply:os._exit [0]\n"), NAMESPACE, id="a tag that would run something"
    ),
    pytest.param(content(NAMESPACE, lambda _: os.urandom(4_000) + b"\0"), NAMESPACE, id="what is no text"),
    pytest.param(content(NAMESPACE, lambda text: text + b"# \xff\n"), NAMESPACE, id="a comment that is no UTF-8"),
    pytest.param(content(NAMESPACE, lambda text: text + b"# \0\n"), NAMESPACE, id="a comment with a NUL"),
    pytest.param(
        content(NAMESPACE, lambda text: text.decode().encode("utf-16")), NAMESPACE, id="a file in another encoding"
    ),
    pytest.param(append(NAMESPACE, "x: &x [*x]\n"), NAMESPACE, id="an alias in its own anchor"),
    pytest.param(append(DEMO, f"x: {'{a: ' * 10_000}{'}' * 10_000}\n"), DEMO, id="10,000 braces"),
    pytest.param(append(NAMESPACE, f"x:\n  {'- ' * 10_000}a\n"), NAMESPACE, id="10,000 lists on a line"),
    pytest.param(link(NAMESPACE, "namespace.yaml"), NAMESPACE, id="a link to itself"),
    pytest.param(link(NAMESPACE, "none.yaml"), NAMESPACE, id="a link to nothing"),
    pytest.param(link(DEMO, "."), DEMO, id="a link to the folder around it, for a kustomization"),
    pytest.param(put(NAMESPACE, Path.mkdir), NAMESPACE, id="a folder for a file"),
    pytest.param(put(NAMESPACE, listen), NAMESPACE, id="a socket"),
    pytest.param(write(f"kubernetes/{'n' * 250}.yaml", "a: [\n"), "n" * 250, id="a name of 255 characters"),
    pytest.param(
        both(
            write("kubernetes/workloads/apps/other/kustomization.yaml", "---\nresources:\n  - ../demo\n"),
            append(DEMO, "  - ../other\n"),
        ),
        DEMO,
        id="two kustomizations of each other",
    ),
    pytest.param(replace(PVC, "resources:", "components:\n  - ..\nresources:"), PVC, id="a component of itself"),
    pytest.param(replace(APPLIED_BY, "/workloads/apps/demo", "/clusters/apps"), DEMO, id="Flux applies itself"),
    pytest.param(append(DEMO, '  - "a\\0b.yaml"\n'), DEMO, id="a NUL in the name of an entry"),
    pytest.param(append(DEMO, f"  - {'x' * 5_000}.yaml\n"), DEMO, id="an entry of 5,000 characters"),
    pytest.param(
        replace(APPLIED_BY, "  prune:", f"  components: [{'x' * 5_000}]\n  prune:"),
        APPLIED_BY,
        id="a component of 5,000 characters",
    ),
    pytest.param(append(NAMESPACE, "metadata:\n  name: other\n"), NAMESPACE, id="a key twice"),
    pytest.param(append(NAMESPACE, "x: {<<: 5}\n"), NAMESPACE, id="a merge of what is none"),
    pytest.param(append(NAMESPACE, "x: !!int y\n"), NAMESPACE, id="a tag that its value does not fit"),
    pytest.param(append(NAMESPACE, f"x: {'9' * 5_000}\n"), NAMESPACE, id="a number of 5,000 digits"),
    pytest.param(append(NAMESPACE, f"x: {'1:' * 5_000}1\n"), NAMESPACE, id="a number to the base of 60"),
    pytest.param(
        replace(f"{COMPONENT}/replicationsource/replicationsource.yaml", "0 2 * * *", f"{'9' * 5_000} 2 * * *"),
        "replicationsource.yaml",
        id="a minute of 5,000 digits",
    ),
    pytest.param(
        replace(f"{COMPONENT}/pvc/pvc.yaml", "1Gi", "1e999999999"),
        "replicationdestination.yaml",
        id="a size beyond any other",
    ),
    pytest.param(content(NAMESPACE, lambda text: text.replace(b"  ", b"\t")), NAMESPACE, id="tabs"),
    pytest.param(append(NAMESPACE, "---\ngarbage\n---\n- 5\n...\n%NO\n"), NAMESPACE, id="garbage behind a document"),
    pytest.param(write(DEMO, "5\n"), DEMO, id="a number for a kustomization"),
    pytest.param(
        write(NAMESPACE, "---\napiVersion: {a: b}\nkind: [c]\nmetadata: d\n"), NAMESPACE, id="lists for names"
    ),
]
"""What else Flux could not read."""

EDITED = [
    pytest.param(append(NAMESPACE, "  labels:\n    a: 1e999999999\n"), id="a number beyond any other, which is a text"),
    pytest.param(content(NAMESPACE, lambda text: b"\xef\xbb\xbf" + text), id="a byte order mark"),
    pytest.param(content(NAMESPACE, lambda text: text.replace(b"\n", b"\r\n")), id="the line ends of Windows"),
    pytest.param(append(NAMESPACE, "---\n" * 10_000), id="10,000 documents of nothing"),
    pytest.param(append("docs/architecture.md", f"{'>' * 20_000}\n{'[' * 20_000}\n"), id="10,000 quotes in a page"),
    pytest.param(append("docs/architecture.md", ("x" * 150 + "\n") * 60_000), id="a page of 9 MB"),
    pytest.param(write("tasks.py", f"x = {'-' * 100_000}1\n"), id="a program that Python cannot read"),
    pytest.param(write("noxfile.py", f"x = {'1+' * 50_000}1\n"), id="a program that is nested too deeply"),
    pytest.param(link("kubernetes/workloads/apps/demo/loop", ".."), id="a link to the folder around it"),
    pytest.param(lambda root: (root / "kubernetes/empty.yaml").mkdir(), id="an empty folder with the name of a file"),
]


FEW = int(os.environ.get("FUZZ_EXAMPLES", "6"))
by_chance = settings(max_examples=FEW, deadline=None, derandomize="FUZZ_EXAMPLES" not in os.environ, database=None)

READ_BY_FLUX = sorted(path.relative_to(MINIMAL).as_posix() for path in MINIMAL.glob("kubernetes/**/*.yaml"))
GARBAGE = st.sampled_from(
    [
        b"\0",
        b"\xff",
        b"\t",
        b"[",
        b"}",
        b"!!x ",
        b"&a ",
        b"*a ",
        b"%",
        b"\r",
        b"\n---\n",
        b'"',
        b"<<: 5\n",
        b"? ",
        b"\x1b",
    ]
)


@contextlib.contextmanager
def copied():
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        yield Path(shutil.copytree(MINIMAL, f"{name}/tree"))


@pytest.fixture(autouse=True)
def _ends_in_time():
    # a test that hangs ends all of them, and says where it hangs
    faulthandler.dump_traceback_later(10 * TIMEOUT_S, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def invoked(root, *words):
    """How a task ends, and all that it says."""
    command = (sys.executable, "-m", "invoke", *words, "--root", root)
    done = subprocess.run(
        command, check=False, cwd=REPOSITORY_ROOT, capture_output=True, timeout=TIMEOUT_S, preexec_fn=limited
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "backslashreplace")


def rendered(root):
    """What cannot be rendered is told; a traceback is an error of this test."""
    try:
        render(root)
    except BackupError as error:
        return str(error)
    return ""


def documents(text):
    """What PyYAML makes of a file; None where it refuses it."""
    try:
        return list(yaml.safe_load_all(text))
    except (yaml.YAMLError, ValueError):
        return None


def fields(made):
    return [sorted(map(str, each)) if isinstance(each, dict) else type(each) for each in made if each is not None]


def assert_told(root, tools, path, changed):
    """Hold the report against what PyYAML, which is none of ours, makes of a file that was changed."""
    before, after = documents((MINIMAL / path).read_bytes()), documents(changed)
    found = validate(root, tools=tools, is_repository=False)
    verdict = report.verdict(found)
    rendered(root)

    if after is None:
        assert path in {each.file for each in found.findings}
    elif before == after:
        assert {each.rule for each in found.findings} <= {"yaml-lint"}
    elif fields(before) != fields(after):
        assert verdict is not report.Verdict.CLEAN


@pytest.mark.parametrize(("edit", "named"), SEVERE)
def test_what_could_stop_the_process_is_told_with_its_file(tree, edit, named):
    edit(tree)

    code, said = invoked(tree, "validate")

    assert "Traceback" not in said
    assert code in {1, 2}, said
    assert named in said


@pytest.mark.parametrize("task", ["render", "diff"])
@pytest.mark.parametrize("edit", [append(NAMESPACE, BOMB), put(DEMO, os.mkfifo)], ids=["aliases", "a pipe"])
def test_no_task_that_renders_stops_at_it(tree, task, edit):
    git = ("git", "-C", tree, "-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message=a")):
        subprocess.run([*git, *words], check=True)
    edit(tree)

    code, said = invoked(tree, task)

    assert "Traceback" not in said
    assert code == RenderError.exit_code, said


@pytest.mark.parametrize(("edit", "named"), BROKEN)
def test_what_flux_could_not_read_is_told_with_its_file(tree, tools, edit, named):
    edit(tree)

    found = validate(tree, tools=tools, is_repository=False)

    assert report.verdict(found) is not report.Verdict.CLEAN
    assert named in report.text(found)
    rendered(tree)


@pytest.mark.parametrize("edit", EDITED)
def test_what_is_odd_and_breaks_nothing_is_at_most_a_warning(tree, tools, edit):
    edit(tree)

    found = validate(tree, tools=tools, is_repository=False)

    assert {each.rule for each in found.findings} <= {"yaml-lint"}
    assert report.verdict(found) is not report.Verdict.COULD_NOT_RUN
    assert not rendered(tree)


@by_chance
@given(path=st.sampled_from(READ_BY_FLUX), share=st.floats(0, 1))
def test_a_file_that_ends_anywhere_is_told_where_something_is_lost(tools, path, share):
    whole = (MINIMAL / path).read_bytes()
    rest = whole[: int(share * len(whole))]

    with copied() as root:
        (root / path).write_bytes(rest)
        assert_told(root, tools, path, rest)


@by_chance
@given(path=st.sampled_from(READ_BY_FLUX), puts=st.lists(st.tuples(st.floats(0, 1), GARBAGE), min_size=1, max_size=3))
def test_garbage_anywhere_in_a_file_is_told_where_it_breaks_something(tools, path, puts):
    changed = (MINIMAL / path).read_bytes()
    for share, garbage in puts:
        at = int(share * len(changed))
        changed = changed[:at] + garbage + changed[at:]

    with copied() as root:
        (root / path).write_bytes(changed)
        assert_told(root, tools, path, changed)
