"""
A thousand ReplicationSources in 200 namespaces, on an API server with nothing on it that would act on them.

`python -m tests.cluster.many` measures backup.status of all of them, beside `kubectl get` of the same objects, as JSON.
"""

import contextlib
import json
import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts import cluster as clusters
from scripts.bench import timing
from scripts.cluster import Cluster, Limits
from scripts.cluster.kinds import NAMESPACE, REPLICATION_SOURCE
from scripts.process import minimal_environment, run
from tests.cluster import api_server, definitions
from tests.cluster.api_server import ApiServer

NAMESPACES = 200
EACH = 5
STATUS = {
    "lastSyncTime": "2020-01-01T00:00:10Z",
    "lastSyncDuration": "10s",
    "nextSyncTime": "2999-01-01T00:00:00Z",
    "latestMoverStatus": {"result": "Successful", "logs": "snapshot 1a2b3c4d saved\nRestic completed in 2s"},
    "conditions": [{"type": "Synchronizing", "status": "False", "reason": "WaitingForSchedule", "message": ""}],
}
ROUNDS = 5


@contextlib.contextmanager
def running(folder: Path, namespaces: int = NAMESPACES) -> Iterator[ApiServer]:
    """
    Run the API server for as long as the context lasts; KUBECONFIG names it.

    Args:
        folder: an existing folder of its own.

        namespaces: how many, of five ReplicationSources each.

    Yields:
        The server; one of the sources, many-007/app-3, was due long ago.
    """
    before = os.environ.get("KUBECONFIG")
    with api_server.running(folder) as server:
        os.environ["KUBECONFIG"] = str(api_server.write(server.kubeconfig(), server.folder / "kubeconfig"))
        try:
            with (
                clusters.connect("administrator", Limits(total_s=120)) as cluster,
                ThreadPoolExecutor(max_workers=8) as workers,
            ):
                definitions.install(cluster)
                list(workers.map(lambda number: _make(cluster, number), range(namespaces)))
            yield server
        finally:
            if before is None:
                del os.environ["KUBECONFIG"]
            else:
                os.environ["KUBECONFIG"] = before


def _make(cluster: Cluster, number: int) -> None:
    namespace = f"many-{number:03}"
    cluster.create(NAMESPACE, {"metadata": {"name": namespace}})
    for each in range(EACH):
        name = f"app-{each}"
        spec = {"sourcePVC": name, "trigger": {"schedule": "0 2 * * *"}, "restic": {"repository": name}}
        cluster.create(REPLICATION_SOURCE, {"metadata": {"name": name, "namespace": namespace}, "spec": spec})
        due = {"nextSyncTime": "2020-01-02T00:00:00Z"} if (number, each) == (7, 3) else {}
        cluster.patch(REPLICATION_SOURCE, name, namespace, {"status": STATUS | due}, subresource="status")


MEASURED = """
import resource, sys
from scripts.errors import FindingsFound
from scripts.operate import status
try:
    status.run(context="administrator", app="", all_apps=True, format_name="text")
except FindingsFound:
    pass
sys.stderr.write(f"\\n{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}")
"""
"""The task, which says at its end how many MiB it has needed."""


def _status(environment: dict) -> None:
    arguments = ("backup.status", "--context", "administrator", "--all")
    timing.python("-m", "invoke", *arguments, environment=environment, accept=(1,))


def _memory_mib(environment: dict) -> int:
    return int(timing.python("-c", MEASURED, environment=environment).stderr.split()[-1])


def _kubectl(environment: dict) -> None:
    command = (
        "kubectl",
        "--context",
        "administrator",
        "get",
        "replicationsources",
        "--all-namespaces",
        "--output",
        "json",
    )
    run(command, timeout_s=60, environment=minimal_environment(environment))


def _processor_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def main() -> None:
    """Measure, and print one JSON object."""
    folder = Path(tempfile.mkdtemp(prefix="many-"))
    with running(folder):
        environment = {"KUBECONFIG": os.environ["KUBECONFIG"]}
        before_s = _processor_s()
        took = [timing.timed(lambda: _status(environment)) for _ in range(ROUNDS)]
        found = {"status_processor_s": round((_processor_s() - before_s) / ROUNDS, 2)}
        found |= {"status_s": round(statistics.median(took), 2), "status_mib": _memory_mib(environment)}
        found["kubectl_get_s"] = timing.median(ROUNDS, lambda: _kubectl(environment))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
