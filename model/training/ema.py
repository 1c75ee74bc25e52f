"""The moving average of the generator's weights, and the statistics that fit it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.latents import sample_latents
from model.spec import GeneratorSpec

# StyleGAN2 (Karras et al., 2020): early in a run the half-life is this share of it, so that
# the average does not hold the first, random weights.
_RAMP = 0.05


def ema_decay(halflife_images: float, batch_size: int, images_seen: int) -> float:
    """Return beta of `ema = beta * ema + (1 - beta) * weights` for one step, in [0, 1)."""
    halflife = min(halflife_images, _RAMP * images_seen)
    return 0.0 if halflife <= 0 else float(0.5 ** (batch_size / halflife))


@torch.no_grad()
def update_ema(average: nn.Module, module: nn.Module, decay: float) -> None:
    """Move `average` toward `module` by 1 - decay, in place; buffers are copied."""
    pairs = zip(average.parameters(), module.parameters(), strict=True)
    for mean, weight in pairs:
        mean.lerp_(weight, 1.0 - decay)
    for held, buffer in zip(average.buffers(), module.buffers(), strict=True):
        held.copy_(buffer)


@torch.no_grad()
def recalibrate_batch_norm(generator: nn.Module, spec: GeneratorSpec, batches: int = 32) -> None:
    """Measure batch normalisation's statistics anew for the weights as they are, in place.

    The running statistics belong to the raw weights of past steps, not to their average, and
    rendering with them washes the images out. Uses batches of 64 fixed seeds, so the result
    is a function of the weights. Leaves the generator in evaluation mode.
    """
    layers = [layer for layer in generator.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain mean over all batches
    generator.train()
    device = next(generator.parameters()).device
    for batch in range(batches if layers else 0):
        latents = sample_latents(spec, range(batch * 64, (batch + 1) * 64))
        labels = None if latents.labels is None else torch.from_numpy(latents.labels).to(device)
        z: Tensor = torch.from_numpy(latents.z).to(device)
        generator(z, labels)
    generator.eval()
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
