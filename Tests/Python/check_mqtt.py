"""Holds swiftlet-mqtt to its word, between the real daemon and a real broker:
check_mqtt.py DAEMON SWIFTLET MODEL IMAGES DIRECTORY PYTHON [SCENARIO]...

PYTHON runs the bridge: its version of paho-mqtt is what is tested."""

import collections
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable

from mqtt_parts import (
    BRIDGE, PREFIX, Broker, BridgeProcess, Feeder, PlayedBroker, PlayedDaemon, Subscriber, fed_daemon)
from running_daemon import PATIENCE, Daemon, check, wait_for

EVENTS, RESTARTS = 10_000, 5
# Frames on the way from the camera to the subscriber: more than the bridge and the kernel take, which is less than 100,
# and no more than the daemon holds by itself.
AHEAD, HELD = 120, 64 << 10
UNAVAILABLE, USAGE, WRITING, CONFIGURATION = 69, 64, 74, 78


class Test:
    def __init__(self, program: str, swiftlet: str, model: str, pictures: str, folder: str, python: str) -> None:
        self.program, self.swiftlet, self.model, self.python = program, swiftlet, model, python
        self.pictures = pathlib.Path(pictures)
        self.folder = pathlib.Path(folder)

    def bridge(self, stream: object, broker: Broker, **more: str) -> BridgeProcess:
        return BridgeProcess(self.python, self.folder, str(stream), broker, **more)

    def broker(self, with_tls: bool = False, allowed: str = "#", more: str = "") -> Broker:
        return Broker(self.folder / f"broker-{len(list(self.folder.glob('broker-*')))}", with_tls, allowed, more)


def in_order(numbers: list[int]) -> tuple[list[int], int]:
    """The numbers that came, without repetitions, and how many of these there were. A repetition starts again further
    back, where the broker may have got a frame without saying so, and continues in order."""
    once: list[int] = []
    place = 0
    for number in numbers:
        if not once or number > once[-1]:
            check(place == len(once), f"{number} came before what was to be repeated had come")
            once.append(number)
            place += 1
        else:
            # Where a repetition begins, or continues.
            is_next = place < len(once) and once[place] == number
            place = place + 1 if is_next else once.index(number) + 1
    return once, len(numbers) - len(once)


def check_volume(test: Test) -> None:
    """10,000 frames through a broker that is restarted five times, absent at first; then losses."""
    pictures = [path.read_bytes() for path in sorted(test.pictures.glob("*.jpg"))]
    with test.broker() as broker:
        daemon, feeder = fed_daemon(test.program, test.folder / "daemon", test.model, pictures)
        # Counts that fall at once: in the end they are those of the last frame.
        with daemon, test.bridge(daemon.socket, broker, sections="[topics]\nhold = 0\n") as bridge:
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
                check(AHEAD * (longest + 1) < HELD, f"lines of {longest} bytes: too long for this test")
                numbers, repeated = in_order(subscriber.numbers)
                check(numbers == list(range(EVENTS)), f"{EVENTS - len(numbers)} of {EVENTS} frames are missing")
                check(subscriber.last("lost") == b"0", f"{subscriber.last('lost')} lost, says the bridge")
                counts = collections.Counter(found["label"] for found in subscriber.frames()[-1]["detections"])
                check(counts.total() > 0, "nothing was detected")
                wait_for(lambda: all(subscriber.last(count_topic(label)) == str(count).encode()
                                     for label, count in counts.items()), f"the counts become {counts}")
                print(f"{EVENTS} frames through a broker restarted {RESTARTS} times: all there and in order, "
                      f"{repeated} of them repeated")
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
                check(re.search(r"stopped: .*; [1-9]\d* messages without", log), f"what is left is not told: {log}")


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
    numbers = [number for number in in_order(subscriber.numbers)[0] if number >= start]
    lost = int(subscriber.last("lost")) - lost_before
    check(lost > 0, "nothing was lost, so nothing was tested")
    check(len(numbers) + lost == sent, f"{sent} frames were sent, {len(numbers)} came, {lost} were counted as lost")
    print(f"broker away {what}: {len(numbers)} frames came and {lost} were counted as lost, of {sent}")


def check_states(test: Test) -> None:
    """The states, discovery, last will, TLS and passwords, with the real daemon."""
    picture = test.pictures / "drawn-1.jpg"
    arguments = ["--model", test.model, "--threshold", "0.3", "--resize", "fast"]
    output = subprocess.run(
        [test.swiftlet, "detect", "--json", *arguments, str(picture)], check=True, capture_output=True).stdout
    wanted = collections.Counter(found["label"] for found in json.loads(output)["detections"])
    check(wanted.total() > 1, "too little is detected to compare")
    arguments += ["--source", str(picture), "--loop", "--rate", "20", "--threads", "1"]
    with test.broker(with_tls=True) as broker:
        broker.start()
        with Subscriber(broker, "early") as early, Daemon(test.program, str(test.folder / "d"), arguments) as daemon:
            with test.bridge(daemon.socket, broker, over_tls="ca.pem") as bridge:
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
                check(all(kept for _, _, kept in late.heard), "not all states are kept")
                check(late.frames() == [], "the broker has kept a frame")
            seen = len(early.numbers)
            with test.bridge(daemon.socket, broker, sections="[topics]\nqos = 0\n") as bridge:
                wait_for(lambda: early.last("availability") == b"online", "online again")
                wait_for(lambda: len(early.numbers) > seen, "frames again")
                restart_daemon(test, daemon, arguments, early)
                log = bridge.stop()
                wait_for(lambda: early.last("availability") == b"offline", "offline at the end")
                came = len(early.numbers) - seen
                check(f"stopped: {came} frames published" in log, f"{came} frames came: {log}")
        print("states, last will, discovery, TLS, a daemon that restarts")

        for name, told, change in (
            ("wrong", "rejects user 'bridge': look at [broker] user and password_file", {"password": "wrong"}),
            ("strange", "certificate verify failed", {"over_tls": "stranger.pem"}),
        ):
            with test.bridge("none", broker, name=name, **change) as bridge:
                wait_for(lambda: bridge.says(told), f"the bridge says: {told}")
                wait_for(lambda: bridge.says("cannot connect to none"), "the bridge misses the daemon")
                bridge.stop()
        print("a wrong password and a certificate of a stranger are told")


def restart_daemon(test: Test, daemon: Daemon, arguments: list[str], subscriber: Subscriber) -> None:
    """The same socket, numbers from 0: what the new daemon sent before the bridge came is lost and counted."""
    daemon.process.kill()
    daemon.process.wait()
    wait_for(lambda: subscriber.last("availability") == b"offline", "the bridge misses the daemon")
    lost, seen = int(subscriber.last("lost")), len(subscriber.numbers)
    with Daemon(test.program, str(test.folder / "d"), arguments) as again:
        wait_for(lambda: len(subscriber.numbers) > seen + 5, "frames of the new daemon")
        check(subscriber.last("availability") == b"online", "frames, and yet not online")
        first = subscriber.numbers[seen]
        wait_for(lambda: int(subscriber.last("lost")) - lost == first, f"{first} more lost")
        check(again.process.poll() is None, "the new daemon has ended")


def check_discovery(subscriber: Subscriber, daemon: Daemon) -> None:
    with daemon.connect() as client:
        hello = json.loads(client.makefile().readline())
    labels = hello["labels"][1:]
    wait_for(lambda: len(subscriber.configurations()) >= 2 * len(labels) + 1, "all entities are told of")
    entities = {topic: json.loads(payload) for topic, payload, _ in subscriber.configurations()}
    named = collections.Counter()
    for topic, entity in entities.items():
        match = re.fullmatch(r"homeassistant/(sensor|binary_sensor)/([A-Za-z0-9_-]+)/config", topic)
        check(match is not None, f"no topic of Home Assistant's: {topic}")
        missing = {"name", "unique_id", "state_topic", "device", "origin", "availability", "qos"} - entity.keys()
        check(not missing, f"{topic} lacks {missing}")
        check(match[2] == entity["unique_id"], f"{topic} is not named as {entity['unique_id']}")
        device = entity["device"]
        check(device["identifiers"] == ["bridge"] and device["name"] and device["sw_version"] == hello["version"]
              and entity["origin"]["name"] == "swiftlet-mqtt", f"{topic}: {entity}")
        check([place["topic"] for place in entity["availability"]] == [f"{PREFIX}/availability"], f"{entity}")
        if entity["unique_id"] != "bridge_lost":
            check(entity["state_topic"].startswith(f"{PREFIX}/count/"), f"{topic}: {entity['state_topic']}")
            named[(match[1], entity["name"].removesuffix(" count"))] += 1
        if match[1] == "binary_sensor":
            check("value_template" in entity and entity["device_class"] == "occupancy", f"{topic}: {entity}")
    check(len({entity["unique_id"] for entity in entities.values()}) == len(entities), "identifiers are not unique")
    expected = {(kind, label): 1 for kind in ("sensor", "binary_sensor") for label in labels}
    difference = [key for key in named.keys() | expected.keys() if named.get(key) != expected.get(key)]
    check(not difference, f"not each class once: {sorted(difference)[:4]}")
    states = {entity["state_topic"] for entity in entities.values()}
    wait_for(lambda: states <= {topic for topic, _, _ in subscriber.heard}, "every entity gets a state")

    before = len(subscriber.configurations())
    subscriber.publish("homeassistant/status", b"offline")
    subscriber.publish("homeassistant/status", b"online")
    wait_for(lambda: len(subscriber.configurations()) >= before + len(entities), "all is told again")
    again = {topic: json.loads(payload) for topic, payload, _ in subscriber.configurations()[before:]}
    check(again == entities, "other entities after Home Assistant's birth message")
    check(len(subscriber.configurations()) == before + len(entities), "told more often than asked for")


def check_lines(test: Test) -> None:
    """Lines that the real daemon sends seldom, or never."""
    with test.broker() as broker:
        broker.start()
        sections = "[stream]\nmin_score = 0.5\nclasses = dog, a/b+c, cat\nmax_rate = 10\n[topics]\nhold = 3\n"
        with Subscriber(broker, "lines") as heard, PlayedDaemon(test.folder / "s") as daemon, \
                test.bridge(daemon.path, broker, sections=sections) as bridge:
            daemon.accept()
            check(daemon.request() == {"min_score": 0.5, "classes": ["dog", "a/b+c"]}, "another request")
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
            check([[found["label"] for found in frame["detections"]] for frame in heard.frames()]
                  == [["dog"], ["a/b+c"]], f"{heard.frames()}")
            check(json.loads(heard.last("camera")) == camera, "another camera")
            # A count rises at once and falls after `hold` seconds of the camera's time.
            wait_for(lambda: heard.last("count/a_b_c") == b"1" and heard.last("count/dog") == b"1", "counts")
            names = {json.loads(payload)["name"] for _, payload, _ in heard.configurations()}
            check({"Camera", "dog", "a/b+c", "a/b+c count"} <= names and "cat" not in names, f"{names}")
            daemon.frame(2, seconds=2.9)
            wait_for(lambda: len(heard.frames()) == 3, "a third frame")
            check(heard.last("count/dog") == b"1", "a count fell too early")
            daemon.frame(3, seconds=3.05)
            wait_for(lambda: heard.last("count/dog") == b"0", "a count falls")
            check(heard.last("count/a_b_c") == b"1", "a count fell too early")
            # At most ten a second, by the camera's clock; what is skipped is not lost.
            for number in range(4, 34):
                daemon.frame(number, seconds=4 + (number - 4) / 30)
            daemon.frame(34, seconds=9)
            wait_for(lambda: heard.frames()[-1]["sequence"] == 34, "the last of many")
            # One more than ten: the pause before gives one frame in advance.
            thinned = len(heard.frames()) - 4 - 1
            check(10 <= thinned <= 11, f"{thinned} frames of a second's thirty")
            check(heard.last("lost") == b"0", "lost")
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
            check([frame["sequence"] for frame in heard.frames()][-2:] == [42, 52], "another order")
            board_restarts(daemon, heard)
            daemon.part()
            # The same without a camera: what was kept of one goes.
            daemon.accept(kind="folder")
            wait_for(lambda: heard.last("camera") == b"", "no camera any more")
            hostile(daemon, bridge, heard)
            bridge.stop()
        print("options, camera, hold, rate, losses; invalid lines")


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
    check(daemon.is_left(), "a bad frame was taken")
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
        check(daemon.is_left(), what)
    daemon.accept(protocol=2)
    check(daemon.is_left(), "another protocol")
    wait_for(lambda: bridge.says("speaks protocol 2"), "another protocol is told")
    check(len(heard.frames()) == last, "a frame out of nothing")


def check_command(test: Test) -> None:
    """The command line and the configuration."""
    def run(*arguments: object, options: tuple[str, ...] = ()) -> tuple[int, str, str]:
        command = [test.python, *options, str(BRIDGE), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    code, output, _ = run("--help")
    check(code == 0 and "--check" in output and "--config" in output, "no help")
    code, output, errors = run("--check", "--config", BRIDGE.with_name("swiftlet-mqtt.conf"))
    check((code, errors) == (0, "") and "min_score" in output, f"the shipped configuration: {errors}")
    link = test.folder / "swiftlet-mqtt"
    link.symlink_to(BRIDGE.resolve())
    done = subprocess.run([test.python, link, "--check", "--config", BRIDGE.with_name("swiftlet-mqtt.conf")],
                          capture_output=True, text=True)
    check((done.returncode, done.stdout) == (0, output), f"by a symbolic link: {done.stderr}")
    printed = test.folder / "printed.conf"
    printed.write_text(output)
    check(run("--check", "--config", printed) == (0, output, ""), "what it prints it reads differently")
    wrong = test.folder / "wrong.conf"
    wrong.write_text(
        "[stream]\nmin_score = 2\nmax_rat = 1\n[broker]\nport = 70000\ntls = perhaps\npassword_file = /nonexistent\n"
        "[topics]\nprefix = a/#\nqos = 2\n[other]\nkey = 1\n[stream2]\n[discovery]\nprefix = /\n")
    code, output, errors = run("--config", wrong)
    told = {re.search(r": (\[\w+\](?: \w+(?=:))?)", line)[1] for line in errors.splitlines()}
    check(code == CONFIGURATION and output == "", f"a wrong configuration: {code}")
    check(told == {"[stream] min_score", "[stream] max_rat", "[broker] port", "[broker] tls", "[broker] password_file",
                   "[topics] prefix", "[topics] qos", "[other]", "[stream2]", "[discovery] prefix"}, f"{told}")
    check("No such file" in run("--config", "/nonexistent")[2], "a configuration that is not there")
    code, output, errors = run("--nothing")
    check(code == USAGE and "--nothing" in errors, f"a wrong option: {code}")
    code, output, errors = run("--check", options=("-S",))
    check(code == UNAVAILABLE and "python3-paho-mqtt" in errors, f"without paho-mqtt: {code} {errors}")
    code, output, errors = run("--version")
    check(code == 0 and re.fullmatch(r"swiftlet-mqtt \d+\.\d+\.\d+\n", output), f"no version: {output}{errors}")
    check_outputs(test)
    check_texts(test, run)
    check_password(test, run)
    check_topics()
    print("command line and configuration")


def check_outputs(test: Test) -> None:
    """What cannot be written is said and counts as a failure; nothing of it ends in a traceback, or in a connection."""
    shipped = BRIDGE.with_name("swiftlet-mqtt.conf")
    for arguments in (("--help",), ("--check", "--config", str(shipped))):
        for target in ("/dev/full", "&-"):
            command = f'exec "$@" >{target}'
            done = subprocess.run(["sh", "-c", command, "sh", test.python, str(BRIDGE), *arguments], capture_output=True, text=True)
            check(done.returncode == WRITING and done.stderr.startswith("swiftlet-mqtt: the results cannot be written"),
                  f"{arguments} to {target}: {done.returncode} {done.stderr}")
    script = ("import os, sys; sys.path.insert(0, sys.argv[1]); from swiftlet_mqtt.log import warn\n"
              "for number in range(3000): warn(f'line {number}')\n"
              "while os.read(int(sys.argv[2]), 4096).find(b'line 100') < 0: pass\n"
              "warn('the last')")
    reader, writer = os.pipe()
    # Only the process itself reads, once it has said all.
    done = subprocess.run([test.python, "-c", script, BRIDGE.parent, str(reader)], stderr=writer, pass_fds=[reader], timeout=PATIENCE)
    os.close(writer)
    with open(reader, "rb") as left:
        said = left.read().decode()
    check(done.returncode == 0 and "lines are missing here" in said and said.endswith("swiftlet-mqtt: the last\n"),
          f"an unread log: {said[-200:]}")


LABELS = ("cat, tabby", "light: red", "a=b", "semi ; colon", "#1", '"quoted"', " a ", "[x]", "back\\slash", "\t", "\x1b[31m",
          "\x85", "é玄😀", "it's", "plain label", "", "e\u0301", "a # b", "\u2028", "x" * 300,
          "'cat'", "`cat`", "“cat”", "„cat“", "a // b", "'", "//")


def check_texts(test: Test, run: Callable) -> None:
    """Whatever a label is, it can be written, and --check writes it so; what cannot be read is named with its line."""
    file = test.folder / "texts.conf"

    def read(text: str) -> tuple[int, str, str]:
        file.write_text(text)
        return run("--check", "--config", file)

    def quoted(label: str) -> str:
        return '"' + label.replace("\\", "\\\\").replace('"', '\\"') + '"'

    code, output, errors = read(f"[stream]\nclasses = {', '.join(map(quoted, LABELS))} ; all\nsocket = \"/a;b\"\n")
    check((code, errors) == (0, ""), f"labels: {errors}")
    check("\x1b" not in output and "plain label, " in output, f"labels as they are printed: {output}")
    check(read(output) == (0, output, ""), "labels are printed otherwise than they are read")
    script = ("import sys; sys.path.insert(0, sys.argv[1]); from swiftlet_mqtt.settings import Settings; "
              "print(repr(Settings.read(sys.argv[2])[0].classes))")
    done = subprocess.run([test.python, "-c", script, BRIDGE.parent, file], capture_output=True, text=True, check=True)
    check(done.stdout.strip() == repr(list(LABELS)), f"other labels: {done.stdout}")
    for text, line, words in (
        ("[broker] host = 10.0.0.9\nport = 1883\n", 1, "after the section's bracket"),
        ("[broker]\nhost = localhost # the broker in the cellar\n", 2, "starts with a space and ;"),
        ("[broker]\nhost = mqtt://127.0.0.1\n", 2, "write host = 127.0.0.1"),
        ("[broker]\n\nhost = 127.0.0.1:18831\n", 3, "host = 127.0.0.1 and port = 18831"),
        ("[broker]\nhost = [::1]:1883\n", 2, "host = ::1 and port = 1883"),
        ("[broker]\nhost = mqtts://broker\n", 2, "host = broker and tls = on"),
        ("[broker]\nhost = http://homeassistant.local:8123\n", 2, "not that of a web page"),
        ("[broker]\nhost = my broker\n", 2, "neither a name nor an address"),
        ("[broker]\nhost = 10.0.0.300\n", 2, "neither a name nor an address"),
        ("[broker]\nhost = \"localhost\n", 2, "double quotes must enclose"),
        ("[broker]\nhost = a\nhost = b\n", 3, "duplicate key (first on line 2)"),
        ("host = a\n", 1, "key outside any section"), ("[broker]\nhost\n", 2, "neither [SECTION] nor KEY"),
        ("[brokers]\n", 1, "unknown section"), ("[stream]\nclasses = a,,b\n", 2, "missing between two commas"),
        ("[topics]\nprefix = homeassistant\n", 2, "lies within [discovery] prefix"),
        (f"[broker]\nca_file = {BRIDGE.resolve()}\n", 2, "contains no certificate in PEM"),
        ("[topics]\nprefix = $SYS/x\n", 2, "starts with $"), ("[topics]\nhold = inf\n", 2, "must be a number"),
        ("[stream]\nmin_score = nan\n", 2, "must be a number"), ("[stream]\nmax_rate = 1e-300\n", 2, "must be a number"),
        ("[broker]\nuser = 'me'\n", 2, "' is not a supported quote"), ("[broker]\nuser = “me”\n", 2, "“ is not a supported quote"),
        ("[broker]\nuser = me // the one\n", 2, "not with # or //"), ("[broker]\nport = 1_883\n", 2, "must be an integer"),
        ("[broker]\nport = ١٨٨٣\n", 2, "must be an integer"), ("[topics]\nhold = 2 s\n", 2, "without a unit"),
        ("[stream]\nmin_score = 0,5\n", 2, "with a decimal point"), ("[broker]\rhost = a\r", 1, "carriage return"),
        ("[broker]\nhost = a..b\n", 2, "neither a name nor"), ("[broker]\nhost = -h\n", 2, "neither a name nor"),
        ("[broker]\npassword = secret\n", 2, "did you mean password_file"), ("[broker]\nusername = a\n", 2, "did you mean user?"),
        ("[topics]\nhost = a\n", 2, "host belongs in [broker]"), ("[broker]\nprot = 1\n", 2, "did you mean port?"),
        ("[broker]\nhost = wss://h:9001/mqtt\n", 2, "not that of a web page"),
        ("[stream]\nsocket = ~/swiftlet.sock\n", 2, "without ~, $"), ("[broker]\nca_file = $HOME/ca.pem\n", 2, "without ~, $"),
        ("[stream]\nsocket = unix:/a\n", 2, "not a URL"),
        ("[broker]\nuser = me; the one\n", 2, "a comment starts with a space and ;"),
        ("[stream]\nclasses = \"\\q\"\n", 2, "a backslash must start"), ("[stream]\nsocket = unix:///a\n", 2, "not a URL"),
    ):
        code, output, errors = read(text)
        check(code == CONFIGURATION and f"{file}:{line}: " in errors and words in errors, f"{text!r}: {code} {errors}")
        check(errors.count("\n") == 1, f"one mistake has more than one line: {errors}")
    for host in ("::1", "[::1]", "127.0.0.1", "fe80::1%eth0", '"localhost"', "broker.local", "münchen.example"):
        code, output, errors = read(f"[broker]\nhost = {host} ; comment\n")
        bare = host.strip('[]"')
        check(code == 0 and any(f"host = {text}\n" in output for text in (bare, f'"{bare}"')), f"{host}: {errors}")
    os.mkfifo(test.folder / "fifo")
    check("not a regular file" in run("--check", "--config", test.folder / "fifo")[2], "a FIFO as configuration")
    file.write_bytes(b"; " + b"x" * (256 << 10))
    check("256 KiB" in run("--check", "--config", file)[2], "a configuration without end")
    file.write_bytes("[stream]\nclasses = a\n".encode("utf-16"))
    check(f"{file}:1: not UTF-8" in run("--check", "--config", file)[2], "UTF-16")
    file.write_bytes(b"[stream]\nclasses = caf\xe9\n")
    check(f"{file}:2: [stream] not UTF-8" in run("--check", "--config", file)[2], "another encoding")


def check_topics() -> None:
    """Each label has a topic of its own, and no two bridges one identifier, for random names of few characters."""
    sys.path.insert(0, str(BRIDGE.parent))
    from swiftlet_mqtt.discovery import entities, slugs
    from swiftlet_mqtt.settings import Settings

    chance = random.Random(23)
    pieces = ["a", "b", "_", "-", " ", ".", "3", "1", "é", "犬", "/", "_count_", "_presence", "_lost", "camera", "x" * 70]

    def name(least: int) -> str:
        return "".join(chance.choices(pieces, k=chance.randint(least, 5)))

    hello = {"source": {"kind": "camera"}, "model": {"name": "m", "architecture": "a"}, "version": "1"}
    for _ in range(500):
        labels = ["background", *{name(0) for _ in range(chance.randint(1, 30))}]
        names = slugs(labels, [], 256)
        check(set(names) == set(labels[1:]) and len(set(names.values())) == len(names), f"{names}")
        check(all(re.fullmatch("[A-Za-z0-9_-]{1,80}", short) for short in names.values()), f"{names}")
        wanted = labels[1:3]
        check(slugs(labels, wanted, 256) == {label: names[label] for label in wanted}, "a name depends on what is wanted")
        ids, found = (name(1), name(1)), []
        for client in ids:
            settings = Settings(client_id=client, prefix="p")
            topics = [topic for topic, _ in entities(settings, hello, names)]
            check(len(set(topics)) == len(topics), f"{client}: {topics}")
            found.append(set(topics))
        check(ids[0] == ids[1] or not found[0] & found[1], f"{ids}: {found[0] & found[1]}")


def check_password(test: Test, run: Callable) -> None:
    """What systemd hands over is taken before the file, and a file that others may read is told."""
    secret, credentials, file = (test.folder / name for name in ("mqtt-password", "credentials", "password.conf"))
    secret.touch(mode=0o640)
    secret.write_text("of the file\n")
    credentials.mkdir()
    file.write_text(f"[broker]\nuser = u\npassword_file = {secret}\n")
    check("others than its owner can read" in run("--check", "--config", file)[2], "a password for all is not told")
    secret.chmod(0o600)
    check(run("--check", "--config", file)[2] == "", "a password for one is told")
    script = ("import sys; sys.path.insert(0, sys.argv[1]); from swiftlet_mqtt.settings import Settings; "
              "print(Settings.read(sys.argv[2])[0].password())")
    for content, expected in (("\n", ""), ("of systemd\n", "of systemd"), (None, "of the file")):
        credential = credentials / "mqtt-password"
        credential.unlink(missing_ok=True)
        if content is not None:
            credential.write_text(content)
        done = subprocess.run([test.python, "-c", script, BRIDGE.parent, file], capture_output=True, text=True, check=True,
                              env=os.environ | {"CREDENTIALS_DIRECTORY": str(credentials)})
        check(done.stdout.strip() == (expected or "of the file"), f"{content!r}: {done.stdout}")
    secret.write_text("two\nlines\n")
    check("not one line" in run("--check", "--config", file)[2], "a password of two lines")
    secret.write_text("\n")
    check("is empty" in run("--check", "--config", file)[2], "an empty password")
    secret.write_bytes("\ufeffsecret\r\n".encode())
    done = subprocess.run([test.python, "-c", script, BRIDGE.parent, file], capture_output=True, text=True, check=True)
    check(done.stdout == "secret\n", f"a password as Windows writes it: {done.stdout!r}")
    secret.write_bytes("secret\n".encode("utf-16"))
    check("is not UTF-8" in run("--check", "--config", file)[2], "a password in UTF-16")


def check_rejections(test: Test) -> None:
    """A broker that does not accept what the bridge publishes acknowledges it all the same."""
    with test.broker(allowed="elsewhere/#") as broker, PlayedDaemon(test.folder / "s") as daemon:
        broker.start()
        with Subscriber(broker, "rejections") as heard, test.bridge(daemon.path, broker) as bridge:
            daemon.accept()
            wait_for(lambda: bridge.says("not authorized") and bridge.says(PREFIX), "the rejection is told")
            daemon.frame(0, (("dog", 0.9),))
            daemon.frame(1)
            daemon.send({"type": "end", "frames": 2})
            wait_for(lambda: bridge.says("ended after 2 frames"), "all is read")
            log = bridge.stop()
            check("stopped: 0 frames published" in log and "2 of them frames" in log, f"what did not arrive counts: {log}")
            told = re.findall(r"(\S+) is not accepted", log)
            check(len(told) == len(set(told)) <= 7 and f"{PREFIX}/frame" in told, f"not told once for each kind: {log}")
            check(not heard.heard, f"{heard.heard} arrived")
        # Without acknowledgements only what does not come back tells. The bridge that gets it has waited for as long.
        with test.broker() as other:
            other.start()
            sections = "[topics]\nqos = 0\n"
            with test.bridge("none", other, name="heard", sections=sections) as heard:
                wait_for(lambda: heard.says("connected to the broker"), "a connection")
                with test.bridge("none", broker, name="silent", sections=sections) as silent:
                    wait_for(lambda: silent.says(f"cannot publish or subscribe under {PREFIX}"), "nothing comes back")
                check("may not" not in heard.stop(), "what comes back is missed")
    # One that keeps nothing gets everything else all the same; one that acknowledges nothing says which key to change.
    with test.broker(more="retain_available false") as broker, PlayedDaemon(test.folder / "kept") as daemon:
        broker.start()
        with test.bridge(daemon.path, broker, name="kept") as bridge, Subscriber(broker, "reader-kept") as heard:
            daemon.accept()
            daemon.frame(0)
            wait_for(lambda: heard.payloads("frame"), "a frame by a broker that keeps nothing")
            check("does not retain messages" in bridge.stop(), "a broker that keeps nothing is not told")
    with test.broker(more="max_qos 0") as broker, PlayedDaemon(test.folder / "qos") as daemon:
        broker.start()
        with test.bridge(daemon.path, broker, name="qos") as bridge:
            daemon.accept()
            daemon.frame(0)
            wait_for(lambda: bridge.says("set [topics] qos = 0"), "a broker that acknowledges nothing")
            log = bridge.stop()
            check("stopped: 0 frames published" in log, f"what is still under way counts: {log}")
    print("what a broker does not accept is told and does not count")


def check_neighbours(test: Test) -> None:
    """Two bridges with one client id, two with one prefix, and a broker that restarts, which is neither."""
    with test.broker() as broker, PlayedDaemon(test.folder / "s") as daemon:
        broker.start()
        with test.bridge("none", broker, name="a", client_id="hall", prefix="p/a") as first, \
                test.bridge("none", broker, name="b", client_id="hall", prefix="p/b") as second:
            for bridge in (first, second):
                wait_for(lambda: bridge.says("id 'hall'") and bridge.says("[broker] client_id"), "the one client id")
        with Subscriber(broker, "neighbours") as heard, test.bridge(daemon.path, broker, name="c") as first:
            daemon.accept()
            wait_for(lambda: heard.last("availability") == b"online", "online")
            with test.bridge("none", broker, name="d") as second:
                for bridge, other in ((first, "d"), (second, "c")):
                    wait_for(lambda: bridge.says(f"'{other}'") and bridge.says("[topics] prefix"), "the one prefix")
                second.stop()
            wait_for(lambda: heard.last("availability") == b"online", "online again")
            first.stop()
            wait_for(lambda: heard.last("availability") == b"offline", "offline at last")
        # Alone, and again, and with a broker that comes and goes.
        for _ in range(2):
            with test.bridge("none", broker, name="alone") as bridge:
                wait_for(lambda: bridge.says("connected to the broker"), "a connection")
                log = bridge.stop()
                check("prefix" not in log and "client_id" not in log, f"alone: {log}")
        with test.bridge("none", broker, name="restarts") as bridge:
            for number in range(RESTARTS):
                wait_for(lambda: bridge.log.read_text().count("connected to the broker") > number, "a connection")
                broker.stop()
                wait_for(lambda: bridge.log.read_text().count("cannot reach the broker") > number, "the broker is missed")
                broker.start()
            wait_for(lambda: bridge.log.read_text().count("connected to the broker") > RESTARTS, "a connection")
            check("client_id" not in bridge.stop(), "a broker that restarts is taken for another client")
    print("two bridges with one client id or one prefix are told")


def check_ports(test: Test) -> None:
    """What else may answer at the broker's port."""
    older = b"\x20\x02\0\0"
    large = b"\x31\xff\xff\xff\x7f\0\1t" + bytes(1 << 20)
    with test.broker(with_tls=True) as broker:
        broker.start()
        ca = broker.folder / "ca.pem"
        for name, port, words in (
            ("plain", broker.tls_port, "does it require TLS ([broker] tls = on)"),
            ("tls", f"{broker.port}\nca_file = {ca}", "does not speak TLS there"),
        ):
            with test.bridge("none", broker, name=name, port=port) as bridge:
                wait_for(lambda: bridge.says(words), words)
        with test.bridge("none", broker, name="own", port=f"{broker.tls_port}\ntls = on") as bridge:
            wait_for(lambda: bridge.says("as [broker] ca_file"), "an authority that is not known")
    with test.broker() as broker:
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
            with PlayedBroker(*pieces) as played, test.bridge("none", broker, name=name, port=played.port) as bridge:
                wait_for(lambda: bridge.says(words), words)
                before = played.connections
                # It has noticed, and comes again, unless nothing is wrong.
                wait_for(lambda: name == "older" or played.connections > before, "another attempt")
                peak = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{bridge.process.pid}/status").read_text())[1])
                check(peak < 48 << 10, f"{name}: {peak} KiB")
                log = bridge.stop()
                check("Traceback" not in log and "client_id" not in log, log)
    print("ports of TLS, of web pages and of older brokers; invalid packets")


SCENARIOS = {
    "command": check_command, "lines": check_lines, "states": check_states, "rejections": check_rejections,
    "neighbours": check_neighbours, "ports": check_ports, "volume": check_volume}


def main(program: str, swiftlet: str, model: str, pictures: str, folder: str, python: str, *names: str) -> None:
    version = subprocess.run(
        [python, "-c", "import paho.mqtt; print(paho.mqtt.__version__)"], check=True, capture_output=True, text=True)
    print(f"paho-mqtt {version.stdout.strip()}")
    for name in names or SCENARIOS:
        shutil.rmtree(f"{folder}/{name}", ignore_errors=True)
        pathlib.Path(folder, name).mkdir(parents=True)
        SCENARIOS[name](Test(program, swiftlet, model, pictures, f"{folder}/{name}", python))


if __name__ == "__main__":
    main(*sys.argv[1:])
