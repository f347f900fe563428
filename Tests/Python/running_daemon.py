"""What the tests that watch a whole swiftletd share: the process, its memory and descriptors, its lines."""

import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

# Seconds for anything that takes far less on an idle machine: on a busy one what is slow is not wrong.
PATIENCE = 1200
PICTURE = "memfd:swiftlet-picture"


class Daemon:
    """The real swiftletd as a process of its own, in a directory of its own."""

    def __init__(
        self, program: str, folder: str, arguments: list[str], environment: dict[str, str] | None = None,
        standard_input: int = subprocess.DEVNULL,
    ) -> None:
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket = os.path.relpath(self.folder / "s")
        self.metrics = self.folder / "metrics.prom"
        self.log = self.folder / "log"
        self.metrics.unlink(missing_ok=True)
        # A configuration of this machine must not have a say; this one says what holds without any.
        configuration = self.folder / "swiftlet.conf"
        configuration.write_text("[detect]\nlimit = 100\n")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [program, "--config", str(configuration), "--socket", self.socket, "--metrics", str(self.metrics)]
                + arguments,
                stdin=standard_input, stderr=log, env=os.environ | (environment or {}))
        deadline = time.monotonic() + PATIENCE
        # Said once the socket is there; the file alone may be one that a killed daemon has left.
        while "started: " not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the daemon did not start; its log {self.log} says:\n{self.log.read_text()}")
            time.sleep(0.01)

    def __enter__(self) -> "Daemon":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(PATIENCE)
        client.connect(self.socket)
        return client

    def ask_to_end(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def ended(self) -> None:
        """Waits for the end, which must be a good one with a quiet log."""
        code = self.process.wait(PATIENCE)
        log = self.log.read_text().splitlines()
        check(code == 0, f"the daemon ended with {code}: {log}")
        check(len(log) == 2 and "started: " in log[0] and "stopped: " in log[1], f"more in the log than its ends: {log}")

    # What the kernel says of it.

    def memory(self, field: str) -> int:
        """Bytes of a field of smaps_rollup, which the kernel counts page by page when asked."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == field:
                return int(value.split()[0]) * 1024
        sys.exit(f"the kernel's smaps_rollup has no {field}")

    def address_space(self) -> int:
        """Bytes of everything that is mapped."""
        return int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")

    def usual_memory(self, field: str) -> int:
        """The median over a second: at any one moment a line or two may wait in a queue."""
        samples = []
        for _ in range(21):
            samples.append(self.memory(field))
            time.sleep(0.05)
        return int(statistics.median(samples))

    def open_files(self) -> list[str]:
        """What its descriptors stand for, at this moment."""
        names = []
        for entry in os.scandir(f"/proc/{self.process.pid}/fd"):
            try:
                names.append(os.readlink(entry.path))
            except FileNotFoundError:
                # Closed in the meantime.
                pass
        return names

    def pictures(self) -> int:
        """Its images for clients, which live for seconds."""
        return sum(PICTURE in name for name in self.open_files())

    def descriptors(self, pictures: bool = True) -> int:
        """All of them, or those that are no images for clients; the fewest of many looks, for at any one moment a file of
        images or metrics may be open."""
        counts = []
        for _ in range(20):
            counts.append(sum(pictures or PICTURE not in name for name in self.open_files()))
            time.sleep(0.01)
        return min(counts)

    def processor_times(self) -> dict[str, tuple[float, float]]:
        """Of the threads, by name: seconds on a processor, and seconds that they were ready and waited for one."""
        times: dict[str, tuple[float, float]] = {}
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            name = (task / "comm").read_text().strip()
            running, waiting = ((int(text) / 1e9) for text in (task / "schedstat").read_text().split()[:2])
            before = times.get(name, (0.0, 0.0))
            times[name] = (before[0] + running, before[1] + waiting)
        return times

    # What it says of itself.

    def counter(self, name: str) -> float:
        for line in self.metrics.read_text().splitlines():
            key, _, value = line.rpartition(" ")
            if key == f"swiftlet_{name}":
                return float(value)
        sys.exit(f"{self.metrics} has no swiftlet_{name}")


def check(holds: bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)


class Lines:
    """The lines of a client, taken apart from whatever pieces arrive. Newlines are taken off."""

    def __init__(self) -> None:
        self.rest = b""

    def add(self, piece: bytes) -> list[bytes]:
        *lines, self.rest = (self.rest + piece).split(b"\n")
        return lines

    def end(self) -> None:
        check(self.rest == b"", f"a torn line at the end: {self.rest[:80]!r}")


def lines_of(client: socket.socket) -> Iterator[bytes]:
    """Lines up to the end of the connection."""
    lines = Lines()
    while piece := client.recv(1 << 16):
        yield from lines.add(piece)
    lines.end()


class Sequence:
    """Holds a client's lines to the protocol: the hello line first, every frame in order, and what is missing told."""

    def __init__(self) -> None:
        self.hello: bytes | None = None
        self.last: int | None = None
        self.frames = 0
        self.lost = 0
        self.untold = 0

    def add(self, line: bytes, record: dict) -> None:
        kind = record["type"]
        if self.hello is None:
            check(kind == "hello", f"the first line is no hello: {line[:80]!r}")
            self.hello = line
        elif kind == "dropped":
            self.lost += record["lines"]
            self.untold += record["lines"]
        elif kind == "frame":
            number = record["sequence"]
            # What was published before the first line of a client was never its own.
            expected = number if self.last is None else self.last + 1 + self.untold
            check(number == expected, f"frame {number} comes after frame {self.last} and {self.untold} lost lines")
            self.last = number
            self.untold = 0
            self.frames += 1


class Records:
    """Parses lines that many clients get, each once. A line is known by its bytes, so clients whose lines differ in a
    byte parse it again, and disagree about a frame (`frames`)."""

    MOST = 1024

    def __init__(self) -> None:
        self.known: dict[bytes, dict] = {}
        self.frames: dict[int, bytes] = {}

    def parse(self, line: bytes) -> dict:
        record = self.known.get(line)
        if record is not None:
            return record
        record = json.loads(line)
        self.known[line] = record
        if record["type"] == "frame":
            other = self.frames.setdefault(record["sequence"], line)
            check(other == line, f"two clients got frame {record['sequence']} with different bytes")
        for remembered in (self.known, self.frames):
            while len(remembered) > self.MOST:
                remembered.pop(next(iter(remembered)))
        return record


def kibibytes(size: int) -> str:
    return f"{size / 1024:.0f} KiB"


def wait_for(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        check(time.monotonic() < deadline, f"waited {PATIENCE} s in vain: {what}")
        time.sleep(0.05)
