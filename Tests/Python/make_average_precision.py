"""Writes the fixture average-precision.json: random boxes and detections, and what pycocotools makes of them.

Needs pycocotools (2.0.11). Run from the repository's root.
"""

import contextlib
import io
import json
import random

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

PATH = "Tests/Fixtures/vision/average-precision.json"


def scene(random: random.Random) -> tuple[dict, list[dict]]:
    pictures = [{"id": identity, "file_name": f"{identity}.jpg", "width": 400, "height": 300}
                for identity in random.sample(range(1, 100), 12)]
    categories = [{"id": identity, "name": name} for identity, name in [(3, "ace"), (1, "ten"), (7, "king")]]
    truths: list[dict] = []
    found: list[dict] = []
    for picture in pictures:
        for category in categories[:2]:
            for _ in range(random.randrange(0, 5)):
                width, height = random.randint(8, 200), random.randint(8, 150)
                box = [random.randint(0, 400 - width), random.randint(0, 300 - height), width, height]
                truths.append({
                    "id": len(truths) + 1, "image_id": picture["id"], "category_id": category["id"], "bbox": box,
                    "area": round(width * height * random.choice([1, 1, 0.6])), "iscrowd": int(random.random() < 0.1),
                })
                for _ in range(random.randrange(0, 4)):
                    jitter = random.choice([0, 4, 16])
                    found.append({
                        "image_id": picture["id"], "category_id": category["id"],
                        "bbox": [round(side + random.uniform(-jitter, jitter), 2) for side in box[:2]]
                        + [round(side * random.uniform(0.8, 1.2), 2) for side in box[2:]],
                        # Few different scores: ties are common.
                        "score": random.randint(1, 20) / 20,
                    })
    # More detections of one category in one image than count, and some of a category that is nowhere.
    for index in range(130):
        found.append({
            "image_id": pictures[0]["id"], "category_id": 7 if index % 13 == 0 else 3,
            "bbox": [random.randint(0, 300), random.randint(0, 200), 50, 60], "score": random.randint(1, 40) / 40,
        })
    return {"images": pictures, "categories": categories, "annotations": truths}, found


def main() -> None:
    annotations, found = scene(random.Random(7))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = annotations
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    # AP, AP50, AP75, and AP by size; AR of 1, 10 and 100 detections, and AR by size.
    expected = [float(value) for value in evaluation.stats]
    # [threshold, recall, category, area, most detections] and [threshold, category, area, most detections].
    precision, recall = (evaluation.eval[key] for key in ("precision", "recall"))
    by_category = {
        int(category): [float(value) for value in (
            precision[:, :, index, 0, 2].mean(), precision[0, :, index, 0, 2].mean(),
            precision[5, :, index, 0, 2].mean(), recall[:, index, 0, 2].mean())]
        for index, category in enumerate(evaluation.params.catIds) if recall[0, index, 0, 2] >= 0}
    with open(PATH, "w") as file:
        json.dump({"annotations": annotations, "found": [
            {key: value for key, value in one.items() if key in ("image_id", "category_id", "bbox", "score")}
            for one in found], "expected": expected, "by_category": by_category}, file, separators=(",", ":"))
        file.write("\n")
    print(f"{PATH}: {len(annotations['annotations'])} boxes, {len(found)} detections, AP {expected}")


if __name__ == "__main__":
    main()
