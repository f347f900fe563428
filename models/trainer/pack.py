"""Packed files: photos made small, as JPEGs, with all that is known about them, in a few files that are easy to move.

A file is `MAGIC`, the header's length and CRC-32 (8 and 4 bytes, little-endian), the header (JSON, UTF-8), then the JPEGs
one behind the other. Torch, torchvision, NumPy and OpenCV are enough to train from them.
"""
import io
import json
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from .annotations import Known
from .documents import DataError
from .headers import jpeg_header

MAGIC, VERSION, ENDING = b"SWPHOTOS", 1, ".pack"
PREFIX = struct.Struct("<8sQI")
LARGEST_FILE = 30_000_000
LONGEST_SIDE, MOST_BOXES, MOST_CLASSES = 4096, 4096, 4096
AGAIN = "make it again with python -m trainer pack"


@dataclass
class Packed(Known):
    """A photo as a pack holds it: `jpeg` is of `width` x `height` pixels."""
    name: str
    id: int | str
    width: int
    height: int
    jpeg: bytes
    file: Path


def is_pack(data: Path) -> bool:
    return data.suffix == ENDING if data.is_file() else data.is_dir() and any(data.glob("*" + ENDING))


def write_pack(folder: Path, photos: list[Packed], classes: list[str], category_ids: list[int | str]) -> list[Path]:
    """Writes photos-NNN.pack, as many as it takes; returns their paths. Each is written whole or not at all."""
    groups, size = [[]], LARGEST_FILE
    head = 4096 + len(json.dumps([classes, category_ids]))
    for photo in photos:
        needed = len(photo.jpeg) + len(json.dumps(described(photo, 10 ** 8))) + 2
        if head + needed > LARGEST_FILE:
            raise DataError(f"{photo.name} takes {needed} bytes, more than a pack may have ({LARGEST_FILE}): use a smaller "
                            "--size")
        if size + needed > LARGEST_FILE:
            groups, size = groups + [[]], head
        groups[-1].append(photo)
        size += needed
    groups = groups[1:]
    folder.mkdir(parents=True, exist_ok=True)
    if old := next(iter(sorted(folder.glob("*" + ENDING))), None):
        raise DataError(f"{folder} contains a pack already, {old.name}: name another directory, or remove it")
    identity = zlib.crc32(json.dumps([[photo.name, len(photo.jpeg)] for photo in photos]).encode())
    files = []
    for number, group in enumerate(groups, start=1):
        entries, offset = [], 0
        for photo in group:
            entries.append(described(photo, offset))
            offset += len(photo.jpeg)
        body = b"".join(photo.jpeg for photo in group)
        header = json.dumps({"version": VERSION, "set": identity, "part": number, "parts": len(groups),
                             "classes": classes, "category_ids": category_ids, "crc32": zlib.crc32(body),
                             "photos": entries}).encode()
        file = folder / f"photos-{number:03}{ENDING}"
        part = file.with_suffix(".part")
        part.write_bytes(PREFIX.pack(MAGIC, len(header), zlib.crc32(header)) + header + body)
        part.replace(file)
        files.append(file)
    return files


def described(photo: Packed, offset: int) -> dict:
    def rounded(boxes: list[list[float]]) -> list[list[float]]:
        return [[round(side, 2) for side in box] for box in boxes]
    return {"name": photo.name, "id": photo.id, "width": photo.width, "height": photo.height, "offset": offset,
            "length": len(photo.jpeg), "boxes": rounded(photo.boxes), "labels": photo.labels, "weights": photo.weights,
            "ignored": rounded(photo.ignored), "ignored_labels": photo.ignored_labels, "unknown": photo.unknown}


# Reading: a file is as untrusted as any other

def read_pack(data: Path) -> tuple[list[Packed], list[str], list[int | str]]:
    """The photos, the classes and their ids in the set that was packed, of a pack's directory or of its only file."""
    files = [data] if data.is_file() else sorted(data.glob("*" + ENDING))
    photos: list[Packed] = []
    first: dict = {}
    for number, file in enumerate(files, start=1):
        header, found = read_file(file)
        if first and any(header[key] != first[key] for key in ("set", "parts", "classes", "category_ids")):
            raise DataError(f"{file} belongs to another pack than {files[0].name}: keep each pack in a directory of its own")
        first = first or header
        photos += found
        if header["part"] != number or header["parts"] < len(files):
            raise DataError(f"{file} is part {header['part']} of {header['parts']}, but {len(files)} are here in the order of "
                            "their names: copy all parts, under their own names")
    if first["parts"] != len(files):
        raise DataError(f"{data} has {len(files)} of the pack's {first['parts']} files: copy the others too")
    names = set()
    for photo in photos:
        if photo.name in names:
            raise DataError(f"{photo.file}: two photos are named {photo.name}: {AGAIN}")
        names.add(photo.name)
    return photos, first["classes"], first["category_ids"]


def read_file(file: Path) -> tuple[dict, list[Packed]]:
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise DataError(f"{file} has more than {LARGEST_FILE} bytes, the maximum of a pack: is it the right file?")
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from error
    try:
        return checked(content, file)
    except Damaged as error:
        raise DataError(f"{file}: {error}: copy the file again, or {AGAIN}") from error


class Damaged(Exception):
    """What is wrong with a pack's bytes."""


def require(condition: bool, problem: str) -> None:
    if not condition:
        raise Damaged(problem)


def checked(content: bytes, file: Path) -> tuple[dict, list[Packed]]:
    require(len(content) >= PREFIX.size and content[:8] == MAGIC, "is no pack of photos (it does not begin with SWPHOTOS)")
    _, length, crc = PREFIX.unpack_from(content)
    start = PREFIX.size + length
    require(start <= len(content), f"its header would end at byte {start} of {len(content)}")
    text = content[PREFIX.size:start]
    require(zlib.crc32(text) == crc, "the checksum of its header is wrong")
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Damaged("its header is not JSON") from error
    require(isinstance(header, dict), "its header is no object")
    if header.get("version") != VERSION:
        raise DataError(f"{file}: version is {header.get('version')!r:.20}, but this trainer reads {VERSION}: {AGAIN} of this "
                        "version")
    for key in ("set", "part", "parts", "crc32"):
        require(whole(header.get(key), 0, 2 ** 32), f"{key} is no whole number")
    classes, ids = header.get("classes"), header.get("category_ids")
    require(isinstance(classes, list) and 0 < len(classes) <= MOST_CLASSES and all(
        isinstance(name, str) and 0 < len(name.encode()) <= 255 for name in classes), "classes is no list of names")
    require(isinstance(ids, list) and len(ids) == len(classes) and all(map(is_id, ids)), "category_ids fits no classes")
    body = content[start:]
    require(zlib.crc32(body) == header["crc32"], "the checksum of its photos is wrong")
    photos = header.get("photos")
    require(isinstance(photos, list) and 0 < len(photos) <= len(body), "photos is no list of photos")
    return header, [packed(entry, f"photos[{index}]", len(classes), body, file) for index, entry in enumerate(photos)]


def packed(entry: object, place: str, classes: int, body: bytes, file: Path) -> Packed:
    require(isinstance(entry, dict), f"{place} is no object")
    name = entry.get("name")
    require(isinstance(name, str) and 0 < len(name) <= 1024, f"{place}: name is no name")
    require(is_id(entry.get("id")), f"{place}: id is no id")
    for key in ("width", "height"):
        require(whole(entry.get(key), 1, LONGEST_SIDE), f"{place}: {key} is no size of a photo")
    for key in ("offset", "length"):
        require(whole(entry.get(key), 0, len(body)), f"{place}: {key} lies outside the file")
    end = entry["offset"] + entry["length"]
    require(end <= len(body), f"{place}: its JPEG would end at byte {end} of {len(body)}")
    size = entry["width"], entry["height"]
    boxes, ignored = (corners(entry.get(key), f"{place}: {key}", *size) for key in ("boxes", "ignored"))
    labels, ignored_labels, unknown = (label_list(entry.get(key), f"{place}: {key}", classes)
                                       for key in ("labels", "ignored_labels", "unknown"))
    weights = entry.get("weights")
    require(isinstance(weights, list) and all(number(value) and 0 < value <= 1 for value in weights),
            f"{place}: weights must be above 0 and up to 1")
    require(len(boxes) == len(labels) == len(weights) and len(ignored) == len(ignored_labels),
            f"{place}: its boxes, labels and weights differ in number")
    return Packed(name, entry["id"], *size, body[entry["offset"]:end], file, boxes=boxes, labels=labels, weights=weights,
                  ignored=ignored, ignored_labels=ignored_labels, unknown=unknown)


def number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_id(value: object) -> bool:
    return isinstance(value, str) or whole(value, -2 ** 63, 2 ** 63 - 1)


def corners(boxes: object, place: str, width: int, height: int) -> list[list[float]]:
    require(isinstance(boxes, list) and len(boxes) <= MOST_BOXES, f"{place} is no list of at most {MOST_BOXES}")
    for box in boxes:
        require(isinstance(box, list) and len(box) == 4 and all(map(number, box)) and 0 <= box[0] < box[2] <= width + 0.01
                and 0 <= box[1] < box[3] <= height + 0.01, f"{place} has a box outside the photo")
    return boxes


def label_list(labels: object, place: str, classes: int) -> list[int]:
    require(isinstance(labels, list) and all(whole(label, 1, classes) for label in labels),
            f"{place} must be labels from 1 to {classes}")
    return labels


def decoded(jpeg: bytes, name: str, size: tuple[int, int], file: Path) -> torch.Tensor:
    """The photo [3, height, width] u8 RGB of these bytes, whose size must be `size` (height, width)."""
    try:
        header = jpeg_header(io.BytesIO(jpeg))
    except (struct.error, ValueError, IndexError):
        header = None
    # Known before a byte is decoded: a small file can hold a huge image.
    if header is None or header[1::-1] != size:
        raise DataError(f"{file}: the JPEG of {name} is not of {size[1]}x{size[0]} pixels as its entry says: {AGAIN}")
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None or pixels.shape[:2] != size:
        raise DataError(f"{file}: the JPEG of {name} cannot be decoded: copy the file again, or {AGAIN}")
    return torch.from_numpy(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)).permute(2, 0, 1)


def encoded(picture: torch.Tensor, quality: int) -> bytes:
    """A JPEG of an image [3, H, W] u8 RGB."""
    pixels = cv2.cvtColor(np.ascontiguousarray(picture.permute(1, 2, 0).numpy()), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
