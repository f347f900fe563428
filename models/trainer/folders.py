"""Images of classes: a directory for each class, called like it, as swiftlet-model evaluate reads them too."""
from dataclasses import dataclass
from pathlib import Path

import torch

from .dataset import decoded
from .documents import DataError
from .empty import SUFFIXES
from .evaluation import resized
from .sets import listed
from .squares import square


@dataclass
class ClassFolders:
    """The images of a directory by class: `names` are relative to it, `labels` count from 0."""
    folder: Path
    classes: list[str]
    names: list[str]
    labels: list[int]

    def chosen(self, places: list[int]) -> "ClassFolders":
        return ClassFolders(self.folder, self.classes, [self.names[place] for place in places],
                            [self.labels[place] for place in places])

    def squares(self, side: int, network: str | None = None) -> torch.Tensor:
        """[N, 3, side, side] u8 RGB; with `network` scaled as swiftlet does for it."""
        result = torch.empty(len(self.names), 3, side, side, dtype=torch.uint8)
        for row, name in zip(result, self.names):
            picture = decoded(self.folder / name)
            row.copy_(resized(picture, side, network) if network else square(picture, side))
        return result


def visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def images_in(folder: Path) -> list[Path]:
    return [file for file in visible(folder) if file.suffix.lower() in SUFFIXES and file.is_file()]


def read_class_folders(folder: Path, classes: list[str] | None = None) -> ClassFolders:
    """`classes`: those that the directories must be among, in their order; without it all directories with images."""
    if not folder.is_dir():
        raise DataError(f"{folder}: is no directory: name one that contains a directory of images for each class")
    found = {entry.name: images_in(entry) for entry in visible(folder) if entry.is_dir()}
    found = {name: files for name, files in found.items() if files}
    if classes is None:
        classes = list(found)
        if len(classes) < 2:
            raise DataError(f"{folder}: contains {len(classes)} directories with images: one for each class is expected, two "
                            "at least")
    if strange := [name for name in found if name not in classes]:
        raise DataError(f"{folder / strange[0]}: is a class that the set to learn from does not have: {', '.join(classes)}")
    files = [(file.relative_to(folder).as_posix(), label) for label, name in enumerate(classes) for file in found.get(name, [])]
    if not files:
        raise DataError(f"{folder}: contains no image of {', '.join(classes)}")
    return ClassFolders(folder, classes, [name for name, _ in files], [label for _, label in files])


def split_folders(data: Path, validation: Path | None) -> tuple[ClassFolders, ClassFolders]:
    """Images for training and for validation: those of another directory, those that a text file lists, or else every fourth
    of each class."""
    found = read_class_folders(data)
    if validation is not None and validation.is_dir():
        return found, read_class_folders(validation, found.classes)
    if validation is not None:
        held_back = listed(found.names, validation)
    else:
        places: dict[int, int] = {}
        held_back = set()
        for name, label in zip(found.names, found.labels):
            places[label] = places.get(label, -1) + 1
            if places[label] % 4 == 0:
                held_back.add(name)
    parts = [found.chosen([place for place, name in enumerate(found.names) if (name in held_back) == wanted])
             for wanted in (False, True)]
    if not all(part.names for part in parts):
        raise DataError(f"{len(parts[0].names)} images remain for training and {len(parts[1].names)} for validation: both "
                        "need some")
    return parts[0], parts[1]
