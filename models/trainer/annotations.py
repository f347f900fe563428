"""Boxes in COCO's JSON, as people's tools write it: what `swiftlet-model evaluate` reads, read alike.

Everything that would make boxes wrong is an error with entry and fix; what can be skipped safely is skipped with a
remark. Sources/Annotations is the same in Swift, and Tests/Fixtures/annotations/cases.json is tested on both. Nothing but
Python's own library is needed.
"""
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from .documents import (DataError, EntryID, as_float, crowd, entry_id, outermost_lists, plain_number, read_box, shortened,
                        shown, shown_box, side, text_of)
from .paths import folded, parts

BACKGROUNDS = {"background", "__background__", "_background_"}


class Size(NamedTuple):
    """Of an image, in pixels."""
    width: float
    height: float

    def __str__(self) -> str:
        return f"{shown(self.width)}x{shown(self.height)}"

    def swapped(self) -> "Size":
        return Size(self.height, self.width)


@dataclass(kw_only=True)
class Known:
    """What is known of the objects in a photo. Boxes are corners in its pixels, `labels` count from 1.

    `weights`: what each box counts, 1 for those that somebody drew. `ignored`: boxes within which nothing is known, with
    the labels of what is not told apart there.
    `unknown`: labels of the classes of which the photo may show objects that have no box.
    """
    boxes: list[list[float]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    ignored: list[list[float]] = field(default_factory=list)
    ignored_labels: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Picture:
    """One of the set's images; `size` is None where the file doesn't say. `exhaustive`: the categories of which every
    object in it has a box; None where that is all of them."""
    name: str
    size: Size | None
    id: EntryID
    place: str
    exhaustive: frozenset[EntryID] | None = None


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
    the set's lists, `score` is that of the detector that drew it, if one did."""
    picture: int
    category: int
    box: tuple[float, float, float, float]
    area: float
    is_crowd: bool
    place: str
    score: float | None = None


@dataclass
class AnnotationSet:
    """Images and categories in the order of their ids, objects in the file's; what was skipped, a line each."""
    pictures: list[Picture]
    categories: list[Category]
    objects: list[Object]
    remarks: list[str]


def read(content: bytes, further: bool = False) -> AnnotationSet:
    """Reads the contents of an annotation file. Messages of DataError are without the file's name.

    `further`: it belongs to another one, so that crowds may be all that it has, and scores need no remark.
    """
    images, annotations, categories = outermost_lists(content)
    pictures = entries(images, "images", read_picture)
    reject_duplicates(pictures, "images")
    reject_same_pictures(pictures)
    kinds = entries(categories, "categories", read_category)
    reject_duplicates(kinds, "categories")
    reject_same_categories(kinds)
    reject_unlisted_exhaustive(pictures, kinds)
    pictures.sort(key=lambda picture: picture.id)
    kinds.sort(key=lambda category: category.id)
    reader = ObjectReader(pictures, kinds)
    for index, entry in enumerate(annotations):
        reader.add(entry, index)
    reader.finish(further)
    return reader.without_parents()


# Entries

def entries(values: list, name: str, make: Callable) -> list:
    if not values:
        raise DataError(f"its list of {name} is empty")
    for index, value in enumerate(values):
        if not isinstance(value, dict):
            raise DataError(f"{name}[{index}] is {shown(value)}, but must be an object")
    return [make(value, f"{name}[{index}]") for index, value in enumerate(values)]


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
    return Picture(name, Size(width, height) if width and height else None, identity, place,
                   exhaustive_categories(members, place))


def exhaustive_categories(members: dict, place: str) -> frozenset[EntryID] | None:
    values = members.get("exhaustive")
    if values is None:
        return None
    if not isinstance(values, list):
        raise DataError(f"{place}: exhaustive is {shown(values)}, but must be a list of ids of categories")
    if None in values:
        raise DataError(f"{place}: exhaustive contains null, but must be a list of ids of categories")
    return frozenset(entry_id({"exhaustive": value}, "exhaustive", place) for value in values)


def reject_unlisted_exhaustive(pictures: list[Picture], categories: list[Category]) -> None:
    known = {category.id for category in categories}
    for picture in pictures:
        if unlisted := sorted((picture.exhaustive or frozenset()) - known):
            raise DataError(f"{picture.place}: exhaustive contains {unlisted[0]}, which `categories` does not list: "
                            "remove it there, or add the category")


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
        else:
            score = None
        self.objects.append(Object(number, self.category_of[category], box, area, is_crowd, place, score))

    def finish(self, further: bool) -> None:
        """Throws where nothing is left to find, or where boxes are empty."""
        if further:
            self.scored = Omission()
        if not self.count:
            raise DataError("its list of annotations is empty: without boxes there is nothing to find")
        if self.empty.count:
            raise DataError(self.empty.sentence(self.count, "has a box that is empty", "have boxes that are empty")
                            + ": remove them, or draw them again")
        if not self.objects:
            raise DataError("none of its annotations can be used" + "".join(f": {line}" for line in self.remarks()[:1]))
        if not further and all(thing.is_crowd for thing in self.objects):
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
