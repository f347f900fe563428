"""What the tests of swiftlet-mqtt are given: toolchains/steps/mqtt calls them."""

import pathlib
import subprocess
import sys

import pytest

from mqtt_parts import BRIDGE, Broker, BridgeProcess

sys.path.insert(0, str(BRIDGE.parent))


class Parts:
    """Programs, model and images, a directory of the test's own, and what it begins there."""

    def __init__(self, option, folder: pathlib.Path, version: str) -> None:
        self.program, self.swiftlet, self.model = option("daemon"), option("swiftlet"), option("model")
        self.pictures = pathlib.Path(option("images"))
        self.folder, self.file = folder, folder / "test.conf"
        # What runs the bridge: its version of paho-mqtt is what is tested.
        self.python = option("latest") if version == "latest" else "/usr/bin/python3"

    def bridge(self, stream: object, broker: Broker, **more: str) -> BridgeProcess:
        return BridgeProcess(self.python, self.folder, str(stream), broker, **more)

    def broker(self, with_tls: bool = False, allowed: str = "#", more: str = "") -> Broker:
        return Broker(self.folder / f"broker-{len(list(self.folder.glob('broker-*')))}", with_tls, allowed, more)

    def run(self, *arguments: object, options: tuple[str, ...] = (), program: pathlib.Path = BRIDGE) -> tuple[int, str, str]:
        """The bridge's exit status and what it prints."""
        done = subprocess.run([self.python, *options, program, *map(str, arguments)], capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def read(self, text: str | bytes) -> tuple[int, str, str]:
        """The same where `text` is the configuration, which is only checked."""
        self.file.write_bytes(text.encode() if isinstance(text, str) else text)
        return self.run("--check", "--config", self.file)


def pytest_addoption(parser: pytest.Parser) -> None:
    for name in ("daemon", "swiftlet", "model", "images", "latest"):
        parser.addoption(f"--{name}", required=True)


@pytest.fixture
def mqtt(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Parts:
    return Parts(request.config.getoption, tmp_path, getattr(request, "param", "debian"))
