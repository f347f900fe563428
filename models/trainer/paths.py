"""Pictures' names as annotation files write them: folders and file, separated in one way or another."""
import re
import unicodedata
from urllib.parse import unquote_to_bytes

MOST_PARTS = 16
# plain: folders end in a slash. separated: a backslash ends a folder too; addresses lose scheme and query. loose: besides,
# case, %-escapes and Unicode's normal forms make no difference.
FORMS = ("plain", "separated", "loose")


def folded(text: str) -> str:
    """What names are compared by where they may differ in case or in how accents are written."""
    plain = unicodedata.normalize("NFC", text)
    return unicodedata.normalize("NFC", "".join(scalar.lower() for scalar in plain))


def parts(name: str, form: str) -> tuple[str, ...]:
    """The last parts of the path; what leads upwards takes the folder before it away."""
    text = name.strip()
    if form == "loose":
        text = unescaped(text)
    if form != "plain":
        text = path_of_address(text)
    kept: list[str] = []
    for part in re.split(r"/" if form == "plain" else r"[/\\]", text):
        if part == "..":
            del kept[-1:]
        elif part not in ("", "."):
            kept.append(part)
    return tuple(folded(part) if form == "loose" else part for part in kept[-MOST_PARTS:])


def path_of_address(text: str) -> str:
    if "?d=" in text:  # Label Studio's address of a local file
        return text.split("?d=", 1)[1]
    if "://" in text:
        return re.split(r"[?#]", text.split("://", 1)[1], maxsplit=1)[0]
    return text


def unescaped(text: str) -> str:
    """The text itself where its escapes do not stand for UTF-8."""
    try:
        return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8")
    except UnicodeDecodeError:
        return text
