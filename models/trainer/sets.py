"""A set of photos with boxes, as tools export it: finds the annotation file and the images, and checks both."""
import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from . import annotations, detections, documents, names
from .annotations import DataError, Size
from .headers import read_header
from .paths import folded, parts

PICTURES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff"}
MAX_FILES, MAX_DEPTH = 1_000_000, 8
LONGEST_LABEL = 255  # bytes; swiftlet-model import takes no longer one


@dataclass
class PhotoEntry(annotations.Known):
    """One photo. Boxes are those of the upright image, within it. `name` is its file's, with the directory where others have
    the same."""
    path: Path
    name: str
    id: int | str
    size: Size


@dataclass
class SetEntries:
    """The photos, sorted by name, the names of the classes and their ids in the file, and what was skipped, a line each."""
    photos: list[PhotoEntry]
    classes: list[str]
    category_ids: list[int | str]
    remarks: list[str]


def read_set(data: Path, ignore_boxes: Path | None = None, soft_boxes: Path | None = None,
             seen: Path | None = None) -> SetEntries:
    """Reads a directory as the README tells, or as Label Studio, CVAT and Roboflow export it; or an annotation file.

    `ignore_boxes` and `soft_boxes` are annotation files with further boxes in the same photos: regions in which nothing
    is known, and boxes that count as much as their score. `seen` is what a detector found in them, see `detections`.
    """
    file, folder = locate(Path(data))
    further: list[annotations.Object] = []
    try:
        found = annotations.read(content_of(file))
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    for extra, soft in ((ignore_boxes, False), (soft_boxes, True)):
        if extra is not None:
            try:
                further += further_objects(annotations.read(content_of(extra), further=True), found, soft)
            except DataError as error:
                raise DataError(f"{extra}: {error}") from error
    if seen is not None:
        try:
            objects, remarks = detections.read(content_of(seen), found)
        except DataError as error:
            raise DataError(f"{seen}: {error}") from error
        further += objects
        found.remarks += [f"{seen}: {remark}" for remark in remarks]
    try:
        return entries_of(found, folder, further)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


def further_objects(extra: annotations.AnnotationSet, found: annotations.AnnotationSet,
                    soft: bool) -> list[annotations.Object]:
    """The objects of a further file, with the places of its images and categories in `found`. Not `soft`: crowds."""
    pictures = {parts(picture.name, "plain"): place for place, picture in enumerate(found.pictures)}
    categories = {folded(category.name): place for place, category in enumerate(found.categories)}
    objects = []
    for thing in extra.objects:
        picture, category = extra.pictures[thing.picture], extra.categories[thing.category]
        place = pictures.get(parts(picture.name, "plain"))
        if place is None:
            raise DataError(f"{picture.place} is of {picture.name}, which the set does not name: remove the entry, or name "
                            "the set that it belongs to")
        said = found.pictures[place].size
        if picture.size and said and picture.size != said:
            raise DataError(f"{picture.place} says that {picture.name} is {picture.size}, the set says {said}: boxes would be "
                            "wrong: make it again for these photos")
        if folded(category.name) not in categories:
            raise DataError(f"{category.place} is {category.name}, which is no category of the set: remove its boxes, or "
                            "name it as the set does")
        if soft and not 0 < (thing.score or 0) <= 1:
            raise DataError(f"{thing.place}: a soft box must have a score above 0 and up to 1: add it, or put the box into "
                            "the set's own file")
        objects.append(replace(thing, picture=place, category=categories[folded(category.name)],
                               is_crowd=thing.is_crowd or not soft))
    names.check(annotations.AnnotationSet(found.pictures, found.categories, objects, []), [])
    return objects


def locate(data: Path) -> tuple[Path, Path]:
    """The annotation file, and the directory in or below which its images lie."""
    if data.is_dir():
        file = annotation_file(data)
        root = data
    elif data.exists():
        file = data
        root = data.parent.parent if data.parent.name == "annotations" else data.parent
    else:
        raise DataError(f"{data / 'annotations.json'} is missing: a set is a directory with images/ and annotations.json "
                        "(COCO format)")
    # CVAT and COCO itself call the directory of images as the file.
    subset = file.stem.removeprefix("instances_")
    for folder in (root / "images" / subset, root / subset, root / "images"):
        if folder.is_dir() and folder.name != "annotations":
            return file, folder
    return file, root


def annotation_file(folder: Path) -> Path:
    for name in ("annotations.json", "_annotations.coco.json", "result.json"):
        if (folder / name).is_file():
            return folder / name
    for place in (folder / "annotations", folder):
        files = sorted(file for file in place.glob("*.json") if file.is_file())
        if len(files) > 1 and all(any(file.with_suffix(ending).exists() for ending in PICTURES) for file in files[:2]):
            raise DataError(f"{place} contains a file for each image, as {files[0].name}, which labelme writes: export all as "
                            "COCO, with labelme2coco for example")
        if len(files) > 1:
            raise DataError(f"{folder} contains several annotation files, {files[0].relative_to(folder)} and "
                            f"{files[1].relative_to(folder)}: give the one that is meant in place of the directory")
        if files:
            return files[0]
    below = sorted(file.parent.name for name in ("annotations.json", "_annotations.coco.json", "result.json")
                   for file in folder.glob(f"*/{name}"))
    hint = f"; there is a set in {folder / below[0]}" if below else other_format(folder)
    raise DataError(f"{folder / 'annotations.json'} is missing: a set is a directory with images/ and annotations.json "
                    f"(COCO format){hint}")


def other_format(folder: Path) -> str:
    """What a directory without annotations in COCO's format seems to be."""
    for name, patterns in (("Pascal VOC's XML", ("Annotations/*.xml", "*.xml")),
                           ("YOLO's labels", ("labels/*.txt", "*/labels/*.txt", "labels/*/*.txt", "data.yaml"))):
        found = next((file for pattern in patterns for file in folder.glob(pattern)), None)
        if found:
            return f"; {found.relative_to(folder)} is of {name}: export the boxes as COCO"
    return ""


def content_of(file: Path) -> bytes:
    try:
        if not file.is_file():
            raise DataError("is no regular file: name a regular file")
        with open(file, "rb") as stream:
            content = stream.read(documents.LARGEST_FILE + 1)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}") from error
    if len(content) > documents.LARGEST_FILE:
        raise DataError(f"has more than {documents.LARGEST_FILE >> 10} KiB, the maximum: is it the right file?")
    return content


def pictures_below(folder: Path) -> list[str]:
    """Paths of the images below `directory`, from there; hidden ones are skipped."""
    found: list[str] = []
    seen: set[tuple[int, int]] = set()
    count = 0

    def visit(inner: str, depth: int) -> None:
        nonlocal count
        status = os.stat(folder / inner)
        # A link may lead back to where it is.
        if depth > MAX_DEPTH or (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        names_here = sorted(os.listdir(folder / inner))
        count += len(names_here)
        if count > MAX_FILES:
            raise DataError(f"{folder} contains more than {MAX_FILES} files: give a directory below it")
        for name in names_here:
            path = os.path.join(inner, name)
            if name.startswith("."):
                continue
            if os.path.isdir(folder / path):
                visit(path, depth + 1)
            elif os.path.splitext(name)[1].lower() in PICTURES:
                found.append(path)

    visit("", 0)
    return found


def entries_of(found: annotations.AnnotationSet, folder: Path, further: list[annotations.Object]) -> SetEntries:
    files = pictures_below(folder)
    # Images of the directory itself go before those of directories below, which may hold the same ones made smaller.
    here = [file for file in files if os.sep not in file]
    if here:
        matching = names.match(found, here, os.path.abspath(folder))
        if not matching.absent:
            files = here
    matching = names.match(found, files, os.path.abspath(folder))
    if matching.absent:
        count, total = len(matching.absent), len(found.pictures)
        example = f", which contains images such as {files[0]}" if files else ", which contains no images"
        raise DataError(f"{count} of {total} images that it names {'is' if count == 1 else 'are'} missing from "
                        f"{folder}, as {found.pictures[matching.absent[0]].name}{example}: add the image or remove its "
                        "entry")
    headers = {file: read_header(folder / file) for file, entry in zip(files, matching.entries) if entry is not None}
    doubts = names.check(found, [names.Found(entry, file, *headers[file]) for file, entry in zip(files, matching.entries)
                                 if entry is not None and headers[file]])
    remarks = found.remarks + matching.remarks + doubts
    foreign = [file for file, entry in zip(files, matching.entries) if entry is None]
    if foreign:
        remarks.append(f"{len(foreign)} of {len(files)} images in {folder} {'is' if len(foreign) == 1 else 'are'} not "
                       f"named in it, as {foreign[0]}: skipped")
    classes = [category.name for category in found.categories]
    for number, name in enumerate(classes):
        if len(name.encode()) > LONGEST_LABEL:
            raise DataError(f"the name of {found.categories[number].place} has more than {LONGEST_LABEL} bytes: shorten "
                            "it")
    base = Counter(os.path.basename(file) for file, entry in zip(files, matching.entries) if entry is not None)
    objects: dict[int, list[annotations.Object]] = {}
    for thing in [*(replace(thing, score=None) for thing in found.objects), *further]:
        objects.setdefault(thing.picture, []).append(thing)
    photos = []
    for file, entry in zip(files, matching.entries):
        if entry is None:
            continue
        size = headers[file][0] if headers[file] else found.pictures[entry].size
        name = os.path.basename(file)
        exhaustive = found.pictures[entry].exhaustive
        unknown = [] if exhaustive is None else [label for label, category in enumerate(found.categories, start=1)
                                                 if category.id not in exhaustive]
        photos.append(photo_entry(folder / file, name if base[name] == 1 else file, found.pictures[entry].id.value, size,
                                  objects.get(entry, []), unknown))
    photos.sort(key=lambda photo: photo.name)
    return SetEntries(photos, classes, [category.id.value for category in found.categories], remarks)


def photo_entry(path: Path, name: str, identity: int | str, size: Size | None, objects: list[annotations.Object],
                unknown: list[int]) -> PhotoEntry:
    if size is None:
        raise DataError(f"{path} is not an image whose size can be read: is it damaged?")
    photo = PhotoEntry(path, name, identity, size, unknown=unknown)
    for thing in objects:
        left, top, width, height = thing.box
        box = [min(max(left, 0.0), size.width), min(max(top, 0.0), size.height),
               min(left + width, size.width), min(top + height, size.height)]
        # Of what lies in the pixel around the image nothing is left to learn from.
        if box[2] <= box[0] or box[3] <= box[1]:
            continue
        if thing.is_crowd:
            photo.ignored.append(box)
            photo.ignored_labels.append(thing.category + 1)
        else:
            photo.boxes.append(box)
            photo.labels.append(thing.category + 1)
            photo.weights.append(1.0 if thing.score is None else thing.score)
    return photo


def listed(names: list[str], file: Path) -> set[str]:
    """Those of the photos' names that a text file lists, one a line: the name of the file, or the end of its path."""
    try:
        lines = documents.decoded(content_of(Path(file))).splitlines()
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    chosen: set[str] = set()
    known: dict[str, list[str]] = {}
    for own in names:
        for name in {own, os.path.basename(own)}:
            known.setdefault(name, []).append(own)
    for line in lines:
        name = line.strip().replace("\\", "/")
        if not name:
            continue
        fitting = known.get(name) or known.get(os.path.basename(name)) or []
        if len(fitting) > 1:
            raise DataError(f"{file} lists {name}, which can be {fitting[0]} or {fitting[1]}: write the directory too")
        if not fitting:
            raise DataError(f"{file} lists {name}, which is not among the photos of this set")
        chosen.add(fitting[0])
    return chosen
