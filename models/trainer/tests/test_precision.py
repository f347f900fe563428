"""Average precision against pycocotools, with regions to ignore and classes that are not exhaustive everywhere."""
import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from trainer.evaluation import corners_to_coco
from trainer.precision import Judged, average_precisions, means

CLASSES = 4


def drawn_photos(count: int, seed: int) -> list[Judged]:
    """Random boxes; detections near them, or anywhere, some with equal scores."""
    random = np.random.default_rng(seed)

    def boxes(number: int) -> np.ndarray:
        low = random.integers(0, 60, (number, 2))
        return np.concatenate([low, low + random.integers(6, 40, (number, 2))], 1).astype(np.float32)
    photos = []
    for _ in range(count):
        own, regions = boxes(random.integers(0, 6)), boxes(random.integers(0, 3))
        labels, kinds = random.integers(1, CLASSES, len(own)), random.integers(1, CLASSES, len(regions))
        copies = np.repeat(np.concatenate([own, regions]), random.integers(0, 4, len(own) + len(regions)), 0)
        found = np.concatenate([copies + random.integers(-4, 5, copies.shape), boxes(4)]).astype(np.float32)
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
        exhaustive = np.concatenate([[True], random.random(CLASSES) < 0.8])
        photos.append(Judged(own, labels, regions, kinds, exhaustive, found, random.integers(1, 20, len(found)) / 20,
                             random.integers(1, CLASSES + 1, len(found))))
    return photos


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_those_of_pycocotools(seed: int) -> None:
    photos = drawn_photos(30, seed)
    rows = average_precisions(photos, CLASSES)
    assert rows[CLASSES - 1] is None, "no photo has an object of the last class"
    expected = []
    for label in range(1, CLASSES):
        chosen = [photo for photo in photos if photo.exhaustive[label]]
        annotations, results = [], []
        for image, photo in enumerate(chosen, start=1):
            for box, kind, crowd in [*((b, k, 0) for b, k in zip(photo.boxes, photo.labels)),
                                     *((b, k, 1) for b, k in zip(photo.ignored, photo.ignored_labels))]:
                sides = corners_to_coco(box.tolist())
                annotations.append({"id": len(annotations) + 1, "image_id": image, "category_id": int(kind),
                                    "iscrowd": crowd, "bbox": sides, "area": sides[2] * sides[3]})
            results += [[image, *corners_to_coco(box.tolist()), score, kind]
                        for box, score, kind in zip(photo.found, photo.scores, photo.found_labels)]
        with contextlib.redirect_stdout(io.StringIO()):
            truth = COCO()
            truth.dataset = {"images": [{"id": image + 1} for image in range(len(chosen))], "annotations": annotations,
                             "categories": [{"id": kind} for kind in range(1, CLASSES + 1)]}
            truth.createIndex()
            judge = COCOeval(truth, truth.loadRes(np.array(results)), "bbox")
            judge.params.catIds = [label]
            judge.evaluate()
            judge.accumulate()
        expected.append(judge.eval["precision"][:, :, 0, 0, 2].mean(1))
    for row, wanted in zip(rows, expected):
        assert np.abs(row - wanted).max() < 1e-9
    assert means(rows)["ap"] == pytest.approx(np.mean(expected)) and 0 < means(rows)["ap50"] < 1
