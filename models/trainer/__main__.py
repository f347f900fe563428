"""Command line of the trainer: python -m trainer train|crops|pack|teach|speed|export|evaluate."""
import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path

try:
    import torch
    from torch import nn

    from . import checkpoint
    from .course import Options
    from .crops import write_crops
    from .dataset import DataError, load, pack_sets, read_photo_set, split
    from .evaluation import corners_to_coco, detections, judged
    from .folders import read_class_folders, split_folders
    from .masks import read_masked_images, split_masked
    from .matching import PUBLISHED_SCALES
    from .networks import SPECS, Classifier, Detector, Segmenter
    from .pictures import ClassificationRun, SegmentationRun, logits_of, segmentation_overlaps
    from .precision import average_precisions, means
    from .ranking import top_shares
    from .scenes import Augmentation
    from .sets import locate
    from .speed import tell_speed
    from .tasks import DEFAULTS, TASKS, task_of
    from .teaching import teach
    from .training import Run
except ModuleNotFoundError as failure:
    sys.exit(f"trainer: this Python has no {failure.name}: see Install in models/README.md")


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Names defaults, but none where there is none."""
    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default is None else super()._get_help_string(action)


def anchor_scales(text: str) -> tuple[float, float]:
    """MIN,MAX as swiftlet-model's option of the same name takes them."""
    try:
        smallest, largest = (float(part) for part in text.split(","))
    except ValueError:
        smallest = largest = 0.0
    if not 0 < smallest < largest <= 2:
        raise argparse.ArgumentTypeError(f"'{text}': two numbers above 0 and up to 2 are expected, as 0.1,1.05, the "
                                         "smaller one first")
    return smallest, largest


def add_anchor_scales(command: argparse.ArgumentParser) -> None:
    command.add_argument("--anchor-scales", type=anchor_scales, metavar="MIN,MAX",
                         default=",".join(map(str, PUBLISHED_SCALES)),
                         help="the smallest anchor's side and the one after the largest level's, as shares of the "
                              "image's")


def by_task(name: str) -> str:
    """The defaults of an option, for its help."""
    return "default: " + ", ".join(f"{values[name]} for {task}" for task, values in DEFAULTS.items())


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m trainer", description=__doc__,
                                  formatter_class=HelpFormatter)
    commands = top.add_subparsers(dest="command", required=True)
    default = Options()

    train = commands.add_parser("train", help="train a detector on photos with boxes, a classifier on images sorted by "
                                              "class, or a segmenter on images with masks", formatter_class=HelpFormatter)
    train.add_argument("data", type=Path, help="directory with images/ and annotations.json (COCO format), an "
                                                 "export of Label Studio, CVAT or Roboflow, or its annotation file; one with "
                                                 "a directory of images for each class; or one with images/ and masks/")
    train.add_argument("--task", choices=TASKS, help="what to train (default: by what the directory contains)")
    train.add_argument("--out", type=Path, required=True, help="directory for checkpoints, log and curves")
    train.add_argument("--resume", action="store_true", help="continue the run in that directory")
    train.add_argument("--ignore-boxes", type=Path, help="annotation file of the same photos: within its boxes nothing is "
                                                         "learnt as background, as within those with iscrowd 1")
    train.add_argument("--soft-boxes", type=Path, help="annotation file of the same photos: boxes with a score each, which "
                                                       "is what they count")
    train.add_argument("--validation", type=Path, help="file naming the validation photos (default: every fourth)")
    train.add_argument("--start-from", type=Path, help="checkpoint to start from: every tensor of it that fits the network")
    train.add_argument("--learn", choices=["all", "detection", "scores"], default=default.learn,
                       help="with --start-from and --pretrain-minutes 0: the whole network, the layers behind the encoder, "
                            "or the scores alone, which keeps every box as it is")
    train.add_argument("--objects", type=Path, help="directory of further objects to paste: CLASS/*.png, transparent "
                                                    "around the object")
    train.add_argument("--objects-share", type=float, default=default.objects_share, help="part of what is pasted that "
                                                                                          "comes from --objects")
    train.add_argument("--backgrounds", type=Path, help="directory of photos that show none of the objects: rooms, tables, "
                                                        "hands; they make up half of the images of --empty")
    train.add_argument("--teacher", type=Path, help="YOLOX in an ONNX file, trained on COCO: the network learns from what it "
                                                    "sees in every training image. Or a JSON file of what a detector has "
                                                    "found in the photos, as teach writes it")
    train.add_argument("--imitate", type=float, default=default.imitate,
                       help="weight of the imitation of the teacher's feature maps; 0 leaves that out")
    train.add_argument("--teacher-boxes", action=argparse.BooleanOptionalAction, default=default.teacher_boxes,
                       help="learn from the teacher's boxes and scores")
    train.add_argument("--network", choices=SPECS, default=default.network, metavar="NAME",
                       help="as swiftlet-model import --list calls them: " + ", ".join(SPECS))
    train.add_argument("--channel-order", choices=["bgr", "rgb"],
                       help="order of the colour channels (default: as published for the network)")
    train.add_argument("--minutes", type=float, default=default.minutes, help="wall-clock time in all")
    train.add_argument("--pretrain-minutes", type=float, default=default.pretrain_minutes,
                       help="part of it spent on crops of the objects first; 0 leaves that out")
    train.add_argument("--steps", type=int, help="count the detection stage in steps instead of minutes")
    train.add_argument("--pretrain-steps", type=int, help="likewise for the crops, with --steps")
    train.add_argument("--size", type=int, help=f"input size at which the network will be used ({by_task('size')})")
    add_anchor_scales(train)
    train.add_argument("--sizes", type=int, nargs="+", help="sizes of the first part (default: "
                                                            f"{' '.join(map(str, default.sizes))} for detection, else three "
                                                            "fourths and seven eighths of --size, and --size)")
    train.add_argument("--finish", type=float, default=default.finish, help="share of the time, after crops, at --size alone")
    train.add_argument("--crop-sizes", type=int, nargs="+", default=default.crop_sizes, help="sizes of the crops")
    train.add_argument("--batch", type=int, help=f"images per batch at --size ({by_task('batch')})")
    train.add_argument("--crop-batch", type=int, default=default.crop_batch, help="crops per batch")
    train.add_argument("--learning-rate", type=float, help=f"highest ({by_task('learning_rate')})")
    train.add_argument("--label-smoothing", type=float, help="part of a label that all classes share (default: 0.05, and 0 "
                                                             "for a detector's boxes)")
    train.add_argument("--pretrain-learning-rate", type=float, default=default.pretrain_learning_rate,
                       help="highest, on crops")
    train.add_argument("--weight-decay", type=float, default=default.weight_decay, help="of AdamW")
    train.add_argument("--longest", type=int, default=default.longest, help="photos are held at this size at most")
    train.add_argument("--seed", type=int, default=default.seed, help="decides everything random")
    train.add_argument("--workers", type=int, default=default.workers, help="processes that prepare images")
    train.add_argument("--threads", type=int, help="threads that compute")
    train.add_argument("--save-minutes", type=float, default=default.save_minutes, help="between checkpoints")
    train.add_argument("--evaluate-minutes", type=float, help="between evaluations; without it an eighth of --minutes, "
                                                              "at most 15")
    train.add_argument("--batches", choices=["scenes", "device"], default=default.batches,
                       help="scenes: made photo by photo on the processor, with objects pasted into them; device: all photos "
                            "are held on the graphics card (or in memory), and batches composed there: for thousands of photos")
    train.add_argument("--whole", type=float, default=default.whole, help="share of detection at its end without --mosaic")
    train.add_argument("--balance", type=float, default=default.balance, metavar="SHARE",
                       help="photos with a class that fewer than this share of the photos show come more often, by the square "
                            "root of what it lacks")
    train.add_argument("--precision", choices=["auto", "fp32", "bf16"], default=default.precision,
                       help="auto: bf16 on a graphics card")
    train.add_argument("--compile", choices=["auto", "on", "off"], default=default.compile,
                       help="compile the step, which takes minutes at the start; auto: on a graphics card")
    train.add_argument("--average", type=float, default=default.average, help="how much of the averaged weights a step keeps")
    for name, text in (("composed", "share of images with pasted objects"), ("pasted", "pasted objects at most"),
                       ("paste_angle", "degrees a pasted object is turned"), ("rotation", "degrees a photo is turned"),
                       ("rotated", "share of photos that are turned"),
                       ("quarter_turns", "share of photos turned by 90, 180 or 270 degrees, which keeps boxes tight: for "
                                         "what is seen from above"),
                       ("empty", "share of images without any object: plain and noisy surfaces, darkness, crops of "
                                 "--backgrounds"),
                       ("mosaic", "with --batches device: share of images put together of four photos"),
                       ("zoomed", "likewise: share of the others that show their photo larger or smaller than it is"),
                       ("zoom", "by this factor at most"),
                       ("flip", "share of images mirrored; 0 where a mirrored object is none, as with writing")):
        value = getattr(default.augmentation, name)
        train.add_argument("--" + name.replace("_", "-"), type=type(value), default=value, help=text)

    crops = commands.add_parser("crops", help="write the objects of photos as images sorted by class, for a classifier",
                                formatter_class=HelpFormatter)
    crops.add_argument("data", type=Path, help="as train takes it, with boxes")
    crops.add_argument("--out", type=Path, required=True, help="directory for CLASS/*.jpg")
    crops.add_argument("--smallest", type=int, default=24, help="least side of a box in pixels")
    crops.add_argument("--margin", type=float, default=1.2, help="side of the square that is shown, by the box's longer side")
    crops.add_argument("--most", type=int, help="objects of a class, evenly spread over the photos (default: all)")

    pack = commands.add_parser("pack", help="write sets of photos into a few small files to train from elsewhere",
                               formatter_class=HelpFormatter)
    pack.add_argument("sets", type=Path, nargs="+", metavar="SET", help="as train takes them; classes of the same name are one")
    pack.add_argument("--out", type=Path, required=True, help="directory for photos-001.pack and so on, 30 MB each at most")
    pack.add_argument("--size", type=int, default=320, help="the longest side of the photos in pixels")
    pack.add_argument("--quality", type=int, default=85, help="of the JPEGs, 1 to 100")
    pack.add_argument("--ignore-boxes", type=Path, help="as of train, where one set is packed")
    pack.add_argument("--soft-boxes", type=Path, help="likewise")
    pack.add_argument("--teacher", type=Path, help="likewise, of what a detector has found, as teach writes it")

    teach = commands.add_parser("teach", help="write down what a teacher sees in the photos of a set, for train --teacher",
                                formatter_class=HelpFormatter)
    teach.add_argument("teacher", type=Path, help="YOLOX in an ONNX file, trained on COCO")
    teach.add_argument("set", type=Path, help="as train takes it")
    teach.add_argument("--out", type=Path, required=True, help="JSON file: COCO annotations with scores")
    teach.add_argument("--threshold", type=float, default=0.05, help="the least score of a box")
    teach.add_argument("--threads", type=int, default=1)

    speed = commands.add_parser("speed", help="tell how many images a second training with --batches device takes here",
                                formatter_class=HelpFormatter)
    speed.add_argument("data", type=Path, nargs="?", help="a set or a pack; without it noise")
    speed.add_argument("--network", choices=SPECS, default="xxs", metavar="NAME")
    speed.add_argument("--size", type=int, default=default.size)
    speed.add_argument("--batch", type=int, help="images in a batch (default: 256 on a graphics card, 8 elsewhere)")
    speed.add_argument("--seconds", type=float, default=10.0, help="time to measure for")
    speed.add_argument("--precision", choices=["auto", "fp32", "bf16"], default=default.precision)
    speed.add_argument("--compile", choices=["auto", "on", "off"], default=default.compile)
    speed.add_argument("--threads", type=int)

    export = commands.add_parser("export", help="write the checkpoint that swiftlet-model imports")
    export.add_argument("run", type=Path, help="a run's checkpoint.pt")
    export.add_argument("-o", "--output", type=Path, required=True)

    evaluate = commands.add_parser("evaluate", help="average precision, top-1 and top-5, or mean IoU of a checkpoint on the "
                                                    "validation photos", formatter_class=HelpFormatter)
    evaluate.add_argument("data", type=Path, help="as train takes it")
    evaluate.add_argument("--task", choices=TASKS, help="as of train")
    evaluate.add_argument("--weights", type=Path, required=True, help="a plain checkpoint or a run's checkpoint.pt")
    evaluate.add_argument("--network", choices=SPECS, default=default.network, metavar="NAME")
    evaluate.add_argument("--channel-order", choices=["bgr", "rgb"])
    evaluate.add_argument("--size", type=int, help=f"input size ({by_task('size')})")
    add_anchor_scales(evaluate)
    evaluate.add_argument("--validation", type=Path, help="as of train (default: every fourth photo)")
    evaluate.add_argument("--all", action="store_true", help="judge on all photos of the directory")
    evaluate.add_argument("--results", type=Path, help="write what is found there, in COCO's format of detection results")
    evaluate.add_argument("--threads", type=int)
    return top


def reject_detection_options(task: str, given: dict) -> None:
    """What is about boxes says nothing to the other tasks: rather an error than a run of hours without it."""
    default = parser().parse_args(["train", "set", "--out", "run"])
    for name in ("ignore_boxes", "soft_boxes", "objects", "backgrounds", "learn", "anchor_scales", "batches", "teacher_boxes"):
        if task != "detection" and given[name] != getattr(default, name):
            raise DataError(f"--{name.replace('_', '-')} is for detectors, but {given['data']} is for {task}: leave it out, or "
                            "name the task with --task")


def run_training(arguments: argparse.Namespace) -> None:
    given = vars(arguments)
    task = arguments.task or task_of(arguments.data)
    reject_detection_options(task, given)
    given |= {"task": task} | {name: value for name, value in DEFAULTS[task].items() if given[name] is None}
    if given["sizes"] is None:
        given["sizes"] = [max(32, part * given["size"] // 256 * 32) for part in (6, 7, 8)]
    augmentation = Augmentation(**{f.name: given[f.name] for f in fields(Augmentation) if f.name in given})
    options = Options(augmentation=augmentation,
                      **{f.name: given[f.name] for f in fields(Options) if f.name in given})
    run = {"detection": Run, "classification": ClassificationRun, "segmentation": SegmentationRun}[task]
    run(arguments.data, arguments.out, options, arguments.validation, arguments.start_from).train(arguments.resume)


def run_crops(arguments: argparse.Namespace) -> None:
    if not (arguments.smallest >= 1 and 1 <= arguments.margin <= 4 and (arguments.most is None or arguments.most >= 1)):
        raise DataError("--smallest and --most must be at least 1, --margin from 1 to 4")
    found = read_photo_set(arguments.data)
    counts = write_crops(found.photos, found.classes, arguments.out, arguments.smallest, arguments.margin, arguments.most)
    print(f"{arguments.out}: {sum(counts.values())} images: " + ", ".join(f"{name} {count}" for name, count in counts.items()))


def run_pack(arguments: argparse.Namespace) -> None:
    if not (32 <= arguments.size <= 4096 and 1 <= arguments.quality <= 100):
        raise DataError("--size must be from 32 to 4096, --quality from 1 to 100")
    further = arguments.ignore_boxes, arguments.soft_boxes, arguments.teacher
    if len(arguments.sets) > 1 and any(further):
        raise DataError("--ignore-boxes, --soft-boxes and --teacher belong to one set: pack that one by itself")
    sets = [read_photo_set(data, *further) for data in arguments.sets]
    names = [f"{number}-{data.stem}" for number, data in enumerate(arguments.sets, start=1)]
    for file in pack_sets(sets, names, arguments.out, arguments.size, arguments.quality):
        print(f"{file}: {file.stat().st_size / 1e6:.1f} MB")


def run_teaching(arguments: argparse.Namespace) -> None:
    if not (0 < arguments.threshold <= 1 and arguments.threads >= 1):
        raise DataError("--threshold must be above 0 and up to 1, --threads at least 1")
    photos = read_photo_set(arguments.set)
    source = locate(arguments.set)[0] if arguments.set.is_dir() else arguments.set
    checkpoint.reject_replacing(arguments.out, arguments.teacher, source)
    count = teach(arguments.teacher, photos, arguments.out, arguments.threads, arguments.threshold)
    print(f"{arguments.out}: {count} boxes")


def run_speed(arguments: argparse.Namespace) -> None:
    tell_speed(arguments.data, arguments.network, arguments.size, arguments.batch, arguments.seconds, arguments.precision,
               arguments.compile, arguments.threads)


def run_export(arguments: argparse.Namespace) -> None:
    checkpoint.reject_replacing(arguments.output, arguments.run)
    weights = checkpoint.network_weights(checkpoint.read(arguments.run))
    checkpoint.save_atomically(checkpoint.plain_weights(checkpoint.published_names(weights)), arguments.output)


def with_weights(model: nn.Module, arguments: argparse.Namespace, classes: int) -> nn.Module:
    """On the device that computes, ready to be judged."""
    left = checkpoint.take_over(model, checkpoint.network_weights(checkpoint.read(arguments.weights)))
    if left := [name for name in left if not name.endswith("num_batches_tracked")]:
        raise DataError(f"{arguments.weights} does not fit network {arguments.network} with {classes} classes: {len(left)} "
                        f"tensors are missing or of another shape, as {left[0]}")
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def run_evaluation(arguments: argparse.Namespace) -> None:
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    task = arguments.task or task_of(arguments.data)
    if arguments.size is None:
        arguments.size = DEFAULTS[task]["size"]
    {"detection": evaluate_detector, "classification": evaluate_classifier, "segmentation": evaluate_segmenter}[task](arguments)


def order_of(arguments: argparse.Namespace) -> str:
    return arguments.channel_order or SPECS[arguments.network].channel_order


def evaluate_classifier(arguments: argparse.Namespace) -> None:
    chosen = read_class_folders(arguments.data) if arguments.all else split_folders(arguments.data, arguments.validation)[1]
    model = with_weights(Classifier(arguments.network, len(chosen.classes)), arguments, len(chosen.classes))
    wanted = torch.tensor(chosen.labels)
    logits = logits_of(model, chosen.squares(arguments.size, arguments.network), order_of(arguments), device_of(model))
    print(f"{len(wanted)} images: " + ", ".join(f"{name} {value:.4f}" for name, value in top_shares(logits, wanted).items()))
    for label, name in enumerate(chosen.classes):
        if count := int((wanted == label).sum()):
            share = top_shares(logits[wanted == label], wanted[wanted == label])["top1"]
            print(f"  {name}: top1 {share:.4f} of {count}")


def evaluate_segmenter(arguments: argparse.Namespace) -> None:
    chosen = read_masked_images(arguments.data) if arguments.all else split_masked(arguments.data, arguments.validation)[1]
    model = with_weights(Segmenter(arguments.network, len(chosen.classes)), arguments, len(chosen.classes))
    ious = segmentation_overlaps(model, *chosen.to_judge(arguments.size, arguments.network), order_of(arguments),
                                 device_of(model), len(chosen.classes))
    print(f"{len(chosen.names)} images: mean_iou {float(ious.nanmean()):.4f}")
    for name, iou in zip(chosen.classes, ious.tolist()):
        if iou == iou:
            print(f"  {name}: iou {iou:.4f}")


def device_of(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


def evaluate_detector(arguments: argparse.Namespace) -> None:
    photos = read_photo_set(arguments.data)
    chosen = photos.photos if arguments.all else split(photos, arguments.validation)[1]
    model = with_weights(Detector(arguments.network, len(photos.classes) + 1), arguments, len(photos.classes))
    samples = [load(photo) for photo in chosen]
    found = detections(model, samples, arguments.network, arguments.size, order_of(arguments), device_of(model),
                       arguments.anchor_scales)
    if arguments.results:
        results = [{"image_id": photo.id, "category_id": photos.category_ids[label - 1],
                    "bbox": [round(side, 2) for side in corners_to_coco(box)], "score": round(score, 5)}
                   for photo, (boxes, scores, labels) in zip(chosen, found)
                   for box, score, label in zip(boxes.tolist(), scores.tolist(), labels.tolist())]
        arguments.results.write_text(json.dumps(results), encoding="utf-8")
    rows = average_precisions([judged(*pair) for pair in zip(samples, found)], len(photos.classes))
    figures = means(rows)
    print(f"{len(chosen)} photos: " + ", ".join(f"{key} {value:.4f}" for key, value in figures.items()))
    for name, row in zip(photos.classes, rows):
        if row is not None:
            print(f"  {name}: ap {row.mean():.4f}, ap50 {row[0]:.4f}")


def main() -> int:
    arguments = parser().parse_args()
    try:
        {"train": run_training, "crops": run_crops, "pack": run_pack, "teach": run_teaching, "speed": run_speed,
         "export": run_export, "evaluate": run_evaluation}[arguments.command](arguments)
    except (DataError, FloatingPointError) as error:
        print(f"trainer: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.filename is None:
            raise
        print(f"trainer: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("trainer: stopped; --resume continues from the last checkpoint", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
