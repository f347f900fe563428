"""The command line, the configuration and the topics of swiftlet-mqtt (toolchains/test mqtt)."""

import os
import random
import re
import subprocess

import pytest

from conftest import Parts
from mqtt_parts import BRIDGE
from running_daemon import PATIENCE
from swiftlet_mqtt.discovery import entities, slugs
from swiftlet_mqtt.settings import Settings

SHIPPED = BRIDGE.with_name("swiftlet-mqtt.conf")
UNAVAILABLE, USAGE, WRITING, CONFIGURATION = 69, 64, 74, 78
LABELS = ("cat, tabby", "light: red", "a=b", "semi ; colon", "#1", '"quoted"', " a ", "[x]", "back\\slash", "\t", "\x1b[31m",
          "\x85", "é玄😀", "it's", "plain label", "", "e\u0301", "a # b", "\u2028", "x" * 300,
          "'cat'", "`cat`", "“cat”", "„cat“", "a // b", "'", "//")


def test_help(mqtt: Parts) -> None:
    code, output, _ = mqtt.run("--help")
    assert code == 0 and "--check" in output and "--config" in output
    code, output, errors = mqtt.run("--version")
    assert code == 0 and re.fullmatch(r"swiftlet-mqtt \d+\.\d+\.\d+\n", output), errors
    code, _, errors = mqtt.run("--nothing")
    assert code == USAGE and "--nothing" in errors
    code, _, errors = mqtt.run("--check", options=("-S",))
    assert code == UNAVAILABLE and "python3-paho-mqtt" in errors


def test_shipped_configuration(mqtt: Parts) -> None:
    """Also by a symbolic link; what --check prints is read as the same."""
    code, output, errors = mqtt.run("--check", "--config", SHIPPED)
    assert (code, errors) == (0, "") and "min_score" in output
    link = mqtt.folder / "swiftlet-mqtt"
    link.symlink_to(BRIDGE.resolve())
    assert mqtt.run("--check", "--config", SHIPPED, program=link) == (0, output, "")
    assert mqtt.read(output) == (0, output, "")


def test_every_mistake_is_told(mqtt: Parts) -> None:
    mqtt.file.write_text(
        "[stream]\nmin_score = 2\nmax_rat = 1\n[broker]\nport = 70000\ntls = perhaps\npassword_file = /nonexistent\n"
        "[topics]\nprefix = a/#\nqos = 2\n[other]\nkey = 1\n[stream2]\n[discovery]\nprefix = /\n")
    code, output, errors = mqtt.run("--config", mqtt.file)
    told = {re.search(r": (\[\w+\](?: \w+(?=:))?)", line)[1] for line in errors.splitlines()}
    assert code == CONFIGURATION and output == ""
    assert told == {"[stream] min_score", "[stream] max_rat", "[broker] port", "[broker] tls", "[broker] password_file",
                    "[topics] prefix", "[topics] qos", "[other]", "[stream2]", "[discovery] prefix"}


@pytest.mark.parametrize("target", ["/dev/full", "&-"])
@pytest.mark.parametrize("arguments", [("--help",), ("--check", "--config", str(SHIPPED))])
def test_unwritable_output(mqtt: Parts, arguments: tuple[str, ...], target: str) -> None:
    """It is said and counts as a failure, without a traceback or a connection."""
    done = subprocess.run(["sh", "-c", f'exec "$@" >{target}', "sh", mqtt.python, str(BRIDGE), *arguments],
                          capture_output=True, text=True)
    assert done.returncode == WRITING and done.stderr.startswith("swiftlet-mqtt: the results cannot be written")


def test_unread_log(mqtt: Parts) -> None:
    script = ("import os, sys; sys.path.insert(0, sys.argv[1]); from swiftlet_mqtt.log import warn\n"
              "for number in range(3000): warn(f'line {number}')\n"
              "while os.read(int(sys.argv[2]), 4096).find(b'line 100') < 0: pass\n"
              "warn('the last')")
    reader, writer = os.pipe()
    # Nobody reads but the process itself, once it has said all.
    done = subprocess.run(
        [mqtt.python, "-c", script, BRIDGE.parent, str(reader)], stderr=writer, pass_fds=[reader], timeout=PATIENCE)
    os.close(writer)
    with open(reader, "rb") as left:
        said = left.read().decode()
    assert done.returncode == 0 and "lines are missing here" in said and said.endswith("swiftlet-mqtt: the last\n")


def test_labels(mqtt: Parts) -> None:
    """Whatever a label is, it can be written, and --check writes it so."""
    quoted = ", ".join('"' + label.replace("\\", "\\\\").replace('"', '\\"') + '"' for label in LABELS)
    code, output, errors = mqtt.read(f"[stream]\nclasses = {quoted} ; all\nsocket = \"/a;b\"\n")
    assert (code, errors) == (0, "") and "\x1b" not in output and "plain label, " in output
    assert mqtt.read(output) == (0, output, "")
    assert Settings.read(str(mqtt.file))[0].classes == list(LABELS)


@pytest.mark.parametrize("text, line, words", [
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
])
def test_mistakes(mqtt: Parts, text: str, line: int, words: str) -> None:
    """Each is named with its line, in one line."""
    code, _, errors = mqtt.read(text)
    assert code == CONFIGURATION and f"{mqtt.file}:{line}: " in errors and words in errors and errors.count("\n") == 1


@pytest.mark.parametrize(
    "host", ["::1", "[::1]", "127.0.0.1", "fe80::1%eth0", '"localhost"', "broker.local", "münchen.example"])
def test_hosts(mqtt: Parts, host: str) -> None:
    code, output, _ = mqtt.read(f"[broker]\nhost = {host} ; comment\n")
    bare = host.strip('[]"')
    assert code == 0 and any(f"host = {text}\n" in output for text in (bare, f'"{bare}"'))


@pytest.mark.parametrize("content, words", [
    (b"; " + b"x" * (256 << 10), "256 KiB"), ("[stream]\nclasses = a\n".encode("utf-16"), ":1: not UTF-8"),
    (b"[stream]\nclasses = caf\xe9\n", ":2: [stream] not UTF-8")], ids=["endless", "UTF-16", "Latin-1"])
def test_unreadable_configurations(mqtt: Parts, content: bytes, words: str) -> None:
    assert words in mqtt.read(content)[2]


def test_what_is_no_configuration(mqtt: Parts) -> None:
    os.mkfifo(mqtt.file)
    assert "not a regular file" in mqtt.run("--check", "--config", mqtt.file)[2]
    assert "No such file" in mqtt.run("--config", "/nonexistent")[2]


def test_topics() -> None:
    """Each label has a topic of its own, and no two bridges one identifier, for random names of few characters."""
    chance = random.Random(23)
    pieces = ["a", "b", "_", "-", " ", ".", "3", "1", "é", "犬", "/", "_count_", "_presence", "_lost", "camera", "x" * 70]

    def name(least: int) -> str:
        return "".join(chance.choices(pieces, k=chance.randint(least, 5)))

    hello = {"source": {"kind": "camera"}, "model": {"name": "m", "architecture": "a"}, "version": "1"}
    for _ in range(500):
        labels = ["background", *{name(0) for _ in range(chance.randint(1, 30))}]
        names = slugs(labels, [], 256)
        assert set(names) == set(labels[1:]) and len(set(names.values())) == len(names)
        assert all(re.fullmatch("[A-Za-z0-9_-]{1,80}", short) for short in names.values())
        assert slugs(labels, labels[1:3], 256) == {label: names[label] for label in labels[1:3]}
        ids, found = (name(1), name(1)), []
        for client in ids:
            topics = [topic for topic, _ in entities(Settings(client_id=client, prefix="p"), hello, names)]
            assert len(set(topics)) == len(topics)
            found.append(set(topics))
        assert ids[0] == ids[1] or not found[0] & found[1]


def secret(mqtt: Parts, content: bytes, mode: int = 0o600) -> str:
    """A configuration that names a file with that password."""
    file = mqtt.folder / "mqtt-password"
    file.write_bytes(content)
    file.chmod(mode)
    return f"[broker]\nuser = u\npassword_file = {file}\n"


@pytest.mark.parametrize("content, mode, words", [
    (b"two\nlines\n", 0o600, "not one line"), (b"\n", 0o600, "is empty"), (b"secret\n", 0o640, "others than its owner can read"),
    ("secret\n".encode("utf-16"), 0o600, "is not UTF-8")], ids=["lines", "empty", "readable", "UTF-16"])
def test_refused_passwords(mqtt: Parts, content: bytes, mode: int, words: str) -> None:
    assert words in mqtt.read(secret(mqtt, content, mode))[2]


@pytest.mark.parametrize("content, credential, expected", [
    ("of the file\n", None, "of the file"), ("of the file\n", "\n", "of the file"),
    ("of the file\n", "of systemd\n", "of systemd"), ("\ufeffsecret\r\n", None, "secret")])
def test_passwords(mqtt: Parts, monkeypatch, content: str, credential: str | None, expected: str) -> None:
    """What systemd hands over is taken before the file."""
    assert mqtt.read(secret(mqtt, content.encode()))[2] == ""
    credentials = mqtt.folder / "credentials"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    if credential is not None:
        credentials.mkdir()
        (credentials / "mqtt-password").write_text(credential)
    assert Settings.read(str(mqtt.file))[0].password() == expected
