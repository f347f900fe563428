"""A file of JSON as people's tools write it: decoded, told apart from what is no COCO, and its values read strictly.

Messages of DataError are without the file's name.
"""
import codecs
import json
import math
import re
from typing import NamedTuple

LARGEST_FILE = 128 << 20
WANTED_BOX = "must be four numbers, [left, top, width, height] in pixels"


class DataError(Exception):
    """Something about the user's files that the user can mend; the message says how."""


class EntryID(NamedTuple):
    """What entries call each other by. Numbers come first in order, by their value; then texts."""
    is_text: bool
    value: int | str

    def __str__(self) -> str:
        return shown(self.value)


# What values look like in messages

def shown(value: object) -> str:
    """A value of JSON, short and in one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{shortened(value)}"'
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    number = as_float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "-Infinity" if number < 0 else "Infinity"
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def shown_box(box: tuple) -> str:
    return "[" + ", ".join(shown(side) for side in box) + "]"


def as_float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


# The file

MAGICS = [(b"PK\x03\x04", "a zip archive", "unpack it, and name the JSON file in it"),
          (b"\x1f\x8b", "a gzip archive", "unpack it, and name the JSON file in it"),
          (b"BZh", "a bzip2 archive", "unpack it, and name the JSON file in it"),
          (b"\xfd7zXZ", "an xz archive", "unpack it, and name the JSON file in it"),
          (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "unpack it, and name the JSON file in it"),
          (b"7z\xbc\xaf", "a 7z archive", "unpack it, and name the JSON file in it"),
          (b"Rar!", "a rar archive", "unpack it, and name the JSON file in it"),
          (b"\xff\xd8\xff", "a JPEG", "name the file with its boxes"),
          (b"\x89PNG", "a PNG image", "name the file with its boxes"),
          (b"GGUF", "a model file", "name the file with the boxes")]


def outermost_lists(content: bytes) -> tuple[list, list, list]:
    for magic, name, fix in MAGICS:
        if content.startswith(magic):
            raise other_format(name, fix)
    text = decoded(content)
    if not any(scalar > " " for scalar in text):
        raise DataError("is empty")
    recognise_text(text[:4096].strip())
    try:
        root = json.loads(text)
    except RecursionError as error:
        raise DataError("is not valid JSON: lists within lists, 200 deep") from error
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text[error.pos] == "{":
            raise other_format("a list of JSON lines", "export the boxes as COCO, in one object") from error
        raise DataError(f"is not valid JSON: {error.msg}, at line {error.lineno}, column {error.colno}") from error
    except ValueError as error:  # an integer with thousands of digits
        raise DataError("is not valid JSON: a number is too long") from error
    recognise_json(root)
    if not isinstance(root, dict):
        raise DataError(f"is not COCO's JSON: it contains {shown(root)}, not an object with images, annotations and "
                        "categories")
    return tuple(outermost_list(root, key) for key in ("images", "annotations", "categories"))


def outermost_list(root: dict, key: str) -> list:
    if key not in root:
        reason = " (a file for a test set has none)" if key == "annotations" else ""
        raise DataError(f"is not COCO's JSON: it has no `{key}`{reason}; images, annotations and categories are needed")
    if not isinstance(root[key], list):
        raise DataError(f"is not COCO's JSON: `{key}` is {shown(root[key])}, but must be a list")
    return root[key]


def decoded(content: bytes) -> str:
    """The text of UTF-8 or UTF-16, with a byte order mark or without."""
    encoding, start = "utf-8", 0
    if content.startswith(codecs.BOM_UTF8):
        start = 3
    elif content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        encoding, start = "utf-16-le" if content[0] == 0xFF else "utf-16-be", 2
    elif len(content) >= 2 and content[0] and not content[1]:
        encoding = "utf-16-le"
    elif len(content) >= 2 and not content[0] and content[1]:
        encoding = "utf-16-be"
    try:
        return content[start:].decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise DataError("is UTF-16 that is damaged: save it as UTF-8") from error
        line = content[start:start + error.start].count(b"\n") + 1
        raise DataError(f"is not UTF-8 (in line {line}): save it as UTF-8") from error


def other_format(name: str, fix: str) -> DataError:
    return DataError(f"is not COCO's JSON but {name}: {fix}")


def recognise_text(start: str) -> None:
    """Throws for texts that are no JSON."""
    lower = start.lower()
    if start.startswith("version https://git-lfs"):
        raise other_format("a Git LFS pointer", "fetch the file with 'git lfs pull'")
    if start.startswith("<"):
        if "<annotations>" in lower:
            raise other_format("CVAT's XML", "export the task as COCO 1.0")
        if "<annotation>" in lower or "<annotation " in lower:
            raise other_format("Pascal VOC's XML", "export the project as COCO")
        raise other_format("an XML or HTML page", "export the boxes as COCO")
    if re.match(r"\d+([ \t]+[-+]?[\d.]+([eE][-+]?\d+)?){4,}[ \t]*(\r|\n|$)", start):
        raise other_format("YOLO's text of one image", "export the project as COCO")


def recognise_json(root: object) -> None:
    """Throws for the JSON of other tools."""
    export = "export the project as COCO"
    if isinstance(root, list):
        first = root[0] if root and isinstance(root[0], dict) else {}
        if "image_id" in first and ("bbox" in first or "score" in first):
            raise other_format("a list of detections, as detectors write them",
                               "name the file with the annotated boxes")
        if "annotations" in first and "data" in first:
            raise other_format("Label Studio's own JSON", export)
        if "annotations" in first and "image" in first:
            raise other_format("CreateML's JSON", export)
    elif isinstance(root, dict) and "images" in root and "annotations" in root:
        values = root["annotations"]
        first = values[0] if isinstance(values, list) and values and isinstance(values[0], dict) else {}
        instances = "name the file of the same images whose annotations have boxes (instances_...)"
        if "segments_info" in first and "bbox" not in first:
            raise other_format("COCO's panoptic segmentation", instances)
        if "caption" in first and "bbox" not in first:
            raise other_format("COCO's captions", instances)
    elif isinstance(root, dict):
        if "shapes" in root:
            raise other_format("labelme's file of one image", "export all as COCO, with labelme2coco for example")
        if "_via_img_metadata" in root or "_via_settings" in root:
            raise other_format("the VGG annotator's project", "export the annotations as COCO")
        if "items" in root and "categories" in root:
            raise other_format("Datumaro's JSON", export)
        if "assets" in root or "asset" in root:
            raise other_format("VoTT's JSON", export)


# Values

def text_of(value: str) -> str:
    """Half a surrogate pair stands for nothing."""
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def entry_id(members: dict, key: str, place: str) -> EntryID:
    """A whole number, in quotes or not, or a text."""
    value = members.get(key)
    if value is None:
        raise DataError(f"{place} has no {key}")
    if isinstance(value, str) and value.strip():
        text = text_of(value).strip()
        number = int(text) if len(text) < 4000 and re.fullmatch(r"-?[0-9]+", text) else None
        if number is not None and -2**63 <= number < 2**63:
            return EntryID(False, number)
        return EntryID(True, text)
    if isinstance(value, int) and not isinstance(value, bool) and -2**63 <= value < 2**63:
        return EntryID(False, value)
    if isinstance(value, float) and abs(value) < 2**53 and value == int(value):
        return EntryID(False, int(value))
    raise DataError(f"{place}: {key} is {shown(value)}, but must be a whole number or a text")


def side(members: dict, key: str, place: str) -> float | None:
    """None for what says nothing: null, "", 0, -1."""
    value = members.get(key)
    if value is None or isinstance(value, str) and not value.strip():
        return None
    number = quoted_number(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(as_float(number)):
        raise DataError(f"{place}: {key} is {shown(value)}, but must be a number of pixels")
    return as_float(number) if number > 0 else None


def quoted_number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*", text) else None


def crowd(value: object, place: str) -> bool:
    text = value.strip().lower() if isinstance(value, str) else None
    if value is None or text in ("", "0", "false") or text is None and value in (0, False) and number_like(value):
        return False
    if text in ("1", "true") or text is None and number_like(value) and value == 1:
        return True
    raise DataError(f"{place}: iscrowd is {shown(value)}, but must be 0 or 1")


def number_like(value: object) -> bool:
    return isinstance(value, (bool, int, float))


def read_box(value: object, place: str) -> tuple[float, float, float, float] | None:
    """None where there is none: null, absent, or an empty list."""
    if value is None or value == []:
        return None
    if not isinstance(value, list):
        raise DataError(f"{place}: bbox is {shown(value)}, but {WANTED_BOX}")
    if len(value) != 4:
        raise DataError(f"{place}: bbox has {len(value)} values, but {WANTED_BOX}")
    return tuple(plain_number(number, "bbox", place, WANTED_BOX) for number in value)


def plain_number(value: object, key: str, place: str, wanted: str) -> float:
    """What figures follow from has to be a number as it stands."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(as_float(value)):
        return as_float(value)
    if isinstance(value, str) and quoted_number(value) is not None:
        raise DataError(f"{place}: {key} contains {shown(value)} in quotes: write numbers without quotes")
    raise DataError(f"{place}: {key} contains {shown(value)}, but {wanted}")
