"""Augmentations between the images and the discriminator, as functions of their draws.

Both kinds of image go through them, in both players' moves, and gradients flow back: so the
generator learns the images and not the augmentations (Zhao et al., 2020; Karras et al., 2020).
Everything is a selection of pixels or linear in them, hence differentiable twice.
"""

from __future__ import annotations

import torch
from torch import Tensor

AUGMENTATIONS = ("none", "diffaugment", "ada")
DRAWS = 16  # random numbers an image: what is done (the first half) and how much (the second)
_SHIFT = 0.125  # the farthest translation, as a share of the side
_CUTOUT = 0.5  # side of the hole, as a share of the image's


def diff_augment(images: Tensor, draws: Tensor) -> Tensor:
    """Apply DiffAugment's colour, translation and cutout (Zhao et al., 2020, section 3.2).

    Takes images (n, c, h, w) in [-1, 1] and draws (n, DRAWS) in [0, 1); returns the shape of
    the images. Alpha keeps its values, but is moved and cut with the rest.
    """
    everywhere = torch.ones_like(draws[:, 0])
    images = _recolour(images, draws[:, 8:11], everywhere.expand(3, -1))
    images = _translate(images, draws[:, 11:13], everywhere)
    return _cut_out(images, draws[:, 13:15], everywhere)


def adaptive_augment(images: Tensor, draws: Tensor, p: float) -> Tensor:
    """Apply each augmentation to each image with probability `p` (Karras et al., 2020).

    The paper's groups that move pixels without mixing them (flips, quarter turns, whole
    shifts), its brightness, contrast and saturation, and cutout; what resamples (scaling,
    free rotation, filters) is left out, as it could not be differentiated twice for R1. An
    image that is not square is turned by half turns only. Shapes as in `diff_augment`.
    """
    gates = (draws[:, :7] < p).to(images.dtype)
    images = _flip(images, gates[:, 0] * (draws[:, 7] < 0.5))
    images = _turn(images, (gates[:, 1] * (draws[:, 15] * 4).floor()).long())
    images = _recolour(images, draws[:, 8:11], gates[:, 2:5].T)
    images = _translate(images, draws[:, 11:13], gates[:, 5])
    return _cut_out(images, draws[:, 13:15], gates[:, 6])


def _recolour(images: Tensor, amounts: Tensor, gates: Tensor) -> Tensor:
    """Move brightness by up to a half, scale saturation by 0 to 2 and contrast by 0.5 to 1.5."""
    colours = images.shape[1] - (images.shape[1] + 1) % 2  # without alpha, of 2 and of 4 channels
    colour, alpha = images[:, :colours], images[:, colours:]
    brightness, saturation, contrast = amounts.T[:, :, None, None, None] - 0.5
    is_brighter, is_saturated, is_contrasted = gates[:, :, None, None, None]
    colour = colour + is_brighter * brightness
    grey = colour.mean(dim=1, keepdim=True)
    colour = colour + is_saturated * 2 * saturation * (colour - grey)
    level = colour.mean(dim=(1, 2, 3), keepdim=True)
    colour = colour + is_contrasted * contrast * (colour - level)
    return torch.cat([colour, alpha], dim=1)


def _translate(images: Tensor, amounts: Tensor, gates: Tensor) -> Tensor:
    """Shift by whole pixels, at most an eighth of a side; what comes in is zero (grey)."""
    height, width = images.shape[2:]
    down, right = (gates[:, None] * _whole_shifts(amounts, height, width)).T
    rows = _places(images, height) - down[:, None]
    columns = _places(images, width) - right[:, None]
    return _select(images, rows, columns)


def _whole_shifts(amounts: Tensor, height: int, width: int) -> Tensor:
    farthest = torch.tensor(
        [int(height * _SHIFT + 0.5), int(width * _SHIFT + 0.5)], device=amounts.device
    )
    shifts: Tensor = (amounts * (2 * farthest + 1)).floor() - farthest
    return shifts


def _flip(images: Tensor, is_flipped: Tensor) -> Tensor:
    width = images.shape[3]
    columns = _places(images, width)
    mirrored = width - 1 - columns
    columns = torch.where(is_flipped[:, None] > 0, mirrored, columns)
    return _select(images, _places(images, images.shape[2]), columns)


def _turn(images: Tensor, quarters: Tensor) -> Tensor:
    """Turn image i by quarters[i] quarter turns against the clock."""
    turns = [torch.rot90(images, 2 * half, dims=(2, 3)) for half in (0, 1)]
    turned = torch.where((quarters >= 2)[:, None, None, None], turns[1], turns[0])
    if images.shape[2] != images.shape[3]:
        return turned
    is_odd = (quarters % 2 == 1)[:, None, None, None]
    square: Tensor = torch.where(is_odd, torch.rot90(turned, 1, dims=(2, 3)), turned)
    return square


def _cut_out(images: Tensor, amounts: Tensor, gates: Tensor) -> Tensor:
    """Set a rectangle of half of each side to zero (grey), its centre anywhere (n, 2)."""
    inside = []
    for amount, side in zip(amounts.T, images.shape[2:], strict=True):
        size = int(side * _CUTOUT + 0.5)
        start = (amount * (side + 1 - size % 2)).floor() - size // 2
        places = _places(images, side)
        inside.append((places >= start[:, None]) & (places < (start + size)[:, None]))
    hole = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    cut: Tensor = images * (1 - gates[:, None, None, None] * hole)
    return cut


def _places(images: Tensor, side: int) -> Tensor:
    """Return 0, 1, ... side - 1 for each image, (n, side)."""
    return torch.arange(side, device=images.device).expand(len(images), -1).float()


def _select(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Read pixel (rows[i], columns[j]) of each image; zero where there is none.

    By products with matrices of zeros and ones: exact, and deterministic on every device,
    which gathering is not once its gradient is taken.
    """
    by_row = (rows[:, :, None] == _places(images, images.shape[2])[:, None]).to(images.dtype)
    by_column = (columns[:, :, None] == _places(images, images.shape[3])[:, None]).to(images.dtype)
    selected: Tensor = by_row[:, None] @ images @ by_column.mT[:, None]
    return selected
