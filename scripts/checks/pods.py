"""Workloads, movers -> pods that the API server refuses, that never start, or whose data is not where it is backed up."""

from collections.abc import Iterator, Mapping
from typing import Any

from scripts import particulars
from scripts.checks.fault import Fault
from scripts.checks.objects import Objects, fault, field, restic
from scripts.checks.quantity import size_of
from scripts.document import Location, items, mapping
from scripts.model import Resource

TEMPLATES: Mapping[str, Location] = {
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Deployment": ("spec", "template"),
    "Job": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
}
"""Kind of a workload -> where the template of its pods is."""

SELECTING = frozenset({"DaemonSet", "Deployment", "StatefulSet"})
"""Kinds whose selector has to match the labels of their pods."""

CONTAINERS = ("initContainers", "containers")
HANDLERS = frozenset({"exec", "grpc", "httpGet", "tcpSocket"})
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")

NATIVE = frozenset({"cpu", "ephemeral-storage", "memory"})
LEAST_MEMORY = 6 * 1024 * 1024
"""
Bytes of a limit; with less no container starts.

Source: opencontainers/runc@v1.2.0 (minimum memory limit 6 MB), as CRI-O and containerd enforce it
"""

ENFORCED = "pod-security.kubernetes.io/enforce"


def check(objects: Objects) -> Iterator[Fault]:
    """
    Check the pods that the tree itself declares, and what the movers are given.

    Args:
        objects: of the tree.

    Yields:
        What is wrong.
    """
    for kind, place in TEMPLATES.items():
        for each in objects.of(kind):
            yield from _refused(each, place)
            yield from _volumes(objects, each, place)
            yield from _restricted(objects, each, place)
    for each in (*objects.sources, *objects.destinations):
        location = ("spec", "restic", "moverResources")
        yield from _resources(each, location, restic(each).get("moverResources"))


def pod(each: Resource) -> Mapping[str, Any]:
    """
    What a workload says of its pods.

    Args:
        each: any object.

    Returns:
        The field spec of its pods' template; empty where it is no workload.
    """
    place = TEMPLATES.get(each.id.kind)
    return mapping(field(each, *place, "spec")) if place else {}


def _refused(each: Resource, place: Location) -> Iterator[Fault]:
    wanted = mapping(field(each, "spec", "selector", "matchLabels"))
    labels = mapping(field(each, *place, "metadata", "labels"))
    if each.id.kind in SELECTING and (not wanted or any(labels.get(key) != wanted[key] for key in wanted)):
        found = "has a selector that does not match the labels of its pods, and the API server refuses it"
        step = "write the same labels in spec.selector.matchLabels and spec.template.metadata.labels"
        yield fault("pod-refused", each, ("spec", "selector", "matchLabels"), found, step)
    inner = (*place, "spec")
    if not items(pod(each).get("containers")):
        found = "has no containers in its pods, and the API server refuses it"
        yield fault("pod-refused", each, (*inner, "containers"), found, "name its containers")
    volumes = {mapping(one).get("name") for one in items(pod(each).get("volumes"))}
    volumes |= {field_name(one) for one in items(field(each, "spec", "volumeClaimTemplates"))}
    for location, container in _containers(each, place):
        if not container.get("image"):
            found = "has a container without an image, and the API server refuses it"
            yield fault("pod-refused", each, (*location, "image"), found, "write its image")
        for number, mount in enumerate(map(mapping, items(container.get("volumeMounts")))):
            if mount.get("name") not in volumes:
                found = f"mounts the volume {mount.get('name')}, which its pods do not have: the API server refuses it"
                yield fault("pod-refused", each, (*location, "volumeMounts", number, "name"), found, "name a volume")
        yield from _probes(each, location, container)
        yield from _resources(each, (*location, "resources"), container.get("resources"))


def field_name(template: object) -> str:
    """
    The name of a claim template.

    Args:
        template: of a StatefulSet.

    Returns:
        Its metadata.name.
    """
    return str(mapping(mapping(template).get("metadata")).get("name"))


def _containers(each: Resource, place: Location) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    for name in CONTAINERS:
        for number, container in enumerate(map(mapping, items(pod(each).get(name)))):
            yield (*place, "spec", name, number), container


def _probes(each: Resource, location: Location, container: Mapping[str, Any]) -> Iterator[Fault]:
    ports = {mapping(port).get("name") for port in items(container.get("ports"))}
    for name in PROBES:
        if name not in container:
            continue
        probe = mapping(container[name])
        handlers = sorted(HANDLERS & probe.keys())
        if len(handlers) != 1:
            found = f"has a {name} that does not say what to ask, and the API server refuses it"
            yield fault("pod-refused", each, (*location, name), found, "write one of httpGet, tcpSocket, exec, grpc")
            continue
        port = mapping(probe[handlers[0]]).get("port")
        if isinstance(port, str) and not port.isdigit() and port not in ports:
            found = f"has a {name} that asks the port {port}, which the container does not name: it never becomes ready"
            yield fault(
                "pod-refused", each, (*location, name, handlers[0], "port"), found, "name a port of the container"
            )


def _volumes(objects: Objects, each: Resource, place: Location) -> Iterator[Fault]:
    mounted = {
        mapping(one).get("name")
        for _, container in _containers(each, place)
        for one in (*items(container.get("volumeMounts")), *items(container.get("volumeDevices")))
    }
    named = {mapping(one).get("name") for one in items(pod(each).get("volumes"))}
    for number, volume in enumerate(map(mapping, items(pod(each).get("volumes")))):
        location = (*place, "spec", "volumes", number)
        name = volume.get("name")
        if not volume.keys() - {"name"}:
            found = f"has the volume {name} of no kind, which is an empty folder that goes with the pod: nothing backs it up"
            yield fault("pod-volume", each, location, found, "say what it is, as in `persistentVolumeClaim`")
        claim = mapping(volume.get("persistentVolumeClaim")).get("claimName")
        if claim is None:
            continue
        key = each.id.namespace, str(claim)
        if key not in objects.claims and not objects.has_external("PersistentVolumeClaim", *key):
            found = f"mounts the PVC {claim}, which is not in namespace {each.id.namespace}: its pods wait for ever"
            step = f"name a PVC of that namespace, or add it to {particulars.PATH}"
            yield fault("pod-claim", each, (*location, "persistentVolumeClaim", "claimName"), found, step)
        elif name not in mounted and mounted <= named:
            found = f"has the PVC {claim} in the volume {name}, which no container mounts: what is backed up is not its data"
            yield fault("pod-volume", each, (*location, "name"), found, "mount it, or take it out")


def _restricted(objects: Objects, each: Resource, place: Location) -> Iterator[Fault]:
    namespace = objects.get("Namespace", "", each.id.namespace)
    if namespace is None or field(namespace, "metadata", "labels", ENFORCED) != "restricted":
        return
    outer = mapping(pod(each).get("securityContext"))
    for location, container in _containers(each, place):
        own = mapping(container.get("securityContext"))
        both = {**outer, **own}
        profile = mapping(both.get("seccompProfile")).get("type")
        missing = [
            text
            for is_there, text in (
                (own.get("allowPrivilegeEscalation") is False, "allowPrivilegeEscalation: false"),
                (mapping(own.get("capabilities")).get("drop") == ["ALL"], "capabilities: {drop: [ALL]}"),
                (both.get("runAsNonRoot") is True, "runAsNonRoot: true"),
                (profile in ("RuntimeDefault", "Localhost"), "seccompProfile: {type: RuntimeDefault}"),
            )
            if not is_there
        ]
        if both.get("runAsUser") == 0:
            missing.append("runAsUser other than 0")
        if missing:
            found = f"has no {' and no '.join(missing)}, and its namespace takes no pod without"
            yield fault("pod-restricted", each, (*location, "securityContext"), found, "add it to securityContext")


def _resources(each: Resource, location: Location, value: object) -> Iterator[Fault]:
    for inner, found in resource_faults(mapping(value)):
        yield fault("pod-resources", each, (*location, *inner), f"has {found}", "correct it, or take it out")


def resource_faults(resources: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    """
    What is wrong with what a container asks for.

    Args:
        resources: `limits` and `requests`.

    Yields:
        Where below it, and what, as what follows "has" in a sentence.

    Source:
        kubernetes/kubernetes@v1.33.0:pkg/apis/core/validation/validation.go (ValidateResourceRequirements)
    """
    for part in ("limits", "requests"):
        for name in mapping(resources.get(part)):
            if name not in NATIVE and not name.startswith("hugepages-") and "/" not in name:
                yield (part, name), f"{part} of {name}, which is no resource of a container: its pods are refused"
    limits, requests = mapping(resources.get("limits")), mapping(resources.get("requests"))
    for name, limit in limits.items():
        most, least = size_of(limit), size_of(requests.get(name))
        if most is not None and least is not None and least > most:
            yield (
                ("limits", name),
                f"a limit of {name} of {limit}, below the {requests[name]} that it requests: its pods are refused",
            )
        elif most is not None and name == "memory" and 0 < most < LEAST_MEMORY:
            yield (("limits", name), f"a limit of memory of {limit}, with which no container starts")
