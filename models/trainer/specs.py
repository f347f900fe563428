"""The networks that can be trained: what tells them apart, by the names that swiftlet-model knows them by."""
from dataclasses import dataclass, replace

from torchvision.transforms import v2


@dataclass(frozen=True)
class MobileViTSpec:
    """A network of the MobileViT family. `stages`: channels, token width, feed-forward width, encoders of layer_3 to
    layer_5."""
    generation: int                             # MobileViT, MobileViTv2, MobileViTv3
    is_separable: bool                          # MobileViTv2's attention, and all else that its code base does otherwise
    stem: tuple[int, int, int]                  # channels after conv_1, layer_1, layer_2
    expansion: int                              # of inverted residuals
    stages: tuple[tuple[int, int, int, int], ...]
    expanded: int | None = None                 # channels of the classifier's expansion, if it has one
    repeats: int = 2                            # inverted residuals in layer_2

    @property
    def channel_order(self) -> str:
        """Of the image planes that the published weights expect."""
        return "rgb" if self.is_separable else "bgr"

    @property
    def resize(self) -> v2.InterpolationMode:
        """How swiftlet scales images for this network; with antialiasing where that is bicubic."""
        return v2.InterpolationMode.BICUBIC if self.is_separable else v2.InterpolationMode.BILINEAR

    @property
    def antialias(self) -> bool:
        return self.is_separable


@dataclass(frozen=True)
class FastViTSpec:
    """A network of the FastViT family: blocks and channels of its four stages, channels inside a feed-forward layer for each
    outside, and whether stage 4 has attention."""
    depths: tuple[int, int, int, int]
    channels: tuple[int, int, int, int]
    expansion: int
    attends: bool
    is_separable = False
    channel_order = "rgb"
    resize = v2.InterpolationMode.BICUBIC
    antialias = True


def multi_head(generation: int, expansion: int, early: tuple[int, int], channels: tuple[int, ...],
               widths: tuple[int, ...], expanded: int) -> MobileViTSpec:
    stages = tuple((outputs, width, 2 * width, depth) for outputs, width, depth in zip(channels, widths, (2, 4, 3)))
    return MobileViTSpec(generation, False, (16, *early), expansion, stages, expanded, 3)


def separable(generation: int, width: float) -> MobileViTSpec:
    tokens = [int(channels * width) for channels in (128, 192, 256)]
    stages = tuple((2 * own, own, 2 * own, depth) for own, depth in zip(tokens, (2, 4, 3)))
    return MobileViTSpec(generation, True, (int(32 * width), int(64 * width), int(128 * width)), 2, stages)


def fast(spec: MobileViTSpec) -> MobileViTSpec:
    """With two encoders in layer_4, which upstream calls fast."""
    channels, width, hidden, _ = spec.stages[1]
    return replace(spec, stages=(spec.stages[0], (channels, width, hidden, 2), spec.stages[2]))


THIRD = {"mobilevitv3-xxs": multi_head(3, 2, (16, 24), (64, 80, 128), (64, 80, 96), 512),
         "mobilevitv3-xs": multi_head(3, 4, (32, 48), (96, 160, 160), (96, 120, 144), 640),
         "mobilevitv3-s": multi_head(3, 4, (32, 64), (128, 256, 320), (144, 192, 240), 960),
         **{f"mobilevitv3-{width}": separable(3, width) for width in (0.5, 0.75, 1.0)}}

SPECS: dict[str, MobileViTSpec | FastViTSpec] = {
    "mobilevitv1-xxs": multi_head(1, 2, (16, 24), (48, 64, 80), (64, 80, 96), 320),
    "mobilevitv1-xs": multi_head(1, 4, (32, 48), (64, 80, 96), (96, 120, 144), 384),
    "mobilevitv1-s": multi_head(1, 4, (32, 64), (96, 128, 160), (144, 192, 240), 640),
    **{f"mobilevitv2-{width}": separable(2, width) for width in (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)},
    **THIRD,
    **{name + "-fast": fast(spec) for name, spec in THIRD.items()},
    "fastvit-t8": FastViTSpec((2, 2, 4, 2), (48, 96, 192, 384), 3, False),
    "fastvit-t12": FastViTSpec((2, 2, 6, 2), (64, 128, 256, 512), 3, False),
    "fastvit-s12": FastViTSpec((2, 2, 6, 2), (64, 128, 256, 512), 4, False),
    "fastvit-sa12": FastViTSpec((2, 2, 6, 2), (64, 128, 256, 512), 4, True),
    "fastvit-sa24": FastViTSpec((4, 4, 12, 4), (64, 128, 256, 512), 4, True),
    "fastvit-sa36": FastViTSpec((6, 6, 18, 6), (64, 128, 256, 512), 4, True),
    "fastvit-ma36": FastViTSpec((6, 6, 18, 6), (76, 152, 304, 608), 4, True)}
# Short names of those that were there first.
SPECS |= {"xxs": SPECS["mobilevitv3-xxs"], "0.5": SPECS["mobilevitv3-0.5"], "half": SPECS["mobilevitv3-0.5"]}
