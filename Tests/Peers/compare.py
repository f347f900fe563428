"""Measures what toolchains/compare names, in turns, and prints a row for each."""

import argparse
import json
import os
import statistics
import subprocess
import sys

import fixture
import network

HERE = os.path.dirname(os.path.abspath(__file__))
# Conversions take seconds to minutes, a round of inferences less; whatever takes longer hangs.
CONVERSION_SECONDS, ROUND_SECONDS = 900, 600
# Of fp32: the root mean square over the output's standard deviation.
MAX_ERROR = 1e-3


class Row:
    """One runtime with one model. `reason` says why there is nothing to tell."""

    def __init__(self, name):
        self.name, self.reason = name, None
        self.wall, self.processor = [], []
        self.load_ms = self.growth_bytes = self.model_bytes = self.error = None

    def figures(self):
        if self.reason:
            return {"name": self.name, "reason": self.reason}
        return {
            "name": self.name, "cpu_ms": statistics.median(self.processor), "wall_ms": statistics.median(self.wall),
            "growth_bytes": self.growth_bytes, "model_bytes": self.model_bytes, "load_ms": self.load_ms,
            "relative_error": self.error,
        }


class Swiftlet(Row):
    """`swiftlet bench`: each round is a process."""

    def __init__(self, program, model):
        super().__init__("swiftlet " + os.path.splitext(os.path.basename(model))[0])
        self.command = [program, "bench", "--model", model, "--threads", "1", "--json", "--runs"]
        self.growths, self.loads = [], []

    def round(self, runs):
        done = subprocess.run(self.command + [str(runs)], capture_output=True, text=True, timeout=ROUND_SECONDS)
        if done.returncode:
            raise RuntimeError(last_line(done.stderr))
        bench = json.loads(done.stdout)
        self.wall.append(bench["median_ms"])
        self.processor.append(bench["cpu_ms"])
        self.loads.append(bench["load_ms"])
        self.growths.append(bench["resident_growth_bytes"])
        self.model_bytes = bench["model_bytes"]

    def end(self):
        self.load_ms, self.growth_bytes = statistics.median(self.loads), max(self.growths)


class Peer(Row):
    """A worker process that lives through all rounds."""

    def __init__(self, name, options):
        super().__init__(name)
        folder = os.path.join(options.folder, name)
        os.makedirs(folder, exist_ok=True)
        self.log = open(os.path.join(folder, "log.txt"), "w+")
        model = self.convert(options, folder)
        # ncnn's model is two files.
        files = [model] if os.path.exists(model) else [model + ".param", model + ".bin"]
        self.model_bytes = sum(os.path.getsize(file) for file in files)
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "worker.py"), name, model, options.fixture],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.load_ms = self.ask("load")["load_ms"]
        self.ask("run 2")

    def convert(self, options, folder):
        done = subprocess.run(
            [sys.executable, os.path.join(HERE, "convert.py"), self.name, options.source, options.fixture, folder],
            stdout=subprocess.PIPE, stderr=self.log, text=True, timeout=CONVERSION_SECONDS)
        if done.returncode:
            raise RuntimeError("conversion: " + self.last_words(done.returncode))
        return done.stdout

    def ask(self, command):
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise RuntimeError("run: " + self.last_words(self.process.wait()))
        return json.loads(line)

    def last_words(self, code):
        self.log.seek(0)
        return f"signal {-code}" if code < 0 else last_line(self.log.read())

    def round(self, runs):
        answer = self.ask(f"run {runs}")
        self.wall.append(statistics.median(answer["wall_ms"]))
        self.processor.append(statistics.median(answer["cpu_ms"]))

    def end(self):
        answer = self.ask("end")
        self.growth_bytes, self.error = answer["growth_bytes"], answer["error"]
        self.process.stdin.close()
        self.process.wait()
        # Time spent on another network's output is no comparison. What quantisation costs is not ours to judge here.
        if not self.error < MAX_ERROR and self.name.endswith("fp32"):
            raise RuntimeError(f"wrong output: relative error {self.error:.0e}")


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:100] if lines else "no message"


def failed(name, error):
    row = Row(name)
    row.reason = str(error)
    return row


def attempt(row, action):
    """A row that fails stays, with its reason, and the others continue."""
    if row.reason:
        return
    try:
        action(row)
    except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as error:
        row.reason = str(error)


def measure(options):
    rows = [Swiftlet(options.swiftlet, model) for model in options.models]
    for name in options.peers:
        print(f"compare: converting for {name}", file=sys.stderr)
        try:
            rows.append(Peer(name, options))
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            rows.append(failed(name, error))
    for index in range(options.rounds):
        print(f"compare: round {index + 1} of {options.rounds}", file=sys.stderr)
        for row in rows:
            attempt(row, lambda row: row.round(options.runs))
    for row in rows:
        attempt(row, lambda row: row.end())
    return rows


def ratio(rows):
    """Our least processor time over the least of the others', or None."""
    ours = [row.figures()["cpu_ms"] for row in rows if isinstance(row, Swiftlet) and not row.reason]
    others = [row.figures()["cpu_ms"] for row in rows if not isinstance(row, Swiftlet) and not row.reason]
    return min(ours) / min(others) if ours and others else None


def table(rows):
    width = max(len(row.name) for row in rows)
    print(f"{'':{width}}  CPU ms  wall ms  memory MiB  model MiB  load ms  error")
    for row in rows:
        if row.reason:
            print(f"{row.name:{width}}  {row.reason}")
            continue
        figures = row.figures()
        error = "" if row.error is None else f"{row.error:.0e}"
        print(f"{row.name:{width}}  {figures['cpu_ms']:6.2f}  {figures['wall_ms']:7.2f}  "
              f"{row.growth_bytes / 2**20:10.1f}  {row.model_bytes / 2**20:9.2f}  {row.load_ms:7.1f}  {error}")
    if (value := ratio(rows)) is not None:
        print(f"Swiftlet's least CPU time over the least of the others: {value:.2f}")


def prepare(options):
    """Writes the image and the output that rows are judged by. Returns whose output that is."""
    os.makedirs(options.folder, exist_ok=True)
    model = network.Model(options.source)
    options.fixture = os.path.join(options.folder, "fixture.npz")
    if options.swiftlet_model:
        golden = fixture.compute(options.swiftlet_model, model, options.golden, options.folder)
    else:
        golden = fixture.tensors(options.golden)
    fixture.save(golden, model, options.fixture)
    return "Swiftlet in fp32" if options.swiftlet_model else "PyTorch"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--swiftlet", "--source", "--golden", "--folder"):
        parser.add_argument(name, required=True)
    parser.add_argument("--swiftlet-model", help="computes the output to judge by, instead of the golden's")
    parser.add_argument("--models", nargs="+", required=True)
    parser.add_argument("--peers", nargs="+", required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        reference = prepare(options)
    except (ValueError, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"compare: {error}")
    rows = measure(options)
    if options.json:
        for row in rows:
            print(json.dumps(row.figures()))
        if (value := ratio(rows)) is not None:
            print(json.dumps({"cpu_ratio": value, "reference": reference}))
    else:
        table(rows)
        print(f"Errors are against the output of {reference}.")


main()
