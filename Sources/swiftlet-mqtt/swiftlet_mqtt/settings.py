"""The configuration."""

import dataclasses
import difflib
import ipaddress
import json
import math
import os
import pathlib
import re
import socket
import ssl
import stat

from swiftlet_mqtt import ini
from swiftlet_mqtt.ini import Mistake

REQUEST_LIMIT = 4096  # bytes of the longest line that the daemon takes
SOCKET_PATH_LIMIT = 107
PASSWORD_LIMIT = 4096
SHOWN = 60  # characters of a value in a message
# What other programs call a key.
ALIASES = {"username": "user", "login": "user", "password": "password_file, which names a file that holds it",
           "passwd": "password_file, which names a file that holds it", "server": "host", "address": "host", "broker": "host",
           "cafile": "ca_file", "ca": "ca_file", "id": "client_id", "clientid": "client_id", "ssl": "tls", "topic": "prefix",
           "base_topic": "prefix", "discovery": "enabled"}
BOOLEANS = {"1": True, "yes": True, "true": True, "on": True, "0": False, "no": False, "false": False, "off": False}


@dataclasses.dataclass
class Settings:
    """The configuration, section by section; every value has been checked."""

    socket: str = "/run/swiftlet/swiftlet.sock"
    min_score: float = 0.0
    classes: list[str] = dataclasses.field(default_factory=list)
    max_rate: float = 0.0
    host: str = "localhost"
    port: int = 0
    user: str = ""
    password_file: str = ""
    tls: bool = False
    ca_file: str = ""
    client_id: str = ""
    prefix: str = ""
    qos: int = 1
    hold: float = 2.0
    discovery: bool = True
    discovery_prefix: str = "homeassistant"

    # Sections, their keys, and which of the above a key is.
    SECTIONS = {
        "stream": {key: key for key in ("socket", "min_score", "classes", "max_rate")},
        "broker": {
            key: key for key in ("host", "port", "user", "password_file", "tls", "ca_file", "client_id")},
        "topics": {key: key for key in ("prefix", "qos", "hold")},
        "discovery": {"enabled": "discovery", "prefix": "discovery_prefix"},
    }

    @staticmethod
    def read(path: str) -> tuple["Settings", list[str]]:
        """The settings and every mistake in them, as texts to put behind the file's name. What is empty is as by
        default."""
        settings, mistakes = Settings(), []
        try:
            data = ini.read_file(path)
        except OSError as failure:
            return settings, [f" {failure.strerror or failure}"]
        except Mistake as failure:
            return settings, [f" {failure}"]
        lines: dict[str, int] = {}
        for entry in ini.entries(data):
            place = f"{entry.line}:"
            if entry.section:
                place += f" [{entry.section}]"
            if entry.key is not None:
                place += f" {entry.key}:"
            try:
                settings.take(entry, lines)
            except Mistake as failure:
                mistakes.append(f"{place} {failure}")
        host = re.sub(r"[^A-Za-z0-9_-]+", "-", socket.gethostname())
        settings.client_id = settings.client_id or f"swiftlet-{host}"
        settings.prefix = settings.prefix or f"swiftlet/{host}"
        settings.tls = settings.tls or bool(settings.ca_file)
        settings.port = settings.port or (8883 if settings.tls else 1883)

        def reject(name: str, reason: str) -> None:
            section = next(section for section, keys in Settings.SECTIONS.items() if name in keys.values())
            key = next(key for key, value in Settings.SECTIONS[section].items() if value == name)
            mistakes.append(f"{lines[name]}: [{section}] {key}: {reason}" if name in lines else f" [{section}] {key}: {reason}")

        if settings.password_file and not settings.user:
            reject("password_file", "of no use without user")
        if len(settings.request()) > REQUEST_LIMIT:
            reject("classes", f"longer than the {REQUEST_LIMIT} bytes that the daemon accepts")
        if settings.discovery and f"{settings.prefix}/".startswith(f"{settings.discovery_prefix}/"):
            reject("prefix", "lies within [discovery] prefix, where Home Assistant looks for descriptions: choose another")
        for key, read in (("password_file", settings.password), ("ca_file", settings.authority)):
            try:
                read()
            except Mistake as failure:
                reject(key, str(failure))
            except UnicodeDecodeError:
                reject(key, "is not UTF-8: save the file in that encoding")
            except (OSError, ValueError) as failure:
                reject(key, f"{getattr(failure, 'strerror', None) or failure}")
        return settings, mistakes

    def take(self, entry: ini.Entry, lines: dict[str, int]) -> None:
        if entry.mistake:
            raise Mistake(entry.mistake)
        if entry.section not in self.SECTIONS:
            # Said where the section begins.
            if entry.key is None or not entry.section:
                raise Mistake(f"unknown section: the sections are [{'], ['.join(self.SECTIONS)}]" if entry.section
                              else "key outside any section: put a line like [broker] above it")
            return
        if entry.key is None:
            return
        if entry.key not in self.SECTIONS[entry.section]:
            raise Mistake(f"unknown key: the keys are {', '.join(self.SECTIONS[entry.section])}{advice(entry.key)}")
        name = self.SECTIONS[entry.section][entry.key]
        if name in lines:
            raise Mistake(f"duplicate key (first on line {lines[name]}): remove one")
        lines[name] = entry.line
        if entry.value.is_empty():
            return
        if name == "classes":
            self.classes = entry.value.list()
        else:
            setattr(self, name, Settings.value(name, entry.value.text()))

    @staticmethod
    def value(key: str, text: str) -> object:
        bounds = {"min_score": (0, 1), "max_rate": (0, 1000), "hold": (0, 3600), "port": (1, 65535), "qos": (0, 1)}
        if key in bounds:
            kind, pattern = (int, "[0-9]{1,9}") if key in ("port", "qos") else (float, "[-+.0-9eE]{1,40}")
            try:
                number = kind(text) if re.fullmatch(pattern, text) else math.nan
            except ValueError:
                number = math.nan
            if not bounds[key][0] <= number <= bounds[key][1] or key == "max_rate" and 0 < number < 0.001:
                raise Mistake(f"must be {'an integer' if kind is int else 'a number'} from {bounds[key][0]} to "
                              f"{bounds[key][1]}, without a unit{' and with a decimal point' * (kind is float)}, "
                              f"not '{text[:SHOWN]}'")
            return number
        if key in ("tls", "discovery"):
            if text.lower() not in BOOLEANS:
                raise Mistake(f"must be on or off, not '{text[:SHOWN]}'")
            return BOOLEANS[text.lower()]
        if key == "host":
            return host(text)
        if key in ("socket", "password_file", "ca_file") and re.match(r"[~$%]|\w+:", text):
            raise Mistake("must be a path like /run/swiftlet/swiftlet.sock, "
                          + ("not a URL" if ":" in text else "without ~, $ and %: no shell reads it"))
        if key == "socket" and len(text.encode()) > SOCKET_PATH_LIMIT:
            raise Mistake(f"socket path too long (maximum {SOCKET_PATH_LIMIT} bytes)")
        if key in ("prefix", "discovery_prefix"):
            if not re.fullmatch(r"[^+#\0/]+(/[^+#\0/]+)*", text):
                raise Mistake(f"'{text[:SHOWN]}' is not a valid topic prefix: no + or #, no / at either end")
            if text.startswith("$"):
                raise Mistake(f"'{text[:SHOWN]}' starts with $, which is reserved for the broker's topics")
        if key in ("prefix", "discovery_prefix", "client_id", "user") and len(text.encode()) > 256:
            raise Mistake("is longer than 256 bytes")
        if key != "socket" and not text.isprintable():
            raise Mistake("has control characters or others that cannot be printed")
        return text

    # Files.

    def password(self) -> str | None:
        """None where there is none. Read for each connection: the file may have been mended since."""
        if not self.password_file:
            return None
        # What systemd hands over (LoadCredential=) is for this service alone, the file itself for root.
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if folder:
            try:
                data = pathlib.Path(folder, os.path.basename(self.password_file)).read_bytes()
                # An empty line stands for a file that systemd did not find.
                if data.strip():
                    return self.first_line(data)
            except OSError:
                pass
        return self.first_line(ini.read_file(self.password_file))

    @staticmethod
    def first_line(data: bytes) -> str:
        text = data.decode("utf-8-sig").strip("\r\n")
        if len(data) > PASSWORD_LIMIT or re.search(r"[\r\n\0]", text):
            raise Mistake("is not one line of text")
        if not text:
            raise Mistake("is empty: write the password into it, or omit the key if the broker requires none")
        return text

    def authority(self) -> None:
        if self.ca_file:
            text = ini.read_file(self.ca_file).decode()
            try:
                ssl.create_default_context(cadata=text)
            except ssl.SSLError:
                raise Mistake("contains no certificate in PEM format (a line with BEGIN CERTIFICATE)") from None

    def warnings(self) -> list[str]:
        """What is no mistake, and yet not as it should be."""
        try:
            mode = os.stat(self.password_file).st_mode if self.password_file else 0
        except OSError:
            mode = 0
        if mode & (stat.S_IRGRP | stat.S_IROTH):
            return [f"{self.password_file}: others than its owner can read the password: chmod 600, chown root: the service "
                    "gets it from systemd (LoadCredential=)"]
        return []

    def request(self, classes: list[str] | None = None) -> bytes:
        """What the daemon is asked for; nothing where everything is wanted."""
        wanted: dict[str, object] = {"min_score": self.min_score} if self.min_score > 0 else {}
        if self.classes:
            wanted["classes"] = self.classes if classes is None else classes
        return json.dumps(wanted, ensure_ascii=False).encode() + b"\n" if wanted else b""

    def text(self) -> str:
        """All settings as a configuration."""
        lines = []
        for section, keys in self.SECTIONS.items():
            lines.append(f"[{section}]")
            for key, name in keys.items():
                value = getattr(self, name)
                if isinstance(value, list):
                    value = ", ".join(map(ini.quoted, value))
                elif isinstance(value, bool):
                    value = "on" if value else "off"
                elif isinstance(value, str) and value:
                    value = ini.quoted(value)
                lines.append(f"{key} = {value}")
        return "\n".join(lines) + "\n"


def host(text: str) -> str:
    """A name or an address, without the brackets that IPv6 has in other places."""
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
        if ":" not in text:
            raise Mistake(f"'{text}' in brackets is no IPv6 address: write a name or an address alone")
    try:
        ipaddress.ip_address(text)
        return text
    except ValueError:
        pass
    match = re.fullmatch(r"(?:(\w[\w+.-]*)://)?(?:[^/@]*@)?(\[[^\]]*\]|[^/:@]+)(?::(\d+))?(/.*)?", text)
    scheme, name, port, path = match.groups() if match else (None, None, None, None)
    if match and (scheme or port or path or "@" in text):
        fix = [f"host = {name.strip('[]')}"]
        if scheme and scheme.lower() in ("http", "https", "ws", "wss"):
            fix.append("as port the broker's for MQTT (1883), not that of a web page")
        elif port:
            fix.append(f"port = {port}")
        if scheme and scheme.lower() in ("mqtts", "ssl", "tls"):
            fix.append("tls = on")
        if "@" in text:
            fix.append("the user and its password as user and password_file")
        reason = "no broker is reached over websockets; " if scheme and scheme.lower() in ("ws", "wss") else ""
        raise Mistake(f"is a name or an address alone, no URL and no port: {reason}write {' and '.join(fix)}")
    # Names of a local network have underscores at times.
    is_name = re.fullmatch(r"(?!-)[\w-]{1,63}(\.(?!-)[\w-]{1,63})*\.?", text) and not re.fullmatch(r"[\d.]+", text)
    if len(text) > 253 or not is_name:
        raise Mistake(f"'{text[:SHOWN]}' is neither a name nor an address of a host")
    return text


def advice(key: str) -> str:
    """What may have been meant by a key that is not there."""
    if key in ALIASES:
        return f"; did you mean {ALIASES[key]}?"
    section = next((section for section, keys in Settings.SECTIONS.items() if key in keys), None)
    if section is not None:
        return f"; {key} belongs in [{section}]"
    near = difflib.get_close_matches(key, {key for keys in Settings.SECTIONS.values() for key in keys}, 1, 0.75)
    return f"; did you mean {near[0]}?" if near else ""
