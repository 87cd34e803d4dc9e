"""A door in front of a server: open, shut, slow, or holding what goes through, as a network or a service that fails is."""

import contextlib
import socket
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
        self._target = target
        self._delay_s = 0.0
        self._held_after: int | None = None
        self._released = threading.Event()
        self._released.set()
        self._ended = threading.Event()
        self._lock = threading.RLock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._door: socket.socket | None = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._door.getsockname()[1]
        self._listen(self._door)

    def shut(self) -> None:
        """Cut every connection, and refuse new ones."""
        with self._lock:
            if self._door is not None:
                _close(self._door)
                self._door = None
        self.cut()

    def open(self) -> None:
        """Let everything through again, at once."""
        self._delay_s = 0.0
        self._held_after = None
        self._released.set()
        with self._lock:
            if self._door is None and not self._ended.is_set():
                self._door = socket.create_server(("127.0.0.1", self.port), backlog=128)
                self._listen(self._door)

    def slow(self, delay_s: float) -> None:
        """Keep each piece that the server answers back for a while, in seconds."""
        self._delay_s = delay_s

    def hold_after(self, sent_bytes: int) -> None:
        """Let so many bytes more through to the server, and then nothing until it is opened."""
        self._held_after = sent_bytes
        self._released.clear()

    @property
    def is_holding(self) -> bool:
        """Tell whether something waits to go through."""
        return self._held_after is not None and self._held_after < 0

    @property
    def connections(self) -> int:
        """How many there are."""
        with self._lock:
            return len(self._pairs)

    def cut(self) -> None:
        """Cut every connection; new ones are let through."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            _close(*pair)

    def end(self) -> None:
        """Stop for good."""
        self._ended.set()
        self._released.set()
        self.shut()

    def _listen(self, door: socket.socket) -> None:
        threading.Thread(target=self._accept, args=(door,), name=f"gate to {self._target}", daemon=True).start()

    def _accept(self, door: socket.socket) -> None:
        while True:
            try:
                client, _ = door.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                _close(client)
                continue
            server.settimeout(None)
            pair = (client, server)
            with self._lock:
                self._pairs.add(pair)
            for source, target, answers in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass, args=(pair, source, target, answers), daemon=True).start()

    def _pass(
        self, pair: tuple[socket.socket, socket.socket], source: socket.socket, target: socket.socket, answers: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(BLOCK_BYTES):
                if answers:
                    self._ended.wait(self._delay_s)
                else:
                    self._hold(len(block))
                target.sendall(block)
        _close(*pair)
        with self._lock:
            self._pairs.discard(pair)

    def _hold(self, size_bytes: int) -> None:
        if self._held_after is not None:
            self._held_after -= size_bytes
            if self._held_after < 0:
                self._released.wait()


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
    try:
        yield gate
    finally:
        gate.end()


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        # a thread that waits in recv or accept is woken by this, and not by close alone
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
