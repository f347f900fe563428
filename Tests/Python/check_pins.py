"""Holds that what is installed is fixed: each requirement has its digests and an exact version, each pip asks for them, and
each Swift package is an exact one."""

import re
import subprocess
import sys
from pathlib import Path


def mistakes() -> list[str]:
    found = []
    files = subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True).stdout.splitlines()
    for file in (Path(name) for name in files if Path(name).is_file()):
        if re.fullmatch(r"requirements.*\.txt", file.name):
            text = re.sub(r"\\\n", " ", file.read_text())
            for line in re.findall(r"^[A-Za-z0-9].*$", text, re.MULTILINE):
                if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}\b", line):
                    found.append(f"{file}: {line.split()[0]} without its digests")
            # What people write down is what was pinned.
            for line in re.findall(r"^[A-Za-z0-9].*$", file.with_suffix(".in").read_text(), re.MULTILINE):
                if not re.search(rf"^{re.escape(line)} ", text, re.MULTILINE | re.IGNORECASE):
                    found.append(f"{file}: lacks {line} of {file.stem}.in")
        elif file.name == "README.md" or file.parts[0] in ("toolchains", "Tests", ".ci"):
            text = re.sub(r"\\\n", " ", file.read_text(errors="replace"))
            for line in re.findall(r"^.*\bpip3? install .*$", text, re.MULTILINE):
                if "--require-hashes" not in line:
                    found.append(f"{file}: {line.strip()}")
    for line in re.findall(r"^.*\.package\(.*$", Path("Package.swift").read_text(), re.MULTILINE):
        if "exact:" not in line and "revision:" not in line:
            found.append(f"Package.swift: {line.strip()}")
    return found


if __name__ == "__main__":
    for mistake in mistakes():
        print(mistake, file=sys.stderr)
    sys.exit(1 if mistakes() else 0)
