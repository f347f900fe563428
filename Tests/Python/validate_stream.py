"""Checks lines of the stream against its schema with the Python package jsonschema.

    validate_stream.py SCHEMA recorded FILE     lines that a client has recorded, from hello to end
    validate_stream.py SCHEMA live SOCKET       a daemon that repeats its source: also what slow and surplus clients get
    validate_stream.py SCHEMA masks SOCKET      one with a segmenter: masks, and what frames say of them
"""

import fcntl
import json
import os
import pathlib
import socket
import sys
import time

import jsonschema

CLIENTS = 64


class Schema:
    def __init__(self, path: str) -> None:
        schema = json.loads(pathlib.Path(path).read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        self.validator = jsonschema.Draft202012Validator(schema)
        self.definitions = schema["$defs"]
        self.request = jsonschema.Draft202012Validator({"$ref": "#/$defs/request", "$defs": schema["$defs"]})

    def check(self, line: bytes) -> dict:
        record = json.loads(line)
        self.validator.validate(record)
        # Without one of its fields the same line must fail, or the schema would say nothing about it.
        lists = {"detections", "detections_omitted", "classes", "classes_omitted"} & record.keys()
        lists = lists if record["type"] in ("frame", "snapshot") else set()
        for field in [*self.definitions[record["type"]]["required"], *lists]:
            less = {key: value for key, value in record.items() if key != field}
            assert not self.validator.is_valid(less), (record["type"], field)
        return record


class Client:
    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(1200)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.lines.close()
        self.socket.close()


def recorded(schema: Schema, path: str) -> list[str]:
    types = [schema.check(line)["type"] for line in pathlib.Path(path).read_bytes().splitlines()]
    assert types[0] == "hello" and types[-1] == "end" and set(types[1:-1]) == {"frame"}, types
    return types


def live(schema: Schema, path: str) -> list[str]:
    with Client(path) as slow, Client(path) as reader:
        # More than a queue and the kernel hold.
        size = 0
        while size < 1 << 20:
            line = reader.lines.readline()
            schema.check(line)
            size += len(line)
        types = []
        while "dropped" not in types:
            types.append(schema.check(slow.lines.readline())["type"])
        assert types[0] == "hello", types
    types += requests(schema, path)
    types += snapshots(schema, path)
    time.sleep(1)
    crowd = [Client(path) for _ in range(CLIENTS)]
    for client in crowd:
        schema.check(client.lines.readline())
    with Client(path) as surplus:
        types += [schema.check(line)["type"] for line in surplus.lines]
    for client in crowd:
        client.__exit__()
    assert types[-1] == "error", types
    return types


# Requests, and whether they are one; what the schema says of each is what the daemon says.
REQUESTS = [
    ("{}", True),
    ('{"min_score":0.2,"every":2}', True),
    ('{"min_score":2}', False),
    ('{"every":0}', False),
    ('{"every":1.5}', False),
    ('{"classes":[]}', True),
    ('{"classes":"all"}', False),
    ('{"limit":1}', False),
    ('{"snapshot":false}', False),
    ('{"snapshot":true,"every":2}', False),
    ('{"status":1}', False),
    ('{"status":true,"snapshot":true}', False),
    ("[]", False),
]


def requests(schema: Schema, path: str) -> list[str]:
    types = []

    def reply(client: Client) -> dict:
        while True:
            record = schema.check(client.lines.readline())
            types.append(record["type"])
            if record["type"] in ("options", "error"):
                return record

    with Client(path) as client:
        for text, is_valid in REQUESTS:
            assert schema.request.is_valid(json.loads(text)) == is_valid, text
            client.socket.sendall(text.encode() + b"\n")
            assert reply(client)["type"] == ("options" if is_valid else "error"), text
        assert schema.request.is_valid({"status": True})
        client.socket.sendall(b'{"status":true}\n')
        while types[-1] != "status":
            record = schema.check(client.lines.readline())
            types.append(record["type"])
        assert record["metrics"]["swiftlet_clients"] >= 1, record
        label = client_labels(schema, path)[1]
        client.socket.sendall(json.dumps({"classes": [label], "min_score": 0.1}).encode() + b"\n")
        assert reply(client)["classes"] == [label]
        for _ in range(20):
            record = schema.check(client.lines.readline())
            assert all(found["label"] == label and found["score"] >= 0.1 for found in record["detections"]), record
        client.socket.sendall(b"x" * 4096)
        assert "4096" in reply(client)["message"] and client.lines.read() == b""
    return types


def snapshots(schema: Schema, path: str) -> list[str]:
    """Asks for images as any program could: a JPEG comes with the line, whole and sealed, and is taken back later."""
    assert schema.request.is_valid({"snapshot": True})
    types: list[str] = []
    lines = b""
    received: list[int] = []
    picture = b""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1200)
        client.connect(path)
        client.sendall(b'{"snapshot":true}\n')
        while not picture:
            piece, descriptors, _, _ = socket.recv_fds(client, 1 << 16, 4)
            assert piece, "the daemon has gone"
            received += descriptors
            *whole, lines = (lines + piece).split(b"\n")
            records = [schema.check(line) for line in whole]
            types += [record["type"] for record in records]
            for record in records:
                if record["type"] != "snapshot":
                    continue
                assert record["format"] == "MJPG" and len(received) <= 1, record
                file = received.pop() if received else -1
                picture = os.pread(file, record["bytes"] + 1, 0) if file >= 0 else b""
                assert len(picture) in (0, record["bytes"]), record
                if not picture:
                    # Too late for that one.
                    client.sendall(b'{"snapshot":true}\n')
    assert picture[:2] == b"\xff\xd8" and picture[-2:] == b"\xff\xd9", "no JPEG"
    seals = fcntl.fcntl(file, fcntl.F_GET_SEALS)
    assert seals & fcntl.F_SEAL_WRITE and seals & fcntl.F_SEAL_GROW and seals & fcntl.F_SEAL_SEAL, seals
    for change in (lambda: os.pwrite(file, b"x", 0), lambda: os.ftruncate(file, 0)):
        try:
            change()
        except OSError:
            continue
        raise AssertionError("a client can change the image")
    deadline = time.monotonic() + 1200
    while os.fstat(file).st_size > 0:
        assert time.monotonic() < deadline, "the image's memory is not taken back"
        time.sleep(0.05)
    os.close(file)
    return types


def masks(schema: Schema, path: str) -> list[str]:
    """Counts the pixels of the mask that comes behind an image: shares and boxes must be those of the line."""
    types, lines, received = [], b"", []
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1200)
        client.connect(path)
        client.sendall(b'{"snapshot":true}\n')
        counted = 0
        while counted < 2:
            piece, descriptors, _, _ = socket.recv_fds(client, 1 << 16, 4)
            assert piece, "the daemon has gone"
            received += descriptors
            *whole, lines = (lines + piece).split(b"\n")
            for record in map(schema.check, whole):
                types.append(record["type"])
                if record["type"] == "hello":
                    assert record["task"] == "segmentation", record
                if record["type"] != "snapshot":
                    continue
                if received:
                    file = received.pop()
                    content = os.pread(file, 1 << 24, 0)
                    os.close(file)
                    counted += compare_mask(record, content) if content else 0
                client.sendall(b'{"snapshot":true}\n')
    return types


def compare_mask(record: dict, content: bytes) -> int:
    offset, width, height = (record["mask"][key] for key in ("offset", "width_px", "height_px"))
    mask = content[offset:]
    assert offset == record["bytes"] and len(mask) == width * height, record
    assert content[offset - 2:offset] == b"\xff\xd9", "the mask does not begin behind the JPEG"
    places: dict[int, list[int]] = {}
    for place, index in enumerate(mask):
        places.setdefault(index, []).append(place)
    wanted = sorted((-len(found), index) for index, found in places.items() if len(found) / len(mask) > 0.001)
    assert [found["class"] for found in record["classes"]] == [index for _, index in wanted], record
    assert len(wanted) > 1, "a mask of one class"
    for found in record["classes"]:
        own = places[found["class"]]
        columns, rows = [place % width for place in own], [place // width for place in own]
        box = [min(columns) / width, min(rows) / height, (max(columns) + 1) / width, (max(rows) + 1) / height]
        sides = [record["width_px"], record["height_px"]] * 2
        assert abs(found["share"] - len(own) / len(mask)) < 0.0000501, found
        assert all(abs(x - y * side) < 0.0501 for x, y, side in zip(found["box_px"], box, sides)), (found, box)
    return 1


def client_labels(schema: Schema, path: str) -> list[str]:
    with Client(path) as client:
        return schema.check(client.lines.readline())["labels"]


def main(schema: str, kind: str, path: str) -> None:
    types = {"recorded": recorded, "live": live, "masks": masks}[kind](Schema(schema), path)
    print(f"{path}: {len(types)} lines follow the schema: {', '.join(sorted(set(types)))}")


if __name__ == "__main__":
    main(*sys.argv[1:])
