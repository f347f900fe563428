"""The two kinds of MobileViT block: with self-attention (v1, v3-XXS, -XS and -S) and with separable attention (v2, v3-0.5,
-0.75 and -1.0).

Sources: Mehta and Rastegari, "MobileViT" (2021) and "Separable Self-attention for Mobile Vision Transformers" (MobileViTv2,
2022); Wadekar and Chaurasia, "MobileViTv3: Mobile-Friendly Vision Transformer with Simple and Effective Fusion of Local,
Global and Input Features" (2022), which changes how blocks end.

Both cut the map into patches of 2x2 pixels. Pixels at the same place of their patches attend to each other.
"""
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from .layers import ConvLayer


def even(size: tuple[int, int]) -> tuple[int, int]:
    """The smallest size that 2x2 patches tile and that contains `size` (height, width)."""
    return size[0] + size[0] % 2, size[1] + size[1] % 2


class SelfAttention(nn.Module):
    """Multi-head self-attention over [S, N, d]: S sequences of N tokens."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv_proj = nn.Linear(width, 3 * width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        sequences, tokens, width = x.shape
        qkv = self.qkv_proj(x).view(sequences, tokens, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.out_proj(mixed.transpose(1, 2).reshape(x.shape))


class SelfAttentionEncoder(nn.Module):
    """Pre-norm transformer encoder over [S, N, d]."""

    def __init__(self, width: int, hidden: int, heads: int, dropout: float):
        super().__init__()
        self.pre_norm_mha = nn.Sequential(nn.LayerNorm(width), SelfAttention(width, heads), nn.Dropout(dropout))
        self.pre_norm_ffn = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, hidden), nn.SiLU(), nn.Dropout(dropout),
                                          nn.Linear(hidden, width), nn.Dropout(dropout))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.pre_norm_mha(x)
        return x + self.pre_norm_ffn(x)


class SelfAttentionBlock(nn.Module):
    """Block of MobileViTv1, or of MobileViTv3 (`is_third`): [B, C, H, W] to the same shape.

    A map of odd size is interpolated for the attention and back afterwards. v1 fuses its input with the global features, v3
    the local features with them, which come first, and adds its input.
    """

    def __init__(self, channels: int, width: int, hidden: int, depth: int, is_third: bool, heads: int = 4,
                 dropout: float = 0.05):
        super().__init__()
        self.is_third = is_third
        self.local_rep = nn.Sequential(OrderedDict(
            conv_3x3=ConvLayer(channels, channels, 3, groups=channels if is_third else 1, activation=nn.SiLU),
            conv_1x1=ConvLayer(channels, width, norm=False)))
        self.global_rep = nn.Sequential(*(SelfAttentionEncoder(width, hidden, heads, dropout) for _ in range(depth)),
                                        nn.LayerNorm(width))
        self.conv_proj = ConvLayer(width, channels, activation=nn.SiLU)
        self.fusion = ConvLayer(width + channels, channels, activation=nn.SiLU) if is_third else \
            ConvLayer(2 * channels, channels, 3, activation=nn.SiLU)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        local = self.local_rep(x)
        batch, width, *size = local.shape
        height, columns = even(size)
        tiled = local
        if (height, columns) != tuple(size):
            tiled = F.interpolate(local, size=(height, columns), mode="bilinear", align_corners=False)
        # [B, d, H, W] -> [B * 4, N, d]: a sequence for each of the four places in a patch
        tokens = tiled.reshape(batch, width, height // 2, 2, columns // 2, 2).permute(0, 3, 5, 2, 4, 1)
        tokens = self.global_rep(tokens.reshape(batch * 4, -1, width))
        tokens = tokens.view(batch, 2, 2, height // 2, columns // 2, width).permute(0, 5, 3, 1, 4, 2)
        spread = tokens.reshape(batch, width, height, columns)
        if (height, columns) != tuple(size):
            spread = F.interpolate(spread, size=tuple(size), mode="bilinear", align_corners=False)
        spread = self.conv_proj(spread)
        if self.is_third:
            return x + self.fusion(torch.cat([local, spread], 1))
        return self.fusion(torch.cat([x, spread], 1))


class SeparableAttention(nn.Module):
    """Separable self-attention over [B, d, 4, N], of linear cost in the number of tokens N."""

    def __init__(self, width: int):
        super().__init__()
        self.width = width
        self.qkv_proj = ConvLayer(width, 1 + 2 * width, norm=False, bias=True)
        self.out_proj = ConvLayer(width, width, norm=False, bias=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = self.qkv_proj(x).split([1, self.width, self.width], 1)
        context = (key * torch.softmax(query, -1)).sum(-1, keepdim=True)
        return self.out_proj(F.relu(value) * context)


class SeparableAttentionEncoder(nn.Module):
    """Pre-norm encoder over [B, d, 4, N]. Its norm takes mean and variance over all of an image's tokens."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.pre_norm_attn = nn.Sequential(nn.GroupNorm(1, width), SeparableAttention(width))
        self.pre_norm_ffn = nn.Sequential(nn.GroupNorm(1, width),
                                          ConvLayer(width, hidden, norm=False, bias=True, activation=nn.SiLU),
                                          nn.Identity(),  # a dropout of rate 0 where the names come from
                                          ConvLayer(hidden, width, norm=False, bias=True))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.pre_norm_attn(x)
        return x + self.pre_norm_ffn(x)


class SeparableAttentionBlock(nn.Module):
    """Block of MobileViTv2, or of MobileViTv3 (`is_third`): [B, C, H, W] to [B, C, H', W'], with H' and W' the next even
    sizes.

    The last layer has no activation. v2 gives it the global features alone, v3 the local ones behind them, and adds the
    block's input.
    """

    def __init__(self, channels: int, width: int, hidden: int, depth: int, is_third: bool, dilation: int = 1):
        super().__init__()
        self.is_third = is_third
        self.local_rep = nn.Sequential(ConvLayer(channels, channels, 3, groups=channels, activation=nn.SiLU,
                                                 dilation=dilation),
                                       ConvLayer(channels, width, norm=False))
        self.global_rep = nn.Sequential(*(SeparableAttentionEncoder(width, hidden) for _ in range(depth)),
                                        nn.GroupNorm(1, width))
        self.conv_proj = ConvLayer(2 * width if is_third else width, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size = even(x.shape[2:])
        if size != tuple(x.shape[2:]):
            x = F.interpolate(x, size=size, mode="bilinear", align_corners=True)
        local = self.local_rep(x)
        batch, width, height, columns = local.shape
        # pixel_unshuffle gives [B, d * 4, H/2, W/2], the channels ordered as (d, place in the patch)
        tokens = self.global_rep(F.pixel_unshuffle(local, 2).reshape(batch, width, 4, -1))
        spread = F.pixel_shuffle(tokens.reshape(batch, width * 4, height // 2, columns // 2), 2)
        if self.is_third:
            return x + self.conv_proj(torch.cat([spread, local], 1))
        return self.conv_proj(spread)
