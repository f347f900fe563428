"""Writes down what a teacher sees in the photos of a set."""
import hashlib
import json
import time
from pathlib import Path

from .dataset import PhotoSet, load
from .teacher import Teacher

BATCH = 8


def teach(file: Path, photos: PhotoSet, out: Path, threads: int, threshold: float) -> int:
    """Writes an annotation file in COCO's format, with scores, for all photos, by the set's ids; returns the boxes' number.

    A box is listed once for each class with a score from `threshold` on.
    """
    teacher = Teacher(file, photos.classes, threads, threshold=threshold)
    digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    content = {"info": {"description": f"what {Path(file).name} sees", "teacher_sha256": digest}, "images": [],
               "annotations": [], "categories": [{"id": identity, "name": name}
                                                 for identity, name in zip(photos.category_ids, photos.classes)]}
    start = said = time.monotonic()
    for first in range(0, len(photos.photos), BATCH):
        part = photos.photos[first:first + BATCH]
        found = teacher.look_at_photos([load(photo).picture for photo in part])
        for photo, boxes, scores in zip(part, found.boxes, found.scores):
            height, width = photo.size
            content["images"].append({"id": photo.id, "file_name": photo.name, "width": width, "height": height})
            rows, kinds = (scores >= threshold).nonzero(as_tuple=True)
            for row, kind in zip(rows.tolist(), kinds.tolist()):
                left, top, right, bottom = (min(max(side, 0.0), 1.0) for side in boxes[row].tolist())
                box = [round(left * width, 2), round(top * height, 2), round((right - left) * width, 2),
                       round((bottom - top) * height, 2)]
                content["annotations"].append(
                    {"id": len(content["annotations"]) + 1, "image_id": photo.id, "bbox": box, "area": box[2] * box[3],
                     "category_id": photos.category_ids[kind], "score": round(float(scores[row, kind]), 5), "iscrowd": 0})
        now, done = time.monotonic(), first + len(part)
        if now - said > 10 or done == len(photos.photos):
            speed, said = done / (now - start), now
            print(f"teach: {done} of {len(photos.photos)} photos, {speed:.1f} a second, "
                  f"{(len(photos.photos) - done) / speed / 60:.1f} min left", flush=True)
    out.write_text(json.dumps(content), encoding="utf-8")
    return len(content["annotations"])
