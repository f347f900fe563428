"""Checks swiftletd while clients misbehave: flood.py DAEMON MODEL IMAGES DIRECTORY SECONDS

64 clients at 30 lines per second: 31 read everything; 16 never read, and come back when they are closed; 16 connect and
die in a loop; one sends garbage. The readers must get every line, in order and whole, the ones that never read must be
told and closed, and the daemon's memory and descriptors must stay as they were."""

import errno
import json
import multiprocessing
import random
import select
import selectors
import socket
import statistics
import sys
import time
from multiprocessing.connection import Connection

from running_daemon import PATIENCE, Daemon, Lines, Records, Sequence, check, kibibytes, lines_of, wait_for

READERS = 31
STUCK = 16
DYING = 16
# Lines that each reader gets before anything is measured.
WARM_UP = 90
# A client that reads nothing is closed after 10 s: in a window of that length and a little more its queue is full most
# of the time.
WINDOW = 12.0
# In a flood of that many seconds and more, each of these is closed: two to fill the socket, ten of patience.
LONG = 15
SLACK = 64 << 10
SEED = 1


class Reader:
    def __init__(self, daemon: Daemon, records: Records) -> None:
        self.socket = daemon.connect()
        self.lines = Lines()
        self.records = records
        self.sequence = Sequence()
        self.bytes = 0

    def read(self) -> bool:
        """False at the end of the connection."""
        piece = self.socket.recv(1 << 16)
        self.bytes += len(piece)
        for line in self.lines.add(piece):
            record = self.records.parse(line)
            check(record["type"] in ("hello", "frame"), f"a client that reads everything got {line[:80]!r}")
            self.sequence.add(line, record)
        if not piece:
            self.lines.end()
        return bool(piece)


def read_everything(daemon: Daemon, news: Connection) -> None:
    records = Records()
    selector = selectors.DefaultSelector()
    readers = [Reader(daemon, records) for _ in range(READERS)]
    for reader in readers:
        selector.register(reader.socket, selectors.EVENT_READ, reader)
    is_warm = False
    while selector.get_map():
        for key, _ in selector.select():
            if not key.data.read():
                selector.unregister(key.fileobj)
        if not is_warm and all(reader.sequence.frames >= WARM_UP for reader in readers):
            is_warm = True
            news.send("warm")
    ends = {reader.sequence.last for reader in readers}
    check(len(ends) == 1, f"the readers' last frames differ: {ends}")
    frames = [reader.sequence.frames for reader in readers]
    news.send({"frames": min(frames), "line": readers[0].bytes // max(frames[0], 1)})


class StuckClient:
    """Reads nothing until it is closed, and then what it was sent until then."""

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.closed = 0

    def step(self, daemon: Daemon) -> None:
        if self.socket is None:
            self.socket = connect(daemon)
            if self.socket is not None:
                self.poll = select.poll()
                # Of that set only the end of the connection comes through.
                self.poll.register(self.socket, 0)
        elif self.poll.poll(0):
            self.judge()
            self.leave()

    def judge(self) -> None:
        self.socket.settimeout(None)
        lines = list(lines_of(self.socket))
        types = [json.loads(line)["type"] for line in lines]
        if types == ["error"]:
            check(b"too many clients" in lines[0], f"sent away with {lines[0]!r}")
            return
        check(types[-2:] == ["dropped", "error"], f"a client that never read was not told: {types[-3:]}")
        check(b"too slow" in lines[-1], f"closed with {lines[-1]!r}")
        sequence = Sequence()
        for line in lines:
            sequence.add(line, json.loads(line))
        check(sequence.untold > 0, "closed without having lost a line")
        self.closed += 1

    def leave(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None


class DyingClient:
    """Connects, does one of the things after which clients die, and dies."""

    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.socket: socket.socket | None = None
        self.deaths = 0

    def step(self, daemon: Daemon) -> None:
        if self.socket is None:
            self.socket = connect(daemon)
            return
        try:
            match self.random.randrange(5):
                case 0:
                    self.socket.send(b'{"min_score":0.')
                case 1:
                    self.socket.recv(10)
                case 2:
                    self.socket.shutdown(socket.SHUT_WR)
                case 3:
                    self.socket.shutdown(socket.SHUT_RD)
        except OSError:
            pass
        self.leave()
        self.deaths += 1

    def leave(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None


class GarbageClient:
    """Sends random bytes, first with newlines among them and then without, and reads what is said about them."""

    LINES = 8 << 10

    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.socket: socket.socket | None = None
        self.answers = 0
        self.closed = 0

    def step(self, daemon: Daemon) -> None:
        if self.socket is None:
            self.socket = connect(daemon)
            self.lines = Lines()
            self.last = ""
            self.sent = 0
            return
        if self.receive():
            self.send()
        else:
            self.lines.end()
            if self.last != "too many clients":
                check("4096" in self.last, f"the client that sends garbage was closed with {self.last!r}")
                self.closed += 1
            self.leave()

    def send(self) -> None:
        garbage = self.random.randbytes(1024)
        if self.sent >= self.LINES:
            garbage = garbage.replace(b"\n", b"?")
        try:
            self.sent += self.socket.send(garbage)
        except OSError as error:
            check(error.errno in (errno.EAGAIN, errno.EPIPE, errno.ECONNRESET), f"sending garbage: {error}")

    def receive(self) -> bool:
        while True:
            try:
                piece = self.socket.recv(1 << 16)
            except BlockingIOError:
                return True
            for line in self.lines.add(piece):
                record = json.loads(line)
                if record["type"] == "error":
                    self.answers += 1
                    self.last = record["message"]
            if not piece:
                return False

    def leave(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def connect(daemon: Daemon) -> socket.socket | None:
    """Nothing when too many others are waiting for the daemon."""
    client = socket.socket(socket.AF_UNIX)
    client.setblocking(False)
    try:
        client.connect(daemon.socket)
    except BlockingIOError:
        client.close()
        return None
    return client


def make_trouble(daemon: Daemon, seconds: float, news: Connection) -> None:
    source = random.Random(SEED)
    stuck = [StuckClient() for _ in range(STUCK)]
    dying = [DyingClient(source) for _ in range(DYING)]
    garbage = GarbageClient(source)
    end = time.monotonic() + seconds

    def is_over() -> bool:
        if time.monotonic() < end:
            return False
        # A busy machine takes longer to fill sockets and to lose patience with those who do not read.
        wanted = [*stuck, garbage] if seconds >= LONG else []
        return all(client.closed > 0 for client in wanted) or time.monotonic() > end + PATIENCE

    while not is_over():
        for client in [*stuck, *dying, garbage]:
            client.step(daemon)
        # The processors are the readers' and the daemon's too.
        time.sleep(0.005)
    for client in [*stuck, *dying, garbage]:
        client.leave()
    news.send({
        "stuck": sum(client.closed for client in stuck), "least": min(client.closed for client in stuck),
        "deaths": sum(client.deaths for client in dying), "answers": garbage.answers, "closed": garbage.closed,
    })


class Actor:
    """A process that does one of the above and tells what came of it."""

    def __init__(self, action, *arguments) -> None:
        self.news, other = multiprocessing.Pipe(duplex=False)
        self.process = multiprocessing.Process(target=action, args=(*arguments, other), daemon=True)
        self.process.start()
        other.close()

    def hear(self):
        try:
            return self.news.recv()
        except EOFError:
            sys.exit("flood: failed; the reason stands above")

    def has_news(self) -> bool:
        return self.news.poll()


def main(program: str, model: str, pictures: str, folder: str, seconds: float) -> None:
    arguments = ["--model", model, "--source", pictures, "--loop", "--rate", "30", "--threads", "1",
                 "--threshold", "0.05", "--limit", "12"]
    with Daemon(program, folder, arguments) as daemon:
        readers = Actor(read_everything, daemon)
        readers.hear()
        memory, descriptors = daemon.usual_memory("Anonymous"), daemon.descriptors()
        trouble = Actor(make_trouble, daemon, seconds)
        start = time.monotonic()
        samples = []
        while not trouble.has_news():
            check(not readers.has_news(), "the readers' connections ended")
            samples.append((time.monotonic() - start, daemon.memory("Anonymous")))
            time.sleep(0.1)
        made = trouble.hear()
        wait_for(lambda: daemon.descriptors() <= descriptors, "the daemon has more descriptors than before the flood")
        memory_after, descriptors_after = daemon.usual_memory("Anonymous"), daemon.descriptors()
        daemon.ask_to_end()
        read = readers.hear()
        daemon.ended()
        dropped, closed = daemon.counter("lines_dropped_total"), daemon.counter("clients_stuck_total")
        accepted, rejected = daemon.counter("clients_accepted_total"), daemon.counter("clients_refused_total")

    first = statistics.median(size for moment, size in samples if moment < WINDOW)
    last = statistics.median(size for moment, size in samples if moment >= samples[-1][0] - WINDOW)
    print(f"{READERS} readers: {read['frames']} lines of {read['line']} bytes each, whole, in order, the same for all")
    print(f"{STUCK} that never read: closed {made['stuck']} times, told each time; {dropped:.0f} lines lost")
    print(f"{DYING} that die: {made['deaths']} times; the daemon accepted {accepted:.0f}, rejected {rejected:.0f}")
    print(f"1 that sends garbage: {made['answers']} answers, closed {made['closed']} times")
    print(f"memory: {kibibytes(memory)} before, {kibibytes(memory_after)} after; "
          f"in the flood {kibibytes(first)} at first, {kibibytes(last)} at last, "
          f"{kibibytes(max(size for _, size in samples))} at most")
    print(f"descriptors: {descriptors} before, {descriptors_after} after")
    check(made["deaths"] > 0 and made["answers"] > 0, "there was no flood")
    check(seconds < LONG or made["least"] > 0, "a client that never read was not closed")
    check(seconds < LONG or made["closed"] > 0, "the client that sends garbage was not closed")
    check(closed >= made["stuck"], "the daemon did not count all that it closed")
    check(abs(memory_after - memory) <= SLACK, "the daemon's memory is not what it was before the flood")
    check(seconds < 2 * WINDOW or abs(last - first) <= SLACK, "the daemon's memory changed during the flood")
    check(descriptors_after == descriptors, "the daemon's descriptors are not what they were before the flood")


if __name__ == "__main__":
    main(*sys.argv[1:5], float(sys.argv[5]))
