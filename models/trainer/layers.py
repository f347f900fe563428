"""The convolution layers that the networks are built of, with the parameter names of the published checkpoints."""
from collections import OrderedDict

import torch
from torch import nn


def round_to_multiple_of_8(value: float) -> int:
    """Rounds a number of channels to a multiple of 8, but never down by more than a tenth."""
    rounded = max(8, int(value + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * value else rounded


class ConvLayer(nn.Module):
    """Convolution, then optionally batch norm and an activation: [B, C_in, H, W] to [B, C_out, ceil(H/s), ceil(W/s)].

    torchvision.ops.Conv2dNormActivation computes the same, but its parameters have other names than those published.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1,
                 norm: bool = True, bias: bool = False, activation: type[nn.Module] | None = None, dilation: int = 1):
        super().__init__()
        parts = OrderedDict(conv=nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2 * dilation, dilation,
                                           groups=groups, bias=bias))
        if norm:
            parts["norm"] = nn.BatchNorm2d(outputs)
        if activation is not None:
            parts["act"] = activation()
        self.block = nn.Sequential(parts)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.block(x)


class InvertedResidual(nn.Module):
    """MobileNetV2's block: widen by `expansion`, filter per channel, narrow again; adds its input if shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int = 2, dilation: int = 1):
        super().__init__()
        hidden = round_to_multiple_of_8(inputs * expansion)
        self.block = nn.Sequential(OrderedDict(
            exp_1x1=ConvLayer(inputs, hidden, activation=nn.SiLU),
            conv_3x3=ConvLayer(hidden, hidden, 3, stride, groups=hidden, activation=nn.SiLU, dilation=dilation),
            red_1x1=ConvLayer(hidden, outputs)))
        self.adds_input = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.block(x) if self.adds_input else self.block(x)


class SeparableConv(nn.Module):
    """3x3 convolution per channel with batch norm, then a 1x1 convolution (SSDLite's building block)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, norm: bool = True, bias: bool = False,
                 activation: type[nn.Module] | None = None):
        super().__init__()
        self.dw_conv = ConvLayer(inputs, inputs, 3, stride, groups=inputs)
        self.pw_conv = ConvLayer(inputs, outputs, norm=norm, bias=bias, activation=activation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.pw_conv(self.dw_conv(x))
