"""`Inversion`: from an image, or what is known of it, back to the latent that renders it.

Gradient descent on z alone (Zhu et al., 2016, section 3.1; Creswell & Bharath, 2018) for
J(z) = E(G(z)) + prior * |z|^2 / z_dim (Bora et al., 2017, equation 3), where E looks only at
what is known. With `realism`, r * softplus(-D(G(z))) is added where the checkpoint holds a
discriminator D: the prior of Yeh et al. (2017, equation 4), in the form whose gradient does not
vanish where D is sure that the image is none (Goodfellow et al., 2014, section 3).

J has many valleys. So descent begins from the nearest of many seeded starts, and successive
halving (Jamieson & Talwalkar, 2016) gives the steps to those that get on: a fifth of them
to three times `restarts`, two fifths to `restarts`, the last two fifths to a quarter.

Everything is in float32 and drawn from seeds: one machine finds one latent for one image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from model.checkpoint import Checkpoint
from model.folding import fold_batch_norm
from model.generators import load_generator
from model.judge import judging_fault
from model.latents import Latents, sample_latents
from model.observation import Observation, Task, psnr_db
from model.spec import GeneratorSpec

MAX_STEPS = 2000
MAX_RESTARTS = 64
MAX_REALISM = 1.0

# Adam (Kingma & Ba, 2015) with a step that falls as half a cosine.
_STEP_SIZE = 0.2
_WARM_UP_STEPS = 10
_BETAS = (0.9, 0.999)
_EPSILON = 1e-8

_STARTS_EACH = 32  # seeded starts for each restart, of which the nearest are taken
_STARTS_AT_ONCE = 32

# How much the prior weighs: little where every pixel is known, more where the image has to
# come from it. Chosen on drawn faces that benchmarks.inversion does not look at.
_PRIORS: dict[Task, float] = {
    "invert": 1e-4,
    "inpaint": 1e-2,
    "denoise": 1e-3,
    "super-resolve": 1e-2,
}


@dataclass(frozen=True)
class InversionOptions:
    """How to search. `label` None tries every class; |z| stays below `max_magnitude`.

    `realism`, from 0 to 1, is how much the discriminator's judgement of the image weighs.
    ValueError if a number is out of its bounds.
    """

    task: Task = "invert"
    label: int | None = None
    steps: int = 300
    restarts: int = 8
    seed: int = 0
    max_magnitude: float = 10.0
    realism: float = 0.0

    def __post_init__(self) -> None:
        """Check the bounds."""
        for name, most in (("steps", MAX_STEPS), ("restarts", MAX_RESTARTS)):
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be from 1 to {most}")
        if not 0.0 <= self.realism <= MAX_REALISM:
            raise ValueError(f"realism must be from 0 to {MAX_REALISM:g}")


@dataclass(frozen=True)
class FoundLatent:
    """The best latent so far: z float32 (z_dim,), and how well it fits what is known."""

    z: NDArray[np.float32]
    label: int | None
    psnr_db: float

    def as_latents(self) -> Latents:
        """Return it as one row to render."""
        labels = None if self.label is None else np.array([self.label], np.int64)
        return Latents(self.z[None], labels)


class DifferentiableGenerator:
    """A checkpoint's generator in float32, with gradients with respect to z.

    Its discriminator too, if it has one that judges single images; else `judging_fault` says why
    there is none.
    """

    def __init__(self, checkpoint: Checkpoint, device: str = "cpu") -> None:
        self.spec: GeneratorSpec = checkpoint.spec
        self.device = torch.device(device)
        generator = fold_batch_norm(load_generator(checkpoint.spec, checkpoint.weights))
        self.module: nn.Module = generator.to(
            self.device,
            memory_format=torch.channels_last,  # type: ignore[call-overload]
        )
        self.judging_fault = judging_fault(checkpoint)
        self._discriminator: nn.Module | None = None
        self._is_told_labels = False
        if checkpoint.discriminator is not None and self.judging_fault is None:
            self._is_told_labels = checkpoint.discriminator.is_told_labels
            held = checkpoint.discriminator.load(checkpoint.spec)
            self._discriminator = held.to(self.device)

    def doubt(self, images: Tensor, labels: Tensor | None) -> Tensor:
        """Return softplus(-D) of images (n, c, h, w), (n,): how little they are like the data."""
        assert self._discriminator is not None  # there is no fault
        told = labels if self._is_told_labels else None
        return F.softplus(-self._discriminator(images, told))


@dataclass
class _Descents:
    """Descents side by side, a row each."""

    z: Tensor  # (n, z_dim)
    labels: Tensor | None  # (n,)
    momentum: Tensor
    variance: Tensor

    def keep(self, rows: Tensor) -> None:
        """Go on with `rows` only."""
        self.z, self.momentum, self.variance = (
            part[rows] for part in (self.z, self.momentum, self.variance)
        )
        self.labels = None if self.labels is None else self.labels[rows]


class Inversion:
    """One search, advanced a few steps at a time, so that it can be watched and given up."""

    def __init__(
        self,
        generator: DifferentiableGenerator,
        observation: Observation,
        options: InversionOptions,
    ) -> None:
        """Find the nearest starts; ValueError if image or label are not this generator's."""
        height, width, channels = observation.pixels.shape
        factor = observation.factor
        if (height * factor, width * factor, channels) != generator.spec.pixels_shape:
            raise ValueError(f"the image is not of this generator's {generator.spec.pixels_shape}")
        if options.realism and generator.judging_fault:
            raise ValueError(f"realism: {generator.judging_fault}")
        self._generator = generator
        self._options = options
        self._error_of = observation.measure(generator.device)
        self._prior = _PRIORS[options.task] / generator.spec.z_dim
        self._widths = dict(_plan_stages(options))
        self._step = 0
        self._objectives = torch.empty(0)
        self._best: tuple[float, float, Tensor, int | None] | None = None
        self._descents = self._start()

    @property
    def progress(self) -> float:
        """The share of the steps that are done, 0 to 1."""
        return self._step / self._options.steps

    @property
    def is_done(self) -> bool:
        """Whether all steps are done."""
        return self._step >= self._options.steps

    @property
    def best(self) -> FoundLatent:
        """The latent of the lowest J that was seen."""
        assert self._best is not None  # the starts have been looked at
        _, error, z, label = self._best
        return FoundLatent(z.cpu().numpy(), label, psnr_db(error))

    def advance(self, steps: int) -> None:
        """Descend so many steps, or as many as are left."""
        for _ in range(min(steps, self._options.steps - self._step)):
            width = self._widths.get(self._step)
            if width is not None and self._step:
                self._descents.keep(self._objectives.argsort(stable=True)[:width])
            self._step += 1
            self._descend()
        if self.is_done:  # the last step has led to a place that nobody has looked at
            with torch.no_grad():
                self._look(self._descents.z, self._descents.labels)

    def _start(self) -> _Descents:
        """Take the nearest of the seeded starts."""
        spec, options = self._generator.spec, self._options
        count = max(_STARTS_EACH * options.restarts, spec.num_classes)
        starts = sample_latents(spec, range(options.seed, options.seed + count), options.label)
        if options.label is None and spec.is_conditional:  # each class gets its share
            starts = Latents(starts.z, np.arange(count, dtype=np.int64) % spec.num_classes)
        bound = options.max_magnitude
        z = torch.from_numpy(starts.z).to(self._generator.device).clamp_(-bound, bound)
        labels = None
        if starts.labels is not None:
            labels = torch.from_numpy(starts.labels).to(self._generator.device)
        with torch.no_grad():
            parts = [
                self._look(
                    z[at : at + _STARTS_AT_ONCE],
                    None if labels is None else labels[at : at + _STARTS_AT_ONCE],
                )
                for at in range(0, count, _STARTS_AT_ONCE)
            ]
        descents = _Descents(z, labels, torch.zeros_like(z), torch.zeros_like(z))
        descents.keep(torch.cat(parts).argsort(stable=True)[: self._widths[0]])
        return descents

    def _look(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Return J of each row, (n,), and remember the lowest."""
        images = self._generator.module(z, labels)
        errors = self._error_of(images)
        objectives = errors + self._prior * z.square().sum(1)
        if realism := self._options.realism:
            objectives = objectives + realism * self._generator.doubt(images, labels)
        row = int(objectives.detach().argmin())
        lowest = float(objectives[row].detach())
        if self._best is None or lowest < self._best[0]:
            label = None if labels is None else int(labels[row])
            self._best = (lowest, float(errors[row].detach()), z[row].detach().clone(), label)
        return objectives

    def _descend(self) -> None:
        """Take one step of Adam in every row."""
        descents = self._descents
        z = descents.z.requires_grad_(True)
        objectives = self._look(z, descents.labels)
        (gradient,) = torch.autograd.grad(objectives.sum(), z)
        self._objectives = objectives.detach()
        first, second = _BETAS
        descents.momentum = first * descents.momentum + (1 - first) * gradient
        descents.variance = second * descents.variance + (1 - second) * gradient.square()
        momentum = descents.momentum / (1 - first**self._step)
        variance = descents.variance / (1 - second**self._step)
        size = _STEP_SIZE * min(1.0, self._step / _WARM_UP_STEPS)
        size *= 0.5 + 0.5 * math.cos(math.pi * self._step / (self._options.steps + 1))
        moved = z.detach() - size * momentum / (variance.sqrt() + _EPSILON)
        bound = self._options.max_magnitude
        descents.z = moved.clamp_(-bound, bound)


def _plan_stages(options: InversionOptions) -> Iterator[tuple[int, int]]:
    """Yield each stage's first step and how many descents are left in it."""
    steps, restarts = options.steps, options.restarts
    yield 0, 3 * restarts
    for first, width in ((steps // 5, restarts), (3 * steps // 5, max(1, restarts // 4))):
        if first:
            yield first, width


def invert(
    generator: DifferentiableGenerator, observation: Observation, options: InversionOptions
) -> FoundLatent:
    """Search to the end and return the best latent; ValueError as `Inversion` raises it."""
    inversion = Inversion(generator, observation, options)
    inversion.advance(options.steps)
    return inversion.best
