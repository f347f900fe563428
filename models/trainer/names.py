"""Which image each entry of an annotation file is of, and whether its boxes can be of that image."""
from collections.abc import Callable
from dataclasses import dataclass

from .annotations import AnnotationSet, DataError, Object, Size, shown, shown_box
from .paths import FORMS, MAX_PARTS, parts

BOXES = "COCO's bbox is [left, top, width, height] in pixels"


@dataclass
class Matching:
    """For each name a place in the set's images, or None; the images that no name is of; a line each of remarks."""
    entries: list[int | None]
    absent: list[int]
    remarks: list[str]


@dataclass(frozen=True)
class Found:
    """An image as it lies on the disk. `size` is of the upright one; `turned` whether EXIF asks for a quarter turn."""
    entry: int
    name: str
    size: Size
    turned: bool


def match(annotations: AnnotationSet, names: list[str], folder: str = "") -> Matching:
    """Finds the entry of each image; `names` are paths below `directory`.

    The longest end of its path that an entry has decides, in the spelling of the file first; a name alone does where it is
    the only one. Throws where two entries, or two images, fit one another alike.
    """
    matcher = Matcher([picture.name for picture in annotations.pictures], names, folder)
    for form in FORMS:
        matcher.match(form)
    taken = set(matcher.entry_of.values())
    return Matching([matcher.entry_of.get(name) for name in range(len(names))],
                    [entry for entry in range(len(matcher.entries)) if entry not in taken], matcher.remarks)


class Matcher:
    def __init__(self, entries: list[str], names: list[str], folder: str) -> None:
        self.entries, self.names, self.folder = entries, names, folder
        self.entry_of: dict[int, int] = {}
        self.remarks: list[str] = []

    def match(self, form: str) -> None:
        if self.is_done():
            return
        entries = [parts(entry, form) for entry in self.entries]
        own = [parts(name, form) for name in self.names]
        full = [parts(f"{self.folder}/{name}", form) for name in self.names]
        before = set(self.entry_of.values())
        self.pair(lambda entry: entries[entry], lambda name: own[name])
        for length in range(MAX_PARTS, 1, -1):
            self.pair(lambda entry: end(entries[entry], length), lambda name: end(full[name], length))
        # Directories speak against an image whose name another one has.
        known = {entries[entry][-1] for entry in self.entry_of.values() if entries[entry]}
        self.pair(lambda entry: () if end(entries[entry], 1) and entries[entry][-1] in known else end(entries[entry], 1),
                  lambda name: end(full[name], 1))
        if form in ("loose", "stem"):
            how = "has another ending" if form == "stem" else "differs in case, in %-escapes or in how accents are written"
            self.remark(sorted(set(self.entry_of.values()) - before), how)

    def is_done(self) -> bool:
        return len(self.entry_of) in (len(self.entries), len(self.names))

    def pair(self, entry_key: Callable, name_key: Callable) -> None:
        """Pairs what is left over and has the same key; empty keys are of nothing."""
        if self.is_done():
            return
        taken = set(self.entry_of.values())
        candidates: dict[tuple, list[int]] = {}
        for entry in range(len(self.entries)):
            if entry not in taken and entry_key(entry):
                candidates.setdefault(entry_key(entry), []).append(entry)
        pairs: dict[tuple, list[int]] = {}
        for name in range(len(self.names)):
            if name not in self.entry_of and name_key(name) in candidates:
                pairs.setdefault(name_key(name), []).append(name)
        for key, found in pairs.items():
            fitting = candidates[key]
            if len(fitting) > 1:
                raise DataError(f"{self.names[found[0]]} can be its entry {self.entries[fitting[0]]} or "
                                f"{self.entries[fitting[1]]}: keep images of the same name in directories that are called "
                                "as in file_name")
            if len(found) > 1:
                raise DataError(f"its entry {self.entries[fitting[0]]} can be {self.names[found[0]]} or "
                                f"{self.names[found[1]]}: give only one of these images, or write the directory into "
                                "file_name")
            self.entry_of[found[0]] = fitting[0]

    def remark(self, places: list[int], how: str) -> None:
        if places:
            name = next(name for name, entry in self.entry_of.items() if entry == places[0])
            more = f", and {len(places) - 1} more likewise" if len(places) > 1 else ""
            self.remarks.append(f"its entry {self.entries[places[0]]} is taken for {self.names[name]}, which {how}{more}")


def end(path: tuple, length: int) -> tuple:
    return path[-length:] if len(path) >= length else ()


# Whether boxes are of the images as they are

def check(annotations: AnnotationSet, found: list[Found]) -> list[str]:
    """Throws where images were scaled after they were annotated, or annotated lying, or boxes have another form.

    Returns what looks so without being sure, a line each.
    """
    check_sizes(annotations, found)
    check_shares(annotations)
    sizes = [picture.size for picture in annotations.pictures]  # of the images as they are, or as the file says
    for picture in found:
        sizes[picture.entry] = picture.size
    check_edges(annotations, sizes)
    check_areas(annotations)
    return large_areas(annotations) + percentages(annotations, sizes)


def check_sizes(annotations: AnnotationSet, found: list[Found]) -> None:
    wrong = [picture for picture in found if annotations.pictures[picture.entry].size not in (None, picture.size)]
    lying = [picture for picture in wrong
             if picture.turned and annotations.pictures[picture.entry].size == picture.size.swapped()]

    def others(count: int) -> str:
        return "" if count == 1 else f", and {count - 1} more image{'' if count == 2 else 's'} likewise"

    if lying:
        size = lying[0].size
        raise DataError(f"{lying[0].name} is {size} when it is turned as its EXIF data say, the annotations are of "
                        f"{size.swapped()}{others(len(lying))}: annotate upright images, or turn them with exiftran "
                        "-ai and annotate those")
    if wrong:
        said = annotations.pictures[wrong[0].entry].size
        fix = ("width and height are swapped, or the image lay on its side when it was annotated: annotate it again"
               if said == wrong[0].size.swapped() else "export the boxes again, or use the images they are of")
        raise DataError(f"{wrong[0].name} is {wrong[0].size}, but its entry says {said}{others(len(wrong))}: boxes would "
                        f"be wrong: {fix}")


def check_shares(annotations: AnnotationSet) -> None:
    small = [thing for thing in annotations.objects if all(abs(side) <= 1 for side in thing.box)]
    if small:
        raise DataError(f"{count(small, annotations)} smaller than a pixel, as {told(small[0], annotations)}: they look "
                        f"like shares of the image's sides; {BOXES}")


def fits(left: float, top: float, right: float, bottom: float, size: Size) -> bool:
    """Boxes may stick out by a pixel of rounding, not more."""
    return left >= -1 and top >= -1 and right <= size.width + 1 and bottom <= size.height + 1


def check_edges(annotations: AnnotationSet, sizes: list[Size | None]) -> None:
    known = [(thing, sizes[thing.picture]) for thing in annotations.objects if sizes[thing.picture]]
    outside = [(thing, size) for thing, size in known
               if not fits(thing.box[0], thing.box[1], thing.box[0] + thing.box[2], thing.box[1] + thing.box[3], size)]
    if not outside:
        return
    guess = ""
    if all(right > left and bottom > top and fits(left, top, right, bottom, size)
           for (left, top, right, bottom), size in ((thing.box, size) for thing, size in known)):
        guess = "they look like corners (left, top, right, bottom); "
    elif all(fits(x - width / 2, y - height / 2, x + width / 2, y + height / 2, size)
             for (x, y, width, height), size in ((thing.box, size) for thing, size in known)):
        guess = "they look like centres (middle, width, height); "
    first, size = outside[0]
    raise DataError(f"{count([thing for thing, _ in outside], annotations)} outside the image, as "
                    f"{told(first, annotations)}, which is {size}: {guess}{BOXES}")


def check_areas(annotations: AnnotationSet) -> None:
    """Corners that lie within the image as sizes too are known by areas that were computed rightly."""
    def near(one: float, other: float) -> bool:
        return abs(one - other) <= 0.01 * abs(other) + 1

    if all(right > left and bottom > top and near(area, (right - left) * (bottom - top))
           and not near(area, right * bottom)
           for (left, top, right, bottom), area in ((thing.box, thing.area) for thing in annotations.objects)):
        raise DataError("by their areas all boxes look like corners (left, top, right, bottom), as "
                        f"{told(annotations.objects[0], annotations)}; {BOXES}")


def large_areas(annotations: AnnotationSet) -> list[str]:
    """No part of a box is larger than the box: where most areas are, boxes and areas are not of one size of image."""
    large = [thing for thing in annotations.objects if thing.area > 1.01 * thing.box[2] * thing.box[3] + 1]
    if 2 * len(large) <= len(annotations.objects):
        return []
    return [f"{len(large)} of {len(annotations.objects)} areas are larger than their boxes, as {shown(large[0].area)} "
            f"of {told(large[0], annotations)}: were the boxes scaled without their areas? {BOXES}"]


def percentages(annotations: AnnotationSet, sizes: list[Size | None]) -> list[str]:
    """Boxes in percent of the sides are boxes in the top left corner. A few may really be there."""
    for thing in annotations.objects:
        size, (left, top, width, height) = sizes[thing.picture], thing.box
        if size is None or min(size) < 200 or left + width > 101 or top + height > 101:
            return []
    if len(annotations.objects) < 5:
        return []
    return [f"all {len(annotations.objects)} boxes lie in the first 100 pixels from the left and the top, as "
            f"{told(annotations.objects[0], annotations)}: are they percentages of the image's sides? {BOXES}"]


def count(objects: list[Object], annotations: AnnotationSet) -> str:
    some, every = len(objects), len(annotations.objects)
    return f"all {every} boxes are" if some == every else f"{some} of {every} boxes {'is' if some == 1 else 'are'}"


def told(thing: Object, annotations: AnnotationSet) -> str:
    return f"{shown_box(thing.box)} in {thing.place} of {annotations.pictures[thing.picture].name}"
