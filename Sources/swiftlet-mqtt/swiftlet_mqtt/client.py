"""Paho's client, with what that does not tell or look at: why a broker rejects what, and how long a packet is before it
is in memory. Both versions of the library, 1.6 and 2, have the methods that are taken over here."""

import paho.mqtt.client as paho

PACKET_LIMIT = 16 << 10  # bytes of the longest packet from the broker; what the bridge waits for is much shorter
CONNACK, PUBACK, SUBACK, DISCONNECT = 0x20, 0x40, 0x90, 0xE0
# Reasons of MQTT 5 from here on are failures; 3.1.1 has one such, 0x80.
FAILURE = 0x80
REASONS = {
    0x81: "malformed packet", 0x82: "protocol error", 0x83: "implementation specific error", 0x87: "not authorized",
    0x89: "server busy", 0x8B: "server shutting down", 0x8D: "keep alive timeout", 0x8E: "session taken over",
    0x90: "topic name invalid", 0x93: "receive maximum exceeded", 0x94: "topic alias invalid", 0x95: "packet too large",
    0x96: "message rate too high", 0x97: "quota exceeded", 0x98: "administrative action", 0x99: "payload format invalid",
    0x9A: "retain not supported", 0x9B: "quality of service not supported", 0x9C: "use another server",
    0x9D: "server moved", 0x9F: "connection rate exceeded", 0xA0: "maximum connect time"}


def reason_text(code: int) -> str:
    return REASONS.get(code, f"reason 0x{code:02x}")


class Oversize(Exception):
    """The broker sends a packet that is not taken."""


class Stranger(Exception):
    """What answers at the broker's port speaks another protocol."""


class Older(Exception):
    """The broker does not speak MQTT 5."""


class Forgetful(Exception):
    """The broker keeps no messages, and rejects a last will that it is to keep."""


class Client(paho.Client):
    """The `rejections` and the reason for a `farewell` are the owner's to read."""

    def __init__(self, is_modern: bool, **options: object) -> None:
        super().__init__(protocol=paho.MQTTv5 if is_modern else paho.MQTTv311, **options)
        self.is_modern = is_modern
        self.has_answer = False
        # Message numbers and reasons; the messages of a window at most.
        self.rejections: dict[int, int] = {}
        # Of the subscriptions, in order.
        self.subscription_reasons: bytes = b""
        self.farewell = 0

    def _sock_recv(self, size: int) -> bytes:
        if size > PACKET_LIMIT:
            raise Oversize(f"a packet of {size} bytes")
        piece = super()._sock_recv(size)
        if piece and not self.has_answer:
            self.has_answer = True
            # A TLS alert, or a web server's words.
            if piece[0] & 0xF0 != CONNACK:
                raise Stranger("TLS" if piece[0] == 0x15 else "")
        return piece

    def _packet_handle(self) -> int:
        kind, packet = self._in_packet["command"] & 0xF0, bytes(self._in_packet["packet"])
        if kind == CONNACK and self.is_modern and (len(packet) == 2 or packet[1:2] in (b"\x01", b"\x84")):
            raise Older
        if kind == CONNACK and self.is_modern and packet[1:2] == b"\x9a":
            raise Forgetful
        if kind == PUBACK and self.is_modern and len(packet) > 2 and packet[2] >= FAILURE:
            self.rejections[int.from_bytes(packet[:2], "big")] = packet[2]
        if kind == SUBACK:
            self.subscription_reasons = packet[3:] if self.is_modern else packet[2:]
        if kind == DISCONNECT:
            # The library looks at it only where properties follow.
            self.farewell = packet[0] if packet else 0
            return paho.MQTT_ERR_CONN_LOST
        return super()._packet_handle()
