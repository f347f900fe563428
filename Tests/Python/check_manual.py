"""Holds what --help says, what the man pages say and what shells complete against each other.

What a program says of itself is what counts: an option that a page or a completion lacks, has beyond it or writes in
another way is a mistake. So are settings and kinds of lines that the pages on configuration and stream do not name."""
import argparse
import json
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MANUAL, COMPLETION = ROOT / "Sources/manual", ROOT / "Sources/completion"
OPTION = re.compile(r"(?<![\w-])(--?[a-z][a-z-]*)")
MODEL = ROOT / "models/cards/xxs-int8.gguf"
# Every command has these; pages name them once.
COMMON = {"-h", "--help", "--version"}
COMMON_ITEMS = {".It Fl h , Fl -help", ".It Fl -version"}

mistakes: list[str] = []


def compare(where: str, found: set[str], wanted: set[str]) -> None:
    for name in sorted(wanted - found):
        mistakes.append(f"{where}: lacks {name}")
    for name in sorted(found - wanted):
        mistakes.append(f"{where}: has {name}, which does not exist")


def help_of(program: Path, *arguments: str) -> str:
    return subprocess.run([program, *arguments, "--help"], check=True, capture_output=True, text=True).stdout


def options_in_help(text: str) -> set[str]:
    """Of the lines that begin with an option; what stands behind two blanks explains it."""
    lines = re.findall(r"^ {2,8}(-.*)$", text, re.MULTILINE)
    return {option for line in lines for option in OPTION.findall(re.split(r" {2,}", line)[0])} - COMMON


def sections(page: str) -> dict[str, str]:
    """By subsection, the text of a page; "" holds what stands before the first."""
    parts = re.split(r"^\.S[sh] (.*)$", (MANUAL / page).read_text(), flags=re.MULTILINE)
    return dict(zip(["", *parts[1::2]], parts[::2]))


def options_in_page(text: str) -> set[str]:
    items = re.findall(r"^\.It (Fl .*)$", text, re.MULTILINE)
    return {"-" + flag for item in items for flag in re.findall(r"Fl (-?[a-z][a-z-]*)", item)} - COMMON


def items_in_help(text: str) -> set[str]:
    """The lines that begin a page's items, made of the options of a device program: "  -m, --model FILE  model file"."""
    items = set()
    for short, long, argument in re.findall(r"^  (?:-([a-z]), |    )-(-[a-z-]+)(?: ([^ ]+))?  ", text, re.MULTILINE):
        kind = "Ar" if argument.isupper() or argument == "WxH" else "Cm"
        items.add(".It " + (f"Fl {short} , " if short else "") + f"Fl {long}"
                  + (f" {kind} " + argument.replace("|", " | ") if argument else ""))
    return items - COMMON_ITEMS


def items_in_page(text: str) -> set[str]:
    return set(re.findall(r"^\.It Fl .*$", text, re.MULTILINE)) - COMMON_ITEMS


def commands_in_help(text: str) -> set[str]:
    return set(re.findall(r"^ {2}([a-z]+) {2,}", text, re.MULTILINE))


def bash_words(*line: str) -> set[str]:
    """What bash offers for the last word of a line."""
    script = (f"source {COMPLETION / 'swiftlet.bash'}; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _$1; "
              "printf '%s\\n' \"${COMPREPLY[@]}\"")
    result = subprocess.run(["bash", "-c", script, "bash", *line], check=True, capture_output=True, text=True)
    return set(result.stdout.split())


class Zsh:
    """An interactive zsh on a terminal of its own, with our completion and no settings."""

    def __init__(self, path: str | None = None) -> None:
        path = path or os.environ["PATH"]
        self.terminal, inside = pty.openpty()
        environment = {**os.environ, "PATH": path, "TERM": "dumb", "COLUMNS": "200", "LINES": "200"}
        self.shell = subprocess.Popen(["zsh", "-f", "-i"], stdin=inside, stdout=inside, stderr=inside, env=environment,
                                      start_new_session=True)
        os.close(inside)
        self.send(f"fpath=({COMPLETION} $fpath); autoload -Uz compinit; compinit -u -D; PROMPT= LISTMAX=10000; "
                  "setopt no_beep auto_list; unsetopt auto_menu list_ambiguous; "
                  "finish() { BUFFER=; zle -I; print '<END>' }; zle -N finish; bindkey '^X' finish; print '<END>'\n")
        self.until_end()

    def send(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def until_end(self) -> str:
        """What the terminal shows up to a line that the shell prints when it has done what it was sent."""
        shown = ""
        while not re.search(r"^<END>\r?$", shown, re.MULTILINE):
            if not select.select([self.terminal], [], [], 60)[0]:
                raise TimeoutError(f"zsh hangs after: {shown}")
            shown += os.read(self.terminal, 65536).decode()
        return shown

    def words(self, line: str) -> set[str]:
        """What it offers for the last word of a line: the columns before what explains them."""
        # The key behind the tab empties the line and prints the mark. One of the terminal's own, such as that which
        # erases a line, would mean something else while the shell is not yet reading.
        self.send(f"{line}\t\x18")
        shown = self.until_end()
        return {word for row in re.findall(r"^(.*?) +-- ", shown, re.MULTILINE) for word in row.split()}

    def close(self) -> None:
        self.shell.kill()
        self.shell.wait()
        os.close(self.terminal)


def check_device_programs(programs: Path) -> None:
    tool = programs / "swiftlet"
    commands = commands_in_help(help_of(tool))
    page, zsh = sections("swiftlet.1"), Zsh()
    named = {title.split()[1]: text for title, text in page.items() if title.startswith("swiftlet ")}
    compare("swiftlet.1", set(named), commands)
    compare("zsh completion", zsh.words("swiftlet "), commands | COMMON)
    compare("bash completion", bash_words("swiftlet", ""), commands | COMMON)
    for command in sorted(commands):
        text = help_of(tool, command)
        wanted = options_in_help(text)
        compare(f"swiftlet.1, {command}", items_in_page(named.get(command, "")), items_in_help(text))
        compare(f"bash completion, {command}", bash_words("swiftlet", command, "-") - COMMON, wanted)
        compare(f"zsh completion, {command}", zsh.words(f"swiftlet {command} -") - COMMON, wanted)
        check_screen(f"swiftlet {command} --help", text)
    # What was given is offered again only where it may be repeated.
    again = zsh.words("swiftlet detect --class-threshold king=0.5 --limit 3 -") & {"--class-threshold", "--limit"}
    compare("zsh completion, options given before", again, {"--class-threshold"})
    text = help_of(programs / "swiftletd")
    wanted = options_in_help(text)
    compare("swiftletd.8", items_in_page((MANUAL / "swiftletd.8").read_text()), items_in_help(text))
    compare("bash completion, swiftletd", bash_words("swiftletd", "-") - COMMON, wanted)
    check_values(programs / "swiftletd", text)
    compare("zsh completion, swiftletd", zsh.words("swiftletd -") - COMMON, wanted)
    zsh.close()
    check_screen("swiftletd --help", text)


def check_values(daemon: Path, text: str) -> None:
    """The words that bash offers behind an option: those of its help, or of the message for a wrong one."""
    for option, choices in re.findall(r"^ .*(--[a-z-]+) ([a-z0-9]+(?:\|[a-z0-9]+)+)  ", text, re.MULTILINE):
        compare(f"bash completion, swiftletd {option}", bash_words("swiftletd", option, ""), set(choices.split("|")))
    said = subprocess.run([daemon, "--format", "none"], capture_output=True, text=True).stderr
    formats = re.search(r"must be ([a-z0-9, ]+), not 'none'", said)[1].replace(" or ", ", ").split(", ")
    compare("bash completion, swiftletd --format", bash_words("swiftletd", "--format", ""), set(formats))


def check_names_from_outside(programs: Path) -> None:
    """What a camera is called is offered as a word, and never runs: neither behind a tab nor when the line is entered."""
    names = ["$(touch ran)", "`touch ran`", "a${IFS}$(touch${IFS}ran)", "a;touch ran", "usb-046d_0825 *", "~root", "it's", "-x"]
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            program, path = Path(folder, "swiftlet"), f"{folder}:{os.environ['PATH']}"
            Path(folder, "cameras.json").write_text(json.dumps({"cameras": [{"name": name}]}, separators=(",", ":")) + "\n")
            program.write_text(f"#!/bin/sh\ncase $* in *--help) exec '{programs}/swiftlet' \"$@\" ;; esac\n"
                               f"cd '{folder}'\n[ $2 = --json ] && exec cat cameras.json\n"
                               "printf '%s\\n' \"$@\" >arguments\n")
            program.chmod(0o755)
            script = (f"cd {folder}; PATH={path}; source {COMPLETION / 'swiftlet.bash'}; COMP_WORDS=(swiftlet cameras --camera ''); "
                      "COMP_CWORD=3; _swiftlet; eval \"swiftlet cameras --camera ${COMPREPLY[0]}\"")
            subprocess.run(["bash", "-c", script], check=True)
            found = {"bash": Path(folder, "arguments").read_text().splitlines()}
            Path(folder, "arguments").unlink()
            zsh = Zsh(path)
            zsh.send(f"cd {folder}; swiftlet cameras --camera \t\nprint '<END>'\n")
            zsh.until_end()
            zsh.close()
            found["zsh"] = Path(folder, "arguments").read_text().splitlines()
            for shell, arguments in found.items():
                if arguments != ["cameras", "--camera", name]:
                    mistakes.append(f"{shell} completion: makes {arguments} of a camera called {name}")
            if Path(folder, "ran").exists():
                mistakes.append(f"completion: runs what a camera is called: {name}")
    for file in ("swiftlet.bash", "_swiftlet"):
        text = (COMPLETION / file).read_text()
        if re.search(r"compgen -W [^\n]*\$\((?!\()|\beval\b", text):
            mistakes.append(f"{file}: text from outside reaches compgen -W or eval")


def check_screen(where: str, text: str) -> None:
    lines = text.splitlines()
    if len(lines) > 40 or max(map(len, lines)) > 100:
        mistakes.append(f"{where}: fits no screen: {len(lines)} lines, the longest of {max(map(len, lines))}")


def check_model_tool(tool: Path) -> None:
    commands = commands_in_help(help_of(tool)) - {"help"}
    named = {title.split()[1]: text for title, text in sections("swiftlet-model.1").items()
             if title.startswith("swiftlet-model ")}
    compare("swiftlet-model.1", set(named), commands)
    for command in sorted(commands):
        compare(f"swiftlet-model.1, {command}", options_in_page(named.get(command, "")),
                options_in_help(help_of(tool, command)))


def check_bridge() -> None:
    text = help_of(ROOT / "Sources/swiftlet-mqtt/swiftlet-mqtt")
    compare("swiftlet-mqtt.1", options_in_page((MANUAL / "swiftlet-mqtt.1").read_text()), options_in_help(text))
    version = re.search(r'"([\d.]+)"', (ROOT / "Sources/Service/Product.swift").read_text())[1]
    if f'VERSION = "{version}"' not in (ROOT / "Sources/swiftlet-mqtt/swiftlet_mqtt/__init__.py").read_text():
        mistakes.append(f"swiftlet-mqtt: another version than {version}")


def check_settings(programs: Path) -> None:
    """Every section and key of the configuration that is shipped, where some are comments, and of `swiftlet check`."""
    shipped = ROOT / "systemd/swiftlet.conf"
    with tempfile.TemporaryDirectory() as folder:
        # A model that is here: the one that is shipped is where the package puts it.
        here = Path(folder, "swiftlet.conf")
        here.write_text(re.sub("^path = .*", f"path = {MODEL}", shipped.read_text(), flags=re.MULTILINE))
        printed = subprocess.run([programs / "swiftlet", "check", here], check=True, capture_output=True, text=True).stdout
    wanted, section = set(), ""
    for line in (printed + shipped.read_text()).splitlines():
        if title := re.match(r"[;# ]*\[(\w+)", line):
            section = title[1]
        elif key := re.match(r"[;# ]*(\w+) *=", line):
            wanted.add(f"[{section}] {key[1]}")
    found = set()
    for title, text in sections("swiftlet.conf.5").items():
        if name := re.match(r"\[(\w+)", title):
            found |= {f"[{name[1]}] {key}" for key in re.findall(r"^\.It Cm (\w+)", text, re.MULTILINE)}
    fixed = {key for key in found if not key.startswith(("[threshold]", "[zone]"))}
    compare("swiftlet.conf.5", fixed, {key for key in wanted if not key.startswith(("[threshold]", "[zone]"))})
    if {"[zone] include", "[zone] exclude"} - found:
        mistakes.append("swiftlet.conf.5: lacks a zone's keys")


def check_stream() -> None:
    schema = json.loads((ROOT / "Sources/Stream/stream.schema.json").read_text())
    kinds = {rule["if"]["properties"]["type"]["const"] for rule in schema["allOf"]}
    page = sections("swiftlet-stream.7")

    def items(title: str) -> set[str]:
        lines = re.findall(r"^\.It Cm (.*)$", page[title], re.MULTILINE)
        return {name for line in lines for name in re.findall(r"\w+", line)} - {"Cm"}

    compare("swiftlet-stream.7, lines", items("Lines of the daemon"), kinds)
    asked = set()
    for name, rule in schema["$defs"].items():
        if name.lower().endswith("request"):
            for part in [rule, *rule.get("oneOf", []), *rule.get("anyOf", [])]:
                asked |= set(part.get("properties", {}))
    compare("swiftlet-stream.7, a client's keys", items("Lines of a client"), asked)
    text = (MANUAL / "swiftlet-stream.7").read_text()
    for name in schema["$defs"]["frame"]["properties"]:
        if name not in text:
            mistakes.append(f"swiftlet-stream.7: lacks the field {name} of a frame")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", type=Path, help="directory with swiftlet, swiftletd and swiftlet-model")
    programs = parser.parse_args().programs.resolve()
    # Completions ask the programs what they offer.
    os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
    check_device_programs(programs)
    check_names_from_outside(programs)
    check_model_tool(programs / "swiftlet-model")
    check_settings(programs)
    check_stream()
    if (ROOT / "Sources/swiftlet-mqtt").is_dir():
        check_bridge()
    for page in sorted(MANUAL.iterdir()):
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
        mistakes.extend(lint.stdout.splitlines())
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
