"""Checks the models of models/cards against the budgets of a board's file: instructions on its emulated core, the
kernels that run there, and the arena. Prints a table. Exit code 1: something is over; 78: the file is wrong."""

import argparse
import configparser
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def counted(model, core):
    """What toolchains/count says of `model` on an emulated core."""
    command = [ROOT / "toolchains/count", "--no-build", "--json", "--cpu", core, "--model", model]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def arena_bytes(model, core, threads):
    command = ["qemu-aarch64", "-cpu", core, "-L", ROOT / ".build-sysroot/arm64",
               ROOT / ".build-arm64/bin/swiftlet", "plan", "--json", "--threads", threads, "--model", model]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["arena_bytes"]


def rows(board, name, model):
    """(what, found, budget, whether that is fine) of one model."""
    budget = board[f"budget {name}"]
    found = counted(model, board["processor"]["emulator"])
    instructions, most = found["instructions"] / 1e6, budget.getfloat("instructions_million")
    yield "million instructions", f"{instructions:.1f}", f"{most:g}", instructions <= most
    arena = arena_bytes(model, board["processor"]["emulator"], board["engine"]["threads"]) / 1024
    yield "arena, KiB", f"{arena:.0f}", budget["arena_kib"], arena <= budget.getint("arena_kib")
    path = board["engine"]["int8_path" if name.endswith("int8") else "fp16_path"]
    yield "kernels", found["path"], path, path in ("any", found["path"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("board", help="the board's file")
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / "models/cards", help="default: models/cards")
    options = parser.parse_args()
    board = configparser.ConfigParser(inline_comment_prefixes=(";",), interpolation=None)
    over, checked = [], 0
    try:
        with open(options.board) as file:
            board.read_file(file)
        if board["board"]["architecture"] != "arm64":
            print("instructions are counted for arm64 only: no budget was checked", file=sys.stderr)
            return 0
        print(f"{board['board']['title']}, emulated {board['processor']['emulator']}, "
              f"arena for {board['engine']['threads']} threads")
        print(f"{'model':12} {'':22} {'found':>10} {'budget':>10}")
        for section in board.sections():
            if not section.startswith("budget "):
                continue
            name = section.removeprefix("budget ")
            model = options.models / f"{name}.gguf"
            if not model.is_file():  # the 0.5 network has another name, too
                model = options.models / f"{name.replace('0.5-', 'half-')}.gguf"
            if not model.is_file():
                print(f"{name:12} {model} does not exist: not checked")
                continue
            for what, found, budget, is_fine in rows(board, name, model):
                checked += 1
                print(f"{name:12} {what:22} {found:>10} {budget:>10}  {'' if is_fine else 'OVER'}", flush=True)
                if not is_fine:
                    over.append(f"{name}: {what}")
    except (OSError, configparser.Error, KeyError, ValueError) as error:
        print(f"budgets: {options.board}: {error}; swiftlet bench --board FILE reports errors with their lines",
              file=sys.stderr)
        return 78
    except subprocess.CalledProcessError as error:
        print(f"budgets: {error}\n{error.stderr}", file=sys.stderr)
        return 70
    if checked == 0:
        print(f"budgets: no model of {options.models} has a budget", file=sys.stderr)
        return 66
    if over:
        print(f"over budget: {', '.join(over)}", file=sys.stderr)
        return 1
    print("all within the budgets")
    return 0


if __name__ == "__main__":
    sys.exit(main())
