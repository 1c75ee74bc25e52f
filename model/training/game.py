"""The losses of the two players in one step, with all that a recipe adds to them."""

from __future__ import annotations

import torch
from torch import Tensor

from model.training import ranks
from model.training.attribute_codes import attribute_loss, attribute_targets
from model.training.auxiliary import class_loss, code_loss
from model.training.falling import falling
from model.training.judging import JudgedBatch, Judgement, autocast, judge
from model.training.losses import LOSSES, label_smoothing_term
from model.training.penalties import (
    interpolate,
    one_centred_gradient_penalty,
    perturb,
    zero_centred_gradient_penalty,
)
from model.training.randomness import batch_noise, penalty_noise, penalty_shares
from model.training.state import TrainingState


def discriminator_loss(
    state: TrainingState,
    real_images: Tensor,
    real_labels: Tensor | None,
    real_attributes: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the discriminator's loss, with a penalty on every `penalty_interval`-th step.

    Takes images (n, c, h, w) in [-1, 1] and, where the recipe has attributes, which of them
    each shows, float (n, k) of 0 and 1; returns the scalar, real and fake logits (m,).
    """
    config = state.config
    has_penalty = config.has_penalty and state.step % config.penalty_interval == 0
    # Second derivatives lose too much in bfloat16, so a move with a penalty is in float32.
    with autocast(state.device, is_enabled=not has_penalty):
        z = _latents(state, move=0)
        with torch.no_grad():
            fake_images = state.generator(z, real_labels)
        real_images = real_images.detach().requires_grad_(has_penalty)
        fake_images.requires_grad_(has_penalty)
        real = judge(state, real_images, real_labels, JudgedBatch.REAL)
        fake = judge(state, fake_images, real_labels, JudgedBatch.FAKE)
    loss = LOSSES[config.loss].discriminator(real.logits, fake.logits)
    if config.label_smoothing:
        loss = loss + label_smoothing_term(real.logits, config.label_smoothing)
    if config.has_classes_to_find:
        loss = loss + _auxiliary_loss(state, real, z, real_labels)
    if config.attributes:
        loss = loss + _attributes_seen(state, real, real_attributes)
    elif fake.auxiliary is not None:
        loss = loss + _auxiliary_loss(state, fake, z, real_labels)
    if has_penalty and config.penalty == "r1-r2":
        penalty = zero_centred_gradient_penalty(real_images, real.logits)
        penalty = penalty + zero_centred_gradient_penalty(fake_images, fake.logits)
        loss = loss + config.penalty_interval * _gamma(state) / 2 * penalty
    elif has_penalty:
        penalty = _penalty_between(state, real_images, fake_images, real_labels)
        loss = loss + config.penalty_interval * config.penalty_weight * penalty
    return loss, real.logits, fake.logits


def generator_loss(state: TrainingState, real_images: Tensor, real_labels: Tensor | None) -> Tensor:
    """Return the generator's loss on fresh noise, a scalar; the discriminator only judges.

    Fakes take the labels of the reals: relativistic losses compare row with row, and a
    three should be compared with a three.
    """
    loss = LOSSES[state.config.loss]
    state.discriminator.requires_grad_(False)
    with autocast(state.device, is_enabled=True):
        z = _latents(state, move=1)
        fake_images = state.generator(z, real_labels)
        fake = judge(state, fake_images, real_labels, JudgedBatch.FAKE_OF_GENERATOR)
        real = fake
        if loss.is_relativistic:
            with torch.no_grad():
                real = judge(state, real_images, real_labels, JudgedBatch.REAL_OF_GENERATOR)
    state.discriminator.requires_grad_(True)
    value = loss.generator(real.logits, fake.logits)
    if fake.auxiliary is not None:
        value = value + _auxiliary_loss(state, fake, z, real_labels)
    return value


def _auxiliary_loss(
    state: TrainingState, judgement: Judgement, z: Tensor, labels: Tensor | None
) -> Tensor:
    """Return what finding the class (ACGAN), the codes (InfoGAN) or the attributes costs."""
    if judgement.auxiliary is None:
        raise ValueError("the discriminator gave no auxiliary outputs to judge")
    if state.config.attributes:
        targets = attribute_targets(z, state.facts["attribute_shares"])
        return state.config.attribute_weight * attribute_loss(judgement.auxiliary, targets)
    if state.config.has_classes_to_find and labels is not None:
        return class_loss(judgement.auxiliary, labels)
    return state.config.code_weight * code_loss(judgement.auxiliary, z, state.config.codes)


def _attributes_seen(state: TrainingState, real: Judgement, attributes: Tensor | None) -> Tensor:
    """Return what the discriminator's mistakes about the attributes of real images cost it."""
    if real.auxiliary is None or attributes is None:
        raise ValueError("a recipe with attributes needs them of every real image")
    return state.config.attribute_weight * attribute_loss(real.auxiliary, attributes)


def _gamma(state: TrainingState) -> float:
    """Return the weight of R1 and R2 at this size and this time of the run.

    Gradients grow with the number of pixels, so gamma is given for 64 x 64 and scaled with
    the area (StyleGAN3's configuration guide has the same rule).
    """
    config = state.config
    height, width = state.spec.img_size
    area = (height / 64) * (width / 64)
    return config.r1_gamma * area * falling(state.images_seen, config.gamma_decay_start_kimg)


def _penalty_between(
    state: TrainingState, real_images: Tensor, fake_images: Tensor, labels: Tensor | None
) -> Tensor:
    """Return WGAN-GP's penalty between real and fake, or DRAGAN's around the real images."""
    config = state.config
    real_images, fake_images = real_images.detach(), fake_images.detach()
    if config.penalty == "wgan-gp":
        images_of_all = ranks.count() * len(real_images)
        shares = penalty_shares(images_of_all // config.pack, config.seed, state.step)
        share = torch.from_numpy(ranks.share(shares)).to(state.device)
        share = share.repeat_interleave(config.pack)
        images = interpolate(real_images, fake_images, share)
    else:
        noise = penalty_noise(tuple(real_images.shape), config.seed, state.step)
        images = perturb(real_images, torch.from_numpy(noise).to(state.device))
    images.requires_grad_()
    logits = judge(state, images, labels, JudgedBatch.OF_PENALTY).logits
    return one_centred_gradient_penalty(images, logits)


def _latents(state: TrainingState, move: int) -> Tensor:
    """Draw this rank's z (n, z_dim) for move 0 (discriminator) or 1 (generator) of this step."""
    shape = (state.config.batch_size, state.spec.z_dim)
    draw = 2 * state.step + move
    z = ranks.share(batch_noise(shape, state.config.seed, draw))
    return torch.from_numpy(z).to(state.device)
