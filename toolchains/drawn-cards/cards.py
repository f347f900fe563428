"""Faces of playing cards, drawn from numbers: no font, no scan. Units are 1/250 of a card's width: 250 x 350."""
import math

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 250, 350
RANKS = ("nine", "ten", "jack", "queen", "king", "ace")
SUITS = ("spades", "hearts", "diamonds", "clubs")

RED, BLACK, WHITE = (200, 24, 36), (22, 20, 24), (250, 249, 246)
YELLOW, BLUE, SKIN = (244, 190, 46), (38, 78, 160), (250, 238, 224)

Point = tuple[float, float]


class Pen:
    """Draws in the card's units onto an image of `scale` pixels each, moved, turned and grown by a placement."""

    def __init__(self, image: Image.Image, scale: float):
        self.draw, self.scale = ImageDraw.Draw(image), scale
        self.place(0, 0)

    def place(self, x: float, y: float, size: float = 1, turned: bool = False) -> "Pen":
        self.x, self.y, self.size, self.sign = x, y, size, -1 if turned else 1
        return self

    def at(self, points: list[Point]) -> list[Point]:
        grow = self.size * self.sign
        return [((self.x + grow * x) * self.scale, (self.y + grow * y) * self.scale) for x, y in points]

    def fill(self, points: list[Point], colour: tuple[int, int, int], line: float = 0) -> None:
        self.draw.polygon(self.at(points), fill=colour)
        if line:
            self.stroke(points + points[:1], BLACK, line)

    def stroke(self, points: list[Point], colour: tuple[int, int, int], width: float) -> None:
        self.draw.line(self.at(points), fill=colour, width=max(1, round(width * self.size * self.scale)), joint="curve")

    def disc(self, x: float, y: float, radius: float, colour: tuple[int, int, int], line: float = 0) -> None:
        self.fill(arc(x, y, radius, radius, 0, 360), colour, line)


def arc(x: float, y: float, across: float, down: float, start: float, end: float, steps: int = 36) -> list[Point]:
    """Points of an ellipse's part; 0 degrees points right, 90 degrees down."""
    angles = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
    return [(x + across * math.cos(angle), y + down * math.sin(angle)) for angle in angles]


def heart(turned: int = 1) -> list[Point]:
    """The curve (16 sin^3 t, 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t), one unit wide."""
    points = []
    for step in range(60):
        t = step * math.tau / 60
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        points.append((math.sin(t) ** 3 / 2, -turned * (y + 2.5) / 31))
    return points


def pip(pen: Pen, suit: str) -> None:
    """A suit's sign, about one unit high and wide, around the pen's place."""
    colour = RED if suit in ("hearts", "diamonds") else BLACK
    stem = [(0, 0), (0.05, 0.3), (0.18, 0.5), (-0.18, 0.5), (-0.05, 0.3)]
    if suit == "diamonds":
        pen.fill([(0, -0.55), (0.2, -0.22), (0.42, 0), (0.2, 0.22), (0, 0.55), (-0.2, 0.22), (-0.42, 0), (-0.2, -0.22)],
                 colour)
    elif suit == "hearts":
        pen.fill(heart(), colour)
    elif suit == "spades":
        pen.fill([(x * 0.95, y - 0.08) for x, y in heart(-1)], colour)
        pen.fill(stem, colour)
    else:
        for x, y in ((0, -0.25), (-0.26, 0.1), (0.26, 0.1)):
            pen.disc(x, y, 0.245, colour)
        pen.fill(stem, colour)


def serif(x: float, y: float, reach: float = 0.13) -> list[Point]:
    return [(x - reach, y), (x + reach, y)]


# Strokes of a rank's sign, one unit high: (points, share of the full stroke).
SIGNS: dict[str, list[tuple[list[Point], float]]] = {
    "nine": [(arc(0, -0.22, 0.24, 0.25, 0, 360), 1), (arc(-0.16, -0.2, 0.4, 0.68, 0, 80), 1)],
    "ten": [([(-0.36, -0.42), (-0.36, 0.48)], 1), ([(-0.5, -0.32), (-0.36, -0.45)], 0.7),
            (serif(-0.36, 0.48), 0.6), (arc(0.16, 0, 0.22, 0.47, 0, 360), 1)],
    "jack": [([(0.12, -0.48), *arc(-0.1, 0.24, 0.22, 0.25, 0, 170)], 1), (serif(0.12, -0.48, 0.18), 0.6)],
    "queen": [(arc(0, -0.04, 0.34, 0.44, 0, 360), 1), ([(-0.06, 0.16), (0.12, 0.34), (0.4, 0.52)], 0.9)],
    "king": [([(-0.24, -0.48), (-0.24, 0.48)], 1), ([(0.26, -0.46), (-0.22, 0.1)], 0.7),
             ([(-0.1, -0.04), (0.28, 0.46)], 1), (serif(-0.24, -0.48), 0.6), (serif(-0.24, 0.48), 0.6),
             (serif(0.26, -0.48), 0.6), (serif(0.28, 0.48), 0.6)],
    "ace": [([(0, -0.48), (-0.3, 0.46)], 0.7), ([(0, -0.48), (0.3, 0.46)], 1.1), ([(-0.2, 0.16), (0.2, 0.16)], 0.7),
            (serif(-0.3, 0.48), 0.6), (serif(0.3, 0.48), 0.6)],
}


def index(pen: Pen, rank: str, suit: str) -> None:
    """Rank above suit, in two opposite corners."""
    colour = RED if suit in ("hearts", "diamonds") else BLACK
    for turned in (False, True):
        x, y = (WIDTH - 21, HEIGHT - 29) if turned else (21, 29)
        pen.place(x, y, 34, turned)
        for points, width in SIGNS[rank]:
            pen.stroke(points, colour, 0.15 * width)
        pip(pen.place(x, y + (-34 if turned else 34), 24, turned), suit)


def pips(pen: Pen, rank: str, suit: str) -> None:
    if rank == "ace":
        return pip(pen.place(WIDTH / 2, HEIGHT / 2, 66), suit)
    rows = (64, 138, HEIGHT - 138, HEIGHT - 64)
    places = [(x, y) for x in (80, WIDTH - 80) for y in rows]
    places += [(WIDTH / 2, HEIGHT / 2)] if rank == "nine" else [(WIDTH / 2, 101), (WIDTH / 2, HEIGHT - 101)]
    for x, y in places:
        pip(pen.place(x, y, 48, y > HEIGHT / 2), suit)


def robe(pen: Pen, rank: str) -> None:
    """From the shoulders to the middle line: slanted bands for a jack, roses for a queen, chequers for a king."""
    shoulders = [(-80, 0), (-74, -34), (-30, -62), (30, -62), (74, -34), (80, 0)]
    if rank == "jack":
        pen.fill(shoulders, YELLOW, 2)
        for side in (-1, 1):
            for band in range(4):
                x = 8 + 18 * band
                top = -60 + 9 * band
                pen.fill([(side * x, top), (side * (x + 9), top + 4), (side * (x + 4), 0), (side * (x - 8), 0)],
                         (RED, BLACK)[band % 2])
        pen.fill([(-9, -62), (9, -62), (9, 0), (-9, 0)], BLUE, 1.6)
    elif rank == "queen":
        pen.fill(shoulders, BLUE, 2)
        for x in (-56, -30, 0, 30, 56):
            y = -20 if abs(x) == 56 else -30
            pen.disc(x, y, 12, WHITE, 1.4)
            pen.disc(x, y, 8, RED)
            pen.disc(x, y, 3, YELLOW)
    else:
        pen.fill(shoulders, WHITE, 2)
        for row in range(5):
            for column in range(-5, 6):
                x, y = column * 14, -12 * row
                if (row + column) % 2 == 0 and abs(x) < 74 - 9 * row:
                    pen.fill([(x - 7, y), (x + 7, y), (x + 7, y - 12), (x - 7, y - 12)], RED if column else BLACK)
        pen.stroke(shoulders, BLACK, 2)
        pen.fill([(-6, -62), (6, -62), (6, 0), (-6, 0)], YELLOW, 1.6)


def head(pen: Pen, rank: str) -> None:
    hair = YELLOW if rank != "king" else WHITE
    pen.fill(arc(0, -84, 27, 24, 0, 360), hair, 1.8)
    pen.fill(arc(0, -86, 17, 22, 0, 360), SKIN, 1.4)
    for side in (-1, 1):
        pen.stroke([(side * 11, -93), (side * 4, -93)], BLACK, 1.6)
        pen.disc(side * 7, -89, 2, BLACK)
        for lock in range(3):
            pen.stroke(arc(side * (20 + 2 * lock), -76 + 5 * lock, 5, 5, 0, 300), BLACK, 1.4)
    pen.stroke([(0, -90), (-2, -81), (2, -80)], BLACK, 1.2)
    pen.stroke([(-5, -74), (5, -74)], RED, 2.4)
    if rank == "king":
        pen.fill([(-17, -80), (-9, -77), (9, -77), (17, -80), (12, -58), (0, -52), (-12, -58)], hair, 1.6)
        for x in (-7, 0, 7):
            pen.stroke([(x, -72), (x * 0.6, -58)], BLACK, 1.2)
    crown = {"king": [(-28, -104), (-34, -134), (-17, -118), (0, -140), (17, -118), (34, -134), (28, -104)],
             "queen": [(-25, -104), (-28, -124), (-12, -116), (0, -130), (12, -116), (28, -124), (25, -104)],
             "jack": [(-30, -102), (-26, -120), (0, -126), (30, -118), (34, -106)]}[rank]
    pen.fill(crown, YELLOW if rank != "jack" else RED, 2)
    pen.fill([(-29, -108), (29, -108), (29, -101), (-29, -101)], BLUE if rank != "queen" else RED, 1.6)
    if rank == "jack":
        pen.fill([(20, -112), (44, -134), (52, -120), (36, -106)], BLUE, 1.6)
    for x in (-18, -6, 6, 18):
        pen.disc(x, -113, 2.6, RED if rank != "jack" else YELLOW)


def held(pen: Pen, rank: str) -> None:
    if rank == "king":
        pen.fill([(56, -150), (61, -156), (66, -150), (66, -62), (56, -62)], BLUE, 1.6)
        pen.fill([(48, -66), (74, -66), (74, -58), (48, -58)], YELLOW, 1.6)
    elif rank == "queen":
        pen.stroke([(-58, -58), (-62, -84)], BLUE, 3)
        for step in range(6):
            angle = math.tau * step / 6
            pen.disc(-62 + 9 * math.cos(angle), -94 + 9 * math.sin(angle), 5.5, RED, 1)
        pen.disc(-62, -94, 5, YELLOW, 1)
    else:
        pen.fill([(60, -150), (64, -150), (64, -50), (60, -50)], YELLOW, 1.4)
        pen.fill([(62, -158), (76, -140), (62, -124), (54, -140)], RED, 1.6)


def court(pen: Pen, rank: str, suit: str) -> None:
    """A framed figure, drawn once and once more upside down."""
    left, top = 46, 26
    corners = [(left, top), (WIDTH - left, top), (WIDTH - left, HEIGHT - top), (left, HEIGHT - top)]
    pen.place(0, 0).fill(corners, WHITE)
    for turned in (False, True):
        pen.place(WIDTH / 2, HEIGHT / 2, 0.92, turned)
        held(pen, rank)
        robe(pen, rank)
        head(pen, rank)
        mark = (WIDTH - 66, HEIGHT - 52) if turned else (66, 52)
        pip(pen.place(*mark, 34, turned), suit)
    pen.place(0, 0).stroke([(left, HEIGHT / 2), (WIDTH - left, HEIGHT / 2)], BLACK, 2)
    pen.stroke(corners + corners[:2], BLUE, 2.5)


def card(rank: str, suit: str, scale: float = 2) -> Image.Image:
    """RGBA, transparent outside the rounded corners, 250 x 350 units of `scale` pixels."""
    image = Image.new("RGB", (round(WIDTH * scale), round(HEIGHT * scale)), WHITE)
    pen = Pen(image, scale)
    (court if rank in ("jack", "queen", "king") else pips)(pen, rank, suit)
    index(pen, rank, suit)
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((1, 1, image.width - 2, image.height - 2), 13 * scale, fill=255)
    image.putalpha(mask)
    return image
