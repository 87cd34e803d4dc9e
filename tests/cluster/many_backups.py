"""
backup.now of very many apps, through a restart of the API, against a VolSync that moves nothing.

`python -m tests.cluster.many_backups [NAMESPACES]` measures it, with five apps in each of 200 namespaces, as JSON.
"""

import contextlib
import io
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from scripts import cluster as clusters
from scripts.cluster.kinds import REPLICATION_SOURCE
from scripts.errors import BackupError
from scripts.operate import now, trigger
from tests.cluster import many
from tests.cluster.api_server import ApiServer
from tests.cluster.doubles.hub import Hub
from tests.cluster.doubles.instant_operator import InstantOperator
from tests.cluster.stage import IMPATIENT
from tests.processes import eventually

CONCURRENCY = 20


@dataclass(frozen=True, kw_only=True)
class Run:
    """
    One backup.now --all.

    Args:
        results: how the backups ended, and how many of each.

        error: what it ended with.

        most: the most that were in flight at one time.

        left: sources that still have a tag.

        took_s: how long it took, in seconds.
    """

    results: dict[str, int]
    error: BackupError | None
    most: int
    left: int
    took_s: float


def back_all_up(server: ApiServer, *, restart_after: int) -> Run:
    """
    Back every app up.

    Args:
        server: with the apps; KUBECONFIG names it.

        restart_after: the API is stopped and started when so many backups have ended.
    """
    with clusters.connect("operators", IMPATIENT) as cluster:
        hub = Hub(cluster, (REPLICATION_SOURCE,))
        operator = InstantOperator(hub, CONCURRENCY)
        hub.start()
        operator.controller.start()

        def restart() -> None:
            eventually(lambda: operator.done >= restart_after, seconds=300)
            server.stop()
            server.start()

        restarting = threading.Thread(target=restart)
        restarting.start()
        printed, error = io.StringIO(), None
        begun = time.monotonic()
        try:
            with contextlib.redirect_stdout(printed):
                now.run(
                    context="administrator",
                    app="",
                    all_apps=True,
                    concurrency=CONCURRENCY,
                    timeout_s=300,
                    format_name="json",
                )
        except BackupError as raised:
            error = raised
        took_s = time.monotonic() - begun
        restarting.join()
        left = sum(bool(trigger.manual(each)) for each in cluster.list(REPLICATION_SOURCE))
        operator.controller.stop()
        hub.stop()
        # a watch ends when its connection does
        server.stop()
        hub.join()
    results = Counter(each["result"] for each in json.loads(printed.getvalue())["apps"])
    return Run(results=dict(results), error=error, most=operator.most, left=left, took_s=took_s)


def main() -> None:
    """Measure, and print one JSON object."""
    namespaces = int(sys.argv[1]) if sys.argv[1:] else many.NAMESPACES
    with many.running(Path(tempfile.mkdtemp(prefix="many-")), namespaces) as server:
        found = back_all_up(server, restart_after=namespaces * many.EACH // 2)
    told = {"results": found.results, "most_in_flight": found.most, "left_tagged": found.left}
    sys.stdout.write(json.dumps({**told, "took_s": round(found.took_s, 1), "error": str(found.error or "")}) + "\n")


if __name__ == "__main__":
    main()
