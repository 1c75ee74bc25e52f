"""What the discriminator says of a batch: augmented as the recipe wants, in float32."""

from __future__ import annotations

import enum
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor

from model.training import ranks
from model.training.augment import DRAWS, adaptive_augment, diff_augment
from model.training.randomness import augmentation_draws
from model.training.state import TrainingState


class JudgedBatch(enum.IntEnum):
    """The batches of one step that the discriminator sees; each is augmented on its own."""

    REAL = 0
    FAKE = 1
    FAKE_OF_GENERATOR = 2
    REAL_OF_GENERATOR = 3
    OF_PENALTY = 4


@dataclass(frozen=True)
class Judgement:
    """Logits (m,) and the further outputs (m, k), None where the recipe has none."""

    logits: Tensor
    auxiliary: Tensor | None


def judge(
    state: TrainingState, images: Tensor, labels: Tensor | None, batch: JudgedBatch
) -> Judgement:
    """Show images (n, c, h, w) in [-1, 1] to the discriminator, with labels (n,) or None."""
    if state.config.has_classes_to_find:
        labels = None  # what it is to find is not told
    images = _augment(state, images, batch)
    if not state.config.discriminator_spec(state.spec).auxiliary_outputs:
        return Judgement(state.discriminator(images, labels).float(), None)
    logits, auxiliary = state.discriminator.judge(images, labels)  # type: ignore[operator]
    return Judgement(logits.float(), auxiliary.float())


def autocast(device: torch.device, is_enabled: bool) -> AbstractContextManager[None]:
    """Use bfloat16 where the device multiplies it natively; elsewhere it only costs."""
    is_native = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        is_native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=is_enabled and is_native)


def _augment(state: TrainingState, images: Tensor, batch: JudgedBatch) -> Tensor:
    config = state.config
    if config.augment == "none":
        return images
    number = len(JudgedBatch) * state.step + batch
    of_all = augmentation_draws((ranks.count() * len(images), DRAWS), config.seed, number)
    draws = ranks.share(of_all)
    with autocast(state.device, is_enabled=False):  # half a mantissa would be seen in the pixels
        amounts = torch.from_numpy(draws).to(state.device)
        if config.augment == "ada":
            images = adaptive_augment(images.float(), amounts, state.ada.p)
        else:
            images = diff_augment(images.float(), amounts)
    return images.contiguous(memory_format=torch.channels_last)
