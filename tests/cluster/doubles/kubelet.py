"""The kubelet's server: the logs of containers, which the API server asks it for."""

import contextlib
import re
import shutil
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

LOGS = re.compile(r"^/containerLogs/([^/]+)/([^/]+)/([^/]+)$")


class Kubelet:
    """
    Serves logs.

    Args:
        port: that it listens on.

        folder: an existing directory for the logs.
    """

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self._folder = folder

    def log_file(self, namespace: str, pod: str, container: str) -> Path:
        """The file that a container writes to."""
        folder = self._folder / namespace / pod
        folder.mkdir(parents=True, exist_ok=True)
        return folder / container

    def forget(self, namespace: str, pod: str) -> None:
        """Remove the logs of a pod that is gone."""
        shutil.rmtree(self._folder / namespace / pod, ignore_errors=True)

    def read(self, namespace: str, pod: str, container: str, query: dict[str, list[str]]) -> bytes | None:
        """The log as it was asked for; None where there is none."""
        file = self._folder / namespace / pod / container
        if not file.exists():
            return None
        text = file.read_bytes()
        if "tailLines" in query:
            lines = text.splitlines(keepends=True)
            text = b"".join(lines[-int(query["tailLines"][0]) :] if int(query["tailLines"][0]) else [])
        return text[: int(query["limitBytes"][0])] if "limitBytes" in query else text


@contextlib.contextmanager
def serve(folder: Path, *, certificates: Path) -> Iterator[Kubelet]:
    """
    Serve logs for as long as the context lasts.

    Args:
        folder: an existing directory for the logs.

        certificates: the folder with the API server's own certificate; it does not ask the kubelet for another one.

    Yields:
        The kubelet, on a free port.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "apiserver.crt", certificates / "apiserver.key")
    # the handshake is each connection's own thread's
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    kubelet = Kubelet(server.server_port, folder)
    server.RequestHandlerClass = _handler(kubelet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="kubelet", daemon=True)
    thread.start()
    try:
        yield kubelet
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(kubelet: Kubelet) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            match = LOGS.match(url.path)
            text = kubelet.read(*match.groups(), parse_qs(url.query)) if match else None
            with contextlib.suppress(OSError):
                self.send_response(404 if text is None else 200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(text or b"")))
                self.end_headers()
                self.wfile.write(text or b"")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
