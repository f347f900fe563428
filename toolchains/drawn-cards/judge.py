"""Judges what a client read from the daemon's socket while it watched drawn cards (toolchains/draw-cards).

Every card must be reported as what it is in at least nine of ten of its images, and nothing may be reported that is
not there. Above a score of 0.5; a box fits a card from an IoU of 0.5 on."""
import argparse
import json
import sys
from pathlib import Path

MIN_SCORE, MIN_OVERLAP, MIN_SHARE = 0.5, 0.5, 0.9


def overlap(one: list[float], other: list[float]) -> float:
    """Intersection over union of two boxes: left, top, right, bottom."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0, width) * max(0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (areas - shared) if areas > shared else 0


def read_cards(path: Path) -> dict[str, list[tuple[str, list[float]]]]:
    """By image: labels and boxes."""
    content = json.loads(path.read_text())
    labels = {category["id"]: category["name"] for category in content["categories"]}
    cards: dict[str, list] = {image["file_name"]: [] for image in content["images"]}
    names = {image["id"]: image["file_name"] for image in content["images"]}
    for one in content["annotations"]:
        x, y, width, height = one["bbox"]
        cards[names[one["image_id"]]].append((labels[one["category_id"]], [x, y, x + width, y + height]))
    return cards


def read_detections(path: Path) -> dict[str, list[tuple[str, list[float]]]]:
    """By image; the daemon numbers those of a clip and names those of a directory."""
    seen = {}
    for line in path.read_text().splitlines():
        record = json.loads(line)
        if record["type"] == "frame":
            name = record["picture"]
            name = f"frame-{name}.jpg" if isinstance(name, int) else Path(name).name
            seen[name] = [(one["label"], one["box_px"]) for one in record["detections"] if one["score"] > MIN_SCORE]
    return seen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cards", type=Path, help="what draw-cards wrote: pictures.json or clip.json")
    parser.add_argument("stream", type=Path, help="lines from the daemon's socket")
    arguments = parser.parse_args()
    cards, seen = read_cards(arguments.cards), read_detections(arguments.stream)
    if cards.keys() != seen.keys():
        print(f"images that differ: {sorted(cards.keys() ^ seen.keys())}", file=sys.stderr)
        return 1
    shown: dict[str, int] = {}
    found: dict[str, int] = {}
    false = []
    for picture, wanted in cards.items():
        for label, box in wanted:
            shown[label] = shown.get(label, 0) + 1
            found[label] = found.get(label, 0) + any(
                name == label and overlap(box, there) >= MIN_OVERLAP for name, there in seen[picture])
        for name, there in seen[picture]:
            if not any(name == label and overlap(box, there) >= MIN_OVERLAP for label, box in wanted):
                false.append(f"{picture}: {name} at {there}")
    for label, count in shown.items():
        print(f"{label}: found in {found[label]} of {count} images")
    for line in false:
        print(f"false: {line}")
    return 1 if false or any(found[label] < MIN_SHARE * count for label, count in shown.items()) else 0


if __name__ == "__main__":
    sys.exit(main())
