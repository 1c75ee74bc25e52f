"""`FloatGenerator`: a generator in floating point, as torch runs it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.onednn import use_onednn
from model.pixels import to_pixels


class FloatGenerator:
    """A generator on its device, channels last. Any number of threads may render at once."""

    def __init__(self, generator: nn.Module, device: torch.device, dtype: torch.dtype) -> None:
        self._dtype = dtype
        if device.type == "cpu":
            generator = use_onednn(generator)
        self._generator = generator.to(device, dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def images(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return float (n, c, h, w) in [-1, 1]: what `pixels` rounds."""
        images: Tensor = self._generator(z.to(self._dtype), labels)
        return images

    def pixels(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return uint8 (n, h, w, c) on the device."""
        return to_pixels(self.images(z, labels))
