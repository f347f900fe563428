"""Lines to stderr, or to the journal."""

import os
import sys

LONGEST = 2000  # characters of a line; the rest is left out


def say(priority: int, text: str) -> None:
    """One line to stderr; where that is the journal, with the priority that it takes off."""
    status = os.fstat(2)
    journal = os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
    text = "".join(character if character.isprintable() else "?" for character in text[:LONGEST])
    print(f"<{priority}>{text}" if journal else f"swiftlet-mqtt: {text}", file=sys.stderr, flush=True)


def error(text: str) -> None:
    say(3, text)


def warn(text: str) -> None:
    say(4, text)


def note(text: str) -> None:
    say(5, text)
