"""What can be trained, and what a directory contains it for."""
from pathlib import Path

from . import pack
from .course import Options
from .folders import images_in, visible

DEFAULTS = {"detection": {"size": Options.size, "batch": Options.batch, "learning_rate": Options.learning_rate,
                          "sizes": Options().sizes},
            "classification": {"size": 256, "batch": 32, "learning_rate": 2e-3},
            "segmentation": {"size": 256, "batch": 8, "learning_rate": 1.2e-3}}
TASKS = tuple(DEFAULTS)


def task_of(data: Path) -> str:
    """Annotations and packs are for detection; images/ and masks/ for segmentation; two directories of images or more, without
    either, for classification."""
    annotated = data.is_dir() and any(any(folder.glob("*.json")) for folder in (data, data / "annotations"))
    if not data.is_dir() or pack.is_pack(data) or annotated:
        return "detection"
    if (data / "masks").is_dir():
        return "segmentation"
    folders = [entry for entry in visible(data) if entry.is_dir() and images_in(entry)]
    return "classification" if len(folders) > 1 else "detection"
