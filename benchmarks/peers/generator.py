"""The generator that every server serves: DCGAN at 64 x 64, 3.6 million fixed random weights.

104.6 million multiply-adds an image. Noise costs what faces cost, and needs no training.
"""

from __future__ import annotations

import io
import os
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

Z_DIM = 100
BASE_CHANNELS = 64
IMG_CHANNELS = 3
THREADS = os.cpu_count() or 1


def build_generator() -> nn.Sequential:
    """Build the network of Radford et al. (2016); the same weights on every machine."""
    width = BASE_CHANNELS
    network = nn.Sequential(
        *_block(Z_DIM, width * 8, 1, 0),
        *_block(width * 8, width * 4, 2, 1),
        *_block(width * 4, width * 2, 2, 1),
        *_block(width * 2, width, 2, 1),
        nn.ConvTranspose2d(width, IMG_CHANNELS, 4, 2, 1, bias=False),
        nn.Tanh(),
    )
    torch.manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0, 0.02)
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1, 0.02)
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 2)
    return network.eval()


def _block(inputs: int, outputs: int, stride: int, padding: int) -> list[nn.Module]:
    return [
        nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


def latent(seed: int) -> Tensor:
    """Draw the latent of a seed, (100, 1, 1)."""
    return torch.randn(Z_DIM, 1, 1, generator=torch.Generator().manual_seed(int(seed)))


def to_pixels(images: Tensor) -> Any:
    """Turn images (n, 3, h, w) in [-1, 1] into pixels, a NumPy uint8 array (n, h, w, 3)."""
    levels = ((images + 1) * 127.5).clamp(0, 255).to(torch.uint8)
    return levels.permute(0, 2, 3, 1).contiguous().numpy()


def encode_png(pixels: Any) -> bytes:
    """Write a PNG as a tutorial does, with Pillow as it comes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
