"""A TCP proxy before MongoDB that cuts connections at chosen moments."""

import socket
import socketserver
import struct
import threading
from contextlib import suppress
from typing import Literal

COMMIT = b"commitTransaction\x00"

Moment = Literal["before", "after"]


class Proxy:
    """Passes messages on until it is told to cut; `port` is where it listens.

    `cut_commits("before", n)` cuts the next n connections that ask for a commit, before the
    server hears of it; "after", when the server has answered and nobody else has heard it.
    """

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.cuts = 0
        self._lock = threading.Lock()
        self._moment: Moment = "before"
        self._left = 0
        self._open: set[socket.socket] = set()
        self._server = _Listener(self)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, name="proxy", daemon=True).start()

    def cut_commits(self, moment: Moment, count: int) -> None:
        """Cut the next connections that commit."""
        with self._lock:
            self._moment, self._left = moment, count

    def cut_all(self) -> None:
        """Cut every connection that is open."""
        with self._lock:
            connections = list(self._open)
            self.cuts += bool(connections)
        for connection in connections:
            _close(connection)

    def pending(self) -> int:
        """Return how many of the commits that were to be cut have not come yet."""
        return self._left

    def strikes(self, message: bytes) -> Moment | None:
        """Return when to cut the connection over this message, if at all."""
        if COMMIT not in message:
            return None
        with self._lock:
            if not self._left:
                return None
            self._left -= 1
            self.cuts += 1
            return self._moment

    def opened(self, *connections: socket.socket) -> None:
        """Know these connections, to cut them."""
        with self._lock:
            self._open.update(connections)

    def closed(self, *connections: socket.socket) -> None:
        """Forget connections and close them."""
        with self._lock:
            self._open.difference_update(connections)
        for connection in connections:
            _close(connection)

    def close(self) -> None:
        """Cut everything and listen no more."""
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._open):
            _close(connection)


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Connection)


class _Connection(socketserver.BaseRequestHandler):
    """One connection, passed on message by message in both directions."""

    def handle(self) -> None:
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        try:
            server = socket.create_connection(("127.0.0.1", proxy.server_port))
        except OSError:
            return  # the client sees what the proxy sees: nobody is there
        proxy.opened(self.request, server)
        self.swallow = threading.Event()
        back = threading.Thread(target=self._back, args=[server], daemon=True)
        back.start()
        with suppress(OSError):
            self._forth(proxy, server)
        # What the server still answers is for nobody, but it has to be waited for.
        if self.swallow.is_set():
            back.join()
        proxy.closed(self.request, server)

    def _forth(self, proxy: Proxy, server: socket.socket) -> None:
        while question := _message(self.request):
            moment = proxy.strikes(question)
            if moment == "before":
                return
            if moment == "after":
                self.swallow.set()
            server.sendall(question)
            if moment == "after":
                return

    def _back(self, server: socket.socket) -> None:
        with suppress(OSError):
            while (answer := _message(server)) and not self.swallow.is_set():
                self.request.sendall(answer)
        _close(self.request)


def _message(connection: socket.socket) -> bytes:
    """Return one message with its header, or nothing if the connection ended."""
    start = _exactly(connection, 4)
    if not start:
        return b""
    (length,) = struct.unpack("<i", start)
    return start + _exactly(connection, length - 4)


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(size - len(parts), 1 << 20))
        if not part:
            return b""
        parts += part
    return bytes(parts)


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
