"""Composes whole batches on the device: photos zoomed, shifted, turned, mirrored, put together by four, and recoloured.

All shapes depend on nothing but the numbers of images and pixels, so that the function compiles once for each size.
"""
import math
from dataclasses import dataclass

import torch

from .pool import Pool
from .scenes import Augmentation
from .targets import Targets

MOST_BOXES = 96                                 # of an image, and regions to ignore; the largest ones are kept
SMALLEST = 0.02                                 # shares of the image's side: smaller boxes become regions to ignore
DRAWS = 18                                      # random numbers of a part; the last six of the first part are for colours
LUMA = (0.299, 0.587, 0.114)
# Luma and two chroma axes, in which hue turns and saturation scales; and back, inverted here once: a card would be waited for.
TO_YIQ = [LUMA, (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112)]
FROM_YIQ = torch.linalg.inv(torch.tensor(TO_YIQ, dtype=torch.float64)).tolist()


@dataclass
class Plan:
    """What decides about a batch of B images: photos [B, 4], of which the first alone counts where an image has one part;
    random numbers [B, 4, DRAWS] in 0..1."""
    photos: torch.Tensor
    draws: torch.Tensor

    def to(self, device: torch.device) -> "Plan":
        return Plan(self.photos.to(device, non_blocking=True), self.draws.to(device, non_blocking=True))


@dataclass
class Placement:
    """Where B x 4 parts lie: rects [B, 4, 4], corners in shares of the image, zeros for a part that is not there; and how
    photos lie in them: their middle and sides [B, 4, 2], also in shares of the image, cosine and sine of the turn, and -1
    where they are mirrored [B, 4]."""
    rects: torch.Tensor
    middle: torch.Tensor
    sides: torch.Tensor
    cosine: torch.Tensor
    sine: torch.Tensor
    mirror: torch.Tensor


def placed(draws: torch.Tensor, with_parts: torch.Tensor, augmentation: Augmentation) -> Placement:
    """`with_parts` [B]: images of four parts."""
    zero, one = torch.zeros_like(draws[:, 0, 0]), torch.ones_like(draws[:, 0, 0])
    split_x, split_y = (torch.where(with_parts, 0.3 + 0.4 * draws[:, 0, index], one) for index in (0, 1))
    rects = torch.stack([torch.stack([zero, zero, split_x, split_y], 1), torch.stack([split_x, zero, one, split_y], 1),
                         torch.stack([zero, split_y, split_x, one], 1), torch.stack([split_x, split_y, one, one], 1)], 1)
    rects = rects * torch.stack([one, *[with_parts.to(draws.dtype)] * 3], 1)[..., None]
    zoomed = (draws[..., 2] < augmentation.zoomed) | with_parts[:, None]
    extent = math.log(augmentation.zoom)
    zoom = torch.where(zoomed, torch.exp((2 * draws[..., 3] - 1) * extent), 1.0)
    zoom = zoom * torch.where(with_parts, 1.4, 1.0)[:, None]  # a part shows its photo at half the size as it is
    aspect = torch.where(zoomed, torch.exp((draws[..., 4] - 0.5) * 0.5), 1.0)
    tile = rects[..., 2:] - rects[..., :2]
    factors = torch.stack([zoom * aspect, zoom / aspect], -1)
    # Shifted so that a larger photo fills its part, and a smaller one lies within.
    low = rects[..., :2] + draws[..., 5:7] * (1 - factors) * tile
    turned = draws[..., 7] < augmentation.rotated
    angle = torch.where(turned & zoomed, (2 * draws[..., 8] - 1) * math.radians(augmentation.rotation), 0.0)
    quarters = torch.where(draws[..., 9] < augmentation.quarter_turns,
                           1 + torch.floor(draws[..., 9] / max(augmentation.quarter_turns, 1e-6) * 3).clamp(max=2), 0.0)
    angle = angle + quarters * (math.pi / 2)
    mirror = torch.where(draws[..., 10] < augmentation.flip, -1.0, 1.0)
    return Placement(rects, low + factors * tile / 2, factors * tile, angle.cos(), angle.sin(), mirror)


def looked_up(pool: Pool, photos: torch.Tensor, place: Placement, size: int) -> torch.Tensor:
    """The pixels [B, size, size, 3] in 0..255, grey where no photo lies; interpolated linearly between four."""
    batch = len(photos)
    sides = place.sides.clamp(min=1e-6)
    # Photo's shares from the image's: u = ux * x + uy * y + u0, likewise v.
    cosine, sine = place.cosine, place.sine
    ux, uy = place.mirror * cosine / sides[..., 0], place.mirror * sine / sides[..., 0]
    vx, vy = -sine / sides[..., 1], cosine / sides[..., 1]
    u0 = 0.5 - ux * place.middle[..., 0] - uy * place.middle[..., 1]
    v0 = 0.5 - vx * place.middle[..., 0] - vy * place.middle[..., 1]
    # The half-size copy serves where it still has a pixel for each of the image's.
    full = pool.sizes[photos, 0].to(sides.dtype)
    from_afar = (full.flip(-1) > 1.6 * sides * size).all(-1).long()
    measures = torch.stack([pool.starts[photos].gather(-1, from_afar[..., None])[..., 0],
                            *pool.sizes[photos, from_afar].unbind(-1)], -1)
    step = (torch.arange(size, device=photos.device, dtype=sides.dtype) + 0.5) / size
    split_x, split_y = place.rects[:, 0, 2], place.rects[:, 0, 3]
    right, below = step >= split_x[:, None], step >= split_y[:, None]
    part = right[:, None, :].long() + 2 * below[:, :, None].long() + 4 * torch.arange(batch, device=photos.device)[:, None, None]
    maps = torch.stack([ux, uy, u0, vx, vy, v0], -1).flatten(0, 1)[part]
    start, height, width = measures.flatten(0, 1)[part].unbind(-1)
    x, y = step[None, None, :], step[None, :, None]
    u = maps[..., 0] * x + maps[..., 1] * y + maps[..., 2]
    v = maps[..., 3] * x + maps[..., 4] * y + maps[..., 5]
    inside = (u >= 0) & (u < 1) & (v >= 0) & (v < 1)
    column, row = u * width - 0.5, v * height - 0.5
    left, top = column.floor(), row.floor()
    share_x, share_y = (column - left)[..., None], (row - top)[..., None]
    zero = torch.zeros_like(width)
    left, top = left.long(), top.long()
    x0, x1 = left.maximum(zero).minimum(width - 1), (left + 1).maximum(zero).minimum(width - 1)
    y0, y1 = (start + top.maximum(zero).minimum(height - 1) * width,
              start + (top + 1).maximum(zero).minimum(height - 1) * width)
    last = len(pool.pixels) - 1

    def colour(place_of: torch.Tensor) -> torch.Tensor:
        return pool.pixels[place_of.clamp(0, last)][..., None].view(torch.uint8)[..., :3].float()
    upper = torch.lerp(colour(y0 + x0), colour(y0 + x1), share_x)
    lower = torch.lerp(colour(y1 + x0), colour(y1 + x1), share_x)
    return torch.where(inside[..., None], torch.lerp(upper, lower, share_y), 114.0)


def moved(boxes: torch.Tensor, place: Placement) -> torch.Tensor:
    """Boxes [B, 4, G, 4] of photos to the smallest ones [B, 4, G, 4] around them in the image."""
    horizontal = (boxes[..., [0, 2, 0, 2]] - 0.5) * (place.mirror * place.sides[..., 0])[..., None, None]
    vertical = (boxes[..., [1, 1, 3, 3]] - 0.5) * place.sides[..., 1][..., None, None]
    cosine, sine = place.cosine[..., None, None], place.sine[..., None, None]
    x = cosine * horizontal - sine * vertical + place.middle[..., :1, None]
    y = sine * horizontal + cosine * vertical + place.middle[..., 1:, None]
    return torch.stack([x.amin(-1), y.amin(-1), x.amax(-1), y.amax(-1)], -1)


def area(boxes: torch.Tensor) -> torch.Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)


def clipped(boxes: torch.Tensor, rects: torch.Tensor) -> torch.Tensor:
    """Boxes [B, 4, G, 4] as far as they lie in their part's rectangle [B, 4, 4]."""
    rects = rects[:, :, None]
    return torch.cat([boxes[..., :2].maximum(rects[..., :2]), boxes[..., 2:].minimum(rects[..., 2:])], -1)


def kept(priority: torch.Tensor, count: int, *rows: torch.Tensor) -> list[torch.Tensor]:
    """The rows [B, count, ...] of highest priority [B, N], in falling order; zeros where it is 0."""
    best, order = priority.topk(min(count, priority.shape[1]), 1)
    chosen = []
    for row in rows:
        index = order.view(*order.shape, *[1] * (row.dim() - 2)).expand(*order.shape, *row.shape[2:])
        valid = (best > 0).view(*best.shape, *[1] * (row.dim() - 2))
        chosen.append(row.gather(1, index) * valid)
    return chosen


def recoloured(pixels: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """Photometric distortion of [B, S, S, 3] as of the scenes: brightness, contrast, saturation, seldom hue.

    All four are linear, so that a 3x3 matrix and an offset for each image do it.
    """
    batch = len(pixels)
    changed = draws[:, 0] < 0.8
    brightness, contrast, saturation = (torch.where(changed, 1 + extent * (2 * draws[:, index] - 1), 1.0)
                                        for index, extent in ((1, 0.35), (2, 0.35), (3, 0.4)))
    hue = torch.where(draws[:, 4] < 0.2, (2 * draws[:, 5] - 1) * (0.03 * 2 * math.pi), 0.0)
    to_yiq, from_yiq = pixels.new_tensor(TO_YIQ), pixels.new_tensor(FROM_YIQ)
    turn = torch.zeros(batch, 3, 3, device=pixels.device)
    turn[:, 0, 0] = 1
    turn[:, 1, 1] = turn[:, 2, 2] = saturation * hue.cos()
    turn[:, 2, 1] = saturation * hue.sin()
    turn[:, 1, 2] = -turn[:, 2, 1]
    matrix = from_yiq @ turn @ to_yiq * (brightness * contrast)[:, None, None]
    mean = pixels.mean((1, 2)) @ to_yiq[0] * brightness
    offset = (1 - contrast) * mean
    return (pixels.view(batch, -1, 3) @ matrix.transpose(1, 2) + offset[:, None, None]).clamp(0, 255).view_as(pixels)


def composed(pool: Pool, plan: Plan, size: int, augmentation: Augmentation,
             mosaic: float) -> tuple[torch.Tensor, Targets]:
    """Images [B, 3, size, size] u8 RGB and their targets. `mosaic`: the share of images that have four parts.

    A box that is cut to less than `augmentation.visible` of itself, or to next to nothing, becomes a region to ignore:
    what is left of the object is neither one to find nor background. Boxes that rather are none (a weight below a half)
    just go.
    """
    photos, draws = plan.photos, plan.draws
    with_parts = draws[:, 0, 11] < mosaic
    place = placed(draws, with_parts, augmentation)
    pixels = recoloured(looked_up(pool, photos, place, size), draws[:, 0, 12:])
    pictures = pixels.round().to(torch.uint8).permute(0, 3, 1, 2)

    labels, weights = pool.labels[photos], pool.weights[photos]
    whole, regions = moved(pool.boxes[photos], place), moved(pool.ignored[photos], place)
    boxes, regions = clipped(whole, place.rects), clipped(regions, place.rects)
    is_there = (labels > 0) & (area(boxes) > 0)
    is_object = is_there & (area(boxes) >= augmentation.visible * area(whole)) & \
        ((boxes[..., 2:] - boxes[..., :2]) >= SMALLEST).all(-1)
    size_of = area(boxes)
    found = kept((size_of * is_object).flatten(1), MOST_BOXES, boxes.flatten(1, 2), labels.flatten(1), weights.flatten(1))
    is_region = area(regions) * (area(pool.ignored[photos]) > 0)
    priority = torch.cat([size_of * (is_there & ~is_object & (weights >= 0.5)), is_region], 2).flatten(1)
    ignored, = kept(priority, MOST_BOXES, torch.cat([boxes, regions], 2).flatten(1, 2))
    return pictures, Targets(*found, ignored, place.rects, pool.unknown[photos])


def trimmed(targets: Targets) -> Targets:
    """Without the padding that no image of the batch needs: less to compute where shapes may change."""
    boxes = max(1, int((targets.labels > 0).sum(1).max()))
    regions = max(1, int((area(targets.ignored) > 0).sum(1).max()))
    return Targets(targets.boxes[:, :boxes], targets.labels[:, :boxes], targets.weights[:, :boxes],
                   targets.ignored[:, :regions], targets.parts, targets.unknown)
