"""Holds swiftlet-mqtt to its word, between the real daemon and a real broker (toolchains/test mqtt)."""

import collections
import json
import pathlib
import re
import subprocess
from collections.abc import Callable

import pytest

from conftest import Parts
from mqtt_parts import BRIDGE, PREFIX, Broker, BridgeProcess, Feeder, PlayedBroker, PlayedDaemon, Subscriber, fed_daemon
from running_daemon import Daemon, wait_for

EVENTS, RESTARTS = 10_000, 5
# Frames on the way from the camera to the subscriber: more than the bridge and the kernel take, which is less than 100,
# and no more than the daemon holds by itself.
AHEAD, HELD = 120, 64 << 10


def in_order(numbers: list[int]) -> list[int]:
    """The numbers that came, without repetitions. A repetition starts again further back, where the broker may have got a
    frame without saying so, and continues in order."""
    once: list[int] = []
    place = 0
    for number in numbers:
        if not once or number > once[-1]:
            assert place == len(once), f"{number} came before what was to be repeated had come"
            once.append(number)
            place += 1
        else:
            # Where a repetition begins, or continues.
            is_next = place < len(once) and once[place] == number
            place = place + 1 if is_next else once.index(number) + 1
    return once


def test_volume(mqtt: Parts) -> None:
    """10,000 frames through a broker that is restarted five times, absent at first; then losses."""
    pictures = [path.read_bytes() for path in sorted(mqtt.pictures.glob("*.jpg"))]
    with mqtt.broker() as broker:
        daemon, feeder = fed_daemon(mqtt.program, mqtt.folder / "daemon", mqtt.model, pictures)
        # Counts that fall at once: in the end they are those of the last frame.
        with daemon, mqtt.bridge(daemon.socket, broker, sections="[topics]\nhold = 0\n") as bridge:
            wait_for(lambda: bridge.says("cannot reach the broker"), "the bridge misses the broker")
            broker.start()
            with Subscriber(broker, "volume") as subscriber:
                wait_for(lambda: subscriber.last("availability") == b"online", "the bridge comes online")
                descriptors = bridge.descriptors()
                for restart in range(RESTARTS + 1):
                    feed(feeder, subscriber, EVENTS * (restart + 1) // (RESTARTS + 1))
                    if restart < RESTARTS:
                        # In full flow. Nothing gets through meanwhile, and the daemon continues.
                        broker.stop()
                        goal = min(EVENTS, subscriber.numbers[-1] + 1 + AHEAD)
                        feeder.allow(goal)
                        wait_for(lambda: feeder.written >= goal, "the daemon takes what it and the bridge can hold")
                        broker.start()
                wait_for(lambda: bridge.descriptors() == descriptors, "the bridge closes what it has opened")
                longest = max(map(len, subscriber.payloads("frame")))
                assert AHEAD * (longest + 1) < HELD, "too long for this test"
                numbers = in_order(subscriber.numbers)
                assert numbers == list(range(EVENTS)), f"{EVENTS - len(numbers)} of {EVENTS} frames are missing"
                assert subscriber.last("lost") == b"0", f"{subscriber.last('lost')} lost, says the bridge"
                counts = collections.Counter(found["label"] for found in subscriber.frames()[-1]["detections"])
                assert counts.total() > 0, "nothing was detected"
                wait_for(lambda: all(subscriber.last(count_topic(label)) == str(count).encode()
                                     for label, count in counts.items()), f"the counts become {counts}")
                for what, is_enough in (
                    ("longer than the daemon can hold", lambda: True),
                    ("until the daemon closes the bridge's connection",
                     lambda: daemon.counter("clients_stuck_total") > 0),
                ):
                    lose_some(broker, feeder, subscriber, what, is_enough)
                broker.stop()
                feeder.pass_all(10)
                wait_for(lambda: bridge.says("; retrying"), "the bridge misses the broker")
                log = bridge.stop().splitlines()[-1]
                assert re.search(r"stopped: .*; [1-9]\d* messages without", log), f"what is left is not told: {log}"


def count_topic(label: str) -> str:
    return f"count/{label.replace(' ', '_')}"


def feed(feeder: Feeder, subscriber: Subscriber, goal: int) -> None:
    """Lets frames go until one arrives, and never more than AHEAD be under way."""
    def has_all() -> bool:
        newest = subscriber.numbers[-1] if subscriber.numbers else -1
        feeder.allow(min(EVENTS, newest + 1 + AHEAD))
        return newest >= goal - 1

    wait_for(has_all, f"{goal} frames arrive")


def lose_some(broker: Broker, feeder: Feeder, subscriber: Subscriber, what: str, is_enough: Callable[[], bool]) -> None:
    """The broker stays away, and the frames continue: everything is either there or counted."""
    start, lost_before = feeder.written, int(subscriber.last("lost"))
    broker.stop()
    feeder.pass_all(1500)
    wait_for(is_enough, what)
    feeder.pass_all(200)
    broker.start()

    def has_caught_up() -> bool:
        # A loss shows with the next frame.
        feeder.pass_all(1)
        return subscriber.numbers[-1] > start + 1700

    wait_for(has_caught_up, "the bridge catches up")
    sent = feeder.written - start
    wait_for(lambda: subscriber.numbers[-1] == start + sent - 1, "the last frame arrives")
    numbers = [number for number in in_order(subscriber.numbers) if number >= start]
    lost = int(subscriber.last("lost")) - lost_before
    assert lost > 0, "nothing was lost, so nothing was tested"
    assert len(numbers) + lost == sent, f"{sent} frames were sent, {len(numbers)} came, {lost} were counted as lost"


# The version of paho-mqtt that runs the bridge.
@pytest.mark.parametrize("mqtt", ["debian", "latest"], indirect=True)
def test_states(mqtt: Parts) -> None:
    """The states, discovery, last will, TLS and passwords, with the real daemon."""
    picture = mqtt.pictures / "drawn-1.jpg"
    arguments = ["--model", mqtt.model, "--threshold", "0.3", "--resize", "fast"]
    output = subprocess.run(
        [mqtt.swiftlet, "detect", "--json", *arguments, str(picture)], check=True, capture_output=True).stdout
    wanted = collections.Counter(found["label"] for found in json.loads(output)["detections"])
    assert wanted.total() > 1, "too little is detected to compare"
    arguments += ["--source", str(picture), "--loop", "--rate", "20", "--threads", "1"]
    with mqtt.broker(with_tls=True) as broker:
        broker.start()
        with Subscriber(broker, "early") as early, Daemon(mqtt.program, str(mqtt.folder / "d"), arguments) as daemon:
            with mqtt.bridge(daemon.socket, broker, over_tls="ca.pem") as bridge:
                wait_for(lambda: len(early.numbers) > 5, "frames over TLS")
                for label in wanted:
                    wait_for(lambda: early.last(count_topic(label)) == str(wanted[label]).encode(),
                             f"{wanted[label]} of {label}")
                check_discovery(early, daemon)
                bridge.kill()
                wait_for(lambda: early.last("availability") == b"offline", "the last will")
            # What the broker has kept: the states, nothing of single frames.
            with Subscriber(broker, "late") as late:
                for label, count in wanted.items():
                    wait_for(lambda: late.last(count_topic(label)) == str(count).encode(), "kept counts")
                wait_for(lambda: late.last("availability") == b"offline" and late.last("lost"), "kept states")
                wait_for(lambda: len(late.configurations()) == len(set(early.configurations())), "kept entities")
                assert all(kept for _, _, kept in late.heard), "not all states are kept"
                assert late.frames() == [], "the broker has kept a frame"
            seen = len(early.numbers)
            with mqtt.bridge(daemon.socket, broker, sections="[topics]\nqos = 0\n") as bridge:
                wait_for(lambda: early.last("availability") == b"online", "online again")
                wait_for(lambda: len(early.numbers) > seen, "frames again")
                restart_daemon(mqtt, daemon, arguments, early)
                log = bridge.stop()
                wait_for(lambda: early.last("availability") == b"offline", "offline at the end")
                came = len(early.numbers) - seen
                assert f"stopped: {came} frames published" in log, f"{came} frames came: {log}"

        for name, told, change in (
            ("wrong", "rejects user 'bridge': look at [broker] user and password_file", {"password": "wrong"}),
            ("strange", "certificate verify failed", {"over_tls": "stranger.pem"}),
        ):
            with mqtt.bridge("none", broker, name=name, **change) as bridge:
                wait_for(lambda: bridge.says(told), f"the bridge says: {told}")
                wait_for(lambda: bridge.says("cannot connect to none"), "the bridge misses the daemon")
                bridge.stop()


def restart_daemon(mqtt: Parts, daemon: Daemon, arguments: list[str], subscriber: Subscriber) -> None:
    """The same socket, numbers from 0: what the new daemon sent before the bridge came is lost and counted."""
    daemon.process.kill()
    daemon.process.wait()
    wait_for(lambda: subscriber.last("availability") == b"offline", "the bridge misses the daemon")
    lost, seen = int(subscriber.last("lost")), len(subscriber.numbers)
    with Daemon(mqtt.program, str(mqtt.folder / "d"), arguments) as again:
        wait_for(lambda: len(subscriber.numbers) > seen + 5, "frames of the new daemon")
        assert subscriber.last("availability") == b"online", "frames, and yet not online"
        first = subscriber.numbers[seen]
        wait_for(lambda: int(subscriber.last("lost")) - lost == first, f"{first} more lost")
        assert again.process.poll() is None, "the new daemon has ended"


def check_discovery(subscriber: Subscriber, daemon: Daemon) -> None:
    with daemon.connect() as client:
        hello = json.loads(client.makefile().readline())
    labels = hello["labels"][1:]
    wait_for(lambda: len(subscriber.configurations()) >= 2 * len(labels) + 1, "all entities are told of")
    entities = {topic: json.loads(payload) for topic, payload, _ in subscriber.configurations()}
    named = collections.Counter()
    for topic, entity in entities.items():
        match = re.fullmatch(r"homeassistant/(sensor|binary_sensor)/([A-Za-z0-9_-]+)/config", topic)
        assert match is not None, f"no topic of Home Assistant's: {topic}"
        missing = {"name", "unique_id", "state_topic", "device", "origin", "availability", "qos"} - entity.keys()
        assert not missing, f"{topic} lacks {missing}"
        assert match[2] == entity["unique_id"], f"{topic} is not named as {entity['unique_id']}"
        device = entity["device"]
        assert (device["identifiers"] == ["bridge"] and device["name"] and device["sw_version"] == hello["version"]
                and entity["origin"]["name"] == "swiftlet-mqtt"), f"{topic}: {entity}"
        assert [place["topic"] for place in entity["availability"]] == [f"{PREFIX}/availability"], f"{entity}"
        if entity["unique_id"] != "bridge_lost":
            assert entity["state_topic"].startswith(f"{PREFIX}/count/"), f"{topic}: {entity['state_topic']}"
            named[(match[1], entity["name"].removesuffix(" count"))] += 1
        if match[1] == "binary_sensor":
            assert "value_template" in entity and entity["device_class"] == "occupancy", f"{topic}: {entity}"
    assert len({entity["unique_id"] for entity in entities.values()}) == len(entities), "identifiers are not unique"
    expected = {(kind, label): 1 for kind in ("sensor", "binary_sensor") for label in labels}
    difference = [key for key in named.keys() | expected.keys() if named.get(key) != expected.get(key)]
    assert not difference, f"not each class once: {sorted(difference)[:4]}"
    states = {entity["state_topic"] for entity in entities.values()}
    wait_for(lambda: states <= {topic for topic, _, _ in subscriber.heard}, "every entity gets a state")

    before = len(subscriber.configurations())
    subscriber.publish("homeassistant/status", b"offline")
    subscriber.publish("homeassistant/status", b"online")
    wait_for(lambda: len(subscriber.configurations()) >= before + len(entities), "all is told again")
    again = {topic: json.loads(payload) for topic, payload, _ in subscriber.configurations()[before:]}
    assert again == entities, "other entities after Home Assistant's birth message"
    assert len(subscriber.configurations()) == before + len(entities), "told more often than asked for"


def test_lines(mqtt: Parts) -> None:
    """Lines that the real daemon sends seldom, or never."""
    with mqtt.broker() as broker:
        broker.start()
        sections = "[stream]\nmin_score = 0.5\nclasses = dog, a/b+c, cat\nmax_rate = 10\n[topics]\nhold = 3\n"
        with Subscriber(broker, "lines") as heard, PlayedDaemon(mqtt.folder / "s") as daemon, \
                mqtt.bridge(daemon.path, broker, sections=sections) as bridge:
            daemon.accept()
            assert daemon.request() == {"min_score": 0.5, "classes": ["dog", "a/b+c"]}, "another request"
            wait_for(lambda: bridge.says("the model has no cat"), "a class that the model has not")
            camera = {"type": "camera", "state": "streaming", "camera": "c", "message": "", "format": "YUYV",
                      "width_px": 32, "height_px": 32, "rate_fps": 30}
            daemon.send(camera)
            # Before the daemon's answer nothing is filtered.
            daemon.frame(0, (("dog", 0.9), ("dog", 0.4), ("bus", 0.9)))
            daemon.send({"type": "options", "min_score": 0.5, "classes": ["dog", "a/b+c"], "every": 1})
            daemon.send({"type": "new"})
            daemon.frame(1, (("a/b+c", 0.9),), seconds=0.1)
            wait_for(lambda: len(heard.frames()) == 2, "two frames")
            assert [[found["label"] for found in frame["detections"]] for frame in heard.frames()] == [["dog"], ["a/b+c"]], (
                f"{heard.frames()}")
            assert json.loads(heard.last("camera")) == camera, "another camera"
            # A count rises at once and falls after `hold` seconds of the camera's time.
            wait_for(lambda: heard.last("count/a_b_c") == b"1" and heard.last("count/dog") == b"1", "counts")
            names = {json.loads(payload)["name"] for _, payload, _ in heard.configurations()}
            assert {"Camera", "dog", "a/b+c", "a/b+c count"} <= names and "cat" not in names, f"{names}"
            daemon.frame(2, seconds=2.9)
            wait_for(lambda: len(heard.frames()) == 3, "a third frame")
            assert heard.last("count/dog") == b"1", "a count fell too early"
            daemon.frame(3, seconds=3.05)
            wait_for(lambda: heard.last("count/dog") == b"0", "a count falls")
            assert heard.last("count/a_b_c") == b"1", "a count fell too early"
            # At most ten a second, by the camera's clock; what is skipped is not lost.
            for number in range(4, 34):
                daemon.frame(number, seconds=4 + (number - 4) / 30)
            daemon.frame(34, seconds=9)
            wait_for(lambda: heard.frames()[-1]["sequence"] == 34, "the last of many")
            # One more than ten: the pause before gives one frame in advance.
            thinned = len(heard.frames()) - 4 - 1
            assert 10 <= thinned <= 11, f"{thinned} frames of a second's thirty"
            assert heard.last("lost") == b"0", "lost"
            # Lines that the daemon says are lost.
            daemon.send({"type": "dropped", "lines": 7})
            daemon.frame(42, seconds=10)
            wait_for(lambda: heard.last("lost") == b"7", "seven lost")
            # Between connections: 43 to 51, of which the daemon left 4 out and told of 2.
            daemon.send({"type": "dropped", "lines": 2})
            daemon.send({"type": "error", "message": "too slow: closed"})
            daemon.part()
            wait_for(lambda: bridge.says("too slow: closed"), "the daemon's last word")
            wait_for(lambda: heard.last("availability") == b"offline", "offline")
            daemon.accept()
            daemon.request()
            daemon.frame(52, seconds=11, left_out=4)
            wait_for(lambda: heard.last("lost") == b"12", "five more than told")
            assert [frame["sequence"] for frame in heard.frames()][-2:] == [42, 52], "another order"
            board_restarts(daemon, heard)
            daemon.part()
            # The same without a camera: what was kept of one goes.
            daemon.accept(kind="folder")
            wait_for(lambda: heard.last("camera") == b"", "no camera any more")
            hostile(daemon, bridge, heard)
            bridge.stop()


def test_tasks(mqtt: Parts) -> None:
    """A classifier's best class counts as one, and each of a segmenter's; the minimum is of scores, or of shares."""
    with mqtt.broker() as broker:
        broker.start()
        sections = "[stream]\nmin_score = 0.2\n[topics]\nhold = 0\n"
        with Subscriber(broker, "tasks") as heard, PlayedDaemon(mqtt.folder / "s") as daemon, \
                mqtt.bridge(daemon.path, broker, sections=sections) as bridge:
            daemon.accept(task="classification", labels=("dog", "sky"))
            daemon.request()
            classes = [{"class": index, "label": label, "score": score}
                       for index, label, score in ((2, "sky", 0.5), (0, "background", 0.3), (1, "dog", 0.1))]
            daemon.frame(0, classes=classes, classes_omitted=0)
            wait_for(lambda: heard.last("count/sky") == b"1", "the best class counts")
            assert heard.last("count/background") == b"0" and heard.last("count/dog") == b"0", "others count too"
            assert heard.frames()[-1]["classes"] == classes[:2], f"{heard.frames()}"
            daemon.part()
            daemon.accept(task="segmentation", labels=("dog", "sky"))
            daemon.request()
            segments = [{"class": index, "label": label, "share": share, "box_px": [0, 0, 9, 9]}
                        for index, label, share in ((0, "background", 0.6), (1, "dog", 0.3), (2, "sky", 0.1))]
            daemon.frame(1, classes=segments, classes_omitted=0)
            wait_for(lambda: heard.last("count/dog") == b"1", "a segment counts")
            assert heard.last("count/background") == b"1" and heard.last("count/sky") == b"0", "others count"
            assert heard.frames()[-1]["classes"] == segments[:2], f"{heard.frames()}"
            bridge.stop()


def board_restarts(daemon: PlayedDaemon, heard: Subscriber) -> None:
    """Its clock starts again: with another connection, or behind a forwarded socket within one."""
    def goes(start: int, seconds: float, label: str) -> None:
        daemon.frame(start, ((label, 0.9),), seconds=seconds)
        wait_for(lambda: heard.last(f"count/{label}") == b"1", f"a count rises with frame {start}")
        # More than `hold` later, by either clock.
        for number in range(1, 21):
            daemon.frame(start + number, seconds=seconds + 0.2 * number)
        wait_for(lambda: heard.numbers[-1] == start + 20, f"frame {start + 20} is published")
        wait_for(lambda: heard.last(f"count/{label}") == b"0", f"a count falls by frame {start + 20}")

    goes(53, 900_000, "dog")
    goes(74, 50, "dog")
    daemon.part()
    daemon.accept()
    daemon.request()
    goes(95, 5, "dog")


def hostile(daemon: PlayedDaemon, bridge: BridgeProcess, heard: Subscriber) -> None:
    """Each ends the connection, never the bridge."""
    last = len(heard.frames())
    daemon.client.sendall(b'{"type":"frame","sequence":"x"}\n')
    assert daemon.is_left(), "a bad frame was taken"
    wait_for(lambda: bridge.says("does not speak swiftletd's protocol"), "a bad frame is told")
    for what, line in (
        ("nested", b"[" * 100_000 + b"]" * 100_000 + b"\n"), ("endless", b"x" * (400 << 10)),
        ("no JSON", b"\xff\xfe\n"), ("torn", b'{"type":"fr\n'), ("NaN", b'{"type":"dropped","lines":NaN}\n'),
        ("infinity", b'{"type":"dropped","lines":1e999}\n'), ("negative", b'{"type":"dropped","lines":-1}\n'),
        ("long", b'{"type":"dropped","lines":' + b"9" * 4000 + b"}\n"),
    ):
        daemon.accept()
        try:
            daemon.client.sendall(line)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert daemon.is_left(), what
    daemon.accept(protocol=2)
    assert daemon.is_left(), "another protocol"
    wait_for(lambda: bridge.says("speaks protocol 2"), "another protocol is told")
    assert len(heard.frames()) == last, "a frame out of nothing"


def test_rejections(mqtt: Parts) -> None:
    """A broker that does not accept what the bridge publishes acknowledges it all the same."""
    with mqtt.broker(allowed="elsewhere/#") as broker, PlayedDaemon(mqtt.folder / "s") as daemon:
        broker.start()
        with Subscriber(broker, "rejections") as heard, mqtt.bridge(daemon.path, broker) as bridge:
            daemon.accept()
            wait_for(lambda: bridge.says("not authorized") and bridge.says(PREFIX), "the rejection is told")
            daemon.frame(0, (("dog", 0.9),))
            daemon.frame(1)
            daemon.send({"type": "end", "frames": 2})
            wait_for(lambda: bridge.says("ended after 2 frames"), "all is read")
            log = bridge.stop()
            assert "stopped: 0 frames published" in log and "2 of them frames" in log, f"what did not arrive counts: {log}"
            told = re.findall(r"(\S+) is not accepted", log)
            assert len(told) == len(set(told)) <= 7 and f"{PREFIX}/frame" in told, f"not told once for each kind: {log}"
            assert not heard.heard, f"{heard.heard} arrived"
        # Without acknowledgements only what does not come back tells. The bridge that gets it has waited for as long.
        with mqtt.broker() as other:
            other.start()
            sections = "[topics]\nqos = 0\n"
            with mqtt.bridge("none", other, name="heard", sections=sections) as heard:
                wait_for(lambda: heard.says("connected to the broker"), "a connection")
                with mqtt.bridge("none", broker, name="silent", sections=sections) as silent:
                    wait_for(lambda: silent.says(f"cannot publish or subscribe under {PREFIX}"), "nothing comes back")
                assert "publish or subscribe" not in heard.stop(), "what comes back is missed"
    # One that keeps nothing gets everything else all the same; one that acknowledges nothing says which key to change.
    with mqtt.broker(more="retain_available false") as broker, PlayedDaemon(mqtt.folder / "kept") as daemon:
        broker.start()
        with mqtt.bridge(daemon.path, broker, name="kept") as bridge, Subscriber(broker, "reader-kept") as heard:
            daemon.accept()
            daemon.frame(0)
            wait_for(lambda: heard.payloads("frame"), "a frame by a broker that keeps nothing")
            assert "does not retain messages" in bridge.stop(), "a broker that keeps nothing is not told"
    with mqtt.broker(more="max_qos 0") as broker, PlayedDaemon(mqtt.folder / "qos") as daemon:
        broker.start()
        with mqtt.bridge(daemon.path, broker, name="qos") as bridge:
            daemon.accept()
            daemon.frame(0)
            wait_for(lambda: bridge.says("set [topics] qos = 0"), "a broker that acknowledges nothing")
            log = bridge.stop()
            assert "stopped: 0 frames published" in log, f"what is still under way counts: {log}"


def test_neighbours(mqtt: Parts) -> None:
    """Two bridges with one client id, two with one prefix, and a broker that restarts, which is neither."""
    with mqtt.broker() as broker, PlayedDaemon(mqtt.folder / "s") as daemon:
        broker.start()
        with mqtt.bridge("none", broker, name="a", client_id="hall", prefix="p/a") as first, \
                mqtt.bridge("none", broker, name="b", client_id="hall", prefix="p/b") as second:
            for bridge in (first, second):
                wait_for(lambda: bridge.says("id 'hall'") and bridge.says("[broker] client_id"), "the one client id")
        with Subscriber(broker, "neighbours") as heard, mqtt.bridge(daemon.path, broker, name="c") as first:
            daemon.accept()
            wait_for(lambda: heard.last("availability") == b"online", "online")
            with mqtt.bridge("none", broker, name="d") as second:
                for bridge, other in ((first, "d"), (second, "c")):
                    wait_for(lambda: bridge.says(f"'{other}'") and bridge.says("[topics] prefix"), "the one prefix")
                second.stop()
            wait_for(lambda: heard.last("availability") == b"online", "online again")
            first.stop()
            wait_for(lambda: heard.last("availability") == b"offline", "offline at last")
        # Alone, and again, and with a broker that comes and goes.
        for _ in range(2):
            with mqtt.bridge("none", broker, name="alone") as bridge:
                wait_for(lambda: bridge.says("connected to the broker"), "a connection")
                log = bridge.stop()
                assert "prefix" not in log and "client_id" not in log, f"alone: {log}"
        with mqtt.bridge("none", broker, name="restarts") as bridge:
            for number in range(RESTARTS):
                wait_for(lambda: bridge.log.read_text().count("connected to the broker") > number, "a connection")
                broker.stop()
                wait_for(lambda: bridge.log.read_text().count("cannot reach the broker") > number, "the broker is missed")
                broker.start()
            wait_for(lambda: bridge.log.read_text().count("connected to the broker") > RESTARTS, "a connection")
            assert "client_id" not in bridge.stop(), "a broker that restarts is taken for another client"


def test_ports(mqtt: Parts) -> None:
    """What else may answer at the broker's port."""
    older = b"\x20\x02\0\0"
    large = b"\x31\xff\xff\xff\x7f\0\1t" + bytes(1 << 20)
    with mqtt.broker(with_tls=True) as broker:
        broker.start()
        ca = broker.folder / "ca.pem"
        for name, port, words in (
            ("plain", broker.tls_port, "does it require TLS ([broker] tls = on)"),
            ("tls", f"{broker.port}\nca_file = {ca}", "does not speak TLS there"),
        ):
            with mqtt.bridge("none", broker, name=name, port=port) as bridge:
                wait_for(lambda: bridge.says(words), words)
        with mqtt.bridge("none", broker, name="own", port=f"{broker.tls_port}\ntls = on") as bridge:
            wait_for(lambda: bridge.says("as [broker] ca_file"), "an authority that is not known")
    with mqtt.broker() as broker:
        for name, pieces, words in (
            ("web", (b"HTTP/1.1 400 Bad Request\r\n\r\n",), "does not speak MQTT there"),
            ("alert", (b"\x15\x03\x03\0\x02\x02\x0a",), "speaks TLS there: set [broker] tls = on"),
            ("mute", (b"",), "does it require TLS ([broker] tls = on)"),
            ("older", (older,), "speaks MQTT 3.1.1: its acknowledgements do not show"),
            ("large", (older, large), "more than the maximum of"),
            ("short", (older, b"\x30\0"), "sends an invalid packet"),
            ("topic", (older, b"\x30\3\xff\xff\x41"), "sends an invalid packet"),
            ("strange", (older, b"\xf0\2ab"), "sends an invalid packet"),
        ):
            with PlayedBroker(*pieces) as played, mqtt.bridge("none", broker, name=name, port=played.port) as bridge:
                wait_for(lambda: bridge.says(words), words)
                before = played.connections
                # It has noticed, and comes again, unless nothing is wrong.
                wait_for(lambda: name == "older" or played.connections > before, "another attempt")
                peak = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{bridge.process.pid}/status").read_text())[1])
                assert peak < 48 << 10, f"{name}: {peak} KiB"
                log = bridge.stop()
                assert "Traceback" not in log and "client_id" not in log, log
