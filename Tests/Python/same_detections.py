"""Compares detections of two files of JSON lines, from `swiftlet detect --json` or from the daemon's socket.

Rounding may differ between processors in the last digits, and a detection that only just reaches the threshold may be
missing on one side."""

import json
import pathlib
import sys


def read(path: str) -> dict[str, list[dict]]:
    pictures = {}
    for line in pathlib.Path(path).read_text().splitlines():
        record = json.loads(line)
        name = record.get("file") or record.get("picture")
        if name:
            pictures[pathlib.PurePath(name).name] = record["detections"]
    return pictures


def matches(one: dict, other: dict) -> bool:
    return (
        one["class"] == other["class"]
        and one["label"] == other["label"]
        and abs(one["score"] - other["score"]) <= 2e-3
        and all(abs(a - b) <= 1 for a, b in zip(one["box_px"], other["box_px"]))
    )


def main(first: str, second: str, threshold: float) -> None:
    one, other = read(first), read(second)
    assert one and one.keys() == other.keys(), (sorted(one), sorted(other))
    compared = 0
    for name in one:
        for here, there in ((one[name], other[name]), (other[name], one[name])):
            for detection in here:
                if detection["score"] > threshold + 2e-3:
                    compared += 1
                    assert any(matches(detection, candidate) for candidate in there), (name, detection)
    assert compared > 0, "nothing was detected"
    print(f"{len(one)} images, {compared // 2} detections agree")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
