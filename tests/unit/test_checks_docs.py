"""The documentation, read without a shell: the calls of a page, and what they speak of that there is not."""

import pytest

from scripts.checks import docs
from scripts.checks.docs import own, paths
from scripts.checks.docs.cluster import Known
from scripts.checks.docs.commands import calls
from scripts.checks.docs.markdown import parse
from scripts.checks.objects import Objects
from scripts.model import Resource, ResourceId

TASKS = '''
from invoke import Collection, task

@task(iterable=["name"], help={"size": "bytes"})
def e2e(_, name, size="1MiB", dry_run=False, wait=True):
    """Run."""

@task
def minio_setup(_, endpoint=""):
    """Set up."""

namespace = Collection(e2e, minio=Collection(set_up=minio_setup))
'''
NOXFILE = """
import nox

@nox.session
def e2e(session):
    session.run("python", "-m", "invoke", "e2e", *session.posargs)

@nox.session
def tests(session):
    session.run("pytest", *session.posargs)
"""
FILES = frozenset(
    {"README.md", "docs/a.md", "kubernetes/apps/shop/ks.yaml", "kubernetes/apps/kustomization.yaml", "tasks.py"}
)


def resource(kind, name, namespace="shop", **spec):
    group = "volsync.backube" if kind.startswith("Replication") else "x"
    identity = ResourceId(api_version=f"{group}/v1", kind=kind, namespace=namespace, name=name)
    return Resource(id=identity, document={"spec": spec}, kustomization="a")


OBJECTS = Objects(
    resources=(
        resource("Kustomization", "cluster-apps-shop", "flux-system"),
        resource("ReplicationSource", "shop-backup"),
        resource("PersistentVolumeClaim", "shop-data"),
        resource("ExternalSecret", "shop-volsync", target={"name": "shop-restic-secret"}),
        resource("Namespace", "shop", ""),
    ),
    externals={"StorageClass": frozenset({"block"}), "Kustomization": frozenset({"flux-system/others"})},
)

KNOWN = Known(objects=OBJECTS)


def found(text, *, tasks=TASKS, noxfile=NOXFILE, path="README.md", known=KNOWN):
    page = parse(text, path)
    pages = {path: page, "docs/a.md": parse("# First\n\n## Second step\n", "docs/a.md")}
    commands = own.read(tasks, noxfile)
    return list(
        docs.check(page, pages=pages, files=FILES, folders=paths.folders(FILES), commands=commands, known=known)
    )


def block(*lines):
    return "\n".join(("# A page", "", "```bash", *lines, "```", ""))


# ----------------------------------------------------------------------------------------------------------- the calls


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("invoke setup", [(4, "invoke setup")], id="a call"),
        pytest.param("$ nox -s e2e", [(4, "nox -s e2e")], id="behind a prompt"),
        pytest.param(".venv/bin/nox -s e2e", [(4, "nox -s e2e")], id="with its folder"),
        pytest.param("A=1 B=2 invoke a", [(4, "invoke a")], id="behind variables"),
        pytest.param("if true; then\n  invoke a\nfi", [(5, "invoke a")], id="within if"),
        pytest.param("invoke a && nox -s b | cat", [(4, "invoke a"), (4, "nox -s b")], id="two on a line"),
        pytest.param("invoke a \\\n  --b", [(4, "invoke a --b")], id="on two lines"),
        pytest.param("invoke a 'b\nc'", [(4, "invoke a b\nc")], id="with a text of two lines"),
        pytest.param("invoke a # --b", [(4, "invoke a")], id="with a comment"),
        pytest.param("invoke a > docs/b.md 2> c", [(4, "invoke a")], id="with its output elsewhere"),
        pytest.param("cat <<END\ninvoke a\nEND\ninvoke b", [(7, "invoke b")], id="behind a document"),
        pytest.param("# invoke a\n\necho invoke b", [], id="in a comment, and as a word"),
        pytest.param("invoke 'a", [], id="with quotes that stay open"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_the_calls_of_a_block_are_read_with_their_lines(text, expected):
    assert [(each.line, str(each)) for each in calls(parse(block(text)))] == expected


def test_the_calls_of_inline_code_are_read_and_single_words_are_none():
    page = parse("Run `invoke a` or `kubectl`, `nox`.\n\nThen `flux get kustomizations`.")

    assert [(each.line, str(each)) for each in calls(page)] == [(1, "invoke a"), (3, "flux get kustomizations")]


def test_a_block_in_another_language_has_no_calls():
    assert list(calls(parse("```yaml\ninvoke a\n```\n"))) == []


# ------------------------------------------------------------------------------------------------- what there is not


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("invoke e2e2", "the task e2e2", id="a task"),
        pytest.param("inv e2e nothing", "the task nothing", id="a second task"),
        pytest.param("invoke --help nothing", "the task nothing", id="a task to be helped with"),
        pytest.param("invoke minio.setup", "the task minio.setup", id="a task with another name in its collection"),
        pytest.param("invoke e2e --sizes 1", "gives e2e the flag --sizes", id="a flag"),
        pytest.param("invoke e2e --size=1 --dry --name a", "the flag --dry", id="a flag behind another"),
        pytest.param("invoke e2e --size --dry-runs --dry-runs", "--dry-runs", id="a flag behind a value like one"),
        pytest.param("invoke minio.set-up --size 1", "gives minio.set-up the flag", id="a flag of another task"),
        pytest.param("nox -s e2", "the session e2", id="a session"),
        pytest.param("nox -s tests e2", "the session e2", id="a second session"),
        pytest.param("nox -s e2e -- --bytes 1", "the flag --bytes", id="a flag that a session hands on"),
        pytest.param("kustomize build kubernetes/app", "names kubernetes/app", id="a folder"),
        pytest.param("kustomize build ./kubernetes/apps/shop/ks", "names ./kubernetes/", id="a folder, with a dot"),
        pytest.param("kubectl apply -f kubernetes/apps/none.yaml", "names kubernetes/", id="a file"),
        pytest.param("kubectl -n shops get pods", "the namespace shops", id="a namespace"),
        pytest.param("kubectl get pods --namespace=shops", "the namespace shops", id="a namespace behind ="),
        pytest.param("kubectl -n shop get replicationsource shop", "ReplicationSource shop", id="an object"),
        pytest.param("kubectl -n shop describe pvc/shop", "PersistentVolumeClaim shop", id="an object behind a slash"),
        pytest.param("kubectl -n shop get secret shop-secret -o yaml", "Secret shop-secret", id="a Secret"),
        pytest.param("kubectl get storageclass blocks", "StorageClass blocks", id="what others would make"),
        pytest.param("kubectl annotate externalsecret shop a=b", "ExternalSecret shop", id="an object to annotate"),
        pytest.param("flux reconcile kustomization shop", "Kustomization shop", id="a Flux Kustomization"),
        pytest.param("flux suspend ks shop --timeout 5m", "Kustomization shop", id="the same, in short"),
        pytest.param("flux reconcile kustomization others -n flux", "the namespace flux", id="its namespace"),
    ],
)
def test_a_command_that_speaks_of_what_there_is_not_is_one_finding_with_its_line(line, message):
    (finding,) = found(block("true", line))

    assert (finding.rule, finding.file, finding.line) == ("docs-reference", "README.md", 5)
    assert message in finding.message
    assert [each.line for each in found(f"# A\n\nRun `{line}`.")] == [3]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("invoke e2e --size 1MiB --dry-run --no-wait --name=a minio.set-up --endpoint x", id="flags"),
        pytest.param("invoke e2e -s 1 --nothing", id="a short flag, which invoke chooses"),
        pytest.param("invoke --list", id="the list"),
        pytest.param("invoke --help e2e", id="the help"),
        pytest.param("invoke --help NAME", id="a placeholder"),
        pytest.param('invoke "$TASK" --nothing', id="a variable"),
        pytest.param("nox --list", id="the sessions"),
        pytest.param("nox -s tests -- -k word --nothing", id="what goes to another program"),
        pytest.param("nox -s e2e -- --size 1GiB", id="what goes to the task"),
        pytest.param("kustomize build kubernetes/apps", id="a folder"),
        pytest.param("kustomize build kubernetes/apps/<app>", id="the folder of some app"),
        pytest.param("kustomize build ../elsewhere/kubernetes/nothing", id="a folder of another tree"),
        pytest.param("kubectl -n shop get replicationsource shop-backup -o jsonpath='{.status}'", id="an object"),
        pytest.param("kubectl -n kube-system get secret", id="a namespace of Kubernetes"),
        pytest.param('kubectl -n "$APP" get pvc "$APP-nothing"', id="variables"),
        pytest.param("kubectl -n demo-app get pvc demo-app-data", id="the app of the documentation"),
        pytest.param("kubectl -n shop get pvc volsync-shop-backup-cache", id="what VolSync makes"),
        pytest.param("kubectl -n shop get secret shop-restic-secret", id="what an ExternalSecret makes"),
        pytest.param("kubectl -n shop get deployment anything", id="what a chart may make"),
        pytest.param("kubectl -n shop logs job/anything", id="what a controller makes"),
        pytest.param("kubectl -n shop exec shop -- cat kubernetes -n nothing", id="what runs in a container"),
        pytest.param("kubectl label ns shop a=b c-", id="labels"),
        pytest.param("kubectl get storageclass block", id="what others make"),
        pytest.param("flux reconcile kustomization others --with-source", id="a Flux Kustomization of others"),
        pytest.param("flux get kustomizations -A", id="all of them"),
        pytest.param("kubectl -n shop apply -f - <<END\nname: one\nEND\nkubectl -n shop get pvc one", id="made here"),
    ],
)
def test_a_command_that_speaks_of_what_there_is_is_not_told(line):
    assert found(block(line)) == []


def test_where_it_cannot_be_told_what_is_in_the_cluster_nothing_is_said_of_it():
    assert found(block("kubectl -n shops get pvc shop"), known=None) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[a](docs/b.md)", "leads to no file", id="a link to no file"),
        pytest.param("[a](docs/a.md#third)", "leads to no heading", id="a link to no heading"),
        pytest.param("# One\n\n[a](#two)", "leads to no heading", id="a link to no heading of its page"),
        pytest.param("`kubernetes/apps/shop/nothing.yaml`", "not there", id="a path"),
        pytest.param("`kubernetes/nothing/`", "not there", id="a folder"),
        pytest.param("`kubernetes/apps/<app>/nothing.yaml`", "not there", id="a path with a placeholder"),
    ],
)
def test_what_leads_nowhere_is_found(text, message):
    (finding,) = found(text)

    assert message in finding.message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[a](docs/a.md#second-step) [b](docs) [c](https://example.org/x) [d](mailto:a@b.c)", id="links"),
        pytest.param("`kubernetes/apps/` `docs/a.md` `kubernetes/apps/<app>/ks.yaml`", id="paths"),
        pytest.param("`and/or` `some/where.yaml` `/etc/hosts` `a b/c`", id="words with a slash"),
    ],
)
def test_what_leads_somewhere_is_not_told(text):
    assert found(text) == []


def test_links_are_relative_to_their_page():
    assert found("[a](../tasks.py) [b](a.md#first)", path="docs/b.md") == []
    assert len(found("[a](tasks.py)", path="docs/b.md")) == 1


# ------------------------------------------------------------------------------------------------ tasks and sessions


@pytest.mark.parametrize(
    "tasks",
    [
        pytest.param(None, id="no file"),
        pytest.param("def (", id="no Python"),
        pytest.param(TASKS.replace("@task\n", "@task(aliases=('x',))\n"), id="other names"),
        pytest.param(TASKS.replace("Collection(e2e,", "Collection(*found,"), id="a collection that is worked out"),
        pytest.param(TASKS.replace("Collection(e2e,", "Collection(e2e, other,"), id="a collection of another file"),
        pytest.param(TASKS.replace("namespace = Collection", "namespace = made"), id="another way to collect"),
    ],
)
def test_where_the_text_does_not_tell_the_tasks_nothing_is_said_of_them(tasks):
    assert own.read(tasks, None).tasks is None
    assert found(block("invoke nothing --at-all"), tasks=tasks) == []


@pytest.mark.parametrize("noxfile", [None, "def (", NOXFILE.replace("@nox.session", "@nox.session(name='x')")])
def test_where_the_text_does_not_tell_the_sessions_nothing_is_said_of_them(noxfile):
    assert own.read(None, noxfile).sessions is None
    assert found(block("nox -s nothing"), noxfile=noxfile) == []


def test_without_a_collection_every_task_of_the_file_is_one():
    assert set(own.read(TASKS.rpartition("namespace")[0], None).tasks) == {"e2e", "minio-setup"}


def test_a_page_is_counted_by_what_can_be_looked_at():
    text = block("invoke a", "cat b") + "\n[a](b) `kubernetes/apps` `word`\n"

    assert docs.references(parse(text), paths.folders(FILES)) == 3
    assert docs.references(parse("# Words\n"), paths.folders(FILES)) == 0
