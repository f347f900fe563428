"""The way to the broker."""

import collections
import collections.abc
import dataclasses
import queue
import socket
import ssl
import threading
import time

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from swiftlet_mqtt.client import FAILURE, PACKET_LIMIT, Client, Forgetful, Older, Oversize, Stranger, reason_text
from swiftlet_mqtt.log import note, warn
from swiftlet_mqtt.pauses import Pauses
from swiftlet_mqtt.settings import Settings

WINDOW = 64  # messages that wait for the broker or its acknowledgement
MAX_HEARD = 64  # messages that came and are not looked at yet
HEADER = 16  # bytes of a packet beside topic and payload, or more
KEEPALIVE = 30
# Seconds.
PAUSES = (0.25, 30)
ANSWER_WAIT = 10
STEADY = 5  # a connection that lasts that long, or for a whole window, makes the next pause short again
REJECTION_LOG_PAUSE = 60
# Times and seconds: an accepted connection was closed, and the next one was accepted at once.
TAKEOVERS, TAKEOVER_SPAN = 3, 30
SESSION_TAKEN_OVER, QOS_NOT_SUPPORTED = 0x8E, 0x9B
# OpenSSL's: a certificate that is its own authority, in one way or another, or one whose authority is not known.
UNKNOWN_AUTHORITY = (18, 19, 20, 21)


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

    def __init__(self, settings: Settings, will: Message, subscriptions: list[str]) -> None:
        self.settings = settings
        self.will = will
        self.subscriptions = subscriptions
        self.window: collections.deque[Message] = collections.deque()
        self.sent = 0
        self.delivered = 0  # on this connection
        self.acknowledged: set[int] = set()
        # By topic, what the broker has not accepted, or cannot take.
        self.rejected: collections.Counter[str] = collections.Counter()
        # By the kind of topic, when such a rejection was told last.
        self.rejections_told: dict[str, float] = {}
        self.has_rejected = False  # on this connection
        self.client: Client | None = None
        self.is_connected = False
        # For the owner to clear: there is a new connection; what was heard, with whether the broker had kept it.
        self.has_begun = False
        self.heard: collections.deque[tuple[str, bytes, bool]] = collections.deque(maxlen=MAX_HEARD)
        self.pauses = Pauses(PAUSES)
        self.since = 0.0
        # MQTT 5 tells what a broker rejects. One that does not speak it is asked in 3.1.1.
        self.is_modern = True
        self.has_told_older = False
        self.max_unacknowledged = WINDOW
        self.longest_packet = 0  # 0: any
        self.keeps = True
        # After a packet that is too long nothing is subscribed to: it would come again each time.
        self.subscribes = True
        self.takeovers: collections.deque[float] = collections.deque(maxlen=TAKEOVERS)
        # Why the connection is to be given up, found where that cannot be done.
        self.failure: str | None = None
        self.is_rejected = False
        self.logged = ""
        self.name = f"the broker {settings.host}:{settings.port}"
        # Resolving a name and a TLS handshake block: they have a thread, one at a time, which leaves the outcome here.
        self.opening: "queue.SimpleQueue[tuple[Client | None, Exception | None]]" = queue.SimpleQueue()
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
                self.takeovers.clear()
                self.lose(self.unreachable(failure))
        if self.client is not None:
            self.attempt(self.client.loop_misc, f"{self.name} stopped answering")
            if self.failure is None and not self.is_connected and now > self.since + ANSWER_WAIT:
                self.failure = f"{self.name} does not answer: is that its port for MQTT, and does it require TLS ([broker] tls = on)?"
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
        while self.is_connected and self.failure is None and self.sent < min(self.reach, len(self.window)):
            message = self.window[self.sent]
            if 0 < self.longest_packet < len(message.topic.encode()) + len(message.payload) + HEADER:
                del self.window[self.sent]
                self.reject(message, f"has more than the {self.longest_packet} bytes that {self.name} accepts")
                continue
            if not self.attempt(lambda: self.publish(message)):
                return
            self.sent += 1
            self.settle()
        self.settle()

    @property
    def reach(self) -> int:
        """How many messages may be without an acknowledgement. One at first: a broker that closes the connection for it has
        the time to say so."""
        return min(WINDOW, self.max_unacknowledged) if self.delivered > 0 or self.settings.qos == 0 else 1

    def publish(self, message: Message) -> int:
        outcome = self.client.publish(message.topic, message.payload, self.settings.qos, message.retain and self.keeps)
        message.number = outcome.mid
        return outcome.rc

    def settle(self) -> None:
        while self.sent > 0 and self.window[0].number in self.acknowledged:
            message = self.window.popleft()
            self.acknowledged.discard(message.number)
            self.sent -= 1
            self.delivered += 1
            reason = self.client.rejections.pop(message.number, 0) if self.client is not None else 0
            if reason:
                self.has_rejected = True
                self.reject(message, f"is not accepted by {self.name}, {reason_text(reason)}: user '{self.settings.user}' must be "
                                     f"allowed to publish under {self.settings.prefix} (and where Home Assistant looks)")

    def reject(self, message: Message, reason: str) -> None:
        """Counts what the broker does not take, and tells of the first of a kind in a while."""
        self.rejected[message.topic] += 1
        now = time.monotonic()
        prefix = f"{self.settings.prefix}/"
        kind = message.topic.removeprefix(prefix).split("/")[0] if message.topic.startswith(prefix) else ""
        if now >= self.rejections_told.get(kind, -REJECTION_LOG_PAUSE) + REJECTION_LOG_PAUSE:
            self.rejections_told[kind] = now
            warn(f"{message.topic} {reason}")

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
            outcome = step()
            if outcome == paho.MQTT_ERR_SUCCESS:
                return self.failure is None
            reason = ""
            if outcome == paho.MQTT_ERR_PROTOCOL:
                reason = f"{self.name} sends an invalid packet"
            elif failure == "":
                reason = self.closed()
        except Older:
            self.is_modern = False
            reason = ""
        except Forgetful:
            # It means the last will: the rest is seen from its limits.
            reason = "" if self.will.retain else f"{self.name} rejects the connection: retain not supported"
            self.will = dataclasses.replace(self.will, retain=False)
        except Oversize as problem:
            self.subscribes = False
            reason = (f"{self.name} sends {problem}, more than the maximum of {PACKET_LIMIT}: continuing without "
                      "messages of others, such as Home Assistant's birth message")
        except Stranger as problem:
            reason = f"{self.name} does not speak MQTT there: is that the right [broker] port?"
            if str(problem):
                reason = f"{self.name} speaks TLS there: set [broker] tls = on"
        except OSError as problem:
            # Not all of TLS's are caught in there.
            reason = f"the connection to {self.name} is lost: {problem}"
            if "CERTIFICATE_REQUIRED" in str(problem):
                reason = f"{self.name} requires a client certificate, which is not supported"
        except Exception as problem:  # a packet that the library cannot read may raise anything
            reason = f"{self.name} sends an invalid packet: {type(problem).__name__}: {problem}"
        # What a callback has found says more.
        self.failure = self.failure or failure or reason
        return False

    def closed(self) -> str:
        """Why, as far as it shows, the other side closed the connection."""
        if not self.is_connected:
            if self.is_modern and not self.client.has_answer:
                # Some that do not speak MQTT 5 say nothing at all.
                self.is_modern = False
                return ""
            tls = "is it really TLS's port?" if self.settings.tls else "does it require TLS ([broker] tls = on)?"
            return f"{self.name} closes the connection without an answer: {tls}"
        reason = self.client.farewell
        if reason != SESSION_TAKEN_OVER:
            if reason:
                return f"{self.name} closes the connection: {reason_text(reason)}"
            if self.has_rejected:
                return f"{self.name} closes the connection after it did not accept a message"
            now = time.monotonic()
            self.takeovers.append(now)
            if len(self.takeovers) < TAKEOVERS or now > self.takeovers[0] + TAKEOVER_SPAN:
                return f"the connection to {self.name} is lost"
            self.takeovers.clear()
        return (f"{self.name} closes the connection that it had accepted: another client with the id "
                f"'{self.settings.client_id}' is connected, most likely: give each bridge a [broker] client_id of its own")

    def unreachable(self, failure: Exception) -> str:
        is_handshake = isinstance(failure, ssl.SSLError) or self.settings.tls and isinstance(failure, ConnectionResetError)
        if is_handshake and not isinstance(failure, ssl.SSLCertVerificationError) and "ALERT" not in str(failure).upper():
            certificate = ", or requires a client certificate, which is not supported"
            return (f"{self.name} does not speak TLS there{certificate * isinstance(failure, ssl.SSLEOFError)} ({failure}): is that "
                    "the right [broker] port, or is tls = off right?")
        advice = ""
        if isinstance(failure, ssl.SSLCertVerificationError) and failure.verify_code in UNKNOWN_AUTHORITY:
            advice = ": name the authority that signed its certificate as [broker] ca_file"
        return f"cannot reach {self.name}: {failure}{advice}"

    # Connections.

    def open(self) -> None:
        """The thread of one attempt."""
        failure = None
        client = None
        try:
            options = {"client_id": self.settings.client_id, "reconnect_on_failure": False}
            if hasattr(paho, "CallbackAPIVersion"):  # paho-mqtt 2
                options["callback_api_version"] = paho.CallbackAPIVersion.VERSION2
            if not self.is_modern:
                options["clean_session"] = True
            client = Client(self.is_modern, **options)
            client.max_inflight_messages_set(WINDOW)
            client.max_queued_messages_set(WINDOW)
            client.will_set(self.will.topic, self.will.payload, self.settings.qos, self.will.retain)
            if self.settings.user:
                client.username_pw_set(self.settings.user, self.settings.password())
            if self.settings.tls:
                client.tls_set(ca_certs=self.settings.ca_file or None)
            client.on_connect, client.on_publish = self.on_connect, self.on_publish
            client.on_message, client.on_subscribe = self.on_message, self.on_subscribe
            if self.is_modern:
                limits = Properties(PacketTypes.CONNECT)
                limits.MaximumPacketSize = PACKET_LIMIT
                client.connect(self.settings.host, self.settings.port, KEEPALIVE, clean_start=True, properties=limits)
            else:
                client.connect(self.settings.host, self.settings.port, KEEPALIVE)
        except Exception as reason:  # whatever it is: without an outcome there would be no next attempt
            failure = reason
        self.opening.put((client, failure))
        self.waker.send(b"x")

    def lose(self, reason: str) -> None:
        """An empty reason is none to tell: the next attempt is another one."""
        if self.client is not None and self.client.socket() is not None:
            self.client.socket().close()
        if self.is_connected:
            # The next broker may be another.
            self.is_modern = True
        elif not self.is_modern and reason and self.client is not None and not self.client.has_answer:
            self.is_modern = True
        if reason:
            # A broker keeps rejecting the same until it is reconfigured.
            self.pauses.failed(longest=self.is_rejected)
        self.client, self.failure = None, None
        self.is_connected = self.is_rejected = self.has_rejected = False
        self.sent = self.delivered = 0
        self.acknowledged.clear()
        if reason and reason != self.logged:
            warn(f"{reason}; retrying at intervals of up to {PAUSES[1]} s")
        if reason:
            self.logged = reason

    # Paho's callbacks, which its loop functions call; version 2 passes more arguments.

    def on_connect(self, client, _data, _flags, reason, properties=None, *_more) -> None:
        if client is not self.client:
            return
        code = getattr(reason, "value", reason)
        if code == 0:
            self.is_connected = self.has_begun = True
            self.since = time.monotonic()
            self.take_limits(properties)
            note(f"connected to {self.name}; {len(self.window)} messages wait")
            if not client.is_modern and not self.has_told_older:
                self.has_told_older = True
                note(f"{self.name} speaks MQTT 3.1.1: its acknowledgements do not show whether it accepts a message")
            self.logged = ""
            if self.subscriptions and self.subscribes:
                client.subscribe([(topic, 0) for topic in self.subscriptions])
            return
        self.is_rejected = True
        if code in (4, 5, 134, 135):
            self.failure = f"{self.name} rejects user '{self.settings.user}': look at [broker] user and password_file"
        else:
            text = str(reason) if hasattr(reason, "value") else paho.connack_string(code)
            self.failure = f"{self.name} rejects the connection: {text}"
            if code == QOS_NOT_SUPPORTED:
                self.failure += ": set [topics] qos = 0"
            if code in (2, 133):
                self.failure += f": look at [broker] client_id, '{self.settings.client_id}'"

    @property
    def tells_rejections(self) -> bool:
        """Whether an acknowledgement says that the message was accepted."""
        return self.client is not None and self.client.is_modern and self.settings.qos > 0

    def take_limits(self, properties: object) -> None:
        """What a broker of MQTT 5 bears: more would end the connection."""
        self.max_unacknowledged = getattr(properties, "ReceiveMaximum", WINDOW)
        self.longest_packet = getattr(properties, "MaximumPacketSize", 0)
        self.keeps = getattr(properties, "RetainAvailable", 1) == 1
        if not self.keeps:
            warn(f"{self.name} does not retain messages: later subscribers see states only when they change")

    def on_publish(self, client, _data, number, *_more) -> None:
        if client is self.client:
            self.acknowledged.add(number)

    def on_subscribe(self, client, *_more) -> None:
        if client is not self.client:
            return
        for topic, reason in zip(self.subscriptions, client.subscription_reasons):
            if reason >= FAILURE:
                note(f"{self.name} does not let user '{self.settings.user}' subscribe to {topic}")

    def on_message(self, client, _data, message) -> None:
        if client is self.client:
            self.heard.append((message.topic, bytes(message.payload), bool(message.retain)))
