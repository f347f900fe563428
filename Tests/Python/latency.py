"""Reports how long lines take beyond inference: latency.py DAEMON MODEL PICTURES FOLDER SECONDS

Feeds the pictures to swiftletd's standard input as a camera with 30 frames per second would, and reads the lines as a
client of its own. The exit status says whether every frame got its line, never how long that took."""

import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

from running_daemon import Daemon, Lines, Sequence, check

RATE = 30
# Seconds at the start that do not count.
WARM_UP = 1
BAR = 3.0


def feed(pipe: int, pictures: list[bytes], count: int, written: list[float]) -> None:
    due = time.monotonic()
    for picture in itertools.islice(itertools.cycle(pictures), count):
        time.sleep(max(0.0, due - time.monotonic()))
        rest = memoryview(picture)
        while rest:
            rest = rest[os.write(pipe, rest):]
        written.append(time.monotonic())
        due += 1 / RATE
    os.close(pipe)


def read(daemon: Daemon, client) -> list[tuple[float, dict]]:
    """Frames, each with the time when its line was there."""
    lines, sequence, frames = Lines(), Sequence(), []
    while piece := client.recv(1 << 16):
        now = time.monotonic()
        for line in lines.add(piece):
            record = json.loads(line)
            sequence.add(line, record)
            check(sequence.lost == 0, "a client that reads everything lost a line")
            if record["type"] == "frame":
                frames.append((now, record))
    lines.end()
    return frames


def row(name: str, values: list[float]) -> str:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]
    return f"{name:58}{statistics.median(ordered):9.3f}{p95:9.3f}{ordered[-1]:9.3f}"


def main(program: str, model: str, folder_of_pictures: str, folder: str, seconds: float) -> None:
    pictures = [path.read_bytes() for path in sorted(pathlib.Path(folder_of_pictures).glob("*.jp*g"))]
    check(bool(pictures), f"{folder_of_pictures} has no JPEGs")
    count = int(RATE * (seconds + WARM_UP))
    pipe_end, pipe = os.pipe()
    os.set_inheritable(pipe, False)
    with Daemon(program, folder, ["--model", model, "--source", "-"], standard_input=pipe_end) as daemon:
        os.close(pipe_end)
        client = daemon.connect()
        written: list[float] = []
        feeder = threading.Thread(target=feed, args=(pipe, pictures, count, written), daemon=True)
        feeder.start()
        frames = read(daemon, client)
        feeder.join()
        client.close()
        daemon.ended()
        decode, inference, publish = (
            daemon.counter(f'stage_seconds_sum{{stage="{stage}"}}') / count * 1e3
            for stage in ("decode", "inference", "publish"))
    check(len(frames) == count, f"{count} frames went in and {len(frames)} lines came out")
    # The reader and the feeder share an interpreter; lines wait for it while a frame is being written, not otherwise.
    counted = frames[RATE * WARM_UP:]
    captured = [record["captured_monotonic_s"] for _, record in counted]
    total = [(now - since) * 1e3 for (now, _), since in zip(counted, captured)]
    network = [record["inference_ms"] for _, record in counted]
    beyond = [whole - part for whole, part in zip(total, network)]
    daemon_part = [record["age_ms"] - record["inference_ms"] for _, record in counted]
    sending = [whole - record["age_ms"] for whole, (_, record) in zip(total, counted)]
    waiting = [(since - end) * 1e3 for since, end in zip(captured, written[RATE * WARM_UP:])]

    sizes = sorted(len(picture) for picture in pictures)
    print(f"{len(counted)} frames at {RATE} per second, JPEGs of {sizes[0]} to {sizes[-1]} bytes; milliseconds")
    print(f"{'':58}{'median':>9}{'95 %':>9}{'most':>9}")
    print(row("last byte written by the camera, to capture's timestamp", waiting))
    print(row("capture to the line in the client", total))
    print(row("  of which inference", network))
    print(row("  of which the rest", beyond))
    print(row("    in the daemon: decoding, hand-over, boxes", daemon_part))
    print(row("    sending: the line, the socket, the client's waking up", sending))
    print(f"averages of the daemon's own stages: decoding {decode:.3f}, inference and boxes {inference:.3f}, "
          f"line and queues {publish:.3f}")
    median = statistics.median(beyond)
    print(f"capture to line minus inference, median: {median:.3f} ms; the bar of {BAR:.0f} ms is "
          f"{'met' if median <= BAR else 'NOT met'}")


if __name__ == "__main__":
    main(*sys.argv[1:5], float(sys.argv[5]))
