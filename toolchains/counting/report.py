"""Prints what toolchains/count counted: the difference between two runs and one."""

import argparse
import json


def counts(path):
    """{function: instructions} of one log of the plugin."""
    result = {}
    with open(path) as lines:
        for line in lines:
            count, name = line.split(maxsplit=1)
            result[name.strip()] = int(count)
    return result


def print_functions(functions, total):
    for name, count in functions.items():
        if count * 1000 < total:
            break
        print(f"{count / 1e6:12.2f} {100 * count / total:5.1f} %  {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("core")
    parser.add_argument("prefix", help="PREFIX.1.txt, PREFIX.2.txt and PREFIX.2.json are read")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    once, twice = counts(options.prefix + ".1.txt"), counts(options.prefix + ".2.txt")
    with open(options.prefix + ".2.json") as file:
        bench = json.load(file)
    functions = {name: count - once.get(name, 0) for name, count in twice.items()}
    functions = dict(sorted(functions.items(), key=lambda item: (-item[1], item[0])))
    total = sum(functions.values())

    if options.json:
        functions = {name: count for name, count in functions.items() if count}
        told = ("frames", "path", "macs", "peak_resident_bytes", "resident_growth_bytes", "arena_bytes")
        print(json.dumps({
            "cpu": options.core, "instructions": total, **{key: bench[key] for key in told if key in bench},
            "functions": functions}))
        return

    if "frames" in bench:
        print(f"{options.core}: {total / 1e6:.2f} million instructions per frame of {bench['frame_width_px']}x"
              f"{bench['frame_height_px']} to {bench['width_px']}x{bench['height_px']}")
        print_functions(functions, total)
        return
    print(f"{options.core}, {bench['path']} kernels: {total / 1e6:.1f} million instructions per inference, "
          f"{total / bench['macs']:.3f} per multiply-accumulate")
    print_functions(functions, total)
    print(f"peak memory {bench['peak_resident_bytes'] / 2**20:.1f} MiB, of which model and runs "
          f"{bench['resident_growth_bytes'] / 2**20:.1f} MiB, with QEMU's translations; "
          f"arena {bench['arena_bytes'] / 2**20:.1f} MiB\n")


main()
