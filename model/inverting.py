"""The command `invert`: an image in, the image that the generator makes of it out."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from model.blending import blend
from model.checkpoint import Checkpoint, read_checkpoint
from model.inference import choose_device, require_exact_kernels
from model.inversion import DifferentiableGenerator, FoundLatent, Inversion, InversionOptions
from model.picture import PictureError, observe, read_picture
from model.png import encode_png
from model.sampling import label_index, render_latents

_MAX_PIXELS = 2**26
_STEPS_A_LINE = 50


def run_invert(arguments: argparse.Namespace) -> None:
    """Search, print how near it came, write the image and the latent.

    For "inpaint" the image is what was sent with its hole filled. ValueError or OSError if the
    checkpoint or the image cannot be used.
    """
    checkpoint = read_checkpoint(arguments.checkpoint)
    options = _read_options(arguments, checkpoint)
    try:
        picture = read_picture(arguments.image.read_bytes(), _MAX_PIXELS)
        observation = observe(picture, checkpoint.spec, arguments.task, arguments.factor)
    except PictureError as error:
        raise PictureError(f"{arguments.image}: {error}") from error
    device = choose_device(arguments.device)
    require_exact_kernels()
    torch.set_num_threads(1)  # the service's sums, hence its latent
    search = Inversion(DifferentiableGenerator(checkpoint, device), observation, options)
    while not search.is_done:
        search.advance(_STEPS_A_LINE)
        print(f"{search.progress:4.0%}  {search.best.psnr_db:.2f} dB", flush=True)
    found = search.best
    pixels = render_latents(checkpoint, found.as_latents(), arguments.device, arguments.precision)[
        0
    ]
    if arguments.task == "inpaint":
        pixels = blend(observation.pixels, pixels, observation.known)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_bytes(encode_png(pixels))
    latent: Path = arguments.latent or arguments.out.with_suffix(".json")
    latent.write_text(_to_json(found) + "\n")
    print(
        f"{arguments.out}, {latent}: {found.psnr_db:.2f} dB of what is known, "
        f"|z| {np.linalg.norm(found.z):.2f}"
    )


def _read_options(arguments: argparse.Namespace, checkpoint: Checkpoint) -> InversionOptions:
    return InversionOptions(
        task=arguments.task,
        label=None if arguments.label is None else label_index(checkpoint, arguments.label),
        steps=arguments.steps,
        restarts=arguments.restarts,
        seed=arguments.seed,
        realism=arguments.realism,
    )


def _to_json(found: FoundLatent) -> str:
    """Write the latent as a body of POST /generate."""
    body: dict[str, object] = {"latents": [found.z.tolist()]}
    if found.label is not None:
        body["label"] = found.label
    return json.dumps(body)
