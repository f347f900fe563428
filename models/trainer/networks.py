"""What is trained: classifiers, detectors with an SSDLite head and segmenters with DeepLabv3's, each on any encoder.

The attribute names are those of the published checkpoints, so that their weights load and ours are read like them.
"""
import math
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from .fastvit import Branches, FastViT, initialise
from .layers import ConvLayer, SeparableConv
from .mobilevit import MobileViT
from .specs import SPECS, FastViTSpec, MobileViTSpec

ANCHORS_PER_CELL = [6, 6, 6, 6, 6, 4]


def encoder(spec: MobileViTSpec | FastViTSpec, output_stride: int = 32) -> MobileViT | FastViT:
    return (FastViT if isinstance(spec, FastViTSpec) else MobileViT)(spec, output_stride)


class Classifier(nn.Module):
    """Images [B, 3, H, W] to logits [B, classes]; serves to pre-train an encoder too.

    Published classifiers have no "encoder." before an encoder's names: see checkpoint.published_names.
    """

    def __init__(self, network: str, classes: int):
        super().__init__()
        spec = SPECS[network]
        self.encoder = encoder(spec)
        features = self.encoder.channels[1]
        if isinstance(spec, FastViTSpec):
            self.conv_exp = Branches(features, 2 * features, 3, groups=features, excite=True)
            self.head = nn.Linear(2 * features, classes)
            self.dropout = nn.Dropout(0.1)
            initialise(self.head)
            return
        self.conv_1x1_exp = nn.Identity()
        if spec.expanded:
            self.conv_1x1_exp = ConvLayer(features, spec.expanded, activation=nn.SiLU)
            features = spec.expanded
        linear = nn.Linear(features, classes)
        nn.init.trunc_normal_(linear.weight, std=0.02)
        nn.init.zeros_(linear.bias)
        self.classifier = nn.Sequential(OrderedDict({"dropout": nn.Dropout(0.1), "fc" if spec.expanded else "1": linear}))

    def forward(self, x: torch.Tensor, with_features: bool = False) -> torch.Tensor | tuple:
        """`with_features`: the encoder's two maps come second."""
        features = self.encoder(x)
        if isinstance(self.encoder, FastViT):
            logits = self.head(self.dropout(self.conv_exp(features[1]).mean((2, 3))))
        else:
            logits = self.classifier(self.conv_1x1_exp(features[1]).mean((2, 3)))
        return (logits, features) if with_features else logits


class Head(nn.Module):
    """One map [B, C, h, w] to [B, h * w * anchors, 4 + classes]: four box offsets, then the logits."""

    def __init__(self, inputs: int, projected: int, anchors: int, classes: int, separable: bool):
        super().__init__()
        self.classes = classes
        self.proj_layer = ConvLayer(inputs, projected, activation=nn.ReLU) if inputs != projected else nn.Identity()
        outputs = anchors * (4 + classes)
        if separable:
            self.loc_cls_layer = SeparableConv(projected, outputs, norm=False, bias=True)
        else:
            self.loc_cls_layer = ConvLayer(projected, outputs, norm=False, bias=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.loc_cls_layer(self.proj_layer(x))
        return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, 4 + self.classes)

    def last_convolution(self) -> nn.Conv2d:
        last = self.loc_cls_layer
        return (last.pw_conv if isinstance(last, SeparableConv) else last).block.conv


class Detector(nn.Module):
    """Images [B, 3, H, W] to logits [B, A, classes], box offsets [B, A, 4] and the six maps' sizes (h, w).

    `classes` counts the background, which is class 0.
    """

    def __init__(self, network: str, classes: int, background: float = 0.75):
        super().__init__()
        self.encoder = encoder(SPECS[network])
        stride_16, stride_32 = self.encoder.channels
        self.extra_layers = nn.ModuleDict({
            "os_64": SeparableConv(stride_32, 256, 2, activation=nn.ReLU),
            "os_128": SeparableConv(256, 128, 2, activation=nn.ReLU),
            "os_256": SeparableConv(128, 128, 2, activation=nn.ReLU),
            "os_-1": nn.Sequential(nn.AdaptiveAvgPool2d(1),
                                   ConvLayer(128, 64, norm=False, activation=nn.ReLU))})
        inputs, projected = [stride_16, stride_32, 256, 128, 128, 64], [512, 256, 256, 128, 128, 64]
        self.ssd_heads = nn.ModuleList(Head(inputs[i], projected[i], ANCHORS_PER_CELL[i], classes, separable=i < 5)
                                       for i in range(6))
        self.initialise_head(background)

    def initialise_head(self, background: float) -> None:
        """Xavier for the SSD part; last layers start almost at zero and predict background with this probability.

        Without that, the first steps are spent on pushing thousands of confident mistakes down (Lin et al., "Focal
        Loss", 2017, section 3.3); small sets of photos then took many minutes until the first object was found.
        """
        for part in (self.extra_layers, self.ssd_heads):
            for module in part.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.xavier_uniform_(module.weight)
        for head, anchors in zip(self.ssd_heads, ANCHORS_PER_CELL):
            last = head.last_convolution()
            nn.init.normal_(last.weight, std=0.01)
            nn.init.zeros_(last.bias)
            with torch.no_grad():
                odds = background / (1 - background)
                last.bias.view(anchors, -1)[:, 4] = math.log(odds * (head.classes - 1))

    def freeze(self, learn: str) -> None:
        """Lets a part of the network learn: "all", what lies behind the encoder ("detection"), or only the last layers'
        rows for classes ("scores")."""
        self.requires_grad_(learn == "all")
        if learn == "detection":
            self.extra_layers.requires_grad_(True)
            self.ssd_heads.requires_grad_(True)
        if learn == "scores":
            for head, anchors in zip(self.ssd_heads, ANCHORS_PER_CELL):
                rows = torch.arange(anchors * (4 + head.classes)) % (4 + head.classes) >= 4
                last = head.last_convolution()
                for parameter in (last.weight, last.bias):
                    parameter.requires_grad_(True)
                    mask = rows.view(-1, *[1] * (parameter.dim() - 1)).to(parameter.device)
                    parameter.register_hook(lambda gradient, mask=mask: gradient * mask)

    def forward(self, x: torch.Tensor, with_features: bool = False) -> tuple:
        """`with_features`: the encoder's two maps, of strides 16 and 32, come fourth."""
        maps = list(self.encoder(x))
        features = tuple(maps)
        for layer in self.extra_layers.values():
            maps.append(layer(maps[-1]))
        rows = torch.cat([head(m) for head, m in zip(self.ssd_heads, maps)], 1)
        outputs = rows[..., 4:], rows[..., :4], [tuple(m.shape[2:]) for m in maps]
        return (*outputs, features) if with_features else outputs


def pyramid_channels(spec: MobileViTSpec | FastViTSpec) -> int:
    return 512 if spec.is_separable else 256


class PooledBranch(nn.Module):
    """The mean of the map, as 1x1 with batch norm and ReLU, wherever the map is."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.aspp_pool = nn.Module()
        self.aspp_pool.conv_1x1 = ConvLayer(inputs, outputs, activation=nn.ReLU)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.aspp_pool.conv_1x1(x.mean((2, 3), keepdim=True)).expand(-1, -1, *x.shape[2:])


class Pyramid(nn.Module):
    """Atrous spatial pyramid pooling (Chen et al. 2017, "Rethinking Atrous Convolution for Semantic Image Segmentation")."""

    def __init__(self, inputs: int, outputs: int, rates: tuple[int, ...]):
        super().__init__()
        self.convs = nn.ModuleList([
            ConvLayer(inputs, outputs, activation=nn.ReLU),
            *(ConvLayer(inputs, outputs, 3, activation=nn.ReLU, dilation=rate) for rate in rates),
            PooledBranch(inputs, outputs)])
        self.project = ConvLayer(5 * outputs, outputs, activation=nn.ReLU)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.project(torch.cat([branch(x) for branch in self.convs], 1))


class Segmenter(nn.Module):
    """DeepLabv3: images [B, 3, H, W] to logits [B, classes, h, w], of one in `output_stride` pixels; see `enlarged`.

    Neither stride nor rates show in a checkpoint: whoever imports one of others than these has to say so.
    """

    def __init__(self, network: str, classes: int, output_stride: int = 16, rates: tuple[int, ...] = (6, 12, 18)):
        super().__init__()
        spec = SPECS[network]
        self.aligns_corners = spec.is_separable
        self.encoder = encoder(spec, output_stride)
        channels = pyramid_channels(spec)
        self.seg_head = nn.Module()
        self.seg_head.aspp = nn.Sequential(OrderedDict(aspp_layer=Pyramid(self.encoder.channels[1], channels, rates),
                                                       dropout=nn.Dropout(0.1)))
        last = ConvLayer(channels, classes, norm=False, bias=True)
        self.seg_head.classifier = last if spec.is_separable else nn.Sequential(OrderedDict(classifier=last))
        for module in self.seg_head.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
        nn.init.normal_(last.block.conv.weight, std=0.01)
        nn.init.zeros_(last.block.conv.bias)

    def forward(self, x: torch.Tensor, with_features: bool = False) -> torch.Tensor | tuple:
        """`with_features`: the encoder's two maps come second."""
        features = self.encoder(x)
        logits = self.seg_head.classifier(self.seg_head.aspp(features[1]))
        return (logits, features) if with_features else logits

    def enlarged(self, logits: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        """Logits for each pixel of an image of `size` (height, width), as swiftlet enlarges them."""
        return F.interpolate(logits, size=size, mode="bilinear", align_corners=self.aligns_corners)
