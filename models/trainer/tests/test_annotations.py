"""Annotation files as tools write them: the list of cases that Tests/AnnotationsTests runs on the Swift reader too."""
import base64
import codecs
import json
from pathlib import Path

import pytest

from trainer import annotations, names
from trainer.annotations import DataError, Size

FIXTURES = Path(__file__).resolve().parents[3] / "Tests" / "Fixtures" / "annotations"
MARKS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


def content(base: str, case: dict) -> bytes:
    """A case's file: the base with edits, another text, or bytes."""
    if "base64" in case:
        return base64.b64decode(case["base64"])
    text = case.get("text", base)
    for old, new in case.get("edit", []):
        assert old in text, f"{old!r} is not in the base"
        text = text.replace(old, new)
    encoding = case.get("encoding", "utf-8")
    return (MARKS[encoding] if case.get("mark") else b"") + text.encode(encoding)


def outcome(base: str, case: dict) -> dict:
    """What becomes of the file beside the case's images: the error, or remarks, classes, objects and images left over."""
    pictures = case.get("images") or [{"name": f"table-0{number}.jpg", "width": 96, "height": 72} for number in (1, 2)]
    try:
        found = annotations.read(content(base, case))
        matching = names.match(found, [picture["name"] for picture in pictures], case.get("directory", ""))
        doubts = names.check(found, [names.Found(entry, picture["name"], Size(picture["width"], picture["height"]),
                                                 picture.get("turned", False))
                                     for picture, entry in zip(pictures, matching.entries)
                                     if entry is not None and "width" in picture])
    except DataError as error:
        return {"error": str(error)}
    name_of = {entry: picture["name"] for picture, entry in zip(pictures, matching.entries)}
    objects = []
    for thing in found.objects:
        if thing.picture in name_of:
            area = "" if thing.area == thing.box[2] * thing.box[3] else f" area {annotations.shown(thing.area)}"
            objects.append(f"{name_of[thing.picture]}: {found.categories[thing.category].name} "
                           f"{annotations.shown_box(thing.box)}{area}{' crowd' if thing.is_crowd else ''}")
    return {"remarks": found.remarks + matching.remarks + doubts, "classes": [kind.name for kind in found.categories],
            "objects": objects, "absent": [found.pictures[entry].name for entry in matching.absent],
            "unnamed": [picture["name"] for picture, entry in zip(pictures, matching.entries) if entry is None]}


def cases() -> list[dict]:
    return json.loads((FIXTURES / "cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_case(case: dict) -> None:
    base = (FIXTURES / "base.json").read_text(encoding="utf-8")
    found = outcome(base, case)
    if "outcome" in case:
        assert found == (outcome(base, {}) if case["outcome"] == "as the base" else case["outcome"])
    else:
        assert all(part in found["error"] for part in case["holds"]), found["error"]
    assert len(found.get("error", "")) < 500
