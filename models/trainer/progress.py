"""How far a run is: the budget of a stage, and the log with its curves."""
import csv
import time
from pathlib import Path


class Budget:
    """What a stage may spend, in minutes of wall-clock time or in steps, over all its resumptions."""

    def __init__(self, minutes: float | None = None, steps: int | None = None):
        if (minutes is None) == (steps is None):
            raise ValueError("a budget is either minutes or steps")
        self.minutes, self.steps = minutes, steps
        self.done_steps, self.done_seconds = 0, 0.0
        self.running_since: float | None = None
        self.agreed: float | None = None        # where several processes go by the clock of one

    def start(self) -> None:
        self.running_since = time.monotonic()

    def stop(self) -> None:
        """Stops the clock, so that what follows costs nothing of the budget."""
        self.done_seconds, self.running_since = self.seconds(), None

    def seconds(self) -> float:
        running = 0 if self.running_since is None else time.monotonic() - self.running_since
        return self.done_seconds + running

    def fraction(self) -> float:
        """0 at the start, 1 when all is spent."""
        return self.spent() if self.agreed is None else self.agreed

    def spent(self) -> float:
        spent = self.done_steps / self.steps if self.steps is not None else self.seconds() / (60 * self.minutes)
        return min(1.0, spent)

    def minutes_left(self) -> float:
        if self.minutes is not None:
            return max(0.0, self.minutes - self.seconds() / 60)
        return self.seconds() / 60 / max(1, self.done_steps) * (self.steps - self.done_steps)

    def state(self) -> dict:
        return {"steps": self.done_steps, "seconds": self.seconds()}

    def restore(self, state: dict) -> None:
        self.done_steps, self.done_seconds = state["steps"], state["seconds"]


COLUMNS = ["stage", "minutes", "step", "size", "learning_rate", "loss", "class_loss", "box_loss",
           "top1", "ap", "ap50", "pictures_per_second", "terms", "top5", "mean_iou"]


class Log:
    """Appends rows to a CSV file; a cell is empty where a row has no such value. Values without a column of their own go
    into the last one, each with its name."""

    def __init__(self, file: Path):
        self.file = Path(file)
        if not self.file.exists():
            with self.file.open("w", newline="", encoding="utf-8") as stream:
                csv.writer(stream).writerow(COLUMNS)

    def add(self, **values: object) -> None:
        with self.file.open("a", newline="", encoding="utf-8") as stream:
            cells = {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in values.items()}
            terms = {"terms": " ".join(f"{key}={cell}" for key, cell in cells.items() if key not in COLUMNS)}
            csv.DictWriter(stream, COLUMNS, extrasaction="ignore").writerow(cells | terms)

    def rows(self) -> list[dict[str, str]]:
        with self.file.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))


def plot(log: Log, picture: Path) -> None:
    """Draws loss, learning rate and accuracy over the minutes of each stage; nothing where matplotlib is missing."""
    try:
        import matplotlib
    except ModuleNotFoundError:
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = log.rows()
    stages = list(dict.fromkeys(row["stage"] for row in rows))
    figure, axes = pyplot.subplots(2, max(1, len(stages)), figsize=(6 * max(1, len(stages)), 7), squeeze=False)
    for column, stage in enumerate(stages):
        upper, lower = axes[:, column]
        for axis, names in ((upper, ("loss", "class_loss", "box_loss")), (lower, ("top1", "top5", "ap", "ap50", "mean_iou"))):
            for name in names:
                points = [(float(row["minutes"]), float(row[name])) for row in rows
                          if row["stage"] == stage and row.get(name)]
                if points:
                    axis.plot(*zip(*points), label=name, marker="." if axis is lower else None)
            axis.set_xlabel("minutes")
            axis.grid(alpha=0.3)
            if axis.get_legend_handles_labels()[0]:
                axis.legend()
        upper.set_title(stage)
        lower.set_ylim(0, 1)
    figure.tight_layout()
    figure.savefig(picture)
    pyplot.close(figure)
