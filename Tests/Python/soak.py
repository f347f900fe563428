"""Watches swiftletd's memory, allocator calls and descriptors over many frames, while a client asks for images:
soak.py DAEMON MODEL IMAGES DIRECTORY FRAMES COUNTER

COUNTER is the library of toolchains/counting/allocations.c. From frame 1,000 to the end no thread that frames go
through may call the allocator."""

import json
import os
import pathlib
import socket
import struct
import sys
import threading
import time

from running_daemon import Daemon, Lines, Sequence, check, kibibytes, lines_of

BEGIN = 1000
SLACK = 64 << 10
# Frames until a client that has gone has left nothing behind.
SETTLING = 500
# How many times as many frames the client that asks for images may take to get one.
PATIENCE = 100
RECORD = struct.Struct("16sQ")
# Threads that no frame goes through.
OTHERS = {"service"}


class Sample:
    def __init__(self, daemon: Daemon, counts: pathlib.Path, frame: int) -> None:
        self.frame = frame
        self.time = time.monotonic()
        self.calls = {
            name.rstrip(b"\0").decode(): calls for name, calls in RECORD.iter_unpack(counts.read_bytes()) if calls > 0
        }
        self.resident = daemon.memory("Rss")
        self.anonymous = daemon.memory("Anonymous")
        self.mapped = daemon.address_space()
        self.descriptors = daemon.descriptors(pictures=False)
        self.pictures = daemon.pictures()

    def __str__(self) -> str:
        return (f"frame {self.frame}: resident {kibibytes(self.resident)}, of which {kibibytes(self.anonymous)} are "
                f"no file's; mapped {kibibytes(self.mapped)}; {self.descriptors} descriptors")


class Photographer:
    """Asks for images all the time, reads each of them, and leaves and comes back after every third one."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.pictures = 0
        self.error: BaseException | None = None
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        try:
            while not self.is_over.is_set():
                with self.daemon.connect() as client:
                    lines = Lines()
                    for _ in range(3):
                        if not self.ask(client, lines):
                            break
        except BaseException as error:
            self.error = error

    def ask(self, client: socket.socket, lines: Lines) -> bool:
        """False at the end of the connection."""
        client.sendall(b'{"snapshot":true}\n')
        pictures = []
        while not self.is_over.is_set():
            piece, files, _, _ = socket.recv_fds(client, 1 << 16, 4)
            if not piece:
                return False
            for file in files:
                pictures.append(os.read(file, 1 << 24))
                os.close(file)
            records = [json.loads(line) for line in lines.add(piece)]
            for record in records:
                if record["type"] != "snapshot" or not pictures:
                    continue
                # A segmenter's mask stands behind the image.
                picture, mask = pictures[0][:record["bytes"]], record.get("mask", {"width_px": 0, "height_px": 0})
                whole = picture[:2] == b"\xff\xd8" and picture[-2:] == b"\xff\xd9" and (
                    len(pictures[0]) == len(picture) + mask["width_px"] * mask["height_px"])
                # Empty: this client was too late for it.
                check(picture == b"" or whole, "what came is no image")
                self.pictures += int(whole)
                return True
            check(all(record["type"] != "error" for record in records), f"no image: {records}")
        return False

    def end(self) -> None:
        self.is_over.set()
        self.thread.join()
        if self.error is not None:
            raise self.error


def watch(daemon: Daemon, counts: pathlib.Path, frames: int) -> tuple[Sample, Sample, Sequence, int]:
    sequence = Sequence()
    samples = []
    photographer = None
    until = frames
    client = daemon.connect()
    for line in lines_of(client):
        record = json.loads(line)
        check(record["type"] in ("hello", "frame", "dropped"), f"the client got {line[:80]!r}")
        sequence.add(line, record)
        if len(samples) == 2 or sequence.last is None or sequence.last < (BEGIN, until)[len(samples)]:
            continue
        if photographer is not None and not photographer.is_over.is_set():
            # On a busy machine thousands of frames may pass before that client gets its turn.
            if photographer.pictures == 0 and photographer.error is None and sequence.last < PATIENCE * frames:
                continue
            # The daemon has then to be what it was before.
            photographer.end()
            until = sequence.last + SETTLING
            continue
        samples.append(Sample(daemon, counts, sequence.last))
        if len(samples) == 1:
            photographer = Photographer(daemon)
        else:
            daemon.ask_to_end()
    client.close()
    check(len(samples) == 2, "the stream ended before the last frame")
    return (*samples, sequence, photographer.pictures)


def main(program: str, model: str, pictures: str, folder: str, frames: int, counter: str) -> None:
    check(frames > BEGIN, f"a soak needs more than {BEGIN} frames")
    counts = pathlib.Path(folder) / "allocations"
    arguments = ["--model", model, "--source", pictures, "--loop", "--threads", "1", "--threshold", "0.05"]
    environment = {"LD_PRELOAD": counter, "SWIFTLET_ALLOCATIONS": str(counts)}
    with Daemon(program, folder, arguments, environment) as daemon:
        begin, end, sequence, pictures = watch(daemon, counts, frames)
        daemon.ended()
    calls = {name: count - begin.calls.get(name, 0) for name, count in end.calls.items()}
    on_path = sum(count for name, count in calls.items() if name not in OTHERS)
    print(begin)
    print(end)
    print(f"{(end.frame - begin.frame) / (end.time - begin.time):.0f} frames per second; a client read "
          f"{sequence.frames} lines and was told of {sequence.lost} others")
    print(f"calls of the allocator between the two: {on_path} on the frames' threads, "
          + ", ".join(f"{calls.get(name, 0)} on the thread {name}" for name in sorted(OTHERS)))
    print(f"another client got {pictures} images")
    check(pictures > 0, "no client got an image")
    check(end.pictures <= 3, f"the daemon holds {end.pictures} images")
    check(sum(begin.calls.values()) > 0, "the counter counted nothing at the start, so its zeroes say nothing")
    check(on_path == 0, f"threads that frames go through called the allocator: {calls}")
    check(abs(end.resident - begin.resident) <= SLACK, "resident memory changed")
    check(end.descriptors == begin.descriptors, "the number of descriptors changed")


if __name__ == "__main__":
    main(*sys.argv[1:5], int(sys.argv[5]), sys.argv[6])
