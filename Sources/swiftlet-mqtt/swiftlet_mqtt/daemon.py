"""The way to the daemon."""

import collections
import socket
import time

from swiftlet_mqtt.log import warn
from swiftlet_mqtt.pauses import Pauses

LINE_LIMIT = 256 << 10  # bytes of the longest line, hello
RECEIVE = 64 << 10
PAUSES = (0.25, 10)  # seconds


class Foreign(Exception):
    """The other side of the socket does not speak as swiftletd does."""


class Daemon:
    """The connection to the daemon, and the lines that have come and are not taken yet: what one read brings."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.socket: socket.socket | None = None
        self.lines: collections.deque[bytes] = collections.deque()
        self.rest = b""
        self.has_ended = False
        self.pauses = Pauses(PAUSES)
        self.logged = ""

    def advance(self) -> None:
        if self.socket is None and time.monotonic() >= self.pauses.until:
            client = socket.socket(socket.AF_UNIX)
            client.setblocking(False)
            try:
                client.connect(self.path)
            except OSError as failure:
                client.close()
                self.lose(f"cannot connect to {self.path}: {failure.strerror or failure}: does swiftletd run?")
            else:
                self.socket = client

    def read(self) -> None:
        """Only when no line waits."""
        try:
            piece = self.socket.recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        *lines, self.rest = (self.rest + piece).split(b"\n")
        self.lines.extend(lines)
        self.has_ended = not piece
        if len(self.rest) > LINE_LIMIT:
            raise Foreign(f"sends a line of more than {LINE_LIMIT} bytes")

    def ask(self, request: bytes) -> None:
        try:
            # A few bytes on a new connection: they fit, or it is broken, which the next read finds.
            self.socket.send(request)
        except OSError:
            pass

    def has_succeeded(self) -> None:
        self.pauses.reset()
        self.logged = ""

    def lose(self, reason: str) -> None:
        if self.socket is not None:
            self.socket.close()
        self.socket, self.rest, self.has_ended = None, b"", False
        self.lines.clear()
        self.pauses.failed()
        if reason != self.logged:
            warn(reason)
        self.logged = reason
