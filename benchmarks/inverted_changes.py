r"""Change an attribute or the class of an inverted image and keep the rest: before and after.

    python -m model dataset faces data/held-out --count 140 --first 1000000
    python -m model dataset digits data/digits
    python -m benchmarks.inverted_changes --faces data/held-out --digits data/digits \
        --sheets docs/images

Two sheets, the first images of each folder, none picked: faces with edits along named directions
at their listed strengths, digits with every class. Rendered in float32 on one thread.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.inversion_sheets import save_sheet
from model.checkpoint import Checkpoint, read_checkpoint
from model.edits import edit_rows, make_edits
from model.inversion import DifferentiableGenerator, InversionOptions, invert
from model.latents import Latents
from model.observation import Observation
from model.sampling import render_latents

_SHOWN = 10
_EDITED = ("smile", "glasses", "beard", "hair-black", "hair_style-bun")

Pixels = NDArray[np.uint8]


def main() -> None:
    """Draw both sheets."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faces", type=Path, required=True, help="faces never trained on")
    parser.add_argument("--digits", type=Path, required=True, help="digits")
    parser.add_argument("--weights", type=Path, default=Path("weights"), help="the checkpoints")
    parser.add_argument("--sheets", type=Path, required=True, help="folder for the sheets")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    faces = read_checkpoint(arguments.weights / "faces-64.safetensors")
    digits = read_checkpoint(arguments.weights / "digits-32.safetensors")
    sheet = arguments.sheets / "inversion-attributes.png"
    save_sheet(_change_attributes(faces, _read(arguments.faces, faces)), sheet)
    sheet = arguments.sheets / "inversion-classes.png"
    save_sheet(_change_classes(digits, _read(arguments.digits, digits)), sheet)


def _change_attributes(checkpoint: Checkpoint, images: Pixels) -> list[Pixels]:
    """Return what was sent, what was found, and that with each edit: rows of images."""
    found = _invert(checkpoint, images)
    rows = [images, _render(checkpoint, found)]
    for name in _EDITED:
        edits = make_edits({name: checkpoint.directions.find(name).strength})
        edited = edit_rows(found, checkpoint.directions, [edits] * len(images))
        rows.append(_render(checkpoint, edited))
    return rows


def _change_classes(checkpoint: Checkpoint, images: Pixels) -> list[Pixels]:
    """Return what was sent, what was found, and that as each class."""
    found = _invert(checkpoint, images)
    rows = [images, _render(checkpoint, found)]
    for label in range(checkpoint.spec.num_classes):
        rows.append(_render(checkpoint, Latents(found.z, np.full(len(images), label, np.int64))))
    return rows


def _invert(checkpoint: Checkpoint, images: Pixels) -> Latents:
    generator = DifferentiableGenerator(checkpoint)
    known = np.ones(images.shape[1:3], np.bool_)
    found = [invert(generator, Observation(image, known), InversionOptions()) for image in images]
    return Latents.concatenate([item.as_latents() for item in found])


def _render(checkpoint: Checkpoint, latents: Latents) -> Pixels:
    return render_latents(checkpoint, latents, "cpu", "float32")


def _read(folder: Path, checkpoint: Checkpoint) -> Pixels:
    """Read the first PNGs of a folder, or the first of each class where it has class folders."""
    height, width, channels = checkpoint.spec.pixels_shape
    paths = sorted(folder.rglob("*.png"))
    if checkpoint.spec.is_conditional:
        paths = [next(path for path in paths if path.parent == each) for each in _parents(paths)]
    images = []
    for path in paths[:_SHOWN]:
        with Image.open(path) as image:
            fitted = image.convert("L" if channels == 1 else "RGB").resize((width, height))
            images.append(np.asarray(fitted).reshape(height, width, channels))
    return np.stack(images)


def _parents(paths: Sequence[Path]) -> list[Path]:
    return sorted({path.parent for path in paths})


if __name__ == "__main__":
    main()
