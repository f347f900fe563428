"""Compares a camera's frames with the images that it showed: the lines of `swiftlet detect --json` for the images,
or frame lines that were seen to be right, and frame lines of the stream.

Each frame must show one of the images, and each image must have been shown."""

import argparse
import json
import pathlib


def lines(path: str) -> list[dict]:
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]


def matches(one: dict, other: dict, limits: argparse.Namespace) -> bool:
    return (
        one["class"] == other["class"]
        and abs(one["score"] - other["score"]) <= limits.score
        and all(abs(a - b) <= limits.box for a, b in zip(one["box_px"], other["box_px"]))
    )


def missing(here: list[dict], there: list[dict], limits: argparse.Namespace) -> int:
    """How many detections of one side the other lacks, but for those that only just reach the threshold."""
    certain = [detection for detection in here if detection["score"] > limits.threshold + limits.score]
    return sum(not any(matches(detection, other, limits) for other in there) for detection in certain)


def difference(frame: list[dict], picture: list[dict], limits: argparse.Namespace) -> int:
    return missing(frame, picture, limits) + missing(picture, frame, limits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures")
    parser.add_argument("frames")
    parser.add_argument("--threshold", type=float, default=0.2)
    parser.add_argument("--score", type=float, default=2e-3, help="by how much scores may differ")
    parser.add_argument("--box", type=float, default=1, help="by how many pixels boxes may differ")
    limits = parser.parse_args()

    pictures = {line.get("file", "frame"): line["detections"] for line in lines(limits.pictures)}
    frames = [line["detections"] for line in lines(limits.frames)]
    assert pictures and frames, "nothing to compare"
    assert all(pictures.values()), "an image without detections proves nothing"
    shown = set()
    for number, frame in enumerate(frames):
        differences = {name: difference(frame, detections, limits) for name, detections in pictures.items()}
        best = min(differences, key=lambda name: differences[name])
        assert differences[best] == 0, f"frame {number} is most like {best}, with {differences[best]} differences"
        shown.add(best)
    assert shown == pictures.keys(), f"never seen: {sorted(pictures.keys() - shown)}"
    print(f"{len(frames)} frames agree with {len(pictures)} images, {sum(map(len, frames))} detections")


if __name__ == "__main__":
    main()
