"""A rendering -> Flux Kustomizations that wait for ever, and objects that Flux cannot apply."""

import re
from collections.abc import Iterator, Mapping

from scripts import particulars
from scripts.checks.fault import Fault
from scripts.checks.helm.made import Key, key, made
from scripts.checks.helm.release import releases
from scripts.checks.objects import Objects, fault, field
from scripts.checks.pods import TEMPLATES
from scripts.document import Location, items, mapping
from scripts.model import Resource
from scripts.render import FLUX_KUSTOMIZATION

SERVED: Mapping[str, str] = {
    "external-secrets.io": "v1",
    "helm.toolkit.fluxcd.io": "v2",
    "kustomize.toolkit.fluxcd.io": "v1",
    "monitoring.coreos.com": "v1",
    "snapshot.storage.k8s.io": "v1",
    "source.toolkit.fluxcd.io": "v1",
    "volsync.backube": "v1alpha1",
}
"""
Group -> the version to write.

Source: external-secrets/external-secrets@v2.9.0:config/crds/bases (v1beta1 is not served); the CRDs of the pinned charts
"""

BUILT_IN = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
"""Namespaces that every cluster has."""

NEED_NAMESPACE = frozenset(TEMPLATES) | {
    "ExternalSecret",
    "HelmRelease",
    "PersistentVolumeClaim",
    "PrometheusRule",
    "ReplicationDestination",
    "ReplicationSource",
}
"""Kinds without which there is no backup, or nothing to back up, and that live in a namespace."""

DURATIONS: Mapping[str, tuple[Location, ...]] = {
    "ExternalSecret": (("spec", "refreshInterval"),),
    "HelmRelease": (("spec", "interval"), ("spec", "timeout"), ("spec", "chart", "spec", "interval")),
    "HelmRepository": (("spec", "interval"), ("spec", "timeout")),
    "Kustomization": (("spec", "interval"), ("spec", "retryInterval"), ("spec", "timeout")),
}
"""Kind -> its intervals and time-outs; 0 is never again, and no time at all."""

ZERO = re.compile(r"0+(\.0+)?(ns|us|ms|[smh])?")

BUILT_IN_VERSIONS: Mapping[str, str] = {
    "CronJob": "batch/v1",
    "DaemonSet": "apps/v1",
    "Deployment": "apps/v1",
    "Job": "batch/v1",
    "StatefulSet": "apps/v1",
}


def check(objects: Objects) -> Iterator[Fault]:
    """
    Check what applies what, in which order, and into which namespaces.

    Args:
        objects: of the tree.

    Yields:
        What is wrong: with each Flux Kustomization, with the objects that they apply.
    """
    kustomizations = objects.of("Kustomization", f"{FLUX_KUSTOMIZATION}/")
    waited_for = {name for each in kustomizations for name in _depends_on(each)}
    by_charts = tuple((each.namespace, made(objects, each)) for each in releases(objects))
    for each in kustomizations:
        yield from _life(each, waited_for)
        yield from _source(objects, each, ("spec", "sourceRef"))
        yield from _health_checks(objects, each, by_charts)
    for release in objects.of("HelmRelease", "helm.toolkit.fluxcd.io/"):
        if field(release, "spec", "chart"):
            yield from _source(objects, release, ("spec", "chart", "spec", "sourceRef"))
    for each in objects.resources:
        group, _, version = each.id.api_version.partition("/")
        if version != SERVED.get(group, version):
            found = f"has apiVersion {each.id.api_version}, and {group}/{SERVED[group]} is what is served"
            yield fault("api-version", each, ("apiVersion",), found, f"write {group}/{SERVED[group]}")
    yield from _durations(objects)
    yield from _namespaces(objects)


def _durations(objects: Objects) -> Iterator[Fault]:
    for kind, locations in DURATIONS.items():
        for each in objects.of(kind):
            for location in locations:
                value = field(each, *location)
                if value is not None and ZERO.fullmatch(str(value)):
                    what = "no time at all" if location[-1] == "timeout" else "never again"
                    found = f"has {'.'.join(map(str, location))}: {value}, which is {what}"
                    yield fault("duration-zero", each, location, found, "write a time, for example `10m`")


def _identity(each: Resource) -> str:
    return f"{each.id.namespace}/{each.id.name}"


def _depends_on(each: Resource) -> tuple[str, ...]:
    references = map(mapping, items(field(each, "spec", "dependsOn")))
    return tuple(f"{one.get('namespace') or each.id.namespace}/{one.get('name')}" for one in references)


def _life(each: Resource, waited_for: set[str]) -> Iterator[Fault]:
    specification = mapping(each.document.get("spec"))
    if specification.get("prune") is None:
        found = "does not say whether what leaves git leaves the cluster"
        yield fault("flux-prune", each, ("spec", "prune"), found, "write `prune: true`")
    if specification.get("timeout") is None:
        found = "has no timeout, so that a failure is told only after its interval"
        yield fault("flux-timeout", each, ("spec", "timeout"), found, "write `timeout: 5m`")
    checks = items(specification.get("healthChecks"))
    if specification.get("wait") and checks:
        found = "has wait and healthChecks, and Flux ignores healthChecks then"
        yield fault("flux-wait", each, ("spec", "wait"), found, "keep one of the two")
    elif not specification.get("wait") and not checks and _identity(each) in waited_for:
        found = "is waited for by others and waits for nothing itself, so that they start before it is ready"
        yield fault("flux-wait", each, ("spec",), found, "write `wait: true`, or healthChecks")


def _source(objects: Objects, each: Resource, location: tuple[str, ...]) -> Iterator[Fault]:
    reference = mapping(field(each, *location))
    kind, name = str(reference.get("kind") or ""), str(reference.get("name") or "")
    namespace = str(reference.get("namespace") or each.id.namespace)
    if objects.get(kind, namespace, name) is None and not objects.has_external(kind, namespace, name):
        yield fault(
            "flux-source",
            each,
            (*location, "name"),
            f"has the source {kind or '(no kind)'} {namespace}/{name or '(none)'}, which is neither in the tree nor "
            "external",
            f"correct sourceRef, or add what it names to {particulars.PATH}",
        )


def _health_checks(
    objects: Objects, each: Resource, by_charts: tuple[tuple[str, frozenset[Key] | None], ...]
) -> Iterator[Fault]:
    for index, check_of in enumerate(map(mapping, items(field(each, "spec", "healthChecks")))):
        kind, name = str(check_of.get("kind")), str(check_of.get("name"))
        yield from _version(objects, each, index, check_of)
        namespace = str(check_of.get("namespace") or each.id.namespace)
        made_there = {one for _, keys in by_charts for one in keys or ()}
        # what a chart makes that is not known here may be anything
        is_open = kind not in {"HelmRelease", "Kustomization"} and (namespace, None) in by_charts
        if objects.get(kind, namespace, name) or key(kind, namespace, name) in made_there or is_open:
            continue
        alike = sorted(one[2] for one in made_there if one[:2] == key(kind, namespace, name)[:2])
        wanted = f", and its charts make {', '.join(alike)}" if alike else ""
        yield fault(
            "flux-health-check",
            each,
            ("spec", "healthChecks", index, "name"),
            f"waits for {kind} {namespace}/{name}, which nothing makes{wanted}",
            "correct the health check",
        )


def _version(objects: Objects, each: Resource, index: int, check_of: Mapping[str, object]) -> Iterator[Fault]:
    kind, asked = str(check_of.get("kind")), str(check_of.get("apiVersion") or "v1")
    there = {one.id.api_version for one in objects.of(kind)} | {BUILT_IN_VERSIONS.get(kind, "")} - {""}
    if there and asked not in there:
        wanted = min(there)
        yield fault(
            "flux-health-check",
            each,
            ("spec", "healthChecks", index, "apiVersion"),
            f"waits for a {kind} of {asked}, and there is {wanted}: it never becomes ready",
            f"write `apiVersion: {wanted}`",
        )


def _namespaces(objects: Objects) -> Iterator[Fault]:
    there = BUILT_IN | {each.id.name for each in objects.of("Namespace")} | objects.externals.get("Namespace", set())
    told: set[tuple[str, str]] = set()
    for each in objects.resources:
        namespace = each.id.namespace
        if not namespace and each.id.kind in NEED_NAMESPACE:
            found, key = "has no namespace", (each.kustomization, str(each.id))
        elif namespace and namespace not in there:
            found, key = f"goes into the namespace {namespace}, which nothing makes", (each.kustomization, namespace)
        else:
            continue
        # a namespace that is missing is one fault, however many objects go into it
        if key not in told:
            told.add(key)
            yield fault(
                "flux-namespace",
                each,
                ("metadata", "namespace"),
                found,
                f"add a Namespace to the tree, or the name to {particulars.PATH}",
            )
