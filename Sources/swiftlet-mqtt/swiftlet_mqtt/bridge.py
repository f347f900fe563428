"""Takes lines of the stream, one after the other, and makes messages of them."""

import collections
import json
import math
import select
import signal
import socket
import time

from swiftlet_mqtt.broker import Broker, Message
from swiftlet_mqtt.daemon import Daemon, Foreign
from swiftlet_mqtt.discovery import entities, slugs
from swiftlet_mqtt.log import error, note, warn
from swiftlet_mqtt.settings import Settings

PROTOCOL = 1
INTEGER_DIGITS = 20
MAX_CLASSES = 256  # that get topics of their own
# Seconds.
STOP_WAIT = 5
LOSS_LOG_PAUSE = 10
RESTATE_PAUSE = 5  # between two answers to messages that the bridge is offline
ECHO_WAIT = 5  # for the broker to give back what is published
STRANGER_PAUSE = 30  # between two lines about another bridge with this prefix


class Bridge:
    """Both connections and what lies between. One thread: every step of `run` does what can be done without waiting.

    A message about a state goes out only while there is a connection; each new one begins with all states."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.topics = {
            name: f"{settings.prefix}/{name}" for name in ("frame", "availability", "camera", "lost", "count", "client")}
        self.status = f"{settings.discovery_prefix}/status" if settings.discovery else None
        # What others say of the same topics shows that there are others.
        subscriptions = [self.topics["client"], self.topics["availability"], *([self.status] if self.status else [])]
        self.broker = Broker(settings, Message(self.topics["availability"], b"offline", True), subscriptions)
        self.daemon = Daemon(settings.socket)
        self.has_hello = False
        self.entities: list[tuple[str, bytes]] = []
        # The daemon has answered the request: from here on it skips what is not wanted.
        self.is_filtered = False
        self.last_word = ""     # of the daemon's error lines
        self.names: dict[str, str] = {}
        self.listing = "detections"  # what frames list
        self.names_best = False  # whether the best one alone counts
        # As shown, and when that many were seen last.
        self.counts: dict[str, int] = {}
        self.reached: dict[str, float] = {}
        self.camera = b""
        self.captured = self.next_capture = -math.inf
        self.must_announce = False
        self.must_introduce = False
        self.must_restate = False
        self.restate_at = -math.inf
        self.echo_until: float | None = None
        self.stranger_at = -math.inf
        self.published = 0

        self.last: dict | None = None
        self.is_first = False   # the next frame is the first of its connection
        # Lines lost since the last frame, by the daemon's count: on this connection and on earlier ones.
        self.told = 0
        self.told_earlier = 0
        self.lost = 0
        self.lost_logged = 0
        self.lost_logged_at = -math.inf

        self.is_asked_to_stop = False
        self.stop_at: float | None = None
        self.has_said_goodbye = False
        self.wake, self.waker = socket.socketpair()
        for end in (self.wake, self.waker):
            end.setblocking(False)

    def run(self) -> None:
        """Until SIGTERM or SIGINT, and then until all is acknowledged or STOP_WAIT is over."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.ask_to_stop)
        signal.set_wakeup_fd(self.waker.fileno())
        while True:
            self.broker.advance()
            if not self.is_asked_to_stop:
                self.step()
            elif self.has_stopped():
                break
            self.broker.send()
            self.wait()
        left = len(self.broker.window) + len(self.daemon.lines)
        waiting = sum(message.topic == self.topics["frame"] for message in self.broker.window)
        self.broker.part()
        rejected = self.broker.rejected
        frames = rejected[self.topics["frame"]]
        note(f"stopped: {self.published - frames - waiting} frames published, {self.lost} lines lost"
             + (f"; {left} messages without the broker's acknowledgement" if left else "")
             + (f"; the broker did not accept {rejected.total()} messages, {frames} of them frames" if rejected else ""))

    def ask_to_stop(self, *_: object) -> None:
        self.is_asked_to_stop = True

    def has_stopped(self) -> bool:
        """A step towards the end: nothing more is read, and what was is still published."""
        now = time.monotonic()
        if self.stop_at is None:
            self.stop_at = now + STOP_WAIT
        self.take_lines()
        if not self.daemon.lines and self.broker.is_connected and not self.has_said_goodbye:
            self.has_said_goodbye = True
            self.state("availability", b"offline")
        return now >= self.stop_at or not (self.broker.window or self.daemon.lines)

    def step(self) -> None:
        self.daemon.advance()
        if self.broker.has_begun:
            self.broker.has_begun = False
            self.must_announce = self.must_introduce = True
        while self.broker.heard:
            self.hear(*self.broker.heard.popleft())
        if self.must_restate and time.monotonic() >= self.restate_at:
            self.must_restate = False
            self.restate_at = time.monotonic() + RESTATE_PAUSE
            if self.has_hello:
                self.state("availability", b"online")
        if self.must_introduce and self.broker.is_connected and self.broker.has_room:
            self.must_introduce = False
            self.broker.put(self.topics["client"], self.settings.client_id.encode())
            if not self.broker.tells_rejections:
                self.echo_until = time.monotonic() + ECHO_WAIT
        if not self.broker.is_connected:
            self.echo_until = None
        elif self.echo_until is not None and time.monotonic() > self.echo_until:
            self.echo_until = None
            warn(f"{self.topics['client']} does not come back from {self.broker.name}: user '{self.settings.user}' cannot "
                 f"publish or subscribe under {self.settings.prefix}, where everything would be lost silently")
        if self.must_announce and self.broker.is_connected and self.broker.has_room:
            self.announce()
        self.take_lines()
        if self.daemon.has_ended and not self.daemon.lines:
            self.part(f"swiftletd has closed the connection{self.last_word and ': ' + self.last_word}")
        now = time.monotonic()
        if self.lost > self.lost_logged and now >= self.lost_logged_at + LOSS_LOG_PAUSE:
            warn(f"lines lost: {self.lost - self.lost_logged}; the daemon's queue for a client is bounded")
            self.lost_logged, self.lost_logged_at = self.lost, now

    def hear(self, topic: str, payload: bytes, is_kept: bool) -> None:
        """A published message, of this bridge or another client. What the broker has kept may be of long ago."""
        if topic == self.status:
            self.must_announce = self.must_announce or payload == b"online"
        elif topic == self.topics["availability"]:
            # The last will of a connection before this one, or of another bridge.
            self.must_restate = self.must_restate or not is_kept and payload != b"online" and self.has_hello
        elif topic == self.topics["client"] and payload == self.settings.client_id.encode():
            self.echo_until = None
        elif topic == self.topics["client"] and not is_kept:
            now = time.monotonic()
            if now >= self.stranger_at:
                self.stranger_at = now + STRANGER_PAUSE
                warn(f"another client, '{payload[:64].decode(errors='replace')}', publishes under the prefix "
                     f"'{self.settings.prefix}' too, and counts and availability of the two are mixed: give each bridge a "
                     "[topics] prefix of its own")
                self.must_introduce = True

    def take_lines(self) -> None:
        try:
            while self.broker.has_room and self.daemon.lines:
                self.take(self.daemon.lines.popleft())
        except Foreign as failure:
            self.part(f"{self.settings.socket} {failure}")

    def wait(self) -> None:
        """For either side, a signal, or the next thing to do."""
        now = time.monotonic()
        timeout = 1.0
        readers: list = [self.wake, self.broker.wake]
        writers: list = []
        if self.broker.socket is not None:
            readers.append(self.broker.socket)
            if self.broker.client.want_write():
                writers.append(self.broker.socket)
            # What TLS has taken from the socket already.
            if getattr(self.broker.socket, "pending", int)() > 0:
                timeout = 0.0
        elif self.broker.client is not None:
            timeout = 0.0
        elif not self.broker.is_opening:
            timeout = min(timeout, self.broker.pauses.until - now)
        if not self.is_asked_to_stop:
            if self.daemon.socket is None:
                timeout = min(timeout, self.daemon.pauses.until - now)
            elif self.broker.has_room and not self.daemon.lines:
                readers.append(self.daemon.socket)
        ready, writable, _ = select.select(readers, writers, [], max(0.0, timeout))
        for end in (self.wake, self.broker.wake):
            if end in ready:
                end.recv(64)
        if self.broker.socket is not None and (self.broker.socket in ready or timeout == 0.0):
            self.broker.read()
        if self.broker.socket is not None and self.broker.socket in writable:
            self.broker.write()
        if self.daemon.socket is not None and self.daemon.socket in ready:
            try:
                self.daemon.read()
            except Foreign as failure:
                self.part(f"{self.settings.socket} {failure}")

    # States.

    def state(self, name: str, payload: bytes) -> None:
        if self.broker.is_connected:
            self.broker.put(self.topics[name], payload, retain=True)

    def count(self, label: str) -> None:
        if self.broker.is_connected:
            topic = f"{self.topics['count']}/{self.names[label]}"
            self.broker.put(topic, str(self.counts[label]).encode(), retain=True)

    def announce(self) -> None:
        self.must_announce = False
        self.state("availability", b"online" if self.has_hello else b"offline")
        self.state("lost", str(self.lost).encode())
        if not self.has_hello:
            return
        for topic, payload in self.entities:
            self.broker.put(topic, payload, retain=True)
        # Without a camera this removes what another source has left.
        self.state("camera", self.camera)
        for label in self.counts:
            self.count(label)

    # Lines.

    def take(self, line: bytes) -> None:
        try:
            record = json.loads(line, parse_int=integer, parse_float=finite, parse_constant=finite)
            kind = record["type"]
            if not self.has_hello and kind not in ("hello", "error"):
                raise ValueError("the first line is no hello")
            if kind == "hello":
                self.take_hello(record)
            elif kind == "frame":
                self.take_frame(line, record)
            elif kind == "dropped":
                self.told += counted(record["lines"])
                self.lose(counted(record["lines"]))
            elif kind == "camera":
                self.camera = line
                self.state("camera", line)
            elif kind == "options":
                self.is_filtered = True
            elif kind == "error":
                self.last_word = str(record["message"])[:200]
            elif kind == "end":
                note(f"the source has ended after {record['frames']} frames")
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as failure:
            raise Foreign(f"does not speak swiftletd's protocol: {failure}: {line[:80]!r}") from failure

    def take_hello(self, hello: dict) -> None:
        if hello["protocol"] != PROTOCOL:
            raise Foreign(f"speaks protocol {hello['protocol']}, not {PROTOCOL}: update swiftlet-mqtt")
        labels = [str(label) for label in hello["labels"]]
        unknown = [name for name in self.settings.classes if name not in labels]
        if unknown:
            error(f"[stream] classes: the model has no {', '.join(unknown)}")
        task = hello.get("task", "detection")
        self.listing = "detections" if task == "detection" else "classes"
        self.names_best = task == "classification"
        names = slugs(labels, self.settings.classes, MAX_CLASSES, first=0 if self.listing == "classes" else 1)
        if len(names) == MAX_CLASSES:
            warn(f"counts for the first {MAX_CLASSES} classes only: name those of interest in [stream] classes")
        if names != self.names:
            self.names = names
            self.counts.clear()
            self.reached.clear()
        self.entities = [
            (topic, json.dumps(payload, ensure_ascii=False).encode())
            for topic, payload in entities(self.settings, hello, names) if self.settings.discovery]
        self.has_hello = True
        self.camera = b""
        self.told, self.told_earlier = 0, self.told_earlier + self.told
        request = self.settings.request([name for name in self.settings.classes if name in labels])
        self.daemon.ask(request)
        self.is_filtered = not request
        self.is_first = True
        self.must_announce = True
        note(f"connected to swiftletd: model {hello['model']['name']}, {len(labels)} classes")

    def take_frame(self, line: bytes, frame: dict) -> None:
        captured = float(frame["captured_monotonic_s"])
        if captured < self.captured:
            # A clock that has begun again, as that of a board that was restarted: times by the one before say nothing.
            self.next_capture = -math.inf
            self.reached = dict.fromkeys(self.reached, captured)
        self.captured = captured
        # A segmenter's classes have a share of the image in place of a score.
        found = [(part["label"], float(part["score"] if "score" in part else part["share"])) for part in frame[self.listing]]
        if self.is_first:
            # Only now it has shown that it is of use.
            self.daemon.has_succeeded()
            if self.last is not None:
                self.count_gap(frame)
        self.is_first, self.told, self.told_earlier = False, 0, 0
        self.last = {key: counted(frame[key]) for key in ("sequence", "dropped_frames", "corrupt_frames")}
        if self.settings.max_rate > 0:
            if captured < self.next_capture:
                return
            period = 1 / self.settings.max_rate
            # Counted from the time that was due, so that the rate is right on average.
            self.next_capture = max(self.next_capture, captured - period) + period
        if not self.is_filtered:
            wanted = [self.includes(*detection) for detection in found]
            found = [detection for detection, keeps in zip(found, wanted) if keeps]
            if not all(wanted):
                frame[self.listing] = [part for part, keeps in zip(frame[self.listing], wanted) if keeps]
                line = json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode()
        self.broker.put(self.topics["frame"], line)
        self.published += 1
        if self.names_best:
            # An image shows what it most probably is.
            found = found[:1]
        self.update_counts(collections.Counter(label for label, _ in found), captured)

    def includes(self, label: str, score: float) -> bool:
        return score >= self.settings.min_score and (not self.settings.classes or label in self.settings.classes)

    def update_counts(self, found: collections.Counter, now: float) -> None:
        for label in self.names:
            shown, seen = self.counts.get(label), found[label]
            if shown is not None and seen < shown and now - self.reached[label] < self.settings.hold:
                continue
            self.reached[label] = now
            if seen != shown:
                self.counts[label] = seen
                self.count(label)

    # Losses.

    def count_gap(self, frame: dict) -> None:
        """Lines that were lost between two connections: frames that the daemon has neither skipped nor told of."""
        old, new = self.last, {key: counted(frame[key]) for key in self.last}
        told = self.told + self.told_earlier
        if any(new[key] < old[key] for key in new) or new["sequence"] == old["sequence"]:
            # Another daemon: what that has sent so far. What the previous one sent last is unknown.
            old, told = {"sequence": -1, "dropped_frames": 0, "corrupt_frames": 0}, self.told
        left_out = sum(new[key] - old[key] for key in ("dropped_frames", "corrupt_frames"))
        missing = new["sequence"] - old["sequence"] - 1 - left_out - told
        if missing > 0:
            self.lose(missing)

    def lose(self, lines: int) -> None:
        self.lost += lines
        self.state("lost", str(self.lost).encode())

    def part(self, reason: str) -> None:
        """Gives the daemon's connection up."""
        self.daemon.lose(reason)
        self.last_word = ""
        if self.has_hello:
            self.has_hello = False
            self.must_announce = False
            self.state("availability", b"offline")


def finite(text: str) -> float:
    """JSON has neither infinity nor NaN, but Python's reader takes both, and makes infinity of 1e999."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number


def integer(text: str) -> int:
    if len(text) > INTEGER_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def counted(number: object) -> int:
    """What only ever grows from 0."""
    if not isinstance(number, int) or number < 0:
        raise ValueError(f"{number!r} counts nothing")
    return number
