"""A detector that somebody else trained, as teacher: YOLOX in an ONNX file, run by ONNX Runtime on batches of images.

ONNX Runtime and onnx are needed for nothing else and are loaded only here.
"""
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
import torchvision.transforms.v2.functional as TF
from torchvision.ops import batched_nms
from torchvision.transforms import InterpolationMode

from .documents import DataError
from .paths import folded

STRIDES = (8, 16, 32)
FILL = 114                                      # grey level around a photo in the teacher's input
LARGEST_FILE = 1 << 30
LARGEST_GROWTH = 8.0                            # of log sizes: keeps boxes finite whatever the file computes
COCO_CLASSES = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light", "fire hydrant",
    "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra",
    "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
    "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle", "wine glass", "cup", "fork",
    "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut",
    "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote",
    "keyboard", "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors",
    "teddy bear", "hair drier", "toothbrush")


def listed(names: list[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


@dataclass
class Detections:
    """What a teacher sees in B images, padded to one number N of boxes: boxes [B, N, 4] as corners in shares of the image's
    sides, scores [B, N, C] in 0..1 of the student's classes without the background; those of padding are 0."""
    boxes: torch.Tensor
    scores: torch.Tensor

    def to(self, device: torch.device) -> "Detections":
        return Detections(self.boxes.to(device), self.scores.to(device))


def decode(rows: torch.Tensor, size: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """YOLOX's output [B, N, 5 + classes] for an input of `size` (height, width) to corners [B, N, 4] in input pixels and
    scores [B, N, classes].

    Rows are the cells of the grids of strides 8, 16 and 32, each row by row. Columns: x, y, log w, log h in cells, from the
    cell's corner; objectness and classes, sigmoids already. A score is the product of both (Ge et al., "YOLOX", 2021).
    """
    cells, steps = [], []
    for stride in STRIDES:
        y, x = torch.meshgrid(torch.arange(size[0] // stride), torch.arange(size[1] // stride), indexing="ij")
        cells.append(torch.stack([x, y], -1).reshape(-1, 2))
        steps.append(torch.full((len(cells[-1]), 1), float(stride)))
    grid, step = torch.cat(cells), torch.cat(steps)
    centre, half = (rows[..., :2] + grid) * step, rows[..., 2:4].clamp(max=LARGEST_GROWTH).exp() * step / 2
    return torch.cat([centre - half, centre + half], -1), rows[..., 4:5] * rows[..., 5:]


def suppressed(boxes: torch.Tensor, scores: torch.Tensor, threshold: float, overlap: float = 0.65,
               most: int = 100) -> Detections:
    """boxes [B, N, 4] and scores [B, N, C], to the `most` best boxes of each image with a score from `threshold` on, after
    suppression per image and best class at the IoU `overlap`.

    A box keeps the scores of all classes: what the teacher confuses is worth knowing.
    """
    best, label = scores.max(-1)
    images, rows = torch.where(best >= threshold)
    keep = batched_nms(boxes[images, rows], best[images, rows], images * scores.shape[2] + label[images, rows], overlap)
    order = keep[images[keep].argsort(stable=True)]             # by image, the best first
    images, rows = images[order], rows[order]
    counts = images.bincount(minlength=len(boxes))
    place = torch.arange(len(images)) - (counts.cumsum(0) - counts)[images]
    fits = place < most
    images, rows, place = images[fits], rows[fits], place[fits]
    length = max(1, int(counts.clamp(max=most).max()))
    result = Detections(boxes.new_zeros(len(boxes), length, 4), scores.new_zeros(len(boxes), length, scores.shape[2]))
    result.boxes[images, place] = boxes[images, rows]
    result.scores[images, place] = scores[images, rows]
    return result


def letterboxed(picture: torch.Tensor, size: int) -> tuple[torch.Tensor, float]:
    """An image [3, h, w] u8 to [3, size, size]: scaled by one factor into the top left corner, the rest grey; and the
    factor."""
    height, width = picture.shape[1:]
    factor = min(size / height, size / width)
    inner = TF.resize(picture, [max(1, int(height * factor)), max(1, int(width * factor))], InterpolationMode.BILINEAR,
                      antialias=False)
    result = picture.new_full((3, size, size), FILL)
    result[:, :inner.shape[1], :inner.shape[2]] = inner
    return result, factor


class Teacher:
    """YOLOX from an ONNX file with COCO's 80 classes, for a student with `classes`, which are found by their names.

    `maps`: also gives the feature maps of strides 16 and 32 that its heads read, of `channels` channels. The file's input may
    be of one fixed size and one image, as exports are: where the graph allows, it is made to take batches of any size.
    """

    def __init__(self, file: Path, classes: list[str], threads: int = 1, maps: bool = False, threshold: float = 0.05):
        self.file, self.threads, self.threshold = Path(file), threads, threshold
        known = {folded(name): column for column, name in enumerate(COCO_CLASSES)}
        found = [(known[folded(name)], place) for place, name in enumerate(classes) if folded(name) in known]
        if not found:
            raise DataError(f"{file}: none of this set's classes ({listed(classes)}) is one of COCO's 80, which are all that "
                            "this teacher knows: name the classes as COCO does, or use another teacher")
        self.columns, self.classes = torch.tensor([column for column, _ in found]), len(classes)
        self.places = torch.tensor([place for _, place in found])
        unknown = [name for name in classes if folded(name) not in known]
        print(f"{file}: {len(found)} of the teacher's {len(COCO_CLASSES)} classes are the set's; what it sees of the other "
              f"{len(COCO_CLASSES) - len(found)} is dropped" + (f"; it does not know {listed(unknown)}" if unknown else ""),
              flush=True)
        self.fixed: int | None = None           # the side of the input, where the graph takes nothing else
        self.open(maps)

    def open(self, maps: bool) -> None:
        try:
            from . import graphs
        except ImportError as error:
            raise DataError(f"{self.file}: a teacher in an ONNX file needs {error.name}, which this Python does not have: "
                            "pip install onnx onnxruntime") from error
        try:
            with open(self.file, "rb") as stream:
                content = stream.read(LARGEST_FILE + 1)
        except OSError as error:
            raise DataError(f"{self.file} cannot be read: {error.strerror}") from error
        if len(content) > LARGEST_FILE:
            raise DataError(f"{self.file} has more than {LARGEST_FILE >> 20} MiB, the maximum: is it the right file?")
        try:
            self.session, self.fixed = graphs.session(content, 5 + len(COCO_CLASSES), maps, self.threads)
        except DataError as error:
            raise DataError(f"{self.file}: {error}") from error
        side = self.fixed or 64
        self.channels = tuple(output.shape[1] for output in self.run(torch.zeros(1, 3, side, side, dtype=torch.uint8))[1:])

    def run(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        """Images [B, 3, S, S] u8 RGB, S a multiple of 32, to the outputs of the graph: its rows, then its maps."""
        planes = pictures.cpu().flip(1).float()
        name = self.session.get_inputs()[0].name
        parts = planes.split(1) if self.fixed else [planes]
        found = [self.session.run(None, {name: part.numpy()}) for part in parts]
        outputs = [torch.cat([torch.from_numpy(value) for value in column]) for column in zip(*found)]
        if not all(bool(output.isfinite().all()) for output in outputs):
            raise DataError(f"{self.file}: gives values that are not finite: is the file damaged?")
        return outputs

    def look(self, pictures: torch.Tensor, size: int) -> tuple[Detections, list[torch.Tensor]]:
        """Images [B, 3, H, W] u8 RGB, stretched to size x size, to what is in them and the maps, [B, C, h, w] each."""
        size = self.fixed or max(32, round(size / 32) * 32)
        if tuple(pictures.shape[2:]) != (size, size):
            shrinks = size < min(pictures.shape[2:])
            pictures = F.interpolate(pictures.float(), (size, size), mode="bilinear", antialias=shrinks).round().byte()
        rows, *maps = self.run(pictures)
        boxes, scores = decode(rows, (size, size))
        return suppressed(boxes / size, self.students(scores), self.threshold), maps

    def look_at_photos(self, photos: list[torch.Tensor], size: int = 416) -> Detections:
        """Photos [3, h, w] u8 RGB of any sizes, letterboxed, to what is in them, in shares of the photos' sides."""
        size = self.fixed or size
        inputs, factors = zip(*(letterboxed(photo, size) for photo in photos))
        boxes, scores = decode(self.run(torch.stack(inputs))[0], (size, size))
        sides = torch.tensor([[photo.shape[2], photo.shape[1]] * 2 for photo in photos])
        boxes = boxes / (torch.tensor(factors)[:, None] * sides)[:, None]
        return suppressed(boxes, self.students(scores), self.threshold)

    def students(self, scores: torch.Tensor) -> torch.Tensor:
        """Scores [B, N, 80] of the teacher's classes to [B, N, C] of the student's; 0 for those that it does not know."""
        result = scores.new_zeros(*scores.shape[:2], self.classes)
        result[..., self.places] = scores[..., self.columns]
        return result
