"""The daemon, built with ThreadSanitizer, under a load that makes its threads meet: threads.py DAEMON MODEL IMAGES
DIRECTORY SECONDS [RUNS]

Clients come, send options, ask for images and counters, and go, some in the middle of a line; some read slowly
or never; the configuration changes and is reloaded; images that are none lie among the others; every other run has
threads for the network. Each run ends with SIGTERM while all of that continues. Exits 1 after any report, or where the
daemon does not end by itself.
"""

import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

REQUESTS = [
    b'{"snapshot":true}\n', b'{"status":true}\n', b'{"every":2,"min_score":0.05}\n', b'{"classes":["person","ace"]}\n', b'{"classes":["dog"]}\n',
    b"{}\n", b"nonsense\n", b"x" * 5000, b'{"every":3}\n{"snapshot":true}\n{"status":true}\n',
]


def connect(path: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(2)
    client.connect(path)
    return client


def talker(path: str, seed: int, is_over: threading.Event) -> None:
    chance = random.Random(seed)
    while not is_over.is_set():
        try:
            with connect(path) as client:
                for _ in range(chance.randrange(1, 8)):
                    client.sendall(chance.choice(REQUESTS))
                    for _ in range(chance.randrange(3)):
                        _, descriptors, _, _ = socket.recv_fds(client, chance.choice([1, 100, 1 << 16]), 4)
                        for descriptor in descriptors:
                            os.pread(descriptor, 1 << 16, 0)
                            os.close(descriptor)
                    is_over.wait(chance.choice([0, 0.02, 0.11]))
        except OSError:
            is_over.wait(0.02)


def sluggard(path: str, is_over: threading.Event) -> None:
    """Takes so little that its queue overflows; asks for an image and leaves it."""
    while not is_over.is_set():
        try:
            with connect(path) as client:
                client.sendall(b'{"snapshot":true}\n')
                while not is_over.wait(0.5):
                    client.recv(300)
        except OSError:
            is_over.wait(0.1)


def run(daemon: str, model: str, pictures: pathlib.Path, folder: pathlib.Path, seconds: float, number: int) -> str:
    path = str(folder / "s")
    configuration = folder / "conf"

    def configure(turn: int) -> None:
        text = f"[detect]\nthreshold = 0.{turn % 9 + 1}\n[camera]\nrate = {[20, 200, 50][turn % 3]}\n"
        if turn % 4 == 3:
            text = "[detect]\nthreshold = high\n"
        fresh = folder / "conf.new"
        fresh.write_text(text)
        fresh.replace(configuration)

    configure(0)
    log = folder / f"log-{number}"
    with open(log, "wb") as errors:
        process = subprocess.Popen(
            [daemon, "--config", configuration, "--model", model, "--source", pictures, "--loop", "--socket", path,
             "--metrics", folder / "metrics.prom", "--threads", str(1 + number % 2)], stderr=errors,
            env={**os.environ, "TSAN_OPTIONS": "halt_on_error=0:history_size=7:exitcode=66"})
    is_over = threading.Event()
    threads = [threading.Thread(target=talker, args=(path, 100 * number + seed, is_over)) for seed in range(8)]
    threads += [threading.Thread(target=sluggard, args=(path, is_over)) for _ in range(2)]
    for thread in threads:
        thread.start()
    # The loader of such a build takes long, and a signal that comes before the program's first line ends it.
    while not os.path.exists(path) and process.poll() is None:
        time.sleep(0.05)
    end = time.monotonic() + seconds
    turn = 0
    while time.monotonic() < end and process.poll() is None:
        turn += 1
        configure(turn)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    is_over.set()
    for thread in threads:
        thread.join()
    text = log.read_text(errors="replace")
    reports = len(re.findall("WARNING: ThreadSanitizer", text))
    ended = re.search(r"stopped: (\d+) frames.* (\d+) lines sent", text)
    print(f"run {number}: {reports} reports, exit {code}, {ended.group(0) if ended else 'no last line'}", flush=True)
    if reports == 0 and code == 0 and ended and int(ended.group(1)) > 0:
        log.unlink()
        return ""
    return text


def main(daemon: str, model: str, pictures: str, folder: str, seconds: str, runs: str = "1") -> None:
    out = pathlib.Path(folder).resolve()
    shutil.rmtree(out, ignore_errors=True)
    (out / "pictures").mkdir(parents=True)
    for picture in sorted(pathlib.Path(pictures).glob("*.jpg"))[:5]:
        shutil.copy(picture, out / "pictures")
    (out / "pictures" / "zz-none.jpg").write_text("no image")
    failures = [text for number in range(int(runs))
                if (text := run(daemon, model, out / "pictures", out, float(seconds), number))]
    if failures:
        print(failures[0][:20_000], file=sys.stderr)
        sys.exit(f"threads: {len(failures)} of {runs} runs failed; their logs are in {folder}")


if __name__ == "__main__":
    main(*sys.argv[1:])
