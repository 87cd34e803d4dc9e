"""The backup component: its parameters, through Flux's substitution and through Kustomize's replacements."""

import os
import re
from pathlib import Path

import pytest
import yaml

from scripts.errors import CommandFailed
from scripts.process import run
from scripts.render import build, render
from scripts.substitute import substitute
from scripts.toolchain import get

ROOT = Path(__file__).parents[2]
COMPONENT = Path("kubernetes/components/volsync")
TEMPLATES = ("externalsecret", "pvc", "replicationdestination", "replicationsource")
KINDS = {"ExternalSecret", "PersistentVolumeClaim", "ReplicationDestination", "ReplicationSource"}
DEFAULT = re.compile(r"\$\{(\w+):=((?:[^{}$]|\$\{\w+\})*)\}")
ALONE = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
components: [COMPONENT, COMPONENT/replacements]
resources: [COMPONENT/replacements/parameters]
configMapGenerator:
  - name: volsync-parameters
    behavior: merge
    options: {disableNameSuffixHash: true}
    literals:
"""
CHANGED = {
    "APP": "wiki",
    "BACKUP_SCHEDULE": "5 1-23/6 * * 1-5",
    "PVC_SIZE": "33Gi",
    "SOURCE_PVC": "wiki-uploads-2",
    "STORAGE_CLASS": "other-block",
    "VOLSYNC_ACCESS_MODE": "ReadWriteMany",
    "VOLSYNC_BUCKET": "other-bucket",
    "VOLSYNC_CACHE_CAPACITY": "7Gi",
    "VOLSYNC_CACHE_SC": "other-cache",
    "VOLSYNC_ENDPOINT": "https://s3.example.org",
    "VOLSYNC_ITEM": "other-item",
    "VOLSYNC_MOVER_GID": "1001",
    "VOLSYNC_MOVER_UID": "1002",
    "VOLSYNC_PRUNE_INTERVAL_DAYS": "14",
    "VOLSYNC_REGION": "eu-central-1",
    "VOLSYNC_RETAIN_DAILY": "31",
    "VOLSYNC_RETAIN_HOURLY": "48",
    "VOLSYNC_RETAIN_MONTHLY": "6",
    "VOLSYNC_RETAIN_WEEKLY": "9",
    "VOLSYNC_SECRET_STORE": "other-store",
    "VOLSYNC_SNAPSHOTCLASS": "other-snapshots",
}


def templates():
    return "\n".join((ROOT / COMPONENT / each / f"{each}.yaml").read_text(encoding="utf-8") for each in TEMPLATES)


def defaults():
    return sorted(set(DEFAULT.findall(templates())))


def settings():
    text = (ROOT / "kubernetes/clusters/apps/cluster-settings.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["data"]


def parameters():
    text = (ROOT / COMPONENT / "replacements/parameters/configmap.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["data"]


def kustomized(folder):
    return run((get("kustomize").path, "build", folder), timeout_s=60).stdout


def by_kind(documents):
    found = {document["kind"]: document for document in documents}

    assert len(found) == len(documents)
    return found


@pytest.fixture
def without_flux(tmp_path):
    def write(values):
        text = ALONE.replace("COMPONENT", os.path.relpath(ROOT / COMPONENT, tmp_path.resolve()))
        text += "".join(f"      - {name}={value}\n" for name, value in values.items())
        (tmp_path / "kustomization.yaml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_builds_alone(template):
    (document,) = build(ROOT, COMPONENT / template)

    assert document["kind"].lower() in {template, "persistentvolumeclaim"}
    assert document["metadata"]["labels"]["app.kubernetes.io/component"] == "volsync"


def test_volsync_test_is_the_same_with_and_without_flux():
    through_flux = {
        each.id.kind: each.document
        for each in render(ROOT).resources
        if each.id.namespace == "volsync-test" and each.id.kind in KINDS
    }
    text = kustomized(ROOT / "tests/trees/without-flux")

    assert "${" not in text
    assert by_kind(list(yaml.safe_load_all(text))) == through_flux


def test_each_parameter_does_the_same_with_and_without_flux(without_flux):
    alone = kustomized(without_flux(CHANGED))
    through_flux = [yaml.safe_load(substitute(yaml.dump(each), CHANGED)) for each in build(ROOT, COMPONENT)]

    assert set(CHANGED) == {"APP"} | {name for name, _ in defaults()}
    assert "${" not in alone
    assert by_kind(list(yaml.safe_load_all(alone))) == by_kind(through_flux)


@pytest.mark.parametrize("name", sorted(CHANGED))
def test_a_parameter_changes_something_and_leaves_no_trace_of_its_default(without_flux, name):
    values = {"APP": "demo", "SOURCE_PVC": "demo-data"}

    before = kustomized(without_flux(values))
    after = kustomized(without_flux(values | {name: CHANGED[name]}))

    assert before.count(CHANGED[name]) < after.count(CHANGED[name])


@pytest.mark.parametrize("name", ["APP", "SOURCE_PVC"])
def test_what_has_no_default_without_flux_is_missed_by_name(without_flux, name):
    values = {"APP": "demo", "SOURCE_PVC": "demo-data"}
    del values[name]

    with pytest.raises(CommandFailed, match=rf"data\.{name}` is missing"):
        kustomized(without_flux(values))


def test_every_parameter_has_a_default_but_the_apps_name():
    text = templates()
    without_default = set(re.findall(r"\$\{(\w+)\}", text))

    assert without_default == {"APP"}
    assert {"SOURCE_PVC", "BACKUP_SCHEDULE", "PVC_SIZE", "STORAGE_CLASS", "VOLSYNC_BUCKET", "VOLSYNC_ENDPOINT"} <= {
        name for name, _ in defaults()
    }


def test_a_parameter_has_one_default():
    names = [name for name, _ in defaults()]

    assert sorted(set(names)) == names


@pytest.mark.parametrize(("name", "default"), [pytest.param(*each, id=each[0]) for each in defaults()])
def test_a_default_is_what_the_cluster_settings_and_the_parameters_say(name, default):
    assert settings().get(name, default) == default
    assert parameters().get(name, default) == default
    assert name in parameters() or name == "SOURCE_PVC"


def test_the_parameters_are_the_templates_and_no_more():
    assert set(parameters()) == {name for name, _ in defaults()} - {"SOURCE_PVC"}
