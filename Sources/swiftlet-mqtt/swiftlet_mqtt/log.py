"""Lines to stderr, or to the journal. Writing never waits: unread lines are skipped, and counted."""

import os
import select

LONGEST = 2000  # characters of a line; the rest is skipped
missing = 0  # lines that were skipped since the last one


def say(priority: int, text: str) -> None:
    """One line to stderr; where that is the journal, with the priority that it takes off."""
    global missing
    if missing > 0 and put(4, f"{missing} {'line is' if missing == 1 else 'lines are'} missing here: the log's reader is too slow"):
        missing = 0
    if missing > 0 or not put(priority, text):
        missing += 1


def put(priority: int, text: str) -> bool:
    """False where the line would have to wait, or cannot be written at all."""
    try:
        status = os.fstat(2)
        journal = os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
        text = "".join(character if character.isprintable() else "?" for character in text[:LONGEST])
        line = (f"<{priority}>{text}" if journal else f"swiftlet-mqtt: {text}").encode(errors="replace")
        # What has room takes as much at once.
        if not select.select([], [2], [], 0)[1]:
            return False
        os.write(2, line[:select.PIPE_BUF - 1] + b"\n")
    except OSError:
        # A log that cannot be written has nowhere to be reported.
        return False
    return True


def error(text: str) -> None:
    say(3, text)


def warn(text: str) -> None:
    say(4, text)


def note(text: str) -> None:
    say(5, text)
