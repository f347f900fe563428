"""Reports how long lines take beyond inference: latency.py DAEMON MODEL IMAGES DIRECTORY SECONDS

Feeds the images to swiftletd's standard input as a camera with 30 frames per second would, and reads the lines as a
client of its own. The exit status says whether every frame got its line, never how long that took."""

import itertools
import json
import os
import pathlib
import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator

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


def read(lines_from: Iterator[tuple[float, bytes]], count: int) -> list[tuple[float, dict]]:
    """So many frames, each with the time when its line was there."""
    frames = []
    for now, line in lines_from:
        record = json.loads(line)
        if record["type"] == "frame":
            frames.append((now, record))
            if len(frames) == count:
                break
    check(len(frames) == count, f"{count} frames went in and {len(frames)} lines came out")
    return frames


def timed_lines(client: socket.socket) -> Iterator[tuple[float, bytes]]:
    lines, sequence = Lines(), Sequence()
    while piece := client.recv(1 << 16):
        now = time.monotonic()
        for line in lines.add(piece):
            sequence.add(line, json.loads(line))
            check(sequence.lost == 0, "a client that reads everything lost a line")
            yield now, line
    lines.end()


def row(name: str, values: list[float]) -> str:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]
    return f"{name:58}{statistics.median(ordered):9.3f}{p95:9.3f}{ordered[-1]:9.3f}"


def main(program: str, model: str, folder_of_pictures: str, folder: str, seconds: float) -> None:
    pictures = [path.read_bytes() for path in sorted(pathlib.Path(folder_of_pictures).glob("*.jp*g"))]
    check(bool(pictures), f"{folder_of_pictures} has no JPEGs")
    count = int(RATE * (seconds + WARM_UP))
    pipe_end, pipe = os.pipe()
    with Daemon(program, folder, ["--model", model, "--source", "-"], standard_input=pipe_end) as daemon:
        os.close(pipe_end)
        client = daemon.connect()
        written: list[float] = []
        feeder = threading.Thread(target=feed, args=(pipe, pictures, count, written), daemon=True)
        feeder.start()
        lines = timed_lines(client)
        read(lines, RATE * WARM_UP)
        before = daemon.processor_times()
        counted = read(lines, count - RATE * WARM_UP)
        after = daemon.processor_times()
        feeder.join()
        os.close(pipe)
        check(b'"end"' in b"".join(line for _, line in lines), "the last line does not say that the source has ended")
        client.close()
        daemon.ended()
        decode, inference, publish = (
            daemon.counter(f'stage_seconds_sum{{stage="{stage}"}}') / count * 1e3
            for stage in ("decode", "inference", "publish"))
    captured = [record["captured_monotonic_s"] for _, record in counted]
    total = [(now - since) * 1e3 for (now, _), since in zip(counted, captured)]
    network = [record["inference_ms"] for _, record in counted]
    beyond = [whole - part for whole, part in zip(total, network)]
    daemon_part = [record["age_ms"] - record["inference_ms"] for _, record in counted]
    sending = [whole - record["age_ms"] for whole, (_, record) in zip(total, counted)]
    waiting = [(since - end) * 1e3 for since, end in zip(captured, written[RATE * WARM_UP:])]

    sizes = sorted(len(picture) for picture in pictures)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f} in the last minute"
          + (": other work disturbs this" if load > os.cpu_count() else ""))
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
    for name in sorted(after):
        running, waiting = ((then - now) / len(counted) * 1e3 for then, now in zip(after[name], before[name]))
        print(f"thread {name}: {running:.3f} ms on a processor per frame, {waiting:.3f} ms ready and waiting for one")
    median = statistics.median(beyond)
    print(f"capture to line minus inference, median: {median:.3f} ms; the bar of {BAR:.0f} ms is "
          f"{'met' if median <= BAR else 'NOT met'}")


if __name__ == "__main__":
    main(*sys.argv[1:5], float(sys.argv[5]))
