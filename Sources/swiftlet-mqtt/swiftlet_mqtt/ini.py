"""INI text, as swiftletd reads it: sections in brackets, KEY = VALUE, comments in lines of their own or behind a blank and
a semicolon, and texts with such signs in them in double quotes."""

import dataclasses
import os
import re
import stat
from collections.abc import Iterator

SIZE_LIMIT = 256 << 10  # bytes of the largest file
BLANKS = " \t"


class Mistake(ValueError):
    """What is wrong with a line, and what to write instead."""


@dataclasses.dataclass
class Entry:
    """`key` and `value` are None where the section begins, `mistake` tells of a line that is none of all this."""
    line: int
    section: str = ""
    key: str | None = None
    value: "Text | None" = None
    mistake: str = ""


def read_file(path: str) -> bytes:
    """A regular file of at most SIZE_LIMIT bytes, without waiting. Raises OSError and Mistake."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Mistake("is not a regular file: name a regular file")
        data = file.read(SIZE_LIMIT + 1)
    if len(data) > SIZE_LIMIT:
        raise Mistake(f"is larger than {SIZE_LIMIT >> 10} KiB, the maximum: is it the right file?")
    return data


def entries(data: bytes) -> Iterator[Entry]:
    """Sections and keys, line by line."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield Entry(1, mistake="not UTF-8 but UTF-16: save the file in UTF-8")
        return
    section = ""
    is_known = True  # which section this is
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        line = line.removesuffix(b"\r").strip(BLANKS.encode())
        if not line or line[:1] in b"#;":
            continue
        try:
            try:
                text = Text(line.decode())
            except UnicodeDecodeError:
                raise Mistake("not UTF-8: save the file in that encoding") from None
            if "\0" in text.line:
                raise Mistake("the line has a null byte: not a text file")
            if text.line[0] == "[":
                is_known = False
                section = text.section()
                is_known = True
                yield Entry(number, section)
                continue
            is_quoted = text.line[0] == '"'
            key = text.take("=:")
            if text.rest[:1] not in ("=", ":") or not (key or is_quoted):
                raise Mistake("neither [SECTION] nor KEY = VALUE: start a comment with # or ;, and put a name that has "
                              "one, or a bracket, in double quotes")
            if is_known:
                yield Entry(number, section, key.lower(), Text(text.rest[1:]))
        except Mistake as mistake:
            yield Entry(number, section, mistake=str(mistake))


class Text:
    """A line, or what of it stands behind the equals sign, and how far it is taken."""

    ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}

    def __init__(self, line: str) -> None:
        self.line = self.rest = line

    def section(self) -> str:
        self.rest = self.rest[1:]
        name = self.take("]")
        if not self.rest.startswith("]"):
            raise Mistake("neither [SECTION] nor KEY = VALUE: the bracket is not closed")
        self.rest = self.rest[1:].lstrip(BLANKS)
        self.end("text after the section's bracket: move it to the next line")
        return name

    def is_empty(self) -> bool:
        """Nothing but blanks and a comment."""
        rest = self.rest.strip(BLANKS)
        return not rest or rest.startswith(";")

    def text(self) -> str:
        """All of a value."""
        return self.take("")

    def list(self) -> list[str]:
        """Texts between commas."""
        texts = []
        while True:
            is_quoted = self.rest.lstrip(BLANKS).startswith('"')
            text = self.take(",")
            if not text and not is_quoted:
                raise Mistake("a name is missing between two commas")
            texts.append(text)
            if not self.rest.startswith(","):
                return texts
            self.rest = self.rest[1:]

    def take(self, ends: str) -> str:
        """The text before one of `ends`, a comment or the end of the line: the rest begins with that."""
        self.rest = self.rest.lstrip(BLANKS)
        return self.quoted(ends) if self.rest.startswith('"') else self.bare(ends)

    def bare(self, ends: str) -> str:
        for place, character in enumerate(self.rest):
            begins = place == 0 or self.rest[place - 1] in BLANKS
            if character in ends or begins and character == ";":
                break
            if begins and (character == "#" or place > 0 and self.rest.startswith("//", place)):
                self.reject_comment()
            if character == '"':
                self.reject_quote()
            if character == "\r":
                self.reject_carriage_return()
            if character == ";" and self.rest[place + 1:place + 2] in ("", *BLANKS):
                raise Mistake("a comment starts with a space and ;, and commas separate names: put a text that contains ; in "
                              "double quotes")
        else:
            place = len(self.rest)
        text, self.rest = self.rest[:place].strip(BLANKS), self.rest[place:]
        if has_foreign_quotes(text):
            raise Mistake(f"{text[0]} is not a supported quote: write the text without it or in double quotes")
        return text

    def quoted(self, ends: str) -> str:
        match = re.match(r'"((?:[^"\\]|\\.)*)"', self.rest)
        if match is None:
            self.reject_quote()
        self.rest = self.rest[match.end():]
        behind = self.rest.lstrip(BLANKS)
        if behind and behind[0] not in ends:
            if behind == self.rest:
                self.reject_quote()
            self.rest = behind
            self.end('double quotes must enclose the whole text: write \\" for a quote inside it')
        self.rest = behind
        # Bytes, because \\x gives one.
        pieces = re.split(r"(\\x[0-9A-Fa-f]{2}|\\.)", match[1])
        text = b"".join(self.escape(piece) if place % 2 else piece.encode() for place, piece in enumerate(pieces))
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise Mistake("not UTF-8: write the character itself") from None

    def escape(self, piece: str) -> bytes:
        if piece[1] in self.ESCAPES:
            return self.ESCAPES[piece[1]].encode()
        if len(piece) != 4 or piece == "\\x00":
            raise Mistake('in double quotes a backslash must start \\", \\\\, \\n, \\r, \\t or \\xHH: write \\\\ for a '
                          "backslash")
        return bytes.fromhex(piece[2:])

    def end(self, otherwise: str) -> None:
        """More than a comment is a mistake."""
        if self.rest.startswith("#"):
            self.reject_comment()
        if self.rest.startswith("\r"):
            self.reject_carriage_return()
        if self.rest and not self.rest.startswith(";"):
            raise Mistake(otherwise)

    def reject_comment(self) -> None:
        raise Mistake("a comment after a value starts with a space and ;, not with # or //: put a text that contains one in "
                      "double quotes")

    def reject_carriage_return(self) -> None:
        raise Mistake("a carriage return inside the line: save the file with the line breaks of Unix or Windows")

    def reject_quote(self) -> None:
        raise Mistake('double quotes must enclose the whole text: write \\" for a quote inside it, and put a text that '
                      "contains one in quotes")


def has_foreign_quotes(text: str) -> bool:
    """Whether a text stands in quotes of a shell or of a word processor, which would become part of it."""
    return text[:1] in ("“", "”", "„", "‘") and bool(text) or len(text) > 1 and text[0] == text[-1] and text[0] in "'`"


def quoted(text: str) -> str:
    """The text as it has to be written: in quotes where it would mean something else without."""
    is_plain = not re.search(r'["\\,=:;#\[\]\x00-\x1f\x7f-\x9f]| //', text) and not has_foreign_quotes(text)
    if text and text.strip(BLANKS) == text and is_plain:
        return text

    def escaped(match: re.Match) -> str:
        if match[0] in '"\\':
            return "\\" + match[0]
        return "".join(f"\\x{byte:02x}" for byte in match[0].encode())

    return '"' + re.sub(r'["\\\x00-\x1f\x7f-\x9f]', escaped, text) + '"'
