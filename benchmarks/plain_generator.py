"""`PlainGenerator`: a checkpoint's generator in float32, open between its layers."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.checkpoint import Checkpoint
from model.generators import load_generator
from model.latents import sample_latents
from model.pixels import to_pixels

_BATCH = 250


class PlainGenerator:
    """Renders z and tells what its layers hold; ValueError unless they are DCGAN's alone."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.spec = checkpoint.spec
        if self.spec.architecture != "dcgan" or self.spec.is_conditional:
            raise ValueError("the paper's demonstrations take an unconditional dcgan")
        layers = load_generator(checkpoint.spec, checkpoint.weights).layers
        assert isinstance(layers, nn.Sequential)
        self._layers = layers

    @property
    def second_highest(self) -> int:
        """How many layers there are up to the features below the highest hidden convolution's.

        The last convolution makes the image, the one before it the highest features; those
        below, after their ReLU, are what Radford et al., 2016, section 6.3.2, works on.
        """
        relus = [index for index, layer in enumerate(self._layers) if isinstance(layer, nn.ReLU)]
        return relus[-2] + 1

    def latents(self, seeds: range) -> NDArray[np.float32]:
        """Return the z of seeds, (n, z_dim)."""
        return sample_latents(self.spec, seeds).z

    @torch.no_grad()
    def features(self, z: NDArray[np.float32]) -> Tensor:
        """Return the second-highest features of z (n, z_dim): (n, c, h, w)."""
        lower = self._layers[: self.second_highest]
        return torch.cat([lower(part) for part in self._batches(z)])

    @torch.no_grad()
    def render(
        self, z: NDArray[np.float32], dropped: NDArray[np.intp] | None = None
    ) -> NDArray[np.uint8]:
        """Render z (n, z_dim) as pixels (n, h, w, c), without the feature maps `dropped`."""
        parts = []
        for part in self._batches(z):
            features = self._layers[: self.second_highest](part)
            if dropped is not None:
                features[:, torch.from_numpy(dropped)] = 0.0
            parts.append(to_pixels(self._layers[self.second_highest :](features)).numpy())
        return np.concatenate(parts)

    def _batches(self, z: NDArray[np.float32]) -> list[Tensor]:
        rows = torch.from_numpy(z)[:, :, None, None]
        return list(rows.split(_BATCH))
