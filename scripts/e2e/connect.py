"""
A stand-in for the 1Password Connect API: its REST shapes, its bearer token, its refusals, in this process.

It is for a machine that has no Connect server; what it answers is what the official SDK and External Secrets read.

Source: 1Password/connect@c5dbfff:docs/openapi/spec.yaml
"""

import contextlib
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from scripts.e2e.connect_store import Answer, Document, Store, refusal
from scripts.settings import Secret

VAULT_PATH = re.compile(r"^/v1/vaults/([^/]+)(?:(/items)(?:/([^/]+))?)?$")
ID = re.compile(r"^[\da-z]{26}$")
VERSION = "1.8.1"
"""The version of Connect whose specification this follows; told in a header and by /health."""


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """
    A running stand-in.

    Args:
        host: URL of it, what OP_CONNECT_HOST holds.

        token: the only token it accepts, what OP_CONNECT_TOKEN holds.

        store: its items, to look at and to change as somebody else would.

        requests: method and path of each request to /v1, in the order they came.
    """

    host: str
    token: Secret
    store: Store
    requests: list[tuple[str, str]] = field(default_factory=list)

    def items(self, title: str) -> tuple[Document, ...]:
        """
        The items of a title, as they are held.

        Args:
            title: compared exactly.

        Returns:
            Copies of the whole items, in the order they were made.
        """
        return tuple(item for item in self.store.items() if item.get("title") == title)

    @property
    def writes(self) -> tuple[tuple[str, str], ...]:
        """The requests that change something."""
        return tuple(request for request in self.requests if request[0] != "GET")


@contextlib.contextmanager
def serve(
    *,
    vault: str = "Kubernetes",
    slow_s: float = 0.0,
    failures: int = 0,
    stale_reads: int = 0,
    checks_versions: bool = False,
    on_request: Callable[[str, str], None] | None = None,
) -> Iterator[StandIn]:
    """
    Run a stand-in on a free loopback port for as long as the context lasts.

    Args:
        vault: title of its only vault.

        slow_s: how long each answer takes, in seconds.

        failures: how many requests to /v1 are answered with 503 before the first that is served.

        stale_reads: how many reads after each write still see what was there before it.

        checks_versions: whether a replacement of an older version is refused (409).

        on_request: told method and path of each request to /v1 before it is served.

    Yields:
        The running stand-in.
    """
    ending = threading.Event()
    failures_left = iter(range(failures))
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler, bind_and_activate=True)
    stand_in = StandIn(
        host=f"http://127.0.0.1:{server.server_port}",
        token=Secret(secrets.token_urlsafe(48)),
        store=Store(vault=vault, stale_reads=stale_reads, checks_versions=checks_versions),
    )

    def served(method: str, path: str, query: str, body: Document) -> Answer:
        stand_in.requests.append((method, path))
        if on_request is not None:
            on_request(method, path)
        ending.wait(slow_s)
        if next(failures_left, None) is not None:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "sync is not ready")
        return _answer(stand_in.store, method, path, query, body)

    server.RequestHandlerClass = _handler(stand_in.token, served)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="connect", daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        ending.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(store: Store, method: str, path: str, query: str, body: Document) -> Answer:
    if (method, path) == ("GET", "/v1/vaults"):
        return store.vaults(query)
    match = VAULT_PATH.match(path)
    if match is None:
        return refusal(HTTPStatus.NOT_FOUND, "not found")
    vault_id, items, item_id = match.groups()
    if not ID.match(vault_id) or (item_id and not ID.match(item_id)):
        return refusal(HTTPStatus.BAD_REQUEST, "Invalid UUID")
    if vault_id != store.vault_id:
        return refusal(HTTPStatus.NOT_FOUND, f"vault {vault_id} not found")
    routes: dict[tuple[str, bool, bool], Callable[[], Answer]] = {
        ("GET", False, False): store.vault,
        ("GET", True, False): lambda: store.summaries(query),
        ("POST", True, False): lambda: store.create(body),
        ("GET", True, True): lambda: store.get(item_id),
        ("PUT", True, True): lambda: store.replace(item_id, body),
        ("DELETE", True, True): lambda: store.delete(item_id),
    }
    route = routes.get((method, bool(items), bool(item_id)))
    return route() if route else refusal(HTTPStatus.METHOD_NOT_ALLOWED, "method not allowed")


def _handler(token: Secret, served: Callable[[str, str, str, Document], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # a client that connects and says nothing must not hold its thread for ever

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def do_PUT(self) -> None:
            self._serve()

        def do_DELETE(self) -> None:
            self._serve()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: requests are kept, not printed."""

        def _serve(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if url.path == "/heartbeat":
                self._send(HTTPStatus.OK, b".", "text/plain")
            elif url.path == "/health":
                self._send_json(
                    Answer(status=HTTPStatus.OK, body={"name": "1Password Connect API", "version": VERSION})
                )
            elif not self._is_authorized():
                self._send_json(refusal(HTTPStatus.UNAUTHORIZED, "Invalid token signature"))
            else:
                self._send_json(self._answer(url.path, parse_qs(url.query).get("filter", [""])[0], body))

        def _answer(self, path: str, query: str, body: bytes) -> Answer:
            try:
                document = json.loads(body or b"{}")
            except ValueError:
                return refusal(HTTPStatus.BAD_REQUEST, "Invalid JSON")
            return served(self.command, path, query, document)

        def _is_authorized(self) -> bool:
            given = self.headers.get("Authorization", "").encode("utf-8", "replace")
            return secrets.compare_digest(given, f"Bearer {token.reveal()}".encode())

        def _send_json(self, answer: Answer) -> None:
            body = b"" if answer.body is None else json.dumps(answer.body).encode()
            self._send(answer.status, body, "application/json")

        def _send(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
            # a client that gave up waiting is not this server's failure
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("1Password-Connect-Version", VERSION)
                self.end_headers()
                self.wfile.write(body)

    return Handler
