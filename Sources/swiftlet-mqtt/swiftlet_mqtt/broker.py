"""The way to the broker."""

import collections
import collections.abc
import dataclasses
import pathlib
import queue
import socket
import threading
import time

import paho.mqtt.client as paho

from swiftlet_mqtt.log import note, warn
from swiftlet_mqtt.pauses import Pauses
from swiftlet_mqtt.settings import Settings

WINDOW = 64  # messages that wait for the broker or its acknowledgement
KEEPALIVE = 30
# Seconds.
PAUSES = (0.25, 30)
ANSWER_WAIT = 10
STEADY = 5  # a connection that holds for so long, or for a whole window, makes the next pause short again


@dataclasses.dataclass
class Message:
    topic: str
    payload: bytes
    retain: bool
    number: int | None = None  # of the present connection


class Broker:
    """The connection to the broker, and the messages that it has yet to acknowledge, oldest first.

    Each connection is a client object of its own and a new session: it begins with what the one before left
    unacknowledged, in order, so that nothing depends on how the library repeats messages."""

    def __init__(self, settings: Settings, will: Message, subscription: str | None) -> None:
        self.settings = settings
        self.will = will
        self.subscription = subscription
        self.window: collections.deque[Message] = collections.deque()
        self.sent = 0
        self.delivered = 0  # on this connection
        self.acknowledged: set[int] = set()
        self.client: "paho.Client | None" = None
        self.is_connected = False
        # For the owner to clear: there is a new connection; what was subscribed has said 'online'.
        self.has_begun = False
        self.has_heard = False
        self.pauses = Pauses(PAUSES)
        self.since = 0.0
        # Why the connection is to be given up, found where that cannot be done.
        self.failure: str | None = None
        self.is_refused = False
        self.logged = ""
        self.name = f"the broker {settings.host}:{settings.port}"
        # Resolving a name and a TLS handshake block: they have a thread, one at a time, which leaves the outcome here.
        self.opening: "queue.SimpleQueue[tuple[paho.Client, Exception | None]]" = queue.SimpleQueue()
        self.is_opening = False
        self.wake, self.waker = socket.socketpair()
        self.wake.setblocking(False)

    @property
    def has_room(self) -> bool:
        return len(self.window) < WINDOW

    def put(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self.window.append(Message(topic, payload, retain))

    @property
    def socket(self) -> "socket.socket | None":
        """What to wait for, if anything."""
        return self.client.socket() if self.client is not None and self.failure is None else None

    # What a step of the loop calls.

    def advance(self) -> None:
        """Begins, ends and finishes connections as the time has come."""
        now = time.monotonic()
        while not self.opening.empty():
            client, failure = self.opening.get()
            self.is_opening = False
            if failure is None:
                self.client, self.since = client, now
            else:
                self.lose(f"cannot reach {self.name}: {failure}")
        if self.client is not None:
            self.attempt(self.client.loop_misc, f"{self.name} does not answer any more")
            if self.failure is None and not self.is_connected and now > self.since + ANSWER_WAIT:
                self.failure = f"{self.name} does not answer"
            if self.failure is not None:
                self.lose(self.failure)
            elif self.is_connected and (now > self.since + STEADY or self.delivered > WINDOW):
                self.pauses.reset()
        elif not self.is_opening and now >= self.pauses.until:
            self.is_opening = True
            threading.Thread(target=self.open, daemon=True).start()
        self.send()

    def send(self) -> None:
        """Hands the connection what it has room for, and forgets what is acknowledged."""
        while self.is_connected and self.failure is None and self.sent < min(WINDOW, len(self.window)):
            message = self.window[self.sent]
            if not self.attempt(lambda: self.publish(message)):
                return
            self.sent += 1
            self.settle()
        self.settle()

    def publish(self, message: Message) -> int:
        outcome = self.client.publish(message.topic, message.payload, self.settings.qos, message.retain)
        message.number = outcome.mid
        return outcome.rc

    def settle(self) -> None:
        while self.sent > 0 and self.window[0].number in self.acknowledged:
            self.acknowledged.discard(self.window.popleft().number)
            self.sent -= 1
            self.delivered += 1

    def read(self) -> None:
        self.attempt(self.client.loop_read)

    def write(self) -> None:
        self.attempt(self.client.loop_write)

    def part(self) -> None:
        """Says goodbye, so that the broker does not publish the last will."""
        if self.is_connected:
            self.attempt(self.client.disconnect)

    def attempt(self, step: collections.abc.Callable[[], int], failure: str = "") -> bool:
        """A step of the library's, which may call back. Remembers when the connection is to be given up for it."""
        if self.failure is not None:
            return False
        try:
            if step() == paho.MQTT_ERR_SUCCESS:
                return self.failure is None
            reason = ""
        except OSError as problem:
            # Not all of TLS's are caught in there.
            reason = f": {problem}"
        # What a callback has found says more.
        self.failure = self.failure or failure or f"the connection to {self.name} is lost{reason}"
        return False

    # Connections.

    def open(self) -> None:
        """The thread of one attempt."""
        failure = None
        client = None
        try:
            options = {"client_id": self.settings.client_id, "clean_session": True, "reconnect_on_failure": False}
            if hasattr(paho, "CallbackAPIVersion"):  # paho-mqtt 2
                options["callback_api_version"] = paho.CallbackAPIVersion.VERSION2
            client = paho.Client(**options)
            client.max_inflight_messages_set(WINDOW)
            client.max_queued_messages_set(WINDOW)
            client.will_set(self.will.topic, self.will.payload, self.settings.qos, self.will.retain)
            if self.settings.user:
                file = self.settings.password_file
                # Read each time: the file may have been mended since.
                client.username_pw_set(
                    self.settings.user, pathlib.Path(file).read_text(encoding="utf-8").strip("\r\n") if file else None)
            if self.settings.tls:
                client.tls_set(ca_certs=self.settings.ca_file or None)
            client.on_connect, client.on_publish = self.on_connect, self.on_publish
            client.on_message = self.on_message
            client.connect(self.settings.host, self.settings.port, KEEPALIVE)
        except Exception as reason:  # whatever it is: without an outcome there would be no next attempt
            failure = reason
        self.opening.put((client, failure))
        self.waker.send(b"x")

    def lose(self, reason: str) -> None:
        if self.client is not None and self.client.socket() is not None:
            self.client.socket().close()
        # What a broker refuses it refuses until somebody changes something.
        self.pauses.failed(longest=self.is_refused)
        self.client, self.failure = None, None
        self.is_connected = self.is_refused = False
        self.sent = self.delivered = 0
        self.acknowledged.clear()
        if reason != self.logged:
            warn(f"{reason}; trying again at intervals of up to {PAUSES[1]} s")
        self.logged = reason

    # Paho's callbacks, which its loop functions call; version 2 passes more arguments.

    def on_connect(self, client, _data, _flags, reason, *_more) -> None:
        if client is not self.client:
            return
        code = getattr(reason, "value", reason)
        if code == 0:
            self.is_connected = self.has_begun = True
            self.since = time.monotonic()
            note(f"connected to {self.name}; {len(self.window)} messages wait")
            self.logged = ""
            if self.subscription:
                client.subscribe(self.subscription)
            return
        self.is_refused = True
        if code in (4, 5, 134, 135):
            self.failure = f"{self.name} refuses user '{self.settings.user}': look at [broker] user and password_file"
        else:
            text = str(reason) if hasattr(reason, "value") else paho.connack_string(code)
            self.failure = f"{self.name} refuses the connection: {text}"

    def on_publish(self, client, _data, number, *_more) -> None:
        if client is self.client:
            self.acknowledged.add(number)

    def on_message(self, _client, _data, message) -> None:
        self.has_heard = self.has_heard or message.payload == b"online"
