"""The configuration."""

import configparser
import dataclasses
import json
import math
import pathlib
import re
import socket

REQUEST_LIMIT = 4096  # bytes of the longest line that the daemon takes


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
        """The settings and every mistake in them. What is empty is as by default."""
        settings, mistakes = Settings(), []
        parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(";",))
        try:
            with open(path, encoding="utf-8") as file:
                parser.read_file(file)
        except (OSError, UnicodeDecodeError, configparser.Error) as failure:
            return settings, [f"cannot be read: {' '.join(str(failure).split())}"]
        for section in parser.sections():
            for key, text in parser[section].items():
                try:
                    if section not in Settings.SECTIONS:
                        raise ValueError(f"no such section; there are {', '.join(Settings.SECTIONS)}")
                    if key not in Settings.SECTIONS[section]:
                        raise ValueError(f"no such key; there are {', '.join(Settings.SECTIONS[section])}")
                    name = Settings.SECTIONS[section][key]
                    if text:
                        setattr(settings, name, Settings.value(name, text))
                except ValueError as failure:
                    mistakes.append(f"[{section}] {key}: {failure}")
        host = re.sub(r"[^A-Za-z0-9_-]+", "-", socket.gethostname())
        settings.client_id = settings.client_id or f"swiftlet-{host}"
        settings.prefix = settings.prefix or f"swiftlet/{host}"
        settings.tls = settings.tls or bool(settings.ca_file)
        settings.port = settings.port or (8883 if settings.tls else 1883)
        if settings.password_file and not settings.user:
            mistakes.append("[broker] password_file: of no use without user")
        if len(settings.request()) > REQUEST_LIMIT:
            mistakes.append(f"[stream] classes: longer than the {REQUEST_LIMIT} bytes that the daemon takes")
        for key in ("password_file", "ca_file"):
            try:
                if getattr(settings, key):
                    pathlib.Path(getattr(settings, key)).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as failure:
                mistakes.append(f"[broker] {key}: cannot be read: {failure}")
        return settings, mistakes

    @staticmethod
    def value(key: str, text: str) -> object:
        bounds = {"min_score": (0, 1), "max_rate": (0, 1000), "hold": (0, 3600), "port": (1, 65535), "qos": (0, 1)}
        if key in bounds:
            try:
                number = int(text) if key in ("port", "qos") else float(text)
            except ValueError:
                number = math.nan
            if not bounds[key][0] <= number <= bounds[key][1]:
                raise ValueError(f"'{text}' is no number from {bounds[key][0]} to {bounds[key][1]}")
            return number
        if key in ("tls", "discovery"):
            if text.lower() not in configparser.ConfigParser.BOOLEAN_STATES:
                raise ValueError(f"'{text}' is neither on nor off")
            return configparser.ConfigParser.BOOLEAN_STATES[text.lower()]
        if key == "classes":
            return [name.strip() for name in text.split(",") if name.strip()]
        if key in ("prefix", "discovery_prefix") and not re.fullmatch(r"[^+#\0/]+(/[^+#\0/]+)*", text):
            raise ValueError(f"'{text}' is no topic to begin others with: no + or #, no / at either end")
        if key in ("prefix", "client_id", "user") and len(text.encode()) > 256:
            raise ValueError("is longer than 256 bytes")
        return text

    def request(self, classes: list[str] | None = None) -> bytes:
        """What the daemon is asked for; nothing where everything is wanted."""
        wanted: dict[str, object] = {"min_score": self.min_score} if self.min_score > 0 else {}
        if self.classes:
            wanted["classes"] = self.classes if classes is None else classes
        return json.dumps(wanted, ensure_ascii=False).encode() + b"\n" if wanted else b""

    def print(self) -> None:
        for section, keys in self.SECTIONS.items():
            print(f"[{section}]")
            for key, name in keys.items():
                value = getattr(self, name)
                if isinstance(value, list):
                    value = ", ".join(value)
                elif isinstance(value, bool):
                    value = "on" if value else "off"
                print(f"{key} = {value}")
