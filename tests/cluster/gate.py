"""A door in front of a server: open, shut, or slow, as a network or a service that fails is."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

BLOCK_BYTES = 1 << 16


class Gate:
    """
    Passes TCP on to a server of this machine.

    Args:
        target: port of the server.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.delay_s = 0.0
        self.bytes_left: int | None = None
        self._shut = threading.Event()
        self._ended = threading.Event()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self._door = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._door.getsockname()[1]

    def shut(self) -> None:
        """Cut every connection, and refuse new ones."""
        self._shut.set()
        self.cut()

    def open(self) -> None:
        """Let everything through again, at once."""
        self.delay_s = 0.0
        self.bytes_left = None
        self._shut.clear()

    def slow(self, delay_s: float) -> None:
        """Hold each piece that the server answers back for a while, in seconds."""
        self.delay_s = delay_s

    def shut_after(self, sent_bytes: int) -> None:
        """Shut once so many bytes more went to the server, as one that fails in the middle of an upload."""
        self.bytes_left = sent_bytes

    def cut(self) -> None:
        """Cut every connection; new ones are let through."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            _close(*pair)

    def end(self) -> None:
        """Stop for good."""
        self._ended.set()
        self.shut()
        _close(self._door)

    def run(self) -> None:
        """Serve until the end."""
        while not self._ended.is_set():
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            if self._shut.is_set():
                _reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            pair = (client, server)
            with self._lock:
                self._pairs.add(pair)
            for source, target, answers in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass, args=(pair, source, target, answers), daemon=True).start()

    def _pass(self, pair: tuple[socket.socket, socket.socket], source, target, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(BLOCK_BYTES):
                if answers and self.delay_s:
                    self._ended.wait(self.delay_s)
                if not answers and self.bytes_left is not None:
                    self.bytes_left -= len(block)
                    if self.bytes_left < 0:
                        self.shut()
                        break
                target.sendall(block)
        _close(*pair)
        with self._lock:
            self._pairs.discard(pair)


@contextlib.contextmanager
def before(port: int) -> Iterator[Gate]:
    """
    Put a gate in front of a server for as long as the context lasts.

    Args:
        port: that the server listens on.

    Yields:
        The gate, open.
    """
    gate = Gate(port)
    thread = threading.Thread(target=gate.run, name=f"gate to {port}", daemon=True)
    thread.start()
    try:
        yield gate
    finally:
        gate.end()
        thread.join()


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        # a thread that waits in recv or accept is woken by this, and not by close alone
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
