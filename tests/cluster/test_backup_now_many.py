"""backup.now of many apps: how many are in flight, what a restart of the API does to it, and whether its report adds up."""

from scripts import cluster as clusters
from scripts.cluster.kinds import REPLICATION_SOURCE
from scripts.errors import MoverFailed
from tests.cluster import many
from tests.cluster.many_backups import CONCURRENCY, back_all_up

NAMESPACES = 12


def test_twenty_are_in_flight_through_a_restart_of_the_api_and_the_report_adds_up(tmp_path):
    with many.running(tmp_path, NAMESPACES) as server:
        with clusters.connect("administrator") as cluster:
            for number in (3, 9):
                cluster.patch(REPLICATION_SOURCE, "app-1", f"many-{number:03}", {"spec": {"paused": True}})
        found = back_all_up(server, restart_after=CONCURRENCY + 5)

    assert isinstance(found.error, MoverFailed)
    assert str(found.error).startswith("cluster administrator: 2 of 60 apps were not backed up")
    assert found.results == {"backed up": 58, "failed": 2}
    assert found.most == CONCURRENCY
    assert found.left == 0
