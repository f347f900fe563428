"""Runs the clients of Sources/examples against the real daemon, and against a daemon that is played:
check_examples.py DAEMON SWIFTLET MODEL IMAGES DIRECTORY

With the real one each must print what `swiftlet detect` finds in the same images."""

import json
import pathlib
import shutil
import socket
import subprocess
import sys
import threading

from running_daemon import PATIENCE, Daemon, check

EXAMPLES = pathlib.Path("Sources/examples")
THRESHOLD, LEAST = 0.05, 0.2
HELLO = b'{"type":"hello","protocol":1,"labels":["background","a"]}\n'
END = b'{"type":"end","frames":1,"corrupt_frames":0}\n'
UNAVAILABLE, BAD_PROTOCOL = 69, 76


def run(*command: object) -> str:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def compiled(folder: pathlib.Path) -> dict[str, list[str]]:
    """Every example as a command."""
    c, swift = folder / "detections-c", folder / "detections-swift"
    compiler = shutil.which("clang") or "cc"
    run(compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all", "-o", c, EXAMPLES / "detections.c")
    run("swiftc", "-warnings-as-errors", "-o", swift, EXAMPLES / "detections.swift")
    return {
        "Python": [str(EXAMPLES / "detections.py")], "shell": [str(EXAMPLES / "detections.sh")],
        "C": [str(c)], "Swift": [str(swift)],
    }


def started(command: list[str], path: str, least: float) -> subprocess.Popen:
    return subprocess.Popen(
        [*command, path, str(least)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)


def ended(process: subprocess.Popen) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, output.decode(), errors.decode()


def rows(text: str) -> list[tuple]:
    """Image, label, and the numbers of each line."""
    parts = [line.split("\t") for line in text.splitlines()]
    return [(picture, label, *map(float, numbers)) for picture, label, *numbers in parts]


def expected(swiftlet: str, arguments: list[str], pictures: str) -> list[tuple]:
    found = []
    for line in run(swiftlet, "detect", "--json", *arguments, pictures).splitlines():
        record = json.loads(line)
        found += [
            (pathlib.PurePath(record["file"]).name, one["label"], one["score"], *one["box_px"])
            for one in record["detections"] if one["score"] >= LEAST]
    return found


def same_as_detect(
    examples: dict[str, list[str]], program: str, swiftlet: str, model: str, pictures: str, folder: str,
) -> None:
    # As many as a line holds.
    arguments = ["--model", model, "--threshold", str(THRESHOLD), "--limit", "300", "--resize", "fast"]
    wanted = expected(swiftlet, arguments, pictures)
    check(len({row[0] for row in wanted}) > 1, "too little is detected to compare")
    for name, command in examples.items():
        with Daemon(program, folder, [*arguments, "--source", pictures, "--wait", str(PATIENCE)]) as daemon:
            code, output, errors = ended(started(command, daemon.socket, LEAST))
            daemon.ended()
        check((code, errors) == (0, ""), f"{name} ended with {code}: {errors}")
        printed = rows(output)
        # The stream has the best first, the command the classes in order.
        difference = set(printed) ^ set(wanted)
        check(sorted(printed) == sorted(wanted), f"{name} and swiftlet detect differ: {sorted(difference)[:4]}")
        print(f"{name}: the same {len(wanted)} detections as swiftlet detect")


def snapshot_is_the_picture(program: str, model: str, pictures: str, folder: str) -> None:
    """The client of snapshots in Python saves a file of the source, byte for byte."""
    out = pathlib.Path(folder) / "snapshot.jpg"
    out.unlink(missing_ok=True)
    with Daemon(program, folder, ["--model", model, "--source", pictures, "--loop"]) as daemon:
        code, output, errors = ended(subprocess.Popen(
            [EXAMPLES / "snapshot.py", out, daemon.socket], stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        check((code, errors) == (0, ""), f"snapshot.py ended with {code}: {errors}")
        # A reader that has enough, as head, ends a client without a word.
        reader = subprocess.Popen([EXAMPLES / "detections.py", daemon.socket, "0.01"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        reader.stdout.readline()
        reader.stdout.close()
        code, errors = reader.wait(PATIENCE), reader.stderr.read().decode()
        check((code, errors) == (0, ""), f"detections.py, its reader gone, ended with {code}: {errors}")
    name = output.partition(": image ")[2].partition(",")[0]
    check(out.read_bytes() == (pathlib.Path(pictures) / name).read_bytes(), f"snapshot.py saved another image: {output}")
    print("Python: a snapshot is the camera's own JPEG")


class Played:
    """A daemon that sends what it is told: to each client that comes, one after the other, the next list of pieces."""

    def __init__(self, path: pathlib.Path, *clients: list[bytes]) -> None:
        path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.listener.settimeout(PATIENCE)
        self.requests: list[bytes] = []
        self.thread = threading.Thread(target=self.serve, args=(clients,), daemon=True)
        self.thread.start()

    def serve(self, clients: tuple[list[bytes], ...]) -> None:
        for pieces in clients:
            client, _ = self.listener.accept()
            client.settimeout(PATIENCE)
            with client:
                request = b""
                while not request.endswith(b"\n"):
                    request += client.recv(4096)
                self.requests.append(request)
                try:
                    for piece in pieces:
                        client.sendall(piece)
                except BrokenPipeError:
                    # A client that has heard enough.
                    pass

    def __enter__(self) -> "Played":
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.join(PATIENCE)
        self.listener.close()


def frame(number: int, label: str, score: float = 0.9) -> bytes:
    detections = [
        {"class": 1, "label": label, "score": score, "box_px": [1.5, 2, 30.25, number]},
        {"class": 1, "label": "too little", "score": 0.1, "box_px": [0, 0, 1, 1]},
    ]
    # Keys in another order, and unknown ones.
    record = {"new": {"a": [1, {"b": "}\n\"]"}], "detections": "no"}, "picture": number, "detections": detections,
              "empty": [], "none": {}, "type": "frame", "sequence": number, "last": None}
    return json.dumps(record).encode() + b"\n"


def play(command: list[str], path: pathlib.Path, *clients: list[bytes]) -> tuple[int, str, str]:
    with Played(path, *clients) as daemon:
        outcome = ended(started(command, str(path), LEAST))
    for request in daemon.requests:
        asked = json.loads(request)
        check(list(asked) == ["min_score"] and abs(asked["min_score"] - LEAST) < 1e-6, f"asked for {request!r}")
    check(len(daemon.requests) == len(clients), f"connected {len(daemon.requests)} times, not {len(clients)}")
    return outcome


def played(name: str, command: list[str], folder: pathlib.Path) -> None:
    path = folder / "played"
    path.unlink(missing_ok=True)
    code, output, errors = ended(started(command, str(path), LEAST))
    check((code, output) == (UNAVAILABLE, "") and str(path) in errors, f"{name} without a daemon: {code} {errors!r}")

    # Lines in pieces of any size, labels that JSON escapes, types that are not known.
    labels = ["a", "ä \"b\"", "\N{GRINNING FACE}", "back\\slash"]
    stream = HELLO + b'{"type":"new","what":[]}\n'
    stream += b"".join(frame(number, label) for number, label in enumerate(labels)) + END
    wanted = [(str(number), label, 0.9, 1.5, 2, 30.25, number) for number, label in enumerate(labels)]
    for size in (1, 7, len(stream)):
        pieces = [stream[start:start + size] for start in range(0, len(stream), size)]
        code, output, errors = play(command, path, pieces)
        check((code, errors) == (0, ""), f"{name}, in pieces of {size}: {code} {errors!r}")
        got = rows(output.replace("back\\\\slash", "back\\slash") if name == "shell" else output)
        check(got == wanted, f"{name}, in pieces of {size}: {output!r}")

    code, output, errors = play(command, path, [HELLO.replace(b'"protocol":1', b'"protocol":2'), frame(0, "a")])
    check((code, output) == (BAD_PROTOCOL, "") and "protocol" in errors, f"{name}, other protocol: {code} {errors!r}")

    # The daemon goes in the middle of a line. The long-lived client comes back; the others take it for the end.
    torn = [HELLO, frame(0, "a"), frame(1, "b")[:-20]]
    again = [HELLO, frame(2, "c"), END]
    if name == "C":
        code, output, errors = play(command, path, torn, again)
        check(code == 0 and [row[0] for row in rows(output)] == ["0", "2"], f"{name}, torn: {code} {output} {errors}")
        code, output, errors = play(command, path, [HELLO, b'{"type":"dropped","lines":7}\n', END])
        check((code, output) == (0, "") and "7" in errors, f"{name}, lines lost: {code} {output} {errors}")
    if name in ("C", "Swift"):
        for bad in (b"x" * (300 << 10), b"no line\n", b'{"type":"frame"\n', b"[" * 100000 + b"\n"):
            code, output, errors = play(command, path, [HELLO, bad])
            is_told = (code, output) == (BAD_PROTOCOL, "") and "swiftletd" in errors
            check(is_told, f"{name}, {bad[:20]}: {code} {errors}")
    print(f"{name}: whole lines from any pieces, no daemon, an unknown protocol")


def page_is_complete() -> None:
    schema = json.loads(pathlib.Path("Sources/Stream/stream.schema.json").read_text())
    types = {rule["if"]["properties"]["type"]["const"] for rule in schema["allOf"]}
    page = (EXAMPLES / "README.md").read_text()
    told = {line.split("`")[1] for line in page.split("| type |")[1].splitlines() if line.startswith("| `")}
    check(told == types, f"the page tells of {sorted(told)}, the schema of {sorted(types)}")


def main(program: str, swiftlet: str, model: str, pictures: str, folder: str) -> None:
    page_is_complete()
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    examples = compiled(pathlib.Path(folder))
    for name, command in examples.items():
        played(name, command, pathlib.Path(folder))
    same_as_detect(examples, program, swiftlet, model, pictures, folder)
    snapshot_is_the_picture(program, model, pictures, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
