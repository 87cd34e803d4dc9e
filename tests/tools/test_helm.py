"""Charts with the real helm, from a repository on this machine: what is fetched and kept, and what is rendered from it."""

import dataclasses
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import stamina
import yaml

from scripts import charts as fetched
from scripts import toolchain
from scripts.charts.cache import keep, place
from scripts.charts.fetch import fetch
from scripts.checks import flux_graph
from scripts.checks.helm.release import releases
from scripts.checks.objects import Objects
from scripts.errors import CommandFailed, CouldNotRun, SettingsError, ToolMissing
from scripts.model import Resource, ResourceId
from scripts.process import run
from scripts.settings import REPOSITORY_ROOT
from scripts.store import Store
from scripts.validate import charts, helm_template
from scripts.validate.helm_template import render
from tests.processes import eventually
from tests.tools.charts import archive, serve
from tests.tools.trees import MINIMAL, replace

REPOSITORIES = "kubernetes/infrastructure/repositories/helm"


@pytest.fixture(scope="module")
def helm():
    return toolchain.get("helm")


@pytest.fixture
def repository():
    with serve() as served:
        yield served


@pytest.fixture
def cache(tmp_path):
    """A cache of its own, with the programs of the usual one."""
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "tools").symlink_to(toolchain.get("helm").path.parents[2])
    return folder


@pytest.fixture
def tree(tmp_path, repository):
    """The minimal tree, with its charts in the repository on this machine."""
    root = tmp_path / "tree"
    shutil.copytree(MINIMAL, root)
    replace(f"{REPOSITORIES}/backube.yaml", "https://backube.github.io/helm-charts/", repository.address)(root)
    replace(f"{REPOSITORIES}/piraeus.yaml", "https://piraeus.io/helm-charts/", f"{repository.address}/")(root)
    return root


def chart(repository, name="volsync", version="0.12.0"):
    return fetched.ChartSource(repository=repository.address, name=name, version=version)


def objects(*texts):
    found = []
    for text in texts:
        document = yaml.safe_load(text)
        metadata = document["metadata"]
        identity = ResourceId(
            api_version=document["apiVersion"],
            kind=document["kind"],
            namespace=metadata.get("namespace", ""),
            name=metadata["name"],
        )
        found.append(Resource(id=identity, document=document, kustomization="cluster-apps-volsync"))
    return Objects(resources=tuple(found), externals={})


RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: volsync, namespace: volsync-system}}
spec:
  chart:
    spec:
      chart: {name}
      version: {version}
      sourceRef: {{kind: HelmRepository, name: backube, namespace: flux-system}}
  {further}
"""

SOURCE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {{name: backube, namespace: flux-system}}
spec: {{url: {address}{further}}}
"""


def release(*, name="volsync", version="0.12.0", further=""):
    return RELEASE.format(name=name, version=version, further=further)


def source(address, further=""):
    return SOURCE.format(address=address, further=further)


def pulled(repository, helm, cache, **changed):
    repository.publish("volsync", "0.12.0", archive(**changed))
    return fetch(chart(repository), helm, cache)


def kept(cache):
    return sorted(path.name for path in (cache / "charts").rglob("*") if path.is_file())


# ------------------------------------------------------------------------------------------------------------------ fetch


def test_a_chart_is_fetched_once_and_kept_with_its_digest(repository, helm, cache):
    found = pulled(repository, helm, cache)

    assert fetched.find(cache, chart(repository)) == found
    assert repository.asked == ["index.yaml", "volsync-0.12.0.tgz"]
    assert kept(cache) == ["volsync-0.12.0.tgz", "volsync-0.12.0.tgz.sha256"]
    checked = subprocess.run(["sha256sum", "--check", f"{found.path.name}.sha256"], cwd=found.path.parent, check=False)
    assert checked.returncode == 0


@pytest.mark.parametrize("other", ["https://example.org/a-b", "http://example.org/a/b", "oci://example.org/a/b"])
def test_each_repository_has_a_place_of_its_own(tmp_path, other):
    one = fetched.ChartSource(repository="https://example.org/a/b", name="volsync", version="0.12.0")

    assert place(tmp_path, one) != place(tmp_path, dataclasses.replace(one, repository=other))


def test_the_same_version_of_another_repository_is_another_chart(repository, helm, cache):
    pulled(repository, helm, cache)
    other = fetched.ChartSource(repository="https://example.org/charts", name="volsync", version="0.12.0")

    assert fetched.find(cache, other) == "volsync 0.12.0 of https://example.org/charts is not in the cache"


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """An OCI registry, whose certificate is trusted."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=registry", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    run(["openssl", *made, *named], timeout_s=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serve(context) as served:
        yield served


def test_a_chart_is_fetched_from_an_oci_registry_too(registry, helm, cache):
    content = archive()
    registry.push("volsync", "0.12.0", content)

    found = fetch(chart(registry), helm, cache)

    assert found.path.read_bytes() == content


def test_a_chart_that_an_oci_registry_does_not_have_is_told(registry, helm, cache):
    registry.push("volsync", "0.11.0", archive())

    with stamina.set_testing(True, attempts=2), pytest.raises(CommandFailed, match=r"did not give it: .*not found"):
        fetch(chart(registry), helm, cache)


@pytest.mark.parametrize(
    ("published", "found"),
    [
        pytest.param(None, "404", id="there is no index"),
        pytest.param(
            ("volsync", "0.11.0", archive()), 'version "0.12.0" not found', id="the index has not that version"
        ),
        pytest.param(("volsync", "0.12.0", b""), "an archive that is no chart", id="the archive is empty"),
        pytest.param(
            ("volsync", "0.12.0", archive()[:300]), "an archive that is no chart", id="the archive ends too early"
        ),
        pytest.param(
            ("volsync", "0.12.0", b"<html>" * 99), "an archive that is no chart", id="the archive is a web page"
        ),
        pytest.param(
            ("volsync", "0.12.0", archive(version="0.13.0")),
            "says it is volsync 0.13.0",
            id="the chart says another version",
        ),
        pytest.param(
            ("volsync", "0.12.0", archive("other")), "says it is other 0.12.0", id="the chart says another name"
        ),
    ],
)
def test_what_is_not_the_chart_is_told_and_not_kept(repository, helm, cache, published, found):
    if published:
        repository.publish(*published)

    with stamina.set_testing(True, attempts=2), pytest.raises(CommandFailed) as failed:
        fetch(chart(repository), helm, cache)

    assert failed.value.where == "chart volsync 0.12.0"
    assert failed.value.found.startswith(f"{repository.address} ")
    assert found in failed.value.found
    assert not (cache / "charts").exists()


def test_an_archive_that_is_listed_and_not_there_is_told(repository, helm, cache):
    repository.publish("volsync", "0.12.0", archive())
    del repository.files["volsync-0.12.0.tgz"]

    with stamina.set_testing(True, attempts=2), pytest.raises(CommandFailed, match=r"did not give it: .*404"):
        fetch(chart(repository), helm, cache)


def test_where_nothing_listens_it_is_tried_again_and_told(helm, cache):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        closed = fetched.ChartSource(
            repository=f"http://127.0.0.1:{listener.getsockname()[1]}", name="volsync", version="0.12.0"
        )

        with stamina.set_testing(True, attempts=3), pytest.raises(CommandFailed, match="connection refused"):
            fetch(closed, helm, cache)


def test_a_passing_fault_is_no_failure(repository, helm, cache):
    repository.publish("volsync", "0.12.0", archive())
    content = repository.files.pop("volsync-0.12.0.tgz")

    class Back(dict):
        """The archive is there when it is asked for the second time."""

        def get(self, name):
            if repository.asked.count("volsync-0.12.0.tgz") > 1:
                self["volsync-0.12.0.tgz"] = content
            return super().get(name)

    repository.files = Back(repository.files)
    with stamina.set_testing(True, attempts=2):
        found = fetch(chart(repository), helm, cache)

    assert found.path.read_bytes() == content


def test_a_server_that_does_not_answer_is_given_up_and_asked_once(repository, helm, cache):
    repository.goes_on.clear()

    with pytest.raises(CommandFailed, match=r"did not give it within 0\.5 s"):
        fetch(chart(repository), helm, cache, timeout_s=0.5)

    assert repository.asked == ["index.yaml"]


def test_an_archive_that_was_damaged_is_told_and_fetched_again(repository, helm, cache):
    found = pulled(repository, helm, cache)
    found.path.write_bytes(found.path.read_bytes()[:-1])

    assert fetched.find(cache, chart(repository)) == f"{found.path} is not what was fetched"
    assert fetch(chart(repository), helm, cache) == fetched.find(cache, chart(repository)) == found


def test_an_archive_without_its_digest_is_not_taken(repository, helm, cache):
    found = pulled(repository, helm, cache)
    found.path.with_name(f"{found.path.name}.sha256").unlink()

    assert fetched.find(cache, chart(repository)) == f"{chart(repository)} is not in the cache"


def test_two_that_fetch_at_once_leave_one_whole_chart(repository, helm, cache):
    repository.publish("volsync", "0.12.0", archive())

    with ThreadPoolExecutor(2) as both:
        found = set(both.map(lambda _: fetch(chart(repository), helm, cache), range(2)))

    assert found == {fetched.find(cache, chart(repository))}
    assert kept(cache) == ["volsync-0.12.0.tgz", "volsync-0.12.0.tgz.sha256"]


def test_threads_that_keep_a_chart_at_once_do_not_take_each_others_file(repository, cache):
    with ThreadPoolExecutor(8) as many:
        found = set(many.map(lambda _: keep(cache, chart(repository), b"a chart"), range(400)))

    assert found == {fetched.find(cache, chart(repository))}
    assert kept(cache) == ["volsync-0.12.0.tgz", "volsync-0.12.0.tgz.sha256"]


def test_a_cache_that_cannot_be_written_is_told_with_the_variable_that_moves_it(repository, helm, tmp_path):
    repository.publish("volsync", "0.12.0", archive())
    (tmp_path / "in-the-way").write_text("")

    with pytest.raises(SettingsError, match="set APPS_BACKUP_CACHE"):
        fetch(chart(repository), helm, tmp_path / "in-the-way")


# --------------------------------------------------------------------------------------------------------------- the task


def invoke(tree, cache, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "invoke", *words, "--root", str(tree)],
        cwd=REPOSITORY_ROOT,
        env={**os.environ, "APPS_BACKUP_CACHE": str(cache), "TMPDIR": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process):
    _, said = process.communicate(timeout=120)
    return process.returncode, said


def test_the_task_fetches_what_the_tree_pins_and_the_second_time_asks_nobody(tree, repository, cache):
    repository.publish("volsync", "0.12.0", archive())
    repository.publish("snapshot-controller", "3.0.6", archive("snapshot-controller", "3.0.6"))

    first = end(invoke(tree, cache, "charts.fetch"))
    asked = sorted(set(repository.asked))
    repository.asked.clear()
    second = end(invoke(tree, cache, "charts.fetch"))

    assert first[0] == second[0] == 0, (first, second)
    assert asked == ["index.yaml", "snapshot-controller-3.0.6.tgz", "volsync-0.12.0.tgz"]
    assert repository.asked == []
    assert f"volsync 0.12.0 of {repository.address}: {place(cache, chart(repository))}" in second[1]


def test_one_chart_that_cannot_be_had_does_not_keep_the_others_away(tree, repository, cache):
    repository.publish("volsync", "0.12.0", archive())

    code, said = end(invoke(tree, cache, "charts.fetch"))

    assert code == CommandFailed.exit_code
    assert f"error: chart snapshot-controller 3.0.6: {repository.address} did not give it" in said
    assert isinstance(fetched.find(cache, chart(repository)), fetched.Archive)


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGTERM, id="asked to end"), pytest.param(signal.SIGKILL, id="killed")]
)
def test_a_run_that_is_ended_half_way_leaves_no_half_of_a_chart(tree, repository, cache, number):
    repository.publish("volsync", "0.12.0", archive())
    repository.publish("snapshot-controller", "3.0.6", archive("snapshot-controller", "3.0.6"))
    repository.goes_on.clear()

    process = invoke(tree, cache, "charts.fetch")
    eventually(lambda: repository.asked)
    process.send_signal(number)
    end(process)

    assert not (cache / "charts").exists()
    left = [path.name for path in cache.glob("chart-*")]
    assert left == [] or number == signal.SIGKILL
    repository.goes_on.set()
    assert end(invoke(tree, cache, "charts.fetch"))[0] == 0


def test_a_chart_that_only_the_cluster_can_get_is_told(tree, repository, cache):
    repository.publish("volsync", "0.12.0", archive())
    replace(f"{REPOSITORIES}/piraeus.yaml", "  url:", "  secretRef:\n    name: login\n  url:")(tree)

    code, said = end(invoke(tree, cache, "charts.fetch"))

    assert code == CouldNotRun.exit_code
    assert "behind a login (secretRef of HelmRepository flux-system/piraeus)" in said
    assert isinstance(fetched.find(cache, chart(repository)), fetched.Archive)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param((release(),), "HelmRepository backube, which is not in the tree", id="no repository"),
        pytest.param(
            (release().replace("kind: HelmRepository", "kind: GitRepository"),),
            "its chart is in GitRepository backube, and not in a HelmRepository",
            id="a folder of a git repository",
        ),
        pytest.param(
            (release(version="'*'"), source("https://example.org")), "not exactly one version", id="any version"
        ),
        pytest.param((release(name="../volsync"), source("https://example.org")), "has no name", id="a path as a name"),
        pytest.param(
            (release(), source("https://a@example.org")), "no address that can be read", id="a user in the address"
        ),
        pytest.param((release(), source("file:///etc")), "no address that can be read", id="a file"),
        pytest.param(
            (release(), source("oci://example.org", ", type: oci, provider: aws")),
            "behind a login (provider",
            id="a provider",
        ),
    ],
)
def test_a_release_whose_chart_cannot_be_fetched_says_why(texts, expected):
    found = objects(*texts)

    assert expected in fetched.source(found, next(releases(found)))


def test_a_chart_in_an_oci_registry_has_its_repository_in_front_of_its_name():
    artifact = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: charts, namespace: volsync-system}
spec: {ref: {tag: 0.12.0}, url: oci://example.org/charts/volsync}
"""
    text = "\n".join(release().splitlines()[:4]) + "\n  chartRef: {kind: OCIRepository, name: charts}"
    found = objects(text, artifact)

    assert fetched.source(found, next(releases(found))) == fetched.ChartSource(
        repository="oci://example.org/charts", name="volsync", version="0.12.0"
    )


# ----------------------------------------------------------------------------------------------------------------- render


@pytest.fixture
def rendered(repository, helm, cache):
    """Renders a HelmRelease with a chart of this repository."""

    def of(further="", **changed):
        found = objects(release(further=further), source(repository.address))
        store = Store(None)
        return render(next(releases(found)), pulled(repository, helm, cache, **changed), helm, store)

    return of


def test_a_chart_makes_its_objects_crds_included_and_tests_not(rendered):
    found = rendered()

    assert [str(each) for each in found.objects] == [
        "CustomResourceDefinition replicationsources.volsync.backube",
        "ConfigMap elsewhere/volsync-volsync-system",
        "Deployment volsync",
        "ServiceMonitor volsync",
    ]
    assert found.error == ""


def test_the_images_are_those_of_the_containers_and_of_the_movers(rendered):
    found = rendered("values: {image: {tag: '1'}}")

    assert found.images == ("quay.io/backube/volsync:0.12.0", "quay.io/backube/volsync:1")


def test_the_release_has_the_name_and_namespace_that_helm_controller_gives_it(rendered):
    found = rendered("targetNamespace: backup")

    assert "ConfigMap elsewhere/backup-volsync-backup" in map(str, found.objects)


@pytest.mark.parametrize(
    ("further", "changed", "error"),
    [
        pytest.param("values: {metrics: null}", {}, "nil pointer", id="a section that is taken away"),
        pytest.param(
            "", {"kubeVersion": "<1.20.0"}, "incompatible with Kubernetes v1.33.0", id="a chart for an older Kubernetes"
        ),
        pytest.param(
            "values: {replicaCount: many}",
            {"files": {"values.schema.json": '{"properties": {"replicaCount": {"type": "integer"}}}'}},
            "got string, want integer",
            id="a value that the schema refuses",
        ),
        pytest.param(
            "", {"files": {"templates/a.yaml": '{{ fail "no such thing" }}'}}, "no such thing", id="a chart that fails"
        ),
        pytest.param(
            "", {"files": {"templates/a.yaml": "a: b: c"}}, "YAML parse error", id="a template that gives no YAML"
        ),
    ],
)
def test_a_chart_that_does_not_render_says_why(rendered, further, changed, error):
    found = rendered(further, **changed)

    assert error in found.error
    assert "\n" not in found.error
    assert "--debug" not in found.error
    assert found.objects == ()


def test_a_chart_asks_neither_a_cluster_nor_the_network(rendered, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    template = 'a: {{ lookup "v1" "Secret" "default" "x" | toJson }}\nb: {{ getHostByName "localhost" | quote }}\n'
    config_map = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata:\n  {template.replace(chr(10), chr(10) + '  ')}\n"

    found = rendered(files={"templates/a.yaml": config_map})

    assert found.error == ""


def test_what_was_rendered_is_not_rendered_again_until_something_changes(
    repository, helm, cache, tmp_path, monkeypatch
):
    ran = []
    real = helm_template.run
    monkeypatch.setattr(helm_template, "run", lambda *words, **named: ran.append(words) or real(*words, **named))
    store = Store(tmp_path / "results")
    content = pulled(repository, helm, cache)

    def times(further="", found=content):
        ran.clear()
        render(next(releases(objects(release(further=further)))), found, helm, store)
        store.keep()
        return len(ran)

    assert [times(), times()] == [1, 0]
    assert [times("releaseName: other"), times("targetNamespace: other"), times("values: {replicaCount: 2}")] == [
        1,
        1,
        1,
    ]
    other = fetched.Archive(path=content.path, sha256="0" * 64)
    assert [times(found=other), times()] == [1, 0]


# --------------------------------------------------------------------------------------------------------------- validate


def attempt(cache, *texts, get_tool=toolchain.get):
    (only,) = charts.attempts(objects(*texts), cache=cache, get_tool=get_tool)
    return only


BY_FACTS = "; its values were held against the facts of volsync 0.12.0"


def test_without_the_chart_the_report_says_that_only_the_values_were_checked(repository, cache):
    found = attempt(cache, release(), source(repository.address))

    assert found.rendered is None
    assert found.reason == (
        f"not rendered: volsync 0.12.0 of {repository.address} is not in the cache (`invoke charts.fetch` puts it there)"
        + BY_FACTS
    )
    assert repository.asked == []


def test_without_chart_and_facts_the_report_says_that_nothing_was_checked(repository, cache):
    found = attempt(cache, release(version="0.13.0"), source(repository.address))

    assert found.reason.endswith("; nothing is known here of volsync 0.13.0, so its values were not checked")


def test_without_helm_the_report_says_how_to_get_it(repository, helm, cache):
    pulled(repository, helm, cache)

    def missing(name):
        raise ToolMissing(name, "cannot be built", "install it")

    found = attempt(cache, release(), source(repository.address), get_tool=missing)

    assert found.rendered is None
    assert found.reason == "not rendered: helm: cannot be built; install it" + BY_FACTS


def test_values_that_are_not_known_are_not_left_out_of_a_rendering(repository, helm, cache):
    pulled(repository, helm, cache)
    values = "valuesFrom: [{kind: Secret, name: volsync-values}]"

    found = attempt(cache, release(further=values), source(repository.address))

    assert found.rendered is None
    assert found.reason.startswith("not rendered: some of its values come from Secret volsync-values")


def test_with_the_chart_the_report_says_what_rendered_it_and_its_images(repository, helm, cache):
    pulled(repository, helm, cache)

    found = attempt(cache, release(further="postRenderers: [{kustomize: {}}]"), source(repository.address))

    assert found.reason == (
        f"helm {helm.version}, volsync-0.12.0.tgz, without spec.postRenderers: 4 objects; images: quay.io/backube/volsync:0.12.0"
    )


def test_what_the_outcomes_depend_on_changes_with_the_charts_and_with_helm(repository, helm, cache):
    def missing(name):
        raise ToolMissing(name, "cannot be built", "install it")

    nothing = charts.inputs(cache=cache, get_tool=missing)
    found = pulled(repository, helm, cache)
    fetched_now, without_helm = charts.inputs(cache=cache), charts.inputs(cache=cache, get_tool=missing)
    found.path.write_bytes(b"")
    damaged = charts.inputs(cache=cache)

    assert nothing == ""
    assert len({nothing, fetched_now, without_helm, damaged}) == 4
    assert damaged == charts.inputs(cache=cache)


def health_check(kind, name, namespace="volsync-system"):
    version = "apps/v1" if kind in {"Deployment", "StatefulSet"} else "v1"
    return f"""\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: cluster-apps-volsync, namespace: flux-system}}
spec:
  prune: true
  timeout: 5m
  healthChecks:
    - {{apiVersion: {version}, kind: {kind}, name: {name}, namespace: {namespace}}}
"""


def waits_in_vain(repository, cache, kind, name, *, further="", namespace="volsync-system"):
    """Whether a health check waits for what the chart, which is in the cache, does not make."""
    found = objects(release(further=further), source(repository.address), health_check(kind, name, namespace))
    made = charts.made(charts.attempts(found, cache=cache))
    faults = flux_graph.check(Objects(resources=found.resources, externals={}, made=made))
    return "flux-health-check" in {each.rule for each in faults}


@pytest.fixture
def in_cache(repository, helm, cache):
    pulled(repository, helm, cache)
    return repository, cache


CONTROLLER = "values: {fullnameOverride: controller}"
CRD = ("CustomResourceDefinition", "replicationsources.volsync.backube")


@pytest.mark.parametrize(
    ("wanted", "further"),
    [
        pytest.param(("Deployment", "volsync"), "", id="what it makes"),
        pytest.param(("Deployment", "controller"), CONTROLLER, id="by the name that it is given"),
        pytest.param(CRD, "", id="what lives in no namespace"),
    ],
)
def test_a_health_check_waits_for_what_the_chart_was_seen_to_make(in_cache, wanted, further):
    assert not waits_in_vain(*in_cache, *wanted, further=further)


@pytest.mark.parametrize(
    ("wanted", "further"),
    [
        pytest.param(("Deployment", "volsync"), CONTROLLER, id="by the name that it has no more"),
        pytest.param(("StatefulSet", "volsync"), "", id="another kind"),
        pytest.param(("Service", "volsync-metrics"), "", id="what the facts say, and this chart does not make"),
    ],
)
def test_a_health_check_on_what_the_chart_does_not_make_is_told(in_cache, wanted, further):
    assert waits_in_vain(*in_cache, *wanted, further=further)


def test_an_object_that_a_chart_puts_elsewhere_is_waited_for_there(in_cache):
    assert not waits_in_vain(*in_cache, "ConfigMap", "volsync-volsync-system", namespace="elsewhere")


def test_what_a_chart_makes_that_does_not_render_may_be_anything(in_cache):
    assert not waits_in_vain(*in_cache, "Deployment", "anything", further="values: {metrics: null}")
