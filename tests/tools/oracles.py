"""A tree -> the objects that other programs make of it, in a form that can be compared with ours."""

import json
import re
import shutil
from collections import defaultdict

from scripts.particulars import Particulars
from scripts.process import run
from scripts.render import go_yaml
from scripts.render.offline import environment
from scripts.render.variables import config_maps, variables
from scripts.toolchain import get

TIMEOUT_S = 120.0
OWNER = "kustomize.toolkit.fluxcd.io"
BOOTSTRAP = "flux-system"
"""The Flux Kustomization that points a cluster at the entry point; the tree does not hold it."""


def shape(documents):
    """(name of a Flux Kustomization, object)s -> name -> what it applies, in an order and a form of their own."""
    found = defaultdict(list)
    for name, document in documents:
        found[name].append(json.dumps(document, sort_keys=True, ensure_ascii=False))
    return {name: sorted(each) for name, each in found.items()}


def ours(rendering):
    entry = rendering.particulars.entry_point
    return [
        (BOOTSTRAP if each.kustomization == entry else each.kustomization, each.document)
        for each in rendering.resources
    ]


def kustomization(namespace, name, path):
    source = {"kind": "GitRepository", "name": BOOTSTRAP, "namespace": BOOTSTRAP}
    return {
        "apiVersion": f"{OWNER}/v1",
        "kind": "Kustomization",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"path": f"./{path}", "sourceRef": source},
    }


def flate(root, externals=()):
    """What flate builds of a copy that may be written to: the completed program, and the objects."""
    (root / ".git").mkdir(exist_ok=True)  # flate takes the folder that holds it for the GitRepository flux-system
    bootstrap = root / "bootstrap"
    bootstrap.mkdir()
    (bootstrap / "entry.json").write_text(json.dumps(kustomization(BOOTSTRAP, BOOTSTRAP, Particulars().entry_point)))
    (bootstrap / "nothing").mkdir()
    for namespace, _, name in (each.partition("/") for each in externals):
        stand_in = kustomization(namespace, name, "bootstrap/nothing")
        (bootstrap / f"{name}.json").write_text(json.dumps(stand_in))
    command = (get("flate").path, "build", "ks", "--path", "bootstrap", "--output", "json", "--no-progress")
    flags = (
        "--skip-crds=false",
        "--skip-secrets=false",
        "--source-retry-attempts",
        "1",
        "--cache-dir",
        root / ".cache",
    )
    completed = run((*command, *flags), timeout_s=TIMEOUT_S, environment=environment(), cwd=root, accept=None)
    shutil.rmtree(bootstrap)
    return completed, [owned(each) for each in json.loads(completed.stdout or "[]")]


def is_accepted(completed):
    """Whether flate built every Flux Kustomization; charts, which it then tries to fetch as well, are not looked at."""
    failed = [kind for kind in re.findall(r"✗ +([A-Z]\w+) ", completed.stderr) if not kind.startswith("Helm")]
    return not failed and (completed.exit_code == 0 or "HelmChart" in completed.stderr)


def owned(document):
    """An object with the labels of its owner -> the name of the owner, and the object without them."""
    metadata = dict(document["metadata"])
    labels = dict(metadata.pop("labels"))
    name = labels.pop(f"{OWNER}/name")
    del labels[f"{OWNER}/namespace"]
    if labels:
        metadata["labels"] = labels
    return name, {**document, "metadata": metadata}


def without_default_namespace(documents, rendering):
    """The objects without the namespace of their owner, which flate gives to each that has none."""
    namespaces = defaultdict(set, {BOOTSTRAP: {BOOTSTRAP}})
    for each in rendering.kustomizations:
        namespaces[each.name].add(each.namespace)
    for name, document in documents:
        metadata = dict(document["metadata"])
        if metadata.get("namespace") in namespaces[name]:
            del metadata["namespace"]
        yield name, {**document, "metadata": metadata}


def flux(program, root, each, *, document=None, folder=None):
    """What `flux build` makes of one Flux Kustomization without a cluster: the completed program, and the objects."""
    file = root / "kustomization-to-build.yaml"
    file.write_text(json.dumps(document or each.document))
    command = (program, "build", "kustomization", each.name, "--path", f"./{folder or each.path.as_posix()}")
    flags = ("--dry-run", "--strict-substitute", "--kustomization-file", file, "-n", each.namespace)
    completed = run((*command, *flags), timeout_s=TIMEOUT_S, environment=environment(), cwd=root, accept=None)
    file.unlink()
    texts = re.split("^---\n", completed.stdout, flags=re.MULTILINE) if completed.exit_code == 0 else []
    return completed, [owned(go_yaml.read(text)) for text in texts if text.strip()]


def with_values(each, rendering):
    """A Flux Kustomization that holds the values which it takes from ConfigMaps, for flux does not read those."""
    held = config_maps(resource.document for resource in rendering.resources)
    values = dict(variables(each, held, frozenset()).all)
    document = json.loads(json.dumps(each.document))
    if values:
        document["spec"]["postBuild"]["substitute"] = values
        document["spec"]["postBuild"].pop("substituteFrom", None)
    return document


def with_common_metadata(documents, each):
    """The objects with the common metadata that the controller adds when it applies them, which `flux build` does not."""
    common = each.specification.get("commonMetadata", {})
    for name, document in documents:
        metadata = dict(document["metadata"])
        for field, pairs in common.items():
            metadata[field] = {**metadata.get(field, {}), **pairs}
        yield name, {**document, "metadata": metadata}
