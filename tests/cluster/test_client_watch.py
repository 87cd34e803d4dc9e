"""A watch, on a real API server that restarts, forgets and is cut off."""

import contextlib
import threading

import pytest

from scripts import cluster as clusters
from scripts.cluster import Limits
from scripts.cluster.connection import Request
from scripts.cluster.failures import Call
from scripts.cluster.kinds import CONFIG_MAP
from scripts.cluster.watch import follow
from scripts.errors import Unreachable
from tests.cluster.test_client import config_map
from tests.processes import eventually


class Watching:
    """A watch in a thread of its own; keeps what it sees."""

    def __init__(self, cluster, namespace, timeout_s=120):
        self.seen = []
        self._stream = cluster.watch(CONFIG_MAP, namespace, timeout_s=timeout_s)
        self.error = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            for change in self._stream:
                self.seen.append((change.type, change.object["metadata"]["name"]))
                if change.object["metadata"]["name"] == "zz":
                    return
        except Exception as error:
            self.error = error

    def until(self, change):
        eventually(lambda: change in self.seen or self.error)
        assert self.error is None

    def end(self, cluster, namespace):
        cluster.create(CONFIG_MAP, config_map(namespace, name="zz"))
        self.thread.join(60)
        assert not self.thread.is_alive()


def test_what_is_there_comes_first_and_then_each_change(cluster, namespace):
    cluster.create(CONFIG_MAP, config_map(namespace, name="there"))
    watching = Watching(cluster, namespace)
    watching.until(("added", "there"))
    cluster.create(CONFIG_MAP, config_map(namespace, name="new"))
    cluster.patch(CONFIG_MAP, "new", namespace, {"data": {"x": "1"}})
    cluster.delete(CONFIG_MAP, "new", namespace)
    watching.end(cluster, namespace)

    assert watching.seen == [
        ("added", "there"),
        ("added", "new"),
        ("changed", "new"),
        ("deleted", "new"),
        ("added", "zz"),
    ]


def test_it_ends_when_its_time_is_over(cluster, namespace):
    assert list(cluster.watch(CONFIG_MAP, namespace, timeout_s=0.5)) == []


def test_nothing_is_lost_or_told_twice_when_its_connection_is_cut(cluster, namespace, door):
    with clusters.connect("administrator-gate") as through:
        cluster.create(CONFIG_MAP, config_map(namespace, name="a"))
        watching = Watching(through, namespace)
        watching.until(("added", "a"))
        for number in range(10):
            cluster.create(CONFIG_MAP, config_map(namespace, name=f"n{number}"))
            if number % 3 == 0:
                door.cut()
        watching.end(cluster, namespace)

    assert watching.seen == [("added", "a"), *(("added", f"n{number}") for number in range(10)), ("added", "zz")]


def test_a_restart_of_the_api_is_outlived(cluster, namespace, api):
    cluster.create(CONFIG_MAP, config_map(namespace, name="before"))
    watching = Watching(cluster, namespace)
    watching.until(("added", "before"))
    api.stop()
    api.start()
    cluster.create(CONFIG_MAP, config_map(namespace, name="after"))
    watching.end(cluster, namespace)

    assert watching.seen == [("added", "before"), ("added", "after"), ("added", "zz")]


def test_an_api_that_was_killed_is_outlived(cluster, namespace, api):
    watching = Watching(cluster, namespace)
    api.kill()
    api.stop()
    api.start()
    watching.end(cluster, namespace)

    assert watching.seen == [("added", "zz")]


def test_where_the_api_forgot_what_differs_is_told(cluster, namespace, monkeypatch):
    for name in ("stays", "changes", "goes"):
        cluster.create(CONFIG_MAP, config_map(namespace, name=name))
    read = []
    # a version that no API server remembers, as one is after a compaction; then the state of that moment
    real = cluster._listed

    def forgotten(kind, of, selectors):
        objects, version = real(kind, of, selectors)
        read.append(version)
        if len(read) == 1:
            cluster.patch(CONFIG_MAP, "changes", namespace, {"data": {"x": "1"}})
            cluster.delete(CONFIG_MAP, "goes", namespace)
            cluster.create(CONFIG_MAP, config_map(namespace, name="zz"))
            return objects, "1"
        return objects, version

    monkeypatch.setattr(cluster, "_listed", forgotten)
    watching = Watching(cluster, namespace)
    watching.thread.join(60)

    assert watching.error is None
    assert watching.seen[:3] == [("added", "changes"), ("added", "goes"), ("added", "stays")]
    assert set(watching.seen[3:]) == {("deleted", "goes"), ("changed", "changes"), ("added", "zz")}


def test_an_api_that_stays_away_ends_the_watch(namespace, door):
    with clusters.connect("administrator-gate", Limits(total_s=1.0)) as through:
        watching = Watching(through, namespace)
        eventually(lambda: door.connections)
        door.shut()
        watching.thread.join(60)

    assert isinstance(watching.error, Unreachable)


def test_watches_that_break_off_at_once_are_not_asked_for_for_ever():
    class BreaksOff:
        limits = Limits()

        def stream(self, _request, *, silence_s):  # noqa: ARG002
            return contextlib.nullcontext(iter(()))

    request = Request(call=Call(context="x", verb="watch", kind=CONFIG_MAP), path="/")

    with pytest.raises(Unreachable, match="breaks off each watch of configmaps"):
        list(follow(BreaksOff(), request, listed=lambda: ((), "1"), timeout_s=60))
