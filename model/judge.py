"""`Judge`: how much an image is like the data, by the discriminator of its checkpoint."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from model.checkpoint import Checkpoint
from model.numeric_path import name_path
from model.pixels import to_images
from model.precision import Precision

# ETags hold it: a change of how an image is judged needs a new number.
_VERSION = 1


class JudgeError(ValueError):
    """The checkpoint cannot judge single images; the message says why and what to do."""


class Judge:
    """Judges pixels by a checkpoint's discriminator. Several threads may ask at once.

    One image at a time, in float32, on the CPU and on the thread that asks: kernels may round
    otherwise for other batches, and oneDNN splits its sums by the number of threads. So a logit
    depends on the pixels, the checkpoint and `judging_path` alone.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Build the discriminator around its weights; JudgeError if it is of no use."""
        if fault := judging_fault(checkpoint):
            raise JudgeError(fault)
        assert checkpoint.discriminator is not None
        self._discriminator = checkpoint.discriminator.load(checkpoint.spec)
        self._is_told_labels = checkpoint.discriminator.is_told_labels
        torch.set_num_threads(1)  # in this thread, and in all that have not computed yet

    @torch.inference_mode()
    def logit(self, pixels: NDArray[np.uint8], label: int | None = None) -> float:
        """Judge pixels (h, w, c): the higher, the more like the data.

        `label` is the image's class, where the generator has classes.
        """
        torch.get_num_threads()  # before a thread's first pass: see `InferenceEngine`
        # In torch's own order of memory, or one channel could be taken for channels last.
        image = to_images(torch.tensor(pixels)[None]).clone(memory_format=torch.contiguous_format)
        labels = torch.tensor([label]) if self._is_told_labels else None
        return float(self._discriminator(image, labels).item())


def make_judge(checkpoint: Checkpoint) -> Judge | None:
    """Return the judge of a checkpoint; None if there cannot be one."""
    return None if judging_fault(checkpoint) else Judge(checkpoint)


def judging_fault(checkpoint: Checkpoint) -> str | None:
    """Return why a checkpoint cannot judge single images and what to do; None if it can."""
    held = checkpoint.discriminator
    if held is None:
        return (
            "this model has no discriminator to judge images by; export it again: "
            "python -m model export RUN FILE --with-discriminator; or teach one: "
            "python -m model discriminator FILE --data DIR"
        )
    if held.description.pack > 1:
        return (
            f"this model's discriminator judges {held.description.pack} images together and "
            "cannot say which of them is best; train it without packing"
        )
    return None


def judging_path() -> str:
    """Name what the last bits of a logit depend on besides the checkpoint and the pixels."""
    return f"{name_path(torch.device('cpu'), Precision.FLOAT32)}-judge{_VERSION}"
