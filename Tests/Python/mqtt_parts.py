"""What test_mqtt.py puts together: a real broker, a subscriber, the bridge as a process, a source of images, and a
daemon that is played."""

import collections
import getpass
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import paho.mqtt.client as paho

from running_daemon import PATIENCE, Daemon, check, wait_for

BRIDGE = pathlib.Path("Sources/swiftlet-mqtt/swiftlet-mqtt")
USER, PASSWORD = "bridge", "a pass;word"
PREFIX = "test/bridge"


def kept_port() -> socket.socket:
    """A socket that holds a port of 127.0.0.1 for a broker, without listening: the kernel gives the port to nobody who
    asks for any, also while the broker is away, and mosquitto, which asks for this one, may share it."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


class Broker:
    """mosquitto with a configuration of its own. What it holds outlives a restart, as long as it is asked to end."""

    def __init__(self, folder: pathlib.Path, with_tls: bool = False, allowed: str = "#", more: str = "") -> None:
        """`allowed` is the pattern of what the bridge may publish; it may read all. `more` are lines for mosquitto."""
        folder.mkdir(parents=True)
        self.folder = folder
        self.holders = [kept_port() for _ in range(2 if with_tls else 1)]
        self.port = self.holders[0].getsockname()[1]
        self.tls_port = self.holders[1].getsockname()[1] if with_tls else 0
        passwords = folder / "passwords"
        passwords.touch(mode=0o600)
        for user in (USER, "reader"):
            subprocess.run(["mosquitto_passwd", "-b", passwords, user, PASSWORD], check=True)
        lists = folder / "acl"
        lists.write_text(f"user {USER}\ntopic read #\ntopic write {allowed}\nuser reader\ntopic readwrite #\n")
        configuration = [
            f"user {getpass.getuser()}", f"acl_file {lists}", "allow_anonymous false", f"password_file {passwords}",
            "persistence true", f"persistence_location {folder}/", "max_queued_messages 100000",
            f"listener {self.port} 127.0.0.1"]
        if with_tls:
            self.make_certificates()
            configuration += [
                f"listener {self.tls_port} 127.0.0.1", f"certfile {folder}/server.pem", f"keyfile {folder}/server.key"]
        (folder / "mosquitto.conf").write_text("\n".join([*configuration, more]) + "\n")
        self.process: subprocess.Popen | None = None

    def make_certificates(self) -> None:
        def openssl(*arguments: str) -> None:
            subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.folder)

        for name in ("ca", "stranger"):
            openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-keyout", f"{name}.key", "-out", f"{name}.pem")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key",
                "-out", "server.csr")
        (self.folder / "names").write_text("subjectAltName=DNS:localhost\n")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", "names", "-out", "server.pem")

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["mosquitto", "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log)

        def listens() -> bool:
            check(self.process.poll() is None, f"mosquitto did not start: see {self.folder}/log")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        wait_for(listens, "mosquitto listens")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
            self.process = None

    def __enter__(self) -> "Broker":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for holder in self.holders:
            holder.close()


class Subscriber:
    """Hears everything, also what comes while it or the broker is away."""

    def __init__(self, broker: Broker, name: str) -> None:
        options = {"client_id": name, "clean_session": False}
        if hasattr(paho, "CallbackAPIVersion"):
            options["callback_api_version"] = paho.CallbackAPIVersion.VERSION2
        self.client = paho.Client(**options)
        self.client.username_pw_set("reader", PASSWORD)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect, self.client.on_message = self.on_connect, self.on_message
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.subscribed = threading.Event()
        # In order of arrival: topic, payload, whether the broker had kept it.
        self.heard: list[tuple[str, bytes, bool]] = []
        self.by_topic: dict[str, list[bytes]] = collections.defaultdict(list)
        self.numbers: list[int] = []
        self.client.connect_async("127.0.0.1", broker.port)
        self.client.loop_start()

    def on_connect(self, client, *_: object) -> None:
        # Once: a session that continues needs no more, and would get again what the broker keeps.
        if not self.subscribed.is_set():
            client.subscribe([(f"{PREFIX}/#", 1), ("homeassistant/#", 1)])

    def on_message(self, _client, _data, message) -> None:
        payload = bytes(message.payload)
        self.heard.append((message.topic, payload, bool(message.retain)))
        self.by_topic[message.topic].append(payload)
        if message.topic == f"{PREFIX}/frame":
            self.numbers.append(json.loads(payload)["sequence"])

    def payloads(self, name: str) -> list[bytes]:
        return self.by_topic.get(f"{PREFIX}/{name}", [])

    def last(self, name: str) -> bytes | None:
        return next(iter(self.payloads(name)[-1:]), None)

    def frames(self) -> list[dict]:
        return [json.loads(payload) for payload in self.payloads("frame")]

    def configurations(self) -> list[tuple[str, bytes, bool]]:
        return [entry for entry in list(self.heard) if entry[0].endswith("/config")]

    def publish(self, topic: str, payload: bytes) -> None:
        self.client.publish(topic, payload, qos=1).wait_for_publish(PATIENCE)

    def __enter__(self) -> "Subscriber":
        check(self.subscribed.wait(PATIENCE), "the subscriber did not get through")
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class BridgeProcess:
    """swiftlet-mqtt itself."""

    def __init__(
        self, python: str, folder: pathlib.Path, stream: str, broker: Broker, sections: str = "",
        password: str = PASSWORD, over_tls: str = "", name: str = "bridge", port: object = "", client_id: str = "",
        prefix: str = PREFIX,
    ) -> None:
        """`port` replaces the broker's, and may be followed by other lines of [broker]."""
        self.log = folder / f"{name}.log"
        self.password_file = folder / f"{name}.password"
        self.password_file.touch(mode=0o600)
        self.password_file.write_text(password + "\n")
        configuration = folder / f"{name}.conf"
        if not port:
            port = f"{broker.tls_port}\nca_file = {broker.folder / over_tls}" if over_tls else broker.port
        parts = {
            "stream": f"socket = {stream}",
            "broker": f"host = localhost\nport = {port}\nuser = {USER}\n"
                      f"password_file = {self.password_file}\nclient_id = {client_id or name}",
            "topics": f"prefix = {prefix}",
        }
        for section, text in re.findall(r"\[(\w+)\]\n([^\[]*)", sections):
            parts[section] = parts.get(section, "") + "\n" + text
        configuration.write_text("".join(f"[{section}]\n{text}\n" for section, text in parts.items()))
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([python, str(BRIDGE), "--config", str(configuration)], stderr=log)

    def says(self, text: str) -> bool:
        check(self.process.poll() is None, f"the bridge has ended: {self.log.read_text()}")
        return text in self.log.read_text()

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self) -> str:
        """Asks it to end, which it must do well. Returns its log."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        log = self.log.read_text()
        check(code == 0, f"the bridge ended with {code}: {log}")
        return log

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> "BridgeProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()


class Feeder:
    """Writes images to the daemon's standard input, never more than `allowed` of them, from a thread of its own."""

    def __init__(self, pipe: int, pictures: list[bytes]) -> None:
        self.pipe = pipe
        self.pictures = pictures
        self.written = 0
        self.allowed = 0
        self.changed = threading.Condition()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.written < self.allowed)
            rest = memoryview(self.pictures[self.written % len(self.pictures)])
            while rest:
                rest = rest[os.write(self.pipe, rest):]
            self.written += 1

    def allow(self, count: int) -> None:
        """Up to that many since the start."""
        with self.changed:
            self.allowed = max(self.allowed, count)
            self.changed.notify()

    def pass_all(self, count: int) -> None:
        """Lets that many more go and waits until they are written."""
        end = self.written + count
        self.allow(end)
        wait_for(lambda: self.written >= end, f"{end} images are written")


def fed_daemon(program: str, folder: pathlib.Path, model: str, pictures: list[bytes]) -> tuple[Daemon, Feeder]:
    end, pipe = os.pipe()
    arguments = ["--model", model, "--source", "-", "--threads", "1", "--threshold", "0.6", "--wait", str(PATIENCE)]
    daemon = Daemon(program, str(folder), arguments, standard_input=end)
    os.close(end)
    return daemon, Feeder(pipe, pictures)


class PlayedDaemon:
    """A daemon that sends what the test tells it to."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.listener.settimeout(PATIENCE)
        self.client: socket.socket | None = None

    def accept(self, kind: str = "camera", protocol: int = 1, labels: tuple[str, ...] = ("dog", "a/b+c"),
               **more: object) -> None:
        self.client, _ = self.listener.accept()
        self.client.settimeout(PATIENCE)
        self.send({
            "type": "hello", "protocol": protocol, "program": "swiftletd", "version": "1",
            "model": {"name": "m", "architecture": "a", "precision": "int8", "width_px": 32, "height_px": 32},
            "source": {"kind": kind, "path": ""}, "threshold": 0.1, "labels": ["background", *labels],
            "labels_omitted": 0} | more)

    def send(self, record: dict) -> None:
        self.client.sendall(json.dumps(record).encode() + b"\n")

    def frame(self, sequence: int, found: tuple[tuple[str, float], ...] = (), seconds: float = 0, left_out: int = 0,
              **lists: object) -> None:
        self.send({
            "type": "frame", "sequence": sequence, "captured_monotonic_s": seconds or float(sequence),
            "captured_unix_s": 0.5, "age_ms": 1, "inference_ms": 1, "dropped_frames": left_out, "corrupt_frames": 0,
            "picture": sequence, "width_px": 32, "height_px": 32} | (lists or {
                "detections_omitted": 0,
                "detections": [
                    {"class": 1, "label": label, "score": score, "box_px": [0, 0, 1, 1]} for label, score in found]}))

    def request(self) -> dict:
        line = b""
        while not line.endswith(b"\n"):
            piece = self.client.recv(4096)
            check(piece != b"", "the bridge went away")
            line += piece
        return json.loads(line)

    def part(self) -> None:
        self.client.close()

    def is_left(self) -> bool:
        """Waits until the other side goes."""
        try:
            while self.client.recv(4096):
                pass
        except ConnectionResetError:
            pass
        return True

    def __enter__(self) -> "PlayedDaemon":
        return self

    def __exit__(self, *_: object) -> None:
        if self.client is not None:
            self.client.close()
        self.listener.close()


class PlayedBroker:
    """What answers at a port of its own: it takes every connection, reads, and answers with `pieces` in turn, the first
    after CONNECT; "" as a piece closes the connection."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.connections = 0
        # Of each connection, what came first.
        self.requests: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        with client:
            try:
                self.requests.append(client.recv(4096))
                for piece in self.pieces:
                    if not piece:
                        return
                    client.sendall(piece)
                while client.recv(1 << 16):
                    pass
            except OSError:
                pass

    def __enter__(self) -> "PlayedBroker":
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()
