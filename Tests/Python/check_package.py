"""Looks into the Debian package swiftlet with dpkg-deb, tarfile and readelf: check_package.py DEB ARCHITECTURE"""

import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

# What may be needed: the package of each library that the programs may be linked against, under all its names: the
# second is that of Debian 13.
LIBRARIES = {
    "libc.so.6": "libc6", "libm.so.6": "libc6", "ld-linux-aarch64.so.1": "libc6", "ld-linux-armhf.so.3": "libc6",
    "libjpeg.so.62": "libjpeg62-turbo",
    "libv4lconvert.so.0": "libv4lconvert0 | libv4lconvert0t64"}
MACHINES = {"arm64": "AArch64", "armhf": "ARM"}
# Bytes, by 1000.
INSTALLED_LIMIT, PACKED_LIMIT = 3_000_000, 1_500_000
SOURCES = {
    "usr/lib/systemd/system/swiftlet.service": "systemd/swiftlet.service",
    "usr/lib/systemd/system/swiftlet.socket": "systemd/swiftlet.socket",
    "usr/lib/sysusers.d/swiftlet.conf": "systemd/swiftlet.sysusers",
    "usr/lib/tmpfiles.d/swiftlet.conf": "systemd/swiftlet.tmpfiles",
    "usr/lib/udev/rules.d/70-swiftlet.rules": "systemd/70-swiftlet.rules",
    "etc/swiftlet/swiftlet.conf": "systemd/swiftlet.conf",
    "usr/share/swiftlet/cards.gguf": "models/cards/xxs-int8.gguf",
    "usr/share/swiftlet/stream.schema.json": "Sources/Stream/stream.schema.json",
}
SOURCES |= {f"usr/share/swiftlet/{board}": str(board) for board in pathlib.Path("boards").glob("*.ini")}
# What else may be there: all of a directory, and these.
FOLDERS = ("usr/share/doc/swiftlet/", "usr/share/man/man")
FILES = {
    "usr/bin/swiftlet", "usr/bin/swiftletd", "usr/share/lintian/overrides/swiftlet",
    "usr/share/bash-completion/completions/swiftlet", "usr/share/bash-completion/completions/swiftletd",
    "usr/share/zsh/vendor-completions/_swiftlet"}


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def check_control(package: str, architecture: str) -> None:
    control = output("dpkg-deb", "--field", package)
    fields = dict(line.split(": ", 1) for line in control.splitlines() if line[:1] != " ")
    assert fields["Package"] == "swiftlet" and fields["Architecture"] == architecture, fields
    version, name = fields["Version"], pathlib.Path(package).name
    assert name == f"swiftlet_{version}_{architecture}.deb", name
    depended = {re.sub(r" \([^)]*\)", "", dependency) for dependency in fields["Depends"].split(", ")}
    assert depended == set(LIBRARIES.values()), depended
    assert "Pre-Depends" not in fields and "Recommends" not in fields, fields


def check_files(package: str, folder: pathlib.Path) -> int:
    subprocess.run(["dpkg-deb", "--raw-extract", package, str(folder)], check=True)
    listing = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], check=True, capture_output=True).stdout
    archive = folder / "DEBIAN" / "data.tar"
    archive.write_bytes(listing)
    size, times = 0, set()
    with tarfile.open(archive) as members:
        for member in members:
            assert (member.uid, member.gid) == (0, 0), member.name
            path = member.name.removeprefix("./")
            times.add(member.mtime)
            if member.isdir():
                assert member.mode == 0o755, path
                continue
            assert path in SOURCES or path in FILES or path.startswith(FOLDERS), f"{path}: why is it there?"
            if member.isfile():
                assert member.mode == (0o755 if path.startswith("usr/bin/") else 0o644), (path, oct(member.mode))
                size += member.size
    # The time of the commit, whatever the files' own is.
    assert len(times) == 1, times
    for path, source in SOURCES.items():
        assert (folder / path).read_bytes() == pathlib.Path(source).read_bytes(), path
    assert (folder / "DEBIAN" / "conffiles").read_text() == "/etc/swiftlet/swiftlet.conf\n"
    assert (folder / "var/lib/swiftlet").is_dir()
    for script in ("preinst", "postinst", "prerm", "postrm"):
        subprocess.run(["dash", "-n", str(folder / "DEBIAN" / script)], check=True)
    check_old_processor(folder / "DEBIAN" / "preinst", folder)
    for page in ("man1/swiftlet.1", "man5/swiftlet.conf.5", "man7/swiftlet-stream.7", "man8/swiftletd.8"):
        assert (folder / f"usr/share/man/{page}.gz").is_file(), page
    return size


def check_old_processor(script: pathlib.Path, folder: pathlib.Path) -> None:
    """A Raspberry Pi Zero's system, which is armhf too, is rejected before anything is unpacked."""
    (folder / "uname").write_text("#!/bin/sh\necho $MACHINE\n")
    (folder / "uname").chmod(0o755)
    for machine, status in (("armv6l", 1), ("armv7l", 0), ("aarch64", 0)):
        run = subprocess.run(["sh", str(script), "install"], capture_output=True, text=True,
                             env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "MACHINE": machine})
        assert run.returncode == status and (machine in run.stderr) == (status == 1), (machine, run)


def check_programs(folder: pathlib.Path, architecture: str) -> None:
    # One program under two names: most of the daemon's code is the tool's too.
    assert (folder / "usr/bin/swiftletd").readlink() == pathlib.Path("swiftlet")
    for program in ("swiftletd", "swiftlet"):
        path = str(folder / "usr/bin" / program)
        header = dict(
            (part.strip() for part in line.split(":", 1))
            for line in output("readelf", "--file-header", path).splitlines() if ":" in line)
        assert header["Machine"] == MACHINES[architecture], header
        dynamic = output("readelf", "--dynamic", path).splitlines()
        needed = {line.split("[")[1].rstrip("]") for line in dynamic if "(NEEDED)" in line}
        assert needed <= LIBRARIES.keys(), needed - LIBRARIES.keys()
        assert not any("RPATH" in line or "RUNPATH" in line for line in dynamic), path
        # Where and how a program was built must not show in it.
        assert ".swift_modhash" not in output("readelf", "--sections", "--wide", path), path
        assert str(pathlib.Path.cwd()).encode() not in pathlib.Path(path).read_bytes(), path


def main(package: str, architecture: str) -> None:
    packed = pathlib.Path(package).stat().st_size
    with tempfile.TemporaryDirectory() as folder:
        check_control(package, architecture)
        size = check_files(package, pathlib.Path(folder) / "package")
        check_programs(pathlib.Path(folder) / "package", architecture)
    assert size <= INSTALLED_LIMIT and packed <= PACKED_LIMIT, (size, packed)
    print(f"{package}: {size / 1e6:.2f} MB installed, {packed / 1e6:.2f} MB packed")


if __name__ == "__main__":
    main(*sys.argv[1:])
