"""Draws one image of coloured blocks as raw camera frames and as a PPM, of which all decoders make the same pixels.

Detections of a raw frame and of a JPEG of the same image can only be compared for equality if both decode to equal
pixels. So each colour is one whose conversion from limited-range BT.601 is next to whole numbers, and which comes
through a JPEG's YCbCr unchanged; the blocks end where no JPEG block, no shared chroma sample and no sample of a resize
to 96x96 lies on two of them."""

import argparse
import pathlib
import random

WIDTH, HEIGHT = 640, 480
COLUMNS = [0, 200, 400, 600, 640]
ROW_HEIGHT = 40
# How far from a whole number a converted channel may be: decoders round differently.
SLACK = 0.25


def clip(value: float) -> int:
    return min(max(round(value), 0), 255)


def from_video(y: int, u: int, v: int) -> list[float]:
    luma, blue, red = 255 / 219 * (y - 16), 255 / 224 * (u - 128), 255 / 224 * (v - 128)
    return [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue]


def to_jpeg(rgb: list[int]) -> list[float]:
    r, g, b = rgb
    return [
        0.299 * r + 0.587 * g + 0.114 * b,
        -0.168736 * r - 0.331264 * g + 0.5 * b,
        0.5 * r - 0.418688 * g - 0.081312 * b,
    ]


def from_jpeg(y: int, blue: int, red: int) -> list[float]:
    return [y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue]


def are_certain(values: list[float]) -> bool:
    return all(abs(value - round(value)) < SLACK for value in values)


def comes_through_jpeg(rgb: list[int]) -> bool:
    stored = to_jpeg(rgb)
    restored = from_jpeg(*map(round, stored))
    return are_certain(stored) and are_certain(restored) and [clip(channel) for channel in restored] == rgb


def colours(count: int, is_grey: bool) -> list[tuple[tuple[int, int, int], list[int]]]:
    """Pairs of Y, U, V and R, G, B; the same in every run."""
    source = random.Random(1)
    found = []
    while len(found) < count:
        video = (source.randint(16, 235), 128, 128)
        if not is_grey:
            video = (video[0], source.randint(40, 215), source.randint(40, 215))
        channels = from_video(*video)
        rgb = [clip(channel) for channel in channels]
        in_range = all(0 <= channel <= 255 for channel in channels)
        if in_range and are_certain(channels) and comes_through_jpeg(rgb):
            found.append((video, rgb))
    return found


def draw(is_grey: bool) -> tuple[list[list[tuple[int, int, int]]], bytes]:
    """The rows of Y, U, V, and a PPM."""
    blocks = iter(colours((len(COLUMNS) - 1) * HEIGHT // ROW_HEIGHT, is_grey))
    rows, pixels = [], bytearray()
    for _ in range(0, HEIGHT, ROW_HEIGHT):
        row, line = [], bytearray()
        for left, right in zip(COLUMNS, COLUMNS[1:]):
            video, rgb = next(blocks)
            row += [video] * (right - left)
            line += bytes(rgb) * (right - left)
        rows += [row] * ROW_HEIGHT
        pixels += line * ROW_HEIGHT
    return rows, b"P6\n%d %d\n255\n" % (WIDTH, HEIGHT) + pixels


def planes(rows: list[list[tuple[int, int, int]]]) -> list[bytes]:
    """Y in full, U and V at half the size."""
    halved = [row[::2] for row in rows[::2]]
    return [bytes(pixel[0] for row in rows for pixel in row)] + [
        bytes(pixel[channel] for row in halved for pixel in row) for channel in (1, 2)
    ]


def packed(rows: list[list[tuple[int, int, int]]], luma_first: bool) -> bytes:
    frame = bytearray()
    for row in rows:
        for one, other in zip(row[::2], row[1::2]):
            y, u, next_y, v = one[0], one[1], other[0], one[2]
            frame += bytes((y, u, next_y, v) if luma_first else (u, y, v, next_y))
    return bytes(frame)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    rows, picture = draw(is_grey=False)
    y, u, v = planes(rows)
    (folder / "blocks.ppm").write_bytes(picture)
    (folder / "yuyv.raw").write_bytes(packed(rows, luma_first=True))
    (folder / "uyvy.raw").write_bytes(packed(rows, luma_first=False))
    (folder / "i420.raw").write_bytes(y + u + v)
    (folder / "nv12.raw").write_bytes(y + bytes(sample for pair in zip(u, v) for sample in pair))
    _, picture = draw(is_grey=True)
    (folder / "grey-blocks.ppm").write_bytes(picture)
    # Grey frames are taken as they are: full range.
    (folder / "grey.raw").write_bytes(picture[-3 * WIDTH * HEIGHT :: 3])


if __name__ == "__main__":
    main()
