"""One step of the game: the discriminator's move, the generator's, the average."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.pixels import to_images
from model.training import ranks
from model.training.ada import adapt
from model.training.ema import ema_decay, update_ema
from model.training.falling import falling
from model.training.game import discriminator_loss, generator_loss
from model.training.losses import LOSSES, real_signs
from model.training.penalties import clip_weights
from model.training.state import TrainingState


@dataclass(frozen=True)
class StepLosses:
    """What one step measured; tensors, so that reading them is the caller's choice."""

    discriminator: Tensor
    generator: Tensor
    real_logit: Tensor
    fake_logit: Tensor
    real_sign: Tensor  # E[sign(D(x))]: near 1 the discriminator knows its images by heart


def train_step(
    state: TrainingState,
    pixels: NDArray[np.uint8],
    labels: NDArray[np.int64] | None,
    attributes: NDArray[np.uint8] | None = None,
) -> StepLosses:
    """Move the discriminator once, on real `pixels` (n, h, w, c) with `labels` (n,) or None.

    A recipe with attributes needs which of them each image has: 0 or 1, (n, k), in its order.
    Of several ranks each gives its share of the batch; all then have the same weights.
    The generator moves on every `n_critic`-th step.
    """
    config = state.config
    real_images = to_images(torch.from_numpy(pixels).to(state.device))
    real_labels = None if labels is None else torch.from_numpy(labels).to(state.device)
    has = None if attributes is None else torch.from_numpy(attributes).to(state.device).float()
    _set_learning_rate(state)

    d_loss, real_logits, fake_logits = discriminator_loss(state, real_images, real_labels, has)
    _move_discriminator(state, d_loss)
    real_logits, fake_logits = real_logits.detach(), fake_logits.detach()
    boundary = ranks.mean(fake_logits.mean())  # where a loss has none of its own
    sign = real_signs(LOSSES[config.loss], real_logits, boundary)
    if (state.step + 1) % config.n_critic == 0:
        g_loss = generator_loss(state, real_images, real_labels)
        state.generator_optimizer.zero_grad(set_to_none=True)
        g_loss.backward()
        ranks.average_gradients(state.generator.parameters())
        state.generator_optimizer.step()
        state.step += 1
        _follow(state)
    else:  # what the generator would be told of the fakes that the critic just saw
        g_loss = LOSSES[config.loss].generator(real_logits, fake_logits)
        state.step += 1
    losses = _measured(d_loss, g_loss, real_logits.mean(), fake_logits.mean(), sign)
    if config.augment == "ada":
        state.ada = adapt(state.ada, float(losses.real_sign), config.batch_size, config.ada_kimg)
    return losses


def _move_discriminator(state: TrainingState, loss: Tensor) -> None:
    state.discriminator_optimizer.zero_grad(set_to_none=True)
    loss.backward()
    ranks.average_gradients(state.discriminator.parameters())
    state.discriminator_optimizer.step()
    if state.config.weight_clip:
        clip_weights(state.discriminator.parameters(), state.config.weight_clip)


def _measured(*values: Tensor) -> StepLosses:
    """Return the mean over the ranks of what each of them measured."""
    return StepLosses(*ranks.mean(torch.stack([value.detach() for value in values])))


def _follow(state: TrainingState) -> None:
    """Move the average toward the generator, by the images since its last move."""
    config = state.config
    halflife_images = 1000.0 * config.ema_halflife_kimg
    images = config.batch_size * config.n_critic
    update_ema(
        state.ema_generator,
        state.generator,
        ema_decay(halflife_images, images, state.images_seen),
    )


def _set_learning_rate(state: TrainingState) -> None:
    config = state.config
    scale = falling(state.images_seen, config.lr_decay_start_kimg)
    for optimizer, factor in (
        (state.generator_optimizer, 1.0),
        (state.discriminator_optimizer, config.discriminator_rate),
    ):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * scale * factor
