"""Sizes of images and how they lie, from their first bytes. JPEG and PNG need nothing but Python; Pillow knows the rest."""
import struct
from pathlib import Path
from typing import BinaryIO

from .annotations import Size

LARGEST_HEADER = 16 << 20


def read_header(path: Path) -> tuple[Size, bool] | None:
    """The size of the upright image, and whether EXIF asks for a quarter turn; None where that cannot be told."""
    try:
        with open(path, "rb") as file:
            start = file.read(8)
            file.seek(0)
            if start.startswith(b"\xff\xd8"):
                found = jpeg_header(file)
            elif start == b"\x89PNG\r\n\x1a\n":
                found = png_header(file)
            else:
                found = other_header(file)
    except (OSError, struct.error, ValueError, IndexError):
        return None
    if found is None or not found[0] or not found[1]:
        return None
    width, height, orientation = found
    turned = orientation >= 5
    return (Size(height, width) if turned else Size(width, height)), turned


def jpeg_header(file: BinaryIO) -> tuple[int, int, int] | None:
    """Follows the segments to the frame header; bytes between them are passed over, as libjpeg does."""
    file.seek(2)
    orientation = None
    while file.tell() < LARGEST_HEADER:
        byte = file.read(1)
        if not byte:
            return None
        if byte != b"\xff":
            continue
        marker = file.read(1)
        while marker == b"\xff":
            marker = file.read(1)
        if not marker or marker in b"\xd9\xda":
            return None
        if marker[0] in (0x00, 0x01) or 0xD0 <= marker[0] <= 0xD8:
            continue
        length = struct.unpack(">H", file.read(2))[0]
        if 0xC0 <= marker[0] <= 0xCF and marker[0] not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">xHH", file.read(5))
            return width, height, orientation or 1
        payload = file.read(max(0, length - 2))
        if marker == b"\xe1" and payload.startswith(b"Exif\0\0") and orientation is None:
            orientation = tiff_orientation(payload[6:])
    return None


def png_header(file: BinaryIO) -> tuple[int, int, int] | None:
    file.seek(8)
    width = height = 0
    while file.tell() < LARGEST_HEADER:
        head = file.read(8)
        if len(head) < 8:
            break
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IHDR":
            width, height = struct.unpack(">II", file.read(8))
            file.seek(length - 8 + 4, 1)
        elif kind == b"eXIf":
            return width, height, tiff_orientation(file.read(min(length, 1 << 16)))
        else:
            file.seek(length + 4, 1)
    return width, height, 1


def tiff_orientation(data: bytes) -> int:
    """EXIF's tag 0x0112, as SHORT or LONG; 1 where there is none that can be read."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8 or struct.unpack(order + "H", data[2:4])[0] != 42:
        return 1
    start = struct.unpack(order + "I", data[4:8])[0]
    if start + 2 > len(data):
        return 1
    for entry in range(struct.unpack(order + "H", data[start:start + 2])[0]):
        place = start + 2 + 12 * entry
        if place + 12 > len(data):
            return 1
        tag, kind, count = struct.unpack(order + "HHI", data[place:place + 8])
        # SHORT is EXIF's type; phones and editing programs write LONG, SSHORT and SLONG too.
        if tag == 0x0112 and count == 1 and kind in (3, 8):
            value = struct.unpack(order + "H", data[place + 8:place + 10])[0]
        elif tag == 0x0112 and count == 1 and kind in (4, 9):
            value = struct.unpack(order + "I", data[place + 8:place + 12])[0]
        elif tag == 0x0112:
            return 1
        else:
            continue
        return value if 1 <= value <= 8 else 1
    return 1


def other_header(file: BinaryIO) -> tuple[int, int, int] | None:
    try:
        from PIL import Image
    except ImportError:
        return None
    with Image.open(file) as picture:
        return *picture.size, picture.getexif().get(0x0112, 1)
