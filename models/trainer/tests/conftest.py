"""What several tests share: the fixtures of the Swift tests, and small sets of drawn photos."""
import json
from pathlib import Path

import pytest

try:
    import numpy as np
    import torch
    from PIL import Image

    torch.set_num_threads(1)
except ImportError:
    # What reads annotations needs neither, and is tested without them too.
    collect_ignore = [file.name for file in Path(__file__).parent.glob("test_*.py")
                      if file.name not in ("test_annotations.py", "test_detections.py", "test_sets.py")]

FIXTURES = Path(__file__).resolve().parents[3] / "Tests" / "Fixtures" / "golden"
GOLDEN = {"xxs": FIXTURES / "xxs-ssd", "0.5": FIXTURES / "v2-0.5-ssd"}
COLOURS = [(230, 20, 20), (20, 20, 230)]


def draw_set(folder: Path, photos: int, seed: int = 0) -> Path:
    """A set of grey noise with red and blue rectangles, annotated exactly, of two classes."""
    random = np.random.default_rng(seed)
    content = {"images": [], "annotations": [],
               "categories": [{"id": 9, "name": "blue"}, {"id": 4, "name": "red"}]}
    (folder / "images").mkdir(parents=True)
    for number in range(photos):
        picture = random.integers(90, 130, (120, 160, 1), np.uint8).repeat(3, 2)
        name = f"photo-{number:02}.png"
        content["images"].append({"id": 100 + number, "file_name": name, "width": 160, "height": 120})
        kind = number % 2
        x, y, w, h = random.integers(2, 70), random.integers(2, 50), random.integers(35, 80), random.integers(35, 60)
        picture[y:y + h, x:x + w] = COLOURS[kind]
        content["annotations"].append({"id": number, "image_id": 100 + number, "category_id": (4, 9)[kind],
                                       "bbox": [int(v) for v in (x, y, w, h)], "area": int(w * h), "iscrowd": 0})
        Image.fromarray(picture).save(folder / "images" / name)
    (folder / "annotations.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_set(tmp_path_factory.mktemp("sets") / "drawn", 12)
