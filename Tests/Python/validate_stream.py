"""Checks lines of the stream against its schema with the Python package jsonschema.

    validate_stream.py SCHEMA recorded FILE     lines that a client has recorded, from hello to end
    validate_stream.py SCHEMA live SOCKET       a daemon that repeats its source: also what slow and surplus clients get
"""

import json
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

    def check(self, line: bytes) -> dict:
        record = json.loads(line)
        self.validator.validate(record)
        # Without one of its fields the same line must fail, or the schema would say nothing about it.
        for field in self.definitions[record["type"]]["required"]:
            less = {key: value for key, value in record.items() if key != field}
            assert not self.validator.is_valid(less), (record["type"], field)
        return record


class Client:
    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
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


def main(schema: str, kind: str, path: str) -> None:
    types = {"recorded": recorded, "live": live}[kind](Schema(schema), path)
    print(f"{path}: {len(types)} lines follow the schema: {', '.join(sorted(set(types)))}")


if __name__ == "__main__":
    main(*sys.argv[1:])
