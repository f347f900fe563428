"""Checks the files for systemd and udev against each other: check_units.py DIRECTORY"""

import configparser
import pathlib
import shlex
import sys


def unit(path: pathlib.Path) -> dict[str, dict[str, list[str]]]:
    sections: dict[str, dict[str, list[str]]] = {}
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, value = line.split("=", 1)
            section.setdefault(key, []).append(value)
    return sections


def main(folder: str) -> None:
    files = pathlib.Path(folder)
    service, socket = unit(files / "swiftlet.service"), unit(files / "swiftlet.socket")
    main_part, listening = service["Service"], socket["Socket"]
    settings = configparser.ConfigParser(inline_comment_prefixes=(";",))
    settings.read(files / "swiftlet.conf")
    # One socket, one directory, one user, in all files.
    assert listening["ListenStream"] == [settings["stream"]["socket"]]
    (runtime,) = main_part["RuntimeDirectory"]
    for path in (settings["stream"]["socket"], settings["metrics"]["file"]):
        assert pathlib.PurePath(path).parent == pathlib.PurePath("/run") / runtime
    users = [shlex.split(line) for line in (files / "swiftlet.sysusers").read_text().splitlines() if line[:1] != "#"]
    (user,) = main_part["User"]
    assert ["u", user] in [entry[:2] for entry in users]
    assert [["g", group] for group in main_part["SupplementaryGroups"]] == [e[:2] for e in users if e[0] == "g"]
    assert listening["SocketUser"] == listening["SocketGroup"] == main_part["Group"] == [user]
    assert listening["SocketMode"] == ["0660"]
    entries = (files / "swiftlet.tmpfiles").read_text().splitlines()
    (folder_line,) = [line.split() for line in entries if line[:1] != "#"]
    assert folder_line[:5] == ["d", f"/run/{runtime}", main_part["RuntimeDirectoryMode"][0], user, user]
    # What must be there for the service to come back, and not to grow.
    for key, value in (("Restart", "always"), ("Type", "notify"), ("NotifyAccess", "main")):
        assert main_part[key] == [value], key
    assert {"WatchdogSec", "MemoryMax", "TasksMax", "LimitNOFILE"} <= main_part.keys()
    assert {"StartLimitIntervalSec", "StartLimitBurst"} <= service["Unit"].keys()
    # The last try before the start limit comes within its interval.
    assert int(main_part["RestartSec"][0]) * int(service["Unit"]["StartLimitBurst"][0]) < int(
        service["Unit"]["StartLimitIntervalSec"][0])
    print(f"{folder}: the units, the configuration, the user and the directory agree")


if __name__ == "__main__":
    main(*sys.argv[1:])
