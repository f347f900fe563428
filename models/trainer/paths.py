"""Images' names as annotation files write them: directories and file, separated in one way or another."""
import re
import unicodedata
from urllib.parse import unquote_to_bytes

MAX_PARTS = 16
# plain: directories end in a slash. separated: a backslash ends a directory too; addresses lose scheme and query. loose: besides,
# case, %-escapes, a query and Unicode's normal forms make no difference. stem: nor does the name's ending, since images are
# converted after they were annotated.
FORMS = ("plain", "separated", "loose", "stem")
ENDINGS = {"jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "tif", "tiff", "gif", "heic", "heif", "avif"}


def folded(text: str) -> str:
    """What names are compared by where they may differ in case or in how accents are written."""
    plain = unicodedata.normalize("NFC", text)
    return unicodedata.normalize("NFC", "".join(scalar.lower() for scalar in plain))


def parts(name: str, form: str) -> tuple[str, ...]:
    """The last parts of the path; what leads upwards takes the directory before it away."""
    text = name.strip()
    is_loose = form in ("loose", "stem")
    if is_loose:
        text = unescaped(text)
    if form != "plain":
        text = path_of_address(text)
    if is_loose and has_ending(text.split("?", 1)[0]):
        text = text.split("?", 1)[0]
    kept: list[str] = []
    for part in re.split(r"/" if form == "plain" else r"[/\\]", text):
        if part == "..":
            del kept[-1:]
        elif part not in ("", "."):
            kept.append(part)
    if form == "stem" and kept and has_ending(kept[-1]):
        kept[-1] = kept[-1].rpartition(".")[0]
    return tuple(folded(part) if is_loose else part for part in kept[-MAX_PARTS:])


def has_ending(text: str) -> bool:
    stem, _, ending = text.rpartition(".")
    return bool(stem) and ending.lower() in ENDINGS


def path_of_address(text: str) -> str:
    if "?d=" in text:  # Label Studio's address of a local file
        return text.split("?d=", 1)[1]
    if "://" in text:
        return re.split(r"[?#]", text.split("://", 1)[1], maxsplit=1)[0]
    return text


def unescaped(text: str) -> str:
    """The text itself where its escapes do not stand for UTF-8. Some tools escape what others have escaped already."""
    for _ in range(3):
        try:
            text = unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8")
        except UnicodeDecodeError:
            return text
    return text
