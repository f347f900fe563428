"""The encoder of the MobileViT family, parameters named as in the published checkpoints."""
import torch
from torch import nn

from .attention import SelfAttentionBlock, SeparableAttentionBlock
from .layers import ConvLayer, InvertedResidual
from .specs import MobileViTSpec


class MobileViT(nn.Module):
    """Images [B, 3, H, W], 0..1, to the features of layer_4 and layer_5, which have `channels` channels.

    Their strides are 16 and 32; with an `output_stride` of 16 layer_5 keeps the size of layer_4, with 8 both keep that of
    layer_3, and what comes behind looks further (DeepLabv3). The self-attention block is never dilated.
    """

    def __init__(self, spec: MobileViTSpec, output_stride: int = 32):
        super().__init__()
        first, second, third = spec.stem
        self.conv_1 = ConvLayer(3, first, 3, 2, activation=nn.SiLU)
        self.layer_1 = nn.Sequential(InvertedResidual(first, second, 1, spec.expansion))
        self.layer_2 = nn.Sequential(InvertedResidual(second, third, 2, spec.expansion),
                                     *(InvertedResidual(third, third, 1, spec.expansion) for _ in range(spec.repeats - 1)))
        channels, dilation, total = third, 1, 4
        for index, (outputs, width, hidden, depth) in enumerate(spec.stages, start=3):
            stride = 2 if total < output_stride else 1
            entry = InvertedResidual(channels, outputs, stride, spec.expansion, dilation)
            dilation, total = dilation * 2 // stride, total * stride
            block = SeparableAttentionBlock(outputs, width, hidden, depth, spec.generation == 3, dilation) \
                if spec.is_separable else SelfAttentionBlock(outputs, width, hidden, depth, spec.generation == 3)
            self.add_module(f"layer_{index}", nn.Sequential(entry, block))
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
