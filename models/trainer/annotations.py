"""Boxes in COCO's JSON, as people's tools write it: what `swiftlet-model evaluate` reads, read alike.

Everything that would make boxes wrong is an error with entry and fix; what can be skipped safely is skipped with a
remark. Sources/Annotations is the same in Swift, and Tests/Fixtures/annotations/cases.json is tested on both. Nothing but
Python's own library is needed.
"""
import codecs
import json
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from .paths import folded, parts

LARGEST_FILE = 128 << 20
BACKGROUNDS = {"background", "__background__", "_background_"}
WANTED_BOX = "must be four numbers, [left, top, width, height] in pixels"


class DataError(Exception):
    """Something about the user's files that the user can mend; the message says how."""


class Size(NamedTuple):
    """Of an image, in pixels."""
    width: float
    height: float

    def __str__(self) -> str:
        return f"{shown(self.width)}x{shown(self.height)}"

    def swapped(self) -> "Size":
        return Size(self.height, self.width)


class EntryID(NamedTuple):
    """What entries call each other by. Numbers come first in order, by their value; then texts."""
    is_text: bool
    value: int | str

    def __str__(self) -> str:
        return shown(self.value)


@dataclass(frozen=True)
class Picture:
    """One of the set's images; `size` is None where the file doesn't say."""
    name: str
    size: Size | None
    id: EntryID
    place: str


@dataclass(frozen=True)
class Category:
    """A kind of objects."""
    name: str
    id: EntryID
    parent: str | None
    place: str


@dataclass(frozen=True)
class Object:
    """A box, [left, top, width, height] in pixels, around an object or a crowd; `picture` and `category` are places in
    the set's lists."""
    picture: int
    category: int
    box: tuple[float, float, float, float]
    area: float
    is_crowd: bool
    place: str


@dataclass
class AnnotationSet:
    """Images and categories in the order of their ids, objects in the file's; what was skipped, a line each."""
    pictures: list[Picture]
    categories: list[Category]
    objects: list[Object]
    remarks: list[str]


def read(content: bytes) -> AnnotationSet:
    """Reads the contents of an annotation file. Messages of DataError are without the file's name."""
    images, annotations, categories = outermost_lists(content)
    pictures = entries(images, "images", read_picture)
    reject_duplicates(pictures, "images")
    reject_same_pictures(pictures)
    kinds = entries(categories, "categories", read_category)
    reject_duplicates(kinds, "categories")
    reject_same_categories(kinds)
    pictures.sort(key=lambda picture: picture.id)
    kinds.sort(key=lambda category: category.id)
    reader = ObjectReader(pictures, kinds)
    for index, entry in enumerate(annotations):
        reader.add(entry, index)
    reader.finish()
    return reader.without_parents()


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


# Entries

def entries(values: list, name: str, make: Callable) -> list:
    if not values:
        raise DataError(f"its list of {name} is empty")
    for index, value in enumerate(values):
        if not isinstance(value, dict):
            raise DataError(f"{name}[{index}] is {shown(value)}, but must be an object")
    return [make(value, f"{name}[{index}]") for index, value in enumerate(values)]


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


def read_picture(members: dict, place: str) -> Picture:
    identity = entry_id(members, "id", place)
    # LVIS names images by their address alone.
    values = [str(value) if isinstance(value, int) and not isinstance(value, bool) else value
              for value in (members.get(key) for key in ("file_name", "filename", "path", "coco_url"))]
    names = [value for value in values if isinstance(value, str) and value.strip()]
    if not names:
        raise DataError(f"{place} has no file_name")
    name = text_of(names[0])
    if "\0" in name:
        raise DataError(f"{place}: file_name contains a character that no file name can contain")
    width, height = side(members, "width", place), side(members, "height", place)
    return Picture(name, Size(width, height) if width and height else None, identity, place)


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


def read_category(members: dict, place: str) -> Category:
    identity = entry_id(members, "id", place)
    name = members.get("name")
    if name is None or isinstance(name, str) and not name.strip():
        raise DataError(f"{place} has no name")
    if isinstance(name, bool) or not isinstance(name, (str, int)):
        raise DataError(f"{place}: name is {shown(name)}, but must be a text")
    parent = members.get("supercategory")
    return Category(text_of(str(name)).strip(), identity,
                    text_of(parent).strip() if isinstance(parent, str) else None, place)


def reject_duplicates(values: list, name: str) -> None:
    seen: dict[EntryID, str] = {}
    for value in values:
        if value.id in seen:
            raise DataError(f"{seen[value.id]} and {value.place} both have the id {value.id}: give every entry of {name} "
                            "an id of its own")
        seen[value.id] = value.place


def reject_same_pictures(pictures: list[Picture]) -> None:
    seen: dict[tuple, str] = {}
    for picture in pictures:
        path = parts(picture.name, "plain") or (picture.name,)
        if path in seen:
            raise DataError(f"{seen[path]} and {picture.place} are both of {shortened(picture.name)}: keep one entry for "
                            "an image")
        seen[path] = picture.place


def reject_same_categories(categories: list[Category]) -> None:
    seen: dict[str, Category] = {}
    for category in categories:
        other = seen.get(folded(category.name))
        if other:
            names = other.name if other.name == category.name else f"{other.name} and {category.name}"
            raise DataError(f"{other.place} and {category.place} have the same name, {names}: keep one entry for a "
                            "category")
        seen[folded(category.name)] = category


class Omission:
    """How many entries something is the matter with, and the first of them."""

    def __init__(self) -> None:
        self.count, self.first = 0, ""

    def add(self, entry: str) -> None:
        self.first = self.first or entry
        self.count += 1

    def sentence(self, total: int, one: str, several: str) -> str:
        return f"{self.count} of {total} annotations {one if self.count == 1 else several}, as {self.first}"


class ObjectReader:
    """Reads the entries of `annotations`, and counts what is skipped."""

    def __init__(self, pictures: list[Picture], categories: list[Category]) -> None:
        self.pictures, self.categories = pictures, categories
        self.picture_of = {picture.id: index for index, picture in enumerate(pictures)}
        self.category_of = {category.id: index for index, category in enumerate(categories)}
        self.objects: list[Object] = []
        self.count = 0
        self.without_box, self.empty, self.scored = Omission(), Omission(), Omission()
        self.unlisted_picture, self.unlisted_category, self.repeated = Omission(), Omission(), Omission()
        self.seen: set[tuple] = set()

    def add(self, members: object, index: int) -> None:
        if not isinstance(members, dict):
            raise DataError(f"annotations[{index}] is {shown(members)}, but must be an object")
        self.count += 1
        place = f"annotations[{index}]"
        identity = members.get("id")
        if isinstance(identity, (int, float, str)) and not isinstance(identity, bool):
            place = f"annotation {shown(identity)} ({place})"
        picture = entry_id(members, "image_id", place)
        category = entry_id(members, "category_id", place)
        is_crowd = crowd(members.get("iscrowd"), place)
        box = read_box(members.get("bbox"), place)
        if box is None:
            return self.without_box.add(place)
        area = members.get("area")
        area = box[2] * box[3] if area is None else plain_number(area, "area", place, "must be a number of pixels")
        if area < 0:
            raise DataError(f"{place}: area is {shown(members['area'])}, but must not be negative")
        if picture not in self.picture_of:
            return self.unlisted_picture.add(f"{picture} in {place}")
        if category not in self.category_of:
            return self.unlisted_category.add(f"{category} in {place}")
        number = self.picture_of[picture]
        if box[2] <= 0 or box[3] <= 0:
            return self.empty.add(f"{shown_box(box)} in {place} of {self.pictures[number].name}")
        key = (number, self.category_of[category], *box)
        if key in self.seen:
            self.repeated.add(place)
        self.seen.add(key)
        score = members.get("score")
        if isinstance(score, (int, float)) and not isinstance(score, bool) and math.isfinite(as_float(score)):
            self.scored.add(place)
        self.objects.append(Object(number, self.category_of[category], box, area, is_crowd, place))

    def finish(self) -> None:
        """Throws where nothing is left to find, or where boxes are empty."""
        if not self.count:
            raise DataError("its list of annotations is empty: without boxes there is nothing to find")
        if self.empty.count:
            raise DataError(self.empty.sentence(self.count, "has a box that is empty", "have boxes that are empty")
                            + ": remove them, or draw them again")
        if not self.objects:
            raise DataError("none of its annotations can be used" + "".join(f": {line}" for line in self.remarks()[:1]))
        if all(thing.is_crowd for thing in self.objects):
            raise DataError("all of its boxes have iscrowd 1: nothing counts as an object, set it to 0")

    def remarks(self) -> list[str]:
        lists = [(self.without_box, "has no box", "have no box", "skipped"),
                 (self.unlisted_picture, "has an image_id that `images` does not list",
                  "have an image_id that `images` does not list", "skipped"),
                 (self.unlisted_category, "has a category_id that `categories` does not list",
                  "have a category_id that `categories` does not list", "skipped"),
                 (self.repeated, "repeats another's image, category and box",
                  "repeat another's image, category and box", "counted as an object of its own"),
                 (self.scored, "has a score", "have a score",
                  "did a detector draw them? They count as objects")]
        return [f"{omission.sentence(self.count, one, several)}: {what}"
                for omission, one, several, what in lists if omission.count]

    def without_parents(self) -> AnnotationSet:
        """The set without the background, and without the categories that only head others, as Roboflow writes the
        project's."""
        remarks = self.remarks()
        children = Counter(category.parent for category in self.categories if category.parent != category.name)
        used = {thing.category for thing in self.objects}
        omitted: dict[int, str] = {}
        for index, category in enumerate(self.categories):
            if index not in used and folded(category.name) in BACKGROUNDS:
                omitted[index] = "has no boxes and is what every detector has besides its classes"
            elif index not in used and category.name in children:
                omitted[index] = "has no boxes and is the supercategory of others"
        kept = [index for index in range(len(self.categories)) if index not in omitted]
        remarks += [f"the category {self.categories[index].name} {reason}: skipped" for index, reason in omitted.items()]
        moved = {index: place for place, index in enumerate(kept)}
        objects = [replace(thing, category=moved[thing.category]) for thing in self.objects]
        return AnnotationSet(self.pictures, [self.categories[index] for index in kept], objects, remarks)


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
