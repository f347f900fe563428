"""Installs the packages on every Debian release that they are for, as far as apt and an emulated core tell: apt resolves
what they depend on from the release's own lists, for a new system and for one that is upgraded from the release before,
and the programs run against the release's own libraries: check_install.py DIRECTORY OF PACKAGES, ARCHITECTURE, IMAGE,
DIRECTORY FOR WHAT IS UNPACKED"""

import os
import pathlib
import re
import subprocess
import sys

RELEASES = ("bookworm", "trixie")
EMULATORS = {"arm64": ("qemu-aarch64", "-cpu", "cortex-a53"), "armhf": ("qemu-arm", "-cpu", "cortex-a7")}
TRIPLES = {"arm64": "aarch64-linux-gnu", "armhf": "arm-linux-gnueabihf"}
APT = "toolchains/debian-apt"


def output(*command: str | pathlib.Path, **environment: str) -> str:
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
    assert run.returncode == 0, f"{' '.join(map(str, command))}: status {run.returncode}\n{run.stdout}{run.stderr}"
    return run.stdout


def simulate(configuration: str, *arguments: str | pathlib.Path) -> dict[str, str]:
    """What apt would install, with versions. It removes none of the packages."""
    plan = output("apt-get", "--simulate", *arguments, APT_CONFIG=configuration)
    assert not re.search("^Remv swiftlet", plan, re.MULTILINE), plan
    return dict(re.findall(r"^Inst (\S+)(?: \[\S+\])? \((\S+) ", plan, re.MULTILINE))


def check_upgrade(
    packages: list[pathlib.Path], configurations: dict[str, str], before: dict[str, str], folder: pathlib.Path
) -> None:
    """A system of the older release that has the packages becomes one of the newer and keeps them."""
    older, newer = (configurations[release] for release in RELEASES)
    own = {output("dpkg-deb", "--field", str(deb), "Package").strip(): deb for deb in packages}
    records = [output("dpkg-deb", "--field", str(deb)) for deb in own.values()]
    records += [
        output("apt-cache", "show", f"{name}={version}", APT_CONFIG=older).split("\n\n")[0]
        for name, version in before.items() if name not in own]
    status = folder / "status"
    status.write_text("".join(
        re.sub("^(Package: .*)$", r"\1\nStatus: install ok installed", record.strip(), count=1, flags=re.MULTILINE)
        + "\n\n" for record in records))
    # None of the newer release may replace them either: then they would be among what is installed.
    upgraded = simulate(newer, "-o", f"Dir::State::status={status}", "dist-upgrade")
    assert "libc6" in upgraded and not own.keys() & upgraded.keys(), upgraded


def run_programs(deb: pathlib.Path, release: str, arch: str, picture: pathlib.Path, folder: pathlib.Path) -> str:
    """What the installed programs find in an image, with the release's libraries and no others."""
    root = folder / f"{release}-{arch}"
    needed = [re.sub(r" *[(|].*", "", part) for part in
              output("dpkg-deb", "--field", str(deb), "Depends").strip().split(", ")]
    alternative = simulate(output(APT, release, arch).strip(), "install", deb.resolve())
    needed = [name if name in alternative else f"{name}t64" for name in needed]
    output(APT, release, arch, "--fetch", "--depends", root / "debs", *needed)
    (root / "usr/lib").mkdir(parents=True, exist_ok=True)
    if not (root / "lib").is_symlink():
        (root / "lib").symlink_to("usr/lib")
    for package in [*(root / "debs").glob("*.deb"), deb]:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as files:
            subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", str(root)], stdin=files.stdout, check=True)
    # The emulated loader looks into the host's own directories where it is not told others.
    emulator = (*EMULATORS[arch], "-L", str(root), "-E", f"LD_LIBRARY_PATH={root / 'usr/lib' / TRIPLES[arch]}")
    for program in ("swiftlet", "swiftletd"):
        version = output(*emulator, root / "usr/bin" / program, "--version")
        assert output("dpkg-deb", "--field", str(deb), "Version").strip() in version, version
    output(*emulator, root / "usr/bin/swiftlet", "check", root / "etc/swiftlet/swiftlet.conf")
    lines = output(*emulator, root / "usr/bin/swiftlet", "detect", "--json", "--model",
                   root / "usr/share/swiftlet/cards.gguf", "--threshold", "0.01", picture)
    return re.sub('"inference_ms":[^,]*,', "", lines)


def main(packages: str, arch: str, picture: str, work: str) -> None:
    folder = pathlib.Path(work)
    folder.mkdir(parents=True, exist_ok=True)
    swiftlet, = pathlib.Path(packages).glob(f"swiftlet_*_{arch}.deb")
    bridge, = pathlib.Path(packages).glob("swiftlet-mqtt_*_all.deb")
    debs = [swiftlet.resolve(), bridge.resolve()]
    configurations = {release: output(APT, release, arch).strip() for release in RELEASES}
    plans = {release: simulate(configurations[release], "install", *debs) for release in RELEASES}
    found = {}
    for release, plan in plans.items():
        assert {"swiftlet", "swiftlet-mqtt"} <= plan.keys(), plan
        found[release] = run_programs(swiftlet, release, arch, pathlib.Path(picture), folder)
        libraries = ("libc6", "libjpeg62-turbo", "libv4lconvert0", "libv4lconvert0t64", "python3-paho-mqtt")
        print(f"{release} {arch}:", *(f"{name} {plan[name]}" for name in libraries if name in plan))
    assert found[RELEASES[0]] == found[RELEASES[1]] and '"detections"' in found[RELEASES[0]], found
    check_upgrade(debs, configurations, plans[RELEASES[0]], folder)
    print(f"{arch}: installs and runs on {', '.join(RELEASES)}, with the same detections; an upgrade keeps the packages")


if __name__ == "__main__":
    main(*sys.argv[1:])
