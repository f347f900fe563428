"""The encoder of FastViT in the form in which it is trained, parameters named as in the published checkpoints.

Source: Vasu et al., "FastViT: A Fast Hybrid Vision Transformer using Structural Reparameterization" (2023). Branches that
are added up during training are one convolution afterwards: swiftlet-model import folds them.
"""
import torch
import torch.nn.functional as F
from torch import nn

from .specs import FastViTSpec

HEAD = 32                                       # channels of an attention head
# Of ImageNet's planes red, green, blue.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class NormedConv(nn.Module):
    """Convolution without bias, then batch norm."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__()
        # A 1x1 convolution of stride 2 reads every second pixel. Without the others: of three channels in channels_last
        # oneDNN writes beyond its memory (torch 2.15).
        self.step = stride if kernel == 1 else 1
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride // self.step, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.bn(self.conv(x[:, :, ::self.step, ::self.step]))


class SqueezeExcite(nn.Module):
    """Scales the channels of [B, C, H, W] by factors that their means decide about."""

    def __init__(self, channels: int):
        super().__init__()
        self.reduce = nn.Conv2d(channels, channels // 16, 1)
        self.expand = nn.Conv2d(channels // 16, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(self.expand(F.relu(self.reduce(x.mean((2, 3), keepdim=True)))))


class Branches(nn.Module):
    """The sum of a convolution, of a 1x1 one where the first is larger, and of a batch norm alone where input and output are
    alike; then squeeze-and-excitation and GELU, if wanted."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, excite: bool = False,
                 activation: bool = True):
        super().__init__()
        self.rbr_skip = nn.BatchNorm2d(outputs) if inputs == outputs and stride == 1 else None
        self.rbr_scale = NormedConv(inputs, outputs, 1, stride, groups) if kernel > 1 else None
        self.rbr_conv = nn.ModuleList([NormedConv(inputs, outputs, kernel, stride, groups)])
        self.se = SqueezeExcite(outputs) if excite else nn.Identity()
        self.activation = nn.GELU() if activation else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = self.rbr_conv[0](x)
        for branch in (self.rbr_scale, self.rbr_skip):
            if branch is not None:
                total = total + branch(x)
        return self.activation(self.se(total))


class Skip(nn.Module):
    """Batch norm alone, under the name of a branch."""

    def __init__(self, channels: int):
        super().__init__()
        self.rbr_skip = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rbr_skip(x)


def layer_scale(channels: int) -> nn.Parameter:
    """Upstream starts at 1e-5, for which short runs have no time."""
    return nn.Parameter(torch.full((channels, 1, 1), 0.1))


class RepMixer(nn.Module):
    """Mixes neighbours without attention: x + scale * (branches(x) - norm(x))."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = Skip(channels)
        self.mixer = Branches(channels, channels, 3, groups=channels, activation=False)
        self.layer_scale = layer_scale(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layer_scale * (self.mixer(x) - self.norm(x))


class Attention(nn.Module):
    """Multi-head self-attention over all pixels of [B, C, H, W]."""

    def __init__(self, channels: int):
        super().__init__()
        self.qkv = nn.Linear(channels, 3 * channels, bias=False)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, channels, height, width = x.shape
        tokens = x.flatten(2).transpose(1, 2)
        qkv = self.qkv(tokens).view(batch, height * width, 3, channels // HEAD, HEAD)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(tokens.shape)
        return self.proj(mixed).transpose(1, 2).reshape(x.shape)


class FeedForward(nn.Module):
    """Depthwise 7x7 with batch norm, then two 1x1 layers."""

    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.conv = NormedConv(channels, channels, 7, groups=channels)
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(F.gelu(self.fc1(self.conv(x))))


class RepMixerBlock(nn.Module):
    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.token_mixer = RepMixer(channels)
        self.convffn = FeedForward(channels, hidden)
        self.layer_scale = layer_scale(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.token_mixer(x)
        return x + self.layer_scale * self.convffn(x)


class AttentionBlock(nn.Module):
    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.token_mixer = Attention(channels)
        self.convffn = FeedForward(channels, hidden)
        self.layer_scale_1 = layer_scale(channels)
        self.layer_scale_2 = layer_scale(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.layer_scale_1 * self.token_mixer(self.norm(x))
        return x + self.layer_scale_2 * self.convffn(x)


class LargeKernel(nn.Module):
    """7x7 plus 3x3, in groups of one input channel each."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.lkb_origin = NormedConv(inputs, outputs, 7, stride, inputs)
        self.small_conv = NormedConv(inputs, outputs, 3, stride, inputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lkb_origin(x) + self.small_conv(x)


class PatchEmbed(nn.Module):
    """Between two stages: twice the channels, and half the size where `stride` is 2."""

    def __init__(self, inputs: int, outputs: int, stride: int = 2):
        super().__init__()
        self.proj = nn.Sequential(LargeKernel(inputs, outputs, stride), Branches(outputs, outputs, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.proj(x)


class PositionEncoding(nn.Module):
    """Adds a depthwise 7x7 convolution: what attention knows of places."""

    def __init__(self, channels: int):
        super().__init__()
        self.pe = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.pe(x)


class FastViT(nn.Module):
    """Images [B, 3, H, W], 0..1, to the features of stages 3 and 4, of strides 16 and 32, which have `channels` channels.

    With an `output_stride` of 16 stage 4 keeps the size of stage 3. Mean and deviation of the planes are taken off here.
    """

    def __init__(self, spec: FastViTSpec, output_stride: int = 32):
        super().__init__()
        first = spec.channels[0]
        self.patch_embed = nn.Sequential(Branches(3, first, 3, 2), Branches(first, first, 3, 2, first),
                                         Branches(first, first, 1))
        parts: list[nn.Module] = []
        for index, (depth, channels) in enumerate(zip(spec.depths, spec.channels)):
            if index:
                parts.append(PatchEmbed(spec.channels[index - 1], channels, 1 if index == 3 and output_stride == 16 else 2))
            attends = spec.attends and index == 3
            if attends:
                parts.append(PositionEncoding(channels))
            block = AttentionBlock if attends else RepMixerBlock
            parts.append(nn.Sequential(*(block(channels, spec.expansion * channels) for _ in range(depth))))
        self.network = nn.ModuleList(parts)
        self.stage_3 = 4                        # its place in the list
        self.channels = (spec.channels[2], spec.channels[3])
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(3, 1, 1), persistent=False)
        self.apply(initialise)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.patch_embed((x - self.mean) / self.deviation)
        maps = []
        for part in self.network:
            x = part(x)
            maps.append(x)
        return maps[self.stage_3], x


def initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
