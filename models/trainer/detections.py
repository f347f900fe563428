"""What a detector has found in the photos of a set, from a file in one of COCO's two forms. Nothing but Python is needed.

The forms: an annotation file whose boxes have a `score`, or the list of results that detectors write, with the set's own
ids. Such files come from other programs and of other sets: what is not of this set is counted and left out, but a value
that cannot be right is an error.
"""
import json
import os
from collections import Counter

from . import annotations
from .annotations import AnnotationSet, Object
from .documents import DataError, decoded, entry_id, outermost_lists, plain_number, read_box, shown, shown_box
from .paths import folded, parts

# A detector is less sure than this of boxes half of which are wrong: they say nothing.
LEAST = 0.25
# A box that overlaps an annotated one by this IoU is of the same object, and the annotation is right.
SAME = 0.5
# Scores of 1 would make boxes count as annotated ones.
MOST = 0.999


def read(content: bytes, found: AnnotationSet) -> tuple[list[Object], list[str]]:
    """Boxes with scores for the photos of `found` that no annotation explains, and what was left out, a line each.

    Messages of DataError are without the file's name.
    """
    is_list = decoded(content).lstrip().startswith("[")
    entries, pictures, categories = results_of(content, found) if is_list else annotations_of(content, found)
    objects, left_out = [], Counter()
    for index, members in enumerate(entries):
        thing = read_detection(members, f"[{index}]" if is_list else f"annotations[{index}]", pictures, categories)
        if isinstance(thing, Object):
            objects.append(thing)
        else:
            left_out[thing] += 1
    if entries and left_out["of images that the set does not name"] == len(entries):
        raise DataError("none of its boxes is in an image of this set: is it of other photos?")
    if entries and left_out["of classes that the set does not have"] == len(entries):
        raise DataError("none of its boxes is of a class of this set: call the classes alike in both")
    if objects and all(abs(side) <= 1 for thing in objects for side in thing.box):
        raise DataError(f"all of its boxes are smaller than a pixel, as {shown_box(objects[0].box)} in {objects[0].place}: "
                        "write [left, top, width, height] in pixels, not shares of the sides")
    free = unexplained(objects, found)
    left_out["on annotated objects, which win"] = len(objects) - len(free)
    reasons = "; ".join(f"{count} {reason}" for reason, count in left_out.items() if count)
    remark = f"{len(free)} of {len(entries)} detections add to the annotations" + (f"; left out: {reasons}" if reasons else "")
    return free, [remark]


def annotations_of(content: bytes, found: AnnotationSet) -> tuple[list, dict, dict]:
    """Entries with boxes, and by the file's ids the places of the set's images and categories, where the set has them."""
    images, entries, kinds = outermost_lists(content)
    theirs = annotations.entries(images, "images", annotations.read_picture)
    annotations.reject_duplicates(theirs, "images")
    named = annotations.entries(kinds, "categories", annotations.read_category)
    annotations.reject_duplicates(named, "categories")
    place_of = {parts(picture.name, "plain"): place for place, picture in enumerate(found.pictures)}
    bare = Counter(os.path.basename(picture.name) for picture in found.pictures)
    by_name = {os.path.basename(picture.name): place for place, picture in enumerate(found.pictures)
               if bare[os.path.basename(picture.name)] == 1}
    pictures = {}
    for picture in theirs:
        place = place_of.get(parts(picture.name, "plain"), by_name.get(os.path.basename(picture.name)))
        if place is None:
            continue
        said = found.pictures[place].size
        if picture.size and said and picture.size != said:
            raise DataError(f"{picture.place} says that {picture.name} is {picture.size}, the set says {said}: boxes would be "
                            "wrong: make it again for these photos")
        pictures[picture.id] = place
    known = {folded(category.name): place for place, category in enumerate(found.categories)}
    categories = {kind.id: known[folded(kind.name)] for kind in named if folded(kind.name) in known}
    return entries, pictures, categories


def results_of(content: bytes, found: AnnotationSet) -> tuple[list, dict, dict]:
    """Likewise for a list of results, whose ids are the set's."""
    try:
        entries = json.loads(decoded(content))
    except RecursionError as error:
        raise DataError("is not valid JSON: lists within lists, 200 deep") from error
    except json.JSONDecodeError as error:
        raise DataError(f"is not valid JSON: {error.msg}, at line {error.lineno}, column {error.colno}") from error
    except ValueError as error:                 # an integer with thousands of digits
        raise DataError("is not valid JSON: a number is too long") from error
    return entries, {picture.id: place for place, picture in enumerate(found.pictures)}, \
        {category.id: place for place, category in enumerate(found.categories)}


def read_detection(members: object, place: str, pictures: dict, categories: dict) -> Object | str:
    """A box with its score, or why it is left out."""
    if not isinstance(members, dict):
        raise DataError(f"{place} is {shown(members)}, but must be an object")
    picture, category = entry_id(members, "image_id", place), entry_id(members, "category_id", place)
    score = plain_number(members.get("score"), "score", place, "must be a number from 0 to 1: write what the detector gave")
    if not 0 <= score <= 1:
        fix = "divide percentages by 100" if 1 < score <= 100 else "write a probability, not a logit"
        raise DataError(f"{place}: score is {shown(score)}, but must be from 0 to 1: {fix}")
    box = read_box(members.get("bbox"), place)
    if picture not in pictures:
        return "of images that the set does not name"
    if category not in categories:
        return "of classes that the set does not have"
    if box is None or box[2] <= 0 or box[3] <= 0:
        return "without a box"
    if score < LEAST:
        return f"with a score below {LEAST}"
    return Object(pictures[picture], categories[category], box, box[2] * box[3], False, place, min(score, MOST))


def unexplained(objects: list[Object], found: AnnotationSet) -> list[Object]:
    """Those that are not on an annotated object, of whatever class."""
    labelled: dict[int, list[tuple]] = {}
    for thing in found.objects:
        if not thing.is_crowd:
            labelled.setdefault(thing.picture, []).append(thing.box)
    return [thing for thing in objects
            if all(iou(thing.box, box) < SAME for box in labelled.get(thing.picture, []))]


def iou(one: tuple, other: tuple) -> float:
    """Of two boxes, [left, top, width, height] with sides above 0."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)
