"""One step of the game: the discriminator's move, the generator's, the average."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.training.ema import ema_decay, update_ema
from model.training.losses import LOSSES
from model.training.penalties import zero_centred_gradient_penalty
from model.training.randomness import batch_noise
from model.training.state import TrainingState


@dataclass(frozen=True)
class StepLosses:
    """What one step measured; tensors, so that reading them is the caller's choice."""

    discriminator: Tensor
    generator: Tensor
    real_logit: Tensor
    fake_logit: Tensor


def train_step(
    state: TrainingState, pixels: NDArray[np.uint8], labels: NDArray[np.int64] | None
) -> StepLosses:
    """Move both networks once, on real `pixels` (n, h, w, c) and their `labels` (n,) or None."""
    real_images = _to_images(pixels, state.device)
    real_labels = None if labels is None else torch.from_numpy(labels).to(state.device)
    _set_learning_rate(state)

    d_loss, real_logits, fake_logits = _discriminator_loss(state, real_images, real_labels)
    state.discriminator_optimizer.zero_grad(set_to_none=True)
    d_loss.backward()
    state.discriminator_optimizer.step()

    g_loss = _generator_loss(state, real_images, real_labels)
    state.generator_optimizer.zero_grad(set_to_none=True)
    g_loss.backward()
    state.generator_optimizer.step()

    state.step += 1
    config = state.config
    halflife_images = 1000.0 * config.ema_halflife_kimg
    decay = ema_decay(halflife_images, config.batch_size, state.images_seen)
    update_ema(state.ema_generator, state.generator, decay)
    return StepLosses(
        d_loss.detach(), g_loss.detach(), real_logits.mean().detach(), fake_logits.mean().detach()
    )


def _discriminator_loss(
    state: TrainingState, real_images: Tensor, real_labels: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the discriminator's loss, with R1 and R2 on every `penalty_interval`-th step."""
    config = state.config
    has_penalty = config.r1_gamma > 0 and state.step % config.penalty_interval == 0
    # Second derivatives lose too much in bfloat16, so a move with a penalty is in float32.
    with _autocast(state, is_enabled=not has_penalty):
        with torch.no_grad():
            fake_images = _generate(state, real_labels, move=0)
        real_images = real_images.detach().requires_grad_(has_penalty)
        fake_images.requires_grad_(has_penalty)
        real_logits = state.discriminator(real_images, real_labels).float()
        fake_logits = state.discriminator(fake_images, real_labels).float()
    loss = LOSSES[config.loss].discriminator(real_logits, fake_logits)
    if has_penalty:
        # Gradients grow with the number of pixels, so gamma is given for 64 x 64 and scaled
        # with the area (StyleGAN3's configuration guide has the same rule).
        height, width = state.spec.img_size
        gamma = config.r1_gamma * (height / 64) * (width / 64)
        penalty = zero_centred_gradient_penalty(real_images, real_logits)
        penalty = penalty + zero_centred_gradient_penalty(fake_images, fake_logits)
        loss = loss + config.penalty_interval * gamma / 2 * penalty
    return loss, real_logits, fake_logits


def _generator_loss(
    state: TrainingState, real_images: Tensor, real_labels: Tensor | None
) -> Tensor:
    loss = LOSSES[state.config.loss]
    state.discriminator.requires_grad_(False)
    with _autocast(state, is_enabled=True):
        fake_images = _generate(state, real_labels, move=1)
        fake_logits = state.discriminator(fake_images, real_labels).float()
        real_logits = fake_logits
        if loss.is_relativistic:
            with torch.no_grad():
                real_logits = state.discriminator(real_images, real_labels).float()
    state.discriminator.requires_grad_(True)
    return loss.generator(real_logits, fake_logits)


def _generate(state: TrainingState, real_labels: Tensor | None, move: int) -> Tensor:
    """Render fresh noise for move 0 (discriminator) or 1 (generator) of this step.

    Fakes take the labels of the reals: relativistic losses compare row with row, and a
    three should be compared with a three.
    """
    shape = (state.config.batch_size, state.spec.z_dim)
    draw = 2 * state.step + move
    z = torch.from_numpy(batch_noise(shape, state.config.seed, draw)).to(state.device)
    fake_images: Tensor = state.generator(z, real_labels)
    return fake_images


def _to_images(pixels: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Turn pixels (n, h, w, c) into images (n, c, h, w) in [-1, 1], channels last."""
    return torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def _set_learning_rate(state: TrainingState) -> None:
    config = state.config
    start_images = 1000.0 * config.lr_decay_start_kimg
    scale = max(state.images_seen / start_images, 1.0) ** -0.5 if start_images else 1.0
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * scale


def _autocast(state: TrainingState, is_enabled: bool) -> AbstractContextManager[None]:
    """Use bfloat16 where the device multiplies it natively; elsewhere it only costs."""
    is_native = state.device.type == "cuda" and torch.cuda.is_bf16_supported(
        including_emulation=False
    )
    if state.device.type == "cpu":
        is_native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.autocast(state.device.type, torch.bfloat16, enabled=is_enabled and is_native)
