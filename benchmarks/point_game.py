"""`PointGame`: a generator and a discriminator of points, trained by the losses of `model`."""

from __future__ import annotations

import copy
import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.mixtures import Mixture
from benchmarks.point_networks import FourierFeatures, Mlp, PacganDiscriminator, PacganGenerator
from benchmarks.point_recipes import PointRecipe
from model.training.ema import ema_decay, update_ema
from model.training.losses import LOSSES
from model.training.penalties import zero_centred_gradient_penalty

_TRAINING_POINTS = 100_000  # as in PacGAN's published code
_DATA, _TRAINING, _EVALUATION = 0, 1, 2


class PointGame:
    """One run from one seed. The points that it is judged on are drawn after, of a stream apart."""

    def __init__(self, recipe: PointRecipe, mixture: Mixture, seed: int) -> None:
        self.recipe = recipe
        self.seed = seed
        self.step = 0
        self.scale = mixture.unit if recipe.is_scaled else 1.0
        points = mixture.sample(_TRAINING_POINTS, _stream(seed, _DATA))
        # As images of two channels and one pixel, which is what the penalty takes.
        self.data = torch.from_numpy(points / np.float32(self.scale))[:, :, None, None]
        self.random = torch.Generator().manual_seed(seed * 3 + _TRAINING)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.generator, self.discriminator = _build_networks(recipe)
        self.average = copy.deepcopy(self.generator).eval().requires_grad_(False)
        self.optimizers = [
            torch.optim.Adam(
                network.parameters(), recipe.learning_rate[0], betas=recipe.betas, fused=True
            )
            for network in (self.generator, self.discriminator)
        ]

    def train_step(self) -> None:
        """Move the discriminator, then the generator, then the average."""
        recipe = self.recipe
        rows = torch.randint(len(self.data), (recipe.batch_size,), generator=self.random)
        real_points = self.data[rows]
        progress = self.step / recipe.steps
        for optimizer in self.optimizers:
            optimizer.param_groups[0]["lr"] = cosine(recipe.learning_rate, progress)
        self._move(1, self._discriminator_loss(real_points, progress))
        self._move(0, self._generator_loss(real_points, progress))
        self.step += 1
        halflife = recipe.ema_halflife_steps * recipe.batch_size
        decay = ema_decay(halflife, recipe.batch_size, self.step * recipe.batch_size)
        update_ema(self.average, self.generator, decay)

    def sample(self, count: int) -> NDArray[np.float32]:
        """Generate points (count, 2) from z that training never drew."""
        z = _stream(self.seed, _EVALUATION).standard_normal((count, self.recipe.z_dim))
        with torch.no_grad():
            points: Tensor = self.average(self._keep_signs(torch.from_numpy(z).float()))
        return points.numpy() * np.float32(self.scale)

    def _move(self, player: int, loss: Tensor) -> None:
        self.optimizers[player].zero_grad(set_to_none=True)
        loss.backward()
        self.optimizers[player].step()

    def _discriminator_loss(self, real_points: Tensor, progress: float) -> Tensor:
        recipe = self.recipe
        gamma = geometric(recipe.r1_gamma, progress)
        has_penalty = gamma > 0 and self.step % recipe.penalty_interval == 0
        with torch.no_grad():
            fake_points = self._blur(self._generate(), progress)
        real_points = self._blur(real_points, progress).detach().requires_grad_(has_penalty)
        fake_points.requires_grad_(has_penalty)
        real_logits = self.discriminator(real_points).squeeze(1)
        fake_logits = self.discriminator(fake_points).squeeze(1)
        loss = LOSSES[recipe.loss].discriminator(real_logits, fake_logits)
        if has_penalty:
            penalty = zero_centred_gradient_penalty(real_points, real_logits)
            penalty = penalty + zero_centred_gradient_penalty(fake_points, fake_logits)
            loss = loss + recipe.penalty_interval * gamma / 2 * penalty
        return loss

    def _generator_loss(self, real_points: Tensor, progress: float) -> Tensor:
        loss = LOSSES[self.recipe.loss]
        self.discriminator.requires_grad_(False)
        fake_logits = self.discriminator(self._blur(self._generate(), progress)).squeeze(1)
        real_logits = fake_logits
        if loss.is_relativistic:
            with torch.no_grad():
                real_logits = self.discriminator(self._blur(real_points, progress)).squeeze(1)
        self.discriminator.requires_grad_(True)
        return loss.generator(real_logits, fake_logits)

    def _generate(self) -> Tensor:
        shape = (self.recipe.batch_size, self.recipe.z_dim)
        z = torch.randn(shape, generator=self.random)
        points: Tensor = self.generator(self._keep_signs(z))
        return points[:, :, None, None]

    def _blur(self, points: Tensor, progress: float) -> Tensor:
        """Add instance noise (Sønderby et al., 2017) to real or generated points.

        It falls from `noise` in a straight line. Blurred nearly as far as the next mode, a mode
        that is missing is a slope that its neighbours stand on.
        """
        std = self.recipe.noise * max(0.0, 1.0 - progress / self.recipe.noisy_part)
        return points + std * torch.randn(points.shape, generator=self.random) if std else points

    def _keep_signs(self, z: Tensor) -> Tensor:
        """Round the first coordinates of z (n, z_dim) to -1 and 1, in place."""
        signs = self.recipe.z_signs
        z[:, :signs] = z[:, :signs].sign()
        return z


def cosine(ends: tuple[float, float], progress: float) -> float:
    """Go from the first end to the second along half a cosine, for progress from 0 to 1."""
    first, last = ends
    return last + (first - last) * (1 + math.cos(math.pi * progress)) / 2


def geometric(ends: tuple[float, float], progress: float) -> float:
    """Go from the first end to the second by equal factors; 0 stays 0."""
    first, last = ends
    return first * (last / first) ** progress if first > 0 else 0.0


def _build_networks(recipe: PointRecipe) -> tuple[nn.Module, nn.Module]:
    if recipe.generator_width == 0:
        return PacganGenerator(recipe.z_dim), PacganDiscriminator()
    generator = Mlp((recipe.z_dim, *[recipe.generator_width] * recipe.depth, 2))
    hidden = [recipe.discriminator_width] * recipe.depth
    if not recipe.features:
        return generator, Mlp((2, *hidden, 1))
    features = FourierFeatures(2, recipe.features, recipe.highest_cycles)
    return generator, nn.Sequential(features, Mlp((2 + 2 * recipe.features, *hidden, 1)))


def _stream(seed: int, purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[seed, purpose]))
