"""The command `discriminator`: teach one to tell the data from a finished generator's images."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from model.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from model.discriminators import DiscriminatorSpec, HeldDiscriminator, build_discriminator
from model.generators import load_generator
from model.inference import choose_device
from model.pixels import to_images, to_pixels
from model.training.config import PARTNERS
from model.training.dataset import ImageDataset, open_dataset_for
from model.training.judging import autocast
from model.training.losses import non_saturating_discriminator_loss
from model.training.penalties import zero_centred_gradient_penalty
from model.training.randomness import batch_indices, batch_noise

_BATCH_SIZE = 64
_LEARNING_RATE, _BETAS = 2e-4, (0.0, 0.99)
# R1 and R2 as the preset `dcgan` has them.
_GAMMA = 1.0
_PENALTY_INTERVAL = 4
# Of how many of the last batches the progress bar tells the share judged right.
_RECENT_BATCHES = 50


def run_discriminator(arguments: argparse.Namespace) -> None:
    """Write a checkpoint again with a discriminator in it; weights and pixels stay."""
    checkpoint = read_checkpoint(arguments.checkpoint)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    lessons = Lessons(checkpoint, _open(arguments.data, checkpoint), arguments.seed)
    lessons.to(torch.device(choose_device(arguments.device)))
    share = lessons.give(arguments.images)
    out: Path = arguments.out or arguments.checkpoint
    scores = dict(checkpoint.provenance.scores) | {"discriminator_images": lessons.images_seen}
    written = write_checkpoint(
        dataclasses.replace(
            checkpoint,
            discriminator=lessons.held(),
            provenance=dataclasses.replace(checkpoint.provenance, scores=scores),
        ),
        out,
    )
    print(f"{out}: judges {share:.0%} of the last images right, digest {written.digest}")
    print(f"choose by it:  python -m model sample {out} --seeds 0-63 --best-of 8 --out sheet.png")


class Lessons:
    """A discriminator that learns against a generator which stands still.

    Its loss is the first GAN's, under which the best logit is the logarithm of how much more
    likely an image is in the data than among the generator's (Goodfellow et al., 2014,
    proposition 1): what images may be chosen by (Azadi et al., 2019, equation 3). R1 and R2
    keep it from being sure of everything. It sees images as they are served, in whole levels.
    """

    def __init__(self, checkpoint: Checkpoint, dataset: ImageDataset, seed: int = 0) -> None:
        self._spec = checkpoint.spec
        self._dataset, self._seed = dataset, seed
        self._generator = load_generator(checkpoint.spec, checkpoint.weights)
        self._description = DiscriminatorSpec(
            PARTNERS.get(checkpoint.spec.architecture, "dcgan"), checkpoint.spec.base_channels
        )
        torch.manual_seed(seed)
        self._discriminator = build_discriminator(checkpoint.spec, self._description)
        self._optimizer = torch.optim.Adam(
            self._discriminator.parameters(), _LEARNING_RATE, betas=_BETAS, fused=True
        )
        self._device = torch.device("cpu")
        self._step = 0

    @property
    def images_seen(self) -> int:
        """How many real images were shown, and as many generated ones."""
        return self._step * _BATCH_SIZE

    def to(self, device: torch.device) -> None:
        """Go on there."""
        self._device = device
        self._generator.to(device)
        self._discriminator.to(device)

    def give(self, images: int, show_progress: bool = True) -> float:
        """Show so many more real images; returns the share of the last ones judged right."""
        recent: list[float] = []
        with tqdm(total=images, unit="img", disable=not show_progress) as bar:
            for _ in range(-(-images // _BATCH_SIZE)):
                recent = [*recent, self._take_step()][-_RECENT_BATCHES:]
                bar.update(_BATCH_SIZE)
                bar.set_postfix_str(f"{np.mean(recent):.0%} judged right", refresh=False)
        return float(np.mean(recent))

    def held(self) -> HeldDiscriminator:
        """Return it as a checkpoint carries it."""
        weights = self._discriminator.state_dict()
        return HeldDiscriminator(
            self._description,
            self._spec.is_conditional,
            {name: weight.cpu().contiguous() for name, weight in weights.items()},
        )

    def _take_step(self) -> float:
        """Move once; returns the share of real and generated images that were judged right."""
        indices = batch_indices(len(self._dataset.pixels), _BATCH_SIZE, self._seed, self._step)
        labels = self._labels(indices)
        has_penalty = self._step % _PENALTY_INTERVAL == 0
        real = self._to_images(torch.from_numpy(self._dataset.pixels[indices]))
        fake = self._render(labels)
        real.requires_grad_(has_penalty)
        fake.requires_grad_(has_penalty)
        # Second derivatives lose too much in bfloat16, as in training.
        with autocast(self._device, is_enabled=not has_penalty):
            real_logits = self._discriminator(real, labels).float()
            fake_logits = self._discriminator(fake, labels).float()
        loss = non_saturating_discriminator_loss(real_logits, fake_logits)
        if has_penalty:
            penalty = zero_centred_gradient_penalty(real, real_logits)
            penalty = penalty + zero_centred_gradient_penalty(fake, fake_logits)
            area = real[0, 0].numel() / 64**2  # gamma is given for 64 x 64
            loss = loss + _PENALTY_INTERVAL * _GAMMA * area / 2 * penalty
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        self._step += 1
        right = torch.cat([real_logits > 0, fake_logits < 0])
        return float(right.float().mean())

    def _labels(self, indices: NDArray[np.int64]) -> Tensor | None:
        """Return the classes of real images, which the generated ones share."""
        if not self._spec.is_conditional or self._dataset.labels is None:
            return None
        return torch.from_numpy(self._dataset.labels[indices]).to(self._device)

    @torch.no_grad()
    def _render(self, labels: Tensor | None) -> Tensor:
        z = batch_noise((_BATCH_SIZE, self._spec.z_dim), self._seed, self._step)
        images = self._generator(torch.from_numpy(z).to(self._device), labels)
        return self._to_images(to_pixels(images))

    def _to_images(self, pixels: Tensor) -> Tensor:
        return to_images(pixels.to(self._device)).contiguous(memory_format=torch.channels_last)


def _open(data: Path, checkpoint: Checkpoint) -> ImageDataset:
    """Open the images; ValueError if their classes are not the generator's."""
    spec = checkpoint.spec
    dataset = open_dataset_for(spec, data)
    if spec.is_conditional and dataset.class_names != checkpoint.class_names:
        theirs = ", ".join(dataset.class_names) or "none"
        raise ValueError(
            f"the generator's classes are {', '.join(checkpoint.class_names)}; those of {data} are "
            f"{theirs}"
        )
    return dataset
