"""Two processes on the CPU, as torchrun starts them, against one that has the whole batch."""
import os
import subprocess
import sys
from pathlib import Path

import torch

from trainer.detection import DetectionLoss
from trainer.networks import Detector
from trainer.targets import Targets, unknown_classes, whole_images
from trainer.team import Team
from trainer.terms import Batch, Term

MODELS = Path(__file__).resolve().parents[2]
CLASSES = 5


class Brightness(Term):
    """A mean over images, and a sum over anchors, as terms may have them."""

    def means(self, batch: Batch) -> dict[str, torch.Tensor]:
        return {"mean": (batch.features[1].mean((1, 2, 3)) * batch.pictures.float().mean((1, 2, 3)) / 255).mean()}

    def sums(self, batch: Batch) -> dict[str, torch.Tensor]:
        return {"sum": batch.offsets.square().sum() / batch.count / 100}


def batch() -> tuple[torch.Tensor, Targets]:
    """Four images with 1, 3, 0 and 6 objects: their halves have different numbers of positives."""
    generator = torch.Generator().manual_seed(8)
    boxes = []
    for count in (1, 3, 0, 6):
        middle, half = (torch.rand(count, 2, generator=generator) for _ in range(2))
        boxes.append(torch.cat([middle * 0.6 + 0.1, middle * 0.6 + 0.15 + half * 0.2], 1))
    labels = [torch.randint(1, CLASSES, (len(own),), generator=generator) for own in boxes]
    targets = whole_images(boxes, labels, [torch.ones(len(own)) for own in boxes], [torch.zeros(0, 4)] * 4,
                           [unknown_classes([2], CLASSES)] * 4)
    return torch.randint(0, 256, (4, 3, 96, 96), dtype=torch.uint8, generator=generator), targets


def gradients(rows: slice, team: Team) -> dict[str, torch.Tensor]:
    """Of one step with batch norm frozen, on these images, after the team's have been added."""
    torch.manual_seed(3 + team.rank)
    model = Detector("xxs", CLASSES)
    team.share(model)
    model.eval()
    pictures, targets = batch()
    part = Targets(*(value[rows] for value in vars(targets).values()))
    loss = DetectionLoss("bgr", (0.1, 1.05), torch.device("cpu"), [Brightness()], team)
    sum(loss(model, (pictures[rows], part)).values()).backward()
    team.add_gradients(model)
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def torchrun(*command: str, processes: int = 2) -> subprocess.CompletedProcess:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes),
                           "-m", *map(str, command)], cwd=MODELS, env=environment, capture_output=True, text=True,
                          timeout=600)


def test_gradients_of_two_processes_are_those_of_the_whole_batch(tmp_path: Path) -> None:
    done = torchrun("trainer.tests.test_team", tmp_path)
    assert done.returncode == 0, done.stderr
    expected = gradients(slice(None), Team())
    found = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)]
    scale = max(float(gradient.abs().max()) for gradient in expected.values())
    assert scale > 0.1
    for name, gradient in expected.items():
        assert torch.equal(found[0][name], found[1][name])
        assert (found[0][name] - gradient).abs().max() <= 1e-4 * max(1.0, scale), name


def test_a_run_of_two_processes(drawn: Path, tmp_path: Path) -> None:
    """Only the first one speaks and writes, and both stop after the same step, by one clock."""
    done = torchrun("trainer", "train", drawn, "--out", tmp_path / "run", "--network", "xxs", "--size", "64", "--sizes", "64",
                    "--crop-sizes", "64", "--batch", "2", "--crop-batch", "4", "--threads", "1", "--batches", "device",
                    "--minutes", "0.1", "--pretrain-minutes", "0.03")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("this run takes") == 1 and "2 processes on cpu" in done.stdout
    assert (tmp_path / "run" / "latest.pt").exists() and done.stdout.count("swiftlet-model import") == 1


if __name__ == "__main__":
    joined = Team.joined()
    torch.set_num_threads(1)
    own = slice(0, 2) if joined.rank == 0 else slice(2, 4)
    torch.save(gradients(own, joined), Path(sys.argv[1]) / f"{joined.rank}.pt")
