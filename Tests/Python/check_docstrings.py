"""Finds public declarations of Swift sources without a docstring: check_docstrings.py [FILE or DIRECTORY]...

Without arguments it reads Sources. Declarations inside a public protocol count as public. Extensions need no docstring
unless they are themselves public: those are rejected, because their members become public without saying so. Cases of an
enum need none where their meaning is plain from the enum's own. Witnesses of the standard library's protocols need
none, nor do overrides: the base's holds. Exits 1 and names FILE:LINE of each finding.
"""

import pathlib
import re
import sys

KINDS = "actor|associatedtype|class|enum|func|init|let|macro|operator|precedencegroup|protocol|struct|subscript"
ATTRIBUTE = re.compile(r"@\w+(?:\.\w+)*")
# Words before the keyword: `class` among them is a modifier only where another keyword follows.
MODIFIER = re.compile(
    r"(?:public|open|package|internal|fileprivate|private|static|class(?=\s+(?:func|var|let|subscript)\b)|final"
    r"|mutating|nonmutating|consuming|borrowing|convenience|required|override|indirect|lazy|weak|unowned|nonisolated"
    r"|isolated|dynamic|optional|prefix|postfix|infix|distributed)(?:\(\w+\))?\s+")
DECLARATION = re.compile(rf"(?P<kind>(?:{KINDS}|typealias|var|extension)\b)(?P<rest>.*)")
STRING = re.compile(r'"(?:\\.|[^"\\])*"')
WITNESSES = [
    re.compile(pattern)
    for pattern in (
        r"func (==|<) ?\(",  # Equatable, Comparable
        r"func hash\(into \w+: inout Hasher\)",  # Hashable
        r"func encode\(to \w+: (any )?Encoder\)",  # Encodable
        r"init\(from \w+: (any )?Decoder\)",  # Decodable
        r"var (debugD|d)escription: String\b",  # CustomStringConvertible, CustomDebugStringConvertible
        r"func (next|makeIterator)\(\)",  # IteratorProtocol, Sequence
        r"init\?\(rawValue: ",  # RawRepresentable
    )
]


def without_attributes(line: str) -> tuple[str, int]:
    """What follows the attributes at the line's start, and how many of their parentheses stay open at its end."""
    while match := ATTRIBUTE.match(line):
        line = line[match.end():]
        if line.startswith("("):
            depth = 0
            for position, character in enumerate(line):
                depth += (character == "(") - (character == ")")
                if depth == 0:
                    break
            if depth > 0:
                return "", depth
            line = line[position + 1:]
        line = line.lstrip()
    return line, 0


def findings(source: str) -> tuple[list[tuple[int, str]], int]:
    """Line and text of each public declaration without a docstring, and the number of all public declarations."""
    missing, count = [], 0
    documented = in_string = False
    open_parentheses = 0
    protocol_indent = None
    for number, full in enumerate(source.splitlines(), 1):
        line, indent = full.strip(), len(full) - len(full.lstrip())
        was_in_string = in_string
        if not line.startswith("//"):
            in_string ^= line.count('"""') % 2 == 1
        if was_in_string:
            if in_string:
                continue
            line = line.rpartition('"""')[2]
        if open_parentheses > 0:
            bare = STRING.sub("", line)
            open_parentheses += bare.count("(") - bare.count(")")
            continue
        if line.startswith("///"):
            documented = True
            continue
        rest, open_parentheses = without_attributes(STRING.sub('""', line))
        if line.startswith("@") and not rest:
            continue  # An attribute on a line of its own: the docstring before it still holds.
        if protocol_indent is not None and indent <= protocol_indent and line.startswith("}"):
            protocol_indent = None
        words = []
        while match := MODIFIER.match(rest):
            words.append(match.group().strip())
            rest = rest[match.end():]
        declaration = DECLARATION.match(rest)
        # Requirements of a protocol stand one level inside it and carry no access of their own.
        required = protocol_indent is not None and indent == protocol_indent + 4
        if declaration and (required or {"public", "open"} & set(words)):
            count += 1
            witness = "override" in words or any(pattern.match(rest) for pattern in WITNESSES)
            if declaration["kind"] == "extension" or not documented and not witness:
                missing.append((number, f"no docstring: {line}"))
            if declaration["kind"] == "protocol" and not line.endswith("}"):
                protocol_indent = indent
        documented = False
    if in_string or open_parentheses > 0:
        # What came after would go unseen.
        raise ValueError("a string or an attribute that does not end")
    return missing, count


def main(arguments: list[str]) -> int:
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return 0
    found = total = 0
    for argument in arguments or ["Sources"]:
        root = pathlib.Path(argument)
        for path in [root] if root.is_file() else sorted(root.rglob("*.swift")):
            try:
                missing, count = findings(path.read_text())
            except ValueError as error:
                missing, count = [(1, str(error))], 0
            total += count
            found += len(missing)
            for number, line in missing:
                print(f"{path}:{number}: {line}", file=sys.stderr)
    if total == 0:
        print("no public declarations found: name a directory of Swift sources", file=sys.stderr)
        return 1
    print(f"{total} public declarations, {found} without a docstring")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
