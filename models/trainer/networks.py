"""MobileViTv3-XXS and MobileViTv3-0.5: encoder, classifier, and detector with SSDLite head.

The attribute names are those of the published checkpoints, so that their weights load and ours are read like them.
"""
import math
from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import nn
from torchvision.transforms import v2

from .attention import SelfAttentionBlock, SeparableAttentionBlock
from .layers import ConvLayer, InvertedResidual, SeparableConv

ANCHORS_PER_CELL = [6, 6, 6, 6, 6, 4]


@dataclass(frozen=True)
class NetworkSpec:
    """What tells the two networks apart. `stages`: channels, token width, feed-forward width, encoders."""
    block: type[nn.Module]
    channel_order: str                          # of the image planes that the published weights expect
    resize: v2.InterpolationMode                # how swiftlet scales images for this network
    antialias: bool
    stem: tuple[int, ...]                       # channels after conv_1, layer_1, layer_2
    repeats: int                                # inverted residuals in layer_2
    stages: tuple[tuple[int, int, int, int], ...]
    expanded: int | None                        # channels of the classifier's expansion, if it has one
    classifier_key: str


SPECS = {
    "xxs": NetworkSpec(SelfAttentionBlock, "bgr", v2.InterpolationMode.BILINEAR, False,
                       (16, 16, 24), 3, ((64, 64, 128, 2), (80, 80, 160, 4), (128, 96, 192, 3)), 512, "fc"),
    "0.5": NetworkSpec(SeparableAttentionBlock, "rgb", v2.InterpolationMode.BICUBIC, True,
                       (16, 32, 64), 2, ((128, 64, 128, 2), (192, 96, 192, 4), (256, 128, 256, 3)), None, "1"),
}
SPECS["half"] = SPECS["0.5"]                    # another name of it


class Encoder(nn.Module):
    """Images [B, 3, H, W], 0..1, to the features of strides 16 and 32, which have `channels` channels."""

    def __init__(self, spec: NetworkSpec):
        super().__init__()
        first, second, third = spec.stem
        self.conv_1 = ConvLayer(3, first, 3, 2, activation=nn.SiLU)
        self.layer_1 = nn.Sequential(InvertedResidual(first, second, 1))
        self.layer_2 = nn.Sequential(InvertedResidual(second, third, 2),
                                     *(InvertedResidual(third, third, 1) for _ in range(spec.repeats - 1)))
        channels = third
        for index, (outputs, width, hidden, depth) in enumerate(spec.stages, start=3):
            self.add_module(f"layer_{index}", nn.Sequential(InvertedResidual(channels, outputs, 2),
                                                            spec.block(outputs, width, hidden, depth)))
            channels = outputs
        self.channels = (spec.stages[-2][0], spec.stages[-1][0])
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.layer_3(self.layer_2(self.layer_1(self.conv_1(x))))
        stride_16 = self.layer_4(x)
        return stride_16, self.layer_5(stride_16)


class Classifier(nn.Module):
    """Images [B, 3, H, W] to logits [B, classes]; serves to pre-train the encoder."""

    def __init__(self, network: str, classes: int):
        super().__init__()
        spec = SPECS[network]
        self.encoder = Encoder(spec)
        features = spec.stages[-1][0]
        self.conv_1x1_exp = nn.Identity()
        if spec.expanded:
            self.conv_1x1_exp = ConvLayer(features, spec.expanded, activation=nn.SiLU)
            features = spec.expanded
        linear = nn.Linear(features, classes)
        nn.init.trunc_normal_(linear.weight, std=0.02)
        nn.init.zeros_(linear.bias)
        self.classifier = nn.Sequential(OrderedDict({"dropout": nn.Dropout(0.1), spec.classifier_key: linear}))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.conv_1x1_exp(self.encoder(x)[1]).mean((2, 3)))


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
        spec = SPECS[network]
        self.encoder = Encoder(spec)
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
