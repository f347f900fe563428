"""Damages the head of a model file in ways that break sizes, and runs a program on each: it must read or reject it, and
never end by a signal or with a code that it does not know."""

import argparse
import pathlib
import random
import subprocess
import tempfile

# At the edges of what 16, 31, 32 and 64 bits hold, and sides of large images.
VALUES = [0, 1, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2048, 4096]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("count", type=int, help="damaged files")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the program; the file's name follows")
    options = parser.parse_args()
    original = options.model.read_bytes()
    # Metadata comes first, the tensors' names and shapes after it: their data matter less to sizes.
    head = min(original.index(b"encoder."), 1 << 16)
    generator = random.Random(32)
    codes: dict[int, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "hostile.gguf"
        for index in range(options.count):
            damaged = bytearray(original)
            for _ in range(generator.randint(1, 3)):
                place = generator.randrange(4, head + (head if index % 4 == 0 else 0))
                width = generator.choice([2, 4, 8])
                value = generator.choice(VALUES) & (2 ** (8 * width) - 1)
                damaged[place:place + width] = value.to_bytes(width, "little")
            path.write_bytes(damaged)
            run = subprocess.run([*options.command, path], capture_output=True, text=True, timeout=1200)
            codes[run.returncode] = codes.get(run.returncode, 0) + 1
            assert run.returncode in (0, 65), (index, run.returncode, run.stderr)
            assert (run.returncode == 0) == (run.stderr == ""), (index, run.stderr)
    assert codes.get(0, 0) > 0 and codes.get(65, 0) > options.count // 4, codes
    print(f"{options.count} damaged models: {codes[0]} read, {codes[65]} rejected")


if __name__ == "__main__":
    main()
