"""Runs every example of the README and of the man pages' EXAMPLES sections.

Each block of the README runs whole in a shell of its own, each line of a page's EXAMPLES likewise. What an example takes
for granted lies in a directory of its own: a checkpoint, photos of drawn cards, a running daemon. Paths of the installed
package become paths in that directory, and commands are told where the daemon and the model are, since nothing is installed
here; Tests/Board/package.sh uses them as installed. An example that is neither run here nor named in
ELSEWHERE is a mistake."""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Examples that other tests run: how they begin, and which test that is.
ELSEWHERE = {
    "toolchains/demo": "toolchains/test demo",
    "toolchains/test": "CI",
    "toolchains/package": "toolchains/test package",
    "toolchains/prepare": "toolchains/test",
    "swift build": "toolchains/test",
    "toolchains/soak": "toolchains/test soak",
    "toolchains/count": "toolchains/test arm64",
    "toolchains/compare": "a benchmark that installs other runtimes",
    "sudo apt install": "Tests/Board/package.sh",
    "sudo adduser": "Tests/Board/package.sh",
    "journalctl": "Tests/Board/package.sh",
    "ssh board": "two machines",
    "swiftlet-mqtt": "toolchains/test mqtt",
}
# What else than 0 an example may end with on a machine without cameras that is no board.
ALLOWED = {"swiftlet cameras": {66}, "swiftlet bench --board": {66, 69}}
# Examples that run until they are stopped.
ENDLESS = re.compile(r"^(\S*/)?(swiftlet watch(?!.*--count)|swiftletd |nc -U |python3 )", re.DOTALL)


class Example:
    def __init__(self, where: str, text: str):
        self.where, self.text = where, text
        self.last = text.splitlines()[-1]

    def is_run_elsewhere(self) -> bool:
        return all(any(line.startswith(start) for start in ELSEWHERE) for line in self.text.splitlines())


def of_readme() -> list[Example]:
    text = re.sub(r"```.*?```", "", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    found = [Example("README.md", re.sub("^    ", "", block, flags=re.MULTILINE).strip())
             for block in re.findall(r"(?:^    \S[^─\n]*\n)+", text, re.MULTILINE) if not block.startswith("    (")]
    found += [Example("README.md", line) for line in re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
              if re.match(r"swiftlet|toolchains/|journalctl", line)]
    return found


def of_page(page: Path) -> list[Example]:
    text = page.read_text().partition("\n.Sh EXAMPLES\n")[2].partition("\n.Sh ")[0]
    lines = re.findall(r"^\.Dl (.*)$", text, re.MULTILINE)
    for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", text, re.MULTILINE | re.DOTALL):
        if not block.startswith("["):
            lines += block.splitlines()
    return [Example(page.name, line.replace(r"\(dq", '"')) for line in lines]


class Sandbox:
    """A directory in which the examples' files lie, with a daemon that watches drawn cards for ever."""

    def __init__(self, folder: Path, programs: Path):
        self.folder = folder
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
        self.daemons: list[subprocess.Popen] = []
        subprocess.run([ROOT / "toolchains/draw-cards", folder, "--frames", "12"], check=True)
        shutil.copytree(folder / "pictures", folder / "photos")
        shutil.copytree(folder / "pictures", folder / "test")
        shutil.copy(folder / "pictures/ace.jpg", folder / "photo.jpg")
        shutil.copy(folder / "pictures.json", folder / "test.json")
        shutil.copy(ROOT / "models/cards/xxs.pt", folder / "checkpoint.pt")
        shutil.copy(ROOT / "models/cards/labels.txt", folder / "labels.txt")
        shutil.copy(ROOT / "models/cards/xxs-int8.gguf", folder / "model.gguf")
        (folder / ".build").mkdir()
        (folder / ".build/release").symlink_to(programs)
        settings = re.search(r"```ini\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
        (folder / "swiftlet.conf").write_text(self.placed(settings))
        page = re.search(r"\n(\[model\].*?)\.Ed", (ROOT / "Sources/manual/swiftlet.conf.5").read_text(), re.DOTALL)[1]
        (folder / "page.conf").write_text(self.placed(page))
        # The examples begin with a model that the first of them make.
        subprocess.run(["swiftlet-model", "import", "checkpoint.pt", "-o", "detector.gguf", "--labels", "labels.txt"],
                       cwd=folder, env=self.environment, check=True, stderr=subprocess.DEVNULL)

    def placed(self, text: str) -> str:
        for installed, here in (("/run/swiftlet/swiftlet.sock", "run.sock"), ("/tmp/swiftlet.sock", "tmp.sock"),
                                ("/usr/share/swiftlet/cards.gguf", "model.gguf"),
                                ("/etc/swiftlet/swiftlet.conf", "swiftlet.conf")):
            text = text.replace(installed, str(self.folder / here))
        return re.sub(r"(?<=-m |el )M\b", "model.gguf", text)

    def command(self, example: str) -> str:
        command = self.placed(example)
        command = re.sub(r"^swiftlet (?:watch|snapshot|status)\b(?!.*--(?:socket|file))",
                         rf"\g<0> --socket {self.folder}/run.sock", command, flags=re.MULTILINE)
        command = re.sub("^swiftlet check$", "swiftlet check swiftlet.conf", command)
        command = re.sub(r"^swiftlet (?:detect|plan|bench)\b(?!.*(?:-m|--model) )", r"\g<0> --model model.gguf", command,
                         flags=re.MULTILINE)
        return command

    def start(self, *arguments: str) -> None:
        """A daemon on an endless source, until `stop`."""
        sockets = set(self.folder.glob("*.sock"))
        self.daemons.append(subprocess.Popen(arguments, cwd=self.folder, env=self.environment,
                                             stderr=subprocess.DEVNULL))
        self.wait_for(lambda: set(self.folder.glob("*.sock")) - sockets)

    def wait_for(self, condition) -> None:
        # Twenty minutes: on a busy machine what is slow is not wrong.
        for _ in range(12_000):
            if condition():
                return
            time.sleep(0.1)
        raise TimeoutError("what a daemon should have made did not come")

    def stop(self) -> None:
        for daemon in self.daemons:
            daemon.terminate()
            daemon.wait()
        self.daemons.clear()

    def run(self, example: Example) -> str | None:
        """What is wrong with the outcome, or None."""
        command = self.command(example.text)
        if command.endswith("&"):
            sockets = set(self.folder.glob("*.sock"))
            self.daemons.append(subprocess.Popen(["bash", "-c", "exec " + command.rstrip("& ")], cwd=self.folder,
                                                 env=self.environment, stderr=subprocess.DEVNULL))
            self.wait_for(lambda: set(self.folder.glob("*.sock")) - sockets)
            return None
        process = subprocess.Popen(["bash", "-e", "-o", "pipefail", "-c", command], cwd=self.folder, env=self.environment,
                                   stdin=subprocess.DEVNULL if not command.startswith("nc") else subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        if ENDLESS.match(example.last) or example.last.startswith("echo "):
            return self.end(process, example)
        output, errors = process.communicate(timeout=1200)
        allowed = {0}.union(*(codes for start, codes in ALLOWED.items() if example.text.startswith(start)))
        if process.returncode not in allowed:
            return f"ended with {process.returncode}: {errors.strip() or output.strip()}"
        return None

    def end(self, process: subprocess.Popen, example: Example) -> str | None:
        """Ends what continues for ever, once it has said something; a daemon says it in its log."""
        said = (process.stderr if example.last.startswith("swiftletd ") else process.stdout).readline()
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=1200)
        if not said.strip():
            return "said nothing"
        if process.returncode not in (0, -signal.SIGTERM, 128 + signal.SIGTERM):
            return f"ended with {process.returncode}"
        return None


def of_python(sandbox: Sandbox) -> list[Example]:
    """The README's examples in Python, as files of their own."""
    examples = []
    for number, text in enumerate(re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)):
        (sandbox.folder / f"readme-{number}.py").write_text(sandbox.placed(text))
        examples.append(Example("README.md", f"python3 -u readme-{number}.py"))
    return examples


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", type=Path, help="directory with swiftlet, swiftletd and swiftlet-model")
    programs = parser.parse_args().programs.resolve()
    groups = [("README.md", of_readme())]
    groups += [(page.name, of_page(page)) for page in sorted((ROOT / "Sources/manual").iterdir())]
    wrong, count = [], 0
    with tempfile.TemporaryDirectory(prefix="examples-") as name:
        sandbox = Sandbox(Path(name), programs)
        service = ["swiftletd", "-m", "model.gguf", "-s", "photos", "--loop", "--rate", "30", "--socket",
                   str(sandbox.folder / "run.sock"), "--metrics", str(sandbox.folder / "run.prom")]
        try:
            for where, examples in groups:
                sandbox.start(*service)
                sandbox.wait_for((sandbox.folder / "run.prom").exists)
                if where == "README.md":
                    examples += of_python(sandbox)
                for example in examples:
                    if example.is_run_elsewhere():
                        continue
                    count += 1
                    if problem := sandbox.run(example):
                        wrong.append(f"{where}: {example.text}: {problem}")
                sandbox.stop()
            for name in ("swiftlet.conf", "page.conf"):
                if problem := sandbox.run(Example(name, f"swiftlet check {name}")):
                    wrong.append(f"{name}: {problem}")
        finally:
            sandbox.stop()
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{count} examples were run")
    return 1 if wrong or count < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
