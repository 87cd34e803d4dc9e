"""A Prometheus that watches the cluster: targets, alerts, and the series that VolSync never forgets."""

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from scripts.cluster.kinds import PROMETHEUS_RULE, REPLICATION_DESTINATION, REPLICATION_SOURCE
from tests.cluster.doubles.controller import Controller
from tests.cluster.doubles.hub import Hub, Key

FAMILIES = ("volsync_missed_intervals_total", "volsync_volume_out_of_sync", "volsync_sync_duration_seconds")
QUERY = re.compile(r"^(\w+)\{(.*)\}( == 0)?$")
LABEL = re.compile(r'(\w+)="([^"]*)"')
JOBS = ("volsync-metrics", "snapshot-controller")


class Prometheus:
    """
    Answers queries.

    Args:
        hub: the cluster.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._known: set[tuple[str, Key]] = set()
        self.url = ""
        self.down: set[str] = set()
        """Jobs whose target is down."""
        self.unloaded: set[str] = set()
        """Alerts that are not loaded."""
        self.missing: set[str] = set()
        """Families without a series."""
        self.controllers = [
            self._controller(kind, role)
            for kind, role in ((REPLICATION_SOURCE, "source"), (REPLICATION_DESTINATION, "destination"))
        ]

    def _controller(self, kind, role: str) -> Controller:
        def note(name: Key) -> None:
            self._known.add((role, name))

        made = Controller(f"series of {kind.plural}", self._hub, note)
        made.looks_at(kind)
        return made

    def answer(self, what: str, query: str) -> object:
        """What the API has for a path and a query."""
        if what == "rules":
            return {"groups": [{"rules": self._rules()}]}
        match = QUERY.match(query)
        wanted = dict(LABEL.findall(match[2]))
        found = [
            {"metric": {"__name__": name, **labels}, "value": [0, str(value)]}
            for name, labels, value in self._samples()
            if name == match[1] and wanted.items() <= labels.items() and (value == 0 or not match[3])
        ]
        return {"resultType": "vector", "result": found}

    def _rules(self) -> list[dict[str, str]]:
        rules = self._hub.cluster.list(PROMETHEUS_RULE)
        named = [rule["alert"] for each in rules for group in each["spec"]["groups"] for rule in group["rules"]]
        return [{"name": name, "health": "ok"} for name in named if name not in self.unloaded]

    def _samples(self) -> Iterator[tuple[str, dict[str, str], int]]:
        for job in JOBS:
            yield "up", {"job": job, "namespace": "volsync-system"}, int(job not in self.down)
        for role, (namespace, name) in sorted(self._known):
            labels = {"obj_namespace": namespace, "obj_name": name, "role": role, "method": "restic"}
            yield from ((family, labels, 0) for family in FAMILIES if family not in self.missing)


@contextlib.contextmanager
def serve(prometheus: Prometheus) -> Iterator[None]:
    """Answer on a free port for as long as the context lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(prometheus))
    prometheus.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(prometheus: Prometheus) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = parse_qs(url.query).get("query", [""])[0]
            data = prometheus.answer(url.path.removeprefix("/api/v1/"), query)
            text = json.dumps({"status": "success", "data": data}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
