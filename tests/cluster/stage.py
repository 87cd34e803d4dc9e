"""A whole cluster for the tests: the API server, the doubles of all that runs beside it, and what can be made to fail."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts import cluster as clusters
from scripts.cluster import Cluster, Limits, kubeconfig
from scripts.cluster.connection import Connection
from scripts.cluster.kinds import (
    DEPLOYMENT,
    JOB,
    NAMESPACE,
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    ROLE,
    ROLE_BINDING,
    SECRET,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    STORAGE_CLASS,
)
from tests.cluster import api_server, gate
from tests.cluster.api_server import ApiServer
from tests.cluster.backend import Backend
from tests.cluster.definitions import CUSTOM
from tests.cluster.doubles import kubelet as kubelets
from tests.cluster.doubles import prometheus as prometheuses
from tests.cluster.doubles.control_plane import ClaimsInUse, Garbage, Namespaces
from tests.cluster.doubles.external_secrets import ExternalSecrets
from tests.cluster.doubles.flux import Flux
from tests.cluster.doubles.hub import Hub
from tests.cluster.doubles.jobs import Jobs
from tests.cluster.doubles.node import Node
from tests.cluster.doubles.prometheus import Prometheus
from tests.cluster.doubles.snapshots import Snapshots
from tests.cluster.doubles.timing import Timing
from tests.cluster.doubles.volumes import Volumes
from tests.cluster.doubles.workloads import Workloads
from tests.cluster.gate import Gate
from tests.cluster.operator_double.operator import Operator

PACE = 0.02
"""A Job's first back-off is 0.2 s instead of 10 s, and a warning of an unbound snapshot comes after 0.6 s."""

WATCHED = (
    *(NAMESPACE, POD, JOB, DEPLOYMENT, STATEFUL_SET, SECRET, SERVICE_ACCOUNT, ROLE, ROLE_BINDING),
    *(PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM, STORAGE_CLASS),
    *CUSTOM,
)
IMPATIENT = Limits(total_s=2.0)
"""For the doubles: what they miss they see again."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """
    Everything that a test of the cluster's tasks plays on.

    Args:
        api: the API server, with the custom resources installed.

        gate: in front of it, for whoever uses a context "<user>-gate".

        backend: MinIO, behind a gate of its own, and 1Password.

        hub: what the doubles see of the cluster.

        volumes: claims, as directories.

        snapshots: VolumeSnapshots, as copies of them.

        node: runs pods.

        jobs: runs Jobs.

        operator: VolSync.

        external_secrets: resolves ExternalSecrets.

        flux: answers for Flux's objects.

        prometheus: watches it all.
    """

    api: ApiServer
    gate: Gate
    backend: Backend
    hub: Hub
    volumes: Volumes
    snapshots: Snapshots
    node: Node
    jobs: Jobs
    operator: Operator
    external_secrets: ExternalSecrets
    flux: Flux
    prometheus: Prometheus

    @property
    def cluster(self) -> Cluster:
        """The cluster as an administrator sees it."""
        return self.hub.cluster


@contextlib.contextmanager
def playing(api: ApiServer, backend: Backend, folder: Path) -> Iterator[Stage]:
    """
    Let the doubles play for as long as the context lasts.

    Args:
        api: the API server; KUBECONFIG has its contexts.

        backend: MinIO and 1Password.

        folder: an existing directory of its own.

    Yields:
        The stage.
    """
    with contextlib.ExitStack() as stack:
        door = stack.enter_context(gate.before(api.port))
        # the doubles have a door of their own: shutting it wakes what waits for a change
        own_door = stack.enter_context(gate.before(api.port))
        servers = {"gate": door.port, "doubles": own_door.port}
        api_server.write(api.kubeconfig(ports=servers), api.folder / "kubeconfig")
        hub = Hub(stack.enter_context(clusters.connect("operators-doubles", IMPATIENT)), WATCHED)
        connection = Connection(kubeconfig.read("operators-doubles"), IMPATIENT)
        stack.callback(connection.close)
        kubelet = stack.enter_context(kubelets.serve(_made(folder / "logs"), certificates=api.certificates))
        volumes = Volumes(hub, _made(folder / "storage"))
        timing = Timing(factor=PACE)
        found = Stage(
            api=api,
            gate=door,
            backend=backend,
            hub=hub,
            volumes=volumes,
            snapshots=Snapshots(hub, volumes, folder / "storage"),
            node=Node(hub, connection, volumes, kubelet, _made(folder / "node")),
            jobs=Jobs(hub, timing),
            operator=Operator(hub, timing),
            external_secrets=ExternalSecrets(hub, backend.vault),
            flux=Flux(hub),
            prometheus=Prometheus(hub),
        )
        stack.enter_context(prometheuses.serve(found.prometheus))
        _start(found, stack, own_door)
        yield found


def _start(found: Stage, stack: contextlib.ExitStack, own_door: Gate) -> None:
    hub = found.hub
    control_plane = [each.controller for each in (Namespaces(hub), Garbage(hub), ClaimsInUse(hub))]
    controllers = (
        *control_plane,
        *(found.volumes.controller, found.volumes.leftovers),
        *(found.snapshots.controller, found.snapshots.leftovers),
        *(found.node.scheduler, found.node.controller, found.jobs.controller),
        *(found.external_secrets.controller, found.external_secrets.stores),
        *found.flux.controllers,
        *found.prometheus.controllers,
        *Workloads(hub).controllers,
    )
    # the last of these is the first to end
    stack.callback(hub.join)
    stack.callback(own_door.end)
    stack.callback(hub.stop)
    hub.start()
    found.node.register()
    stack.callback(found.node.stop)
    for each in controllers:
        each.start()
        stack.callback(each.stop)
    found.operator.start()
    stack.callback(found.operator.stop)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
