"""The training half of `python -m model`: dataset, train, resume, export."""

from __future__ import annotations

import argparse
import dataclasses
import math
from pathlib import Path

import torch

from model.inference import choose_device
from model.spec import GeneratorSpec, SpecError
from model.training.budget import Budget
from model.training.config import PARTNERS, TrainConfig
from model.training.health import COLLAPSED_DIVERSITY, COLLAPSED_STRUCTURE
from model.training.presets import PRESET_CATALOGUE, PRESETS
from model.training.ranks import is_first, joined_ranks
from model.training.runs import Machine, export_run, resume_run, start_run
from model.training.trainer import Cadence

_DEFAULT_MINUTES = 60.0
_GUARD_IMAGES = 8192
_FACES = 20_000
_FACE_OPTIONS = ("count", "size", "style", "first")
_DIGITS_LIKE = "--resolution 32 --channels 1 --conditional"


def run_dataset(arguments: argparse.Namespace) -> None:
    """Write one of the data sets that packages carry."""
    options = {name: getattr(arguments, name) for name in _FACE_OPTIONS}
    given = {name: value for name, value in options.items() if value is not None}
    if arguments.name == "faces":
        from model.training.faces import write_faces

        write_faces(arguments.out, **({"count": _FACES} | given))
        how = f" --resolution {arguments.size}" if arguments.size else ""
        how += " --architecture pixel" if arguments.style == "pixel-art" else ""
    elif given:
        raise ValueError(f"--{next(iter(given))} is for faces: the digits are always all 5,000")
    else:
        from model.training.digits import write_digits

        write_digits(arguments.out)
        how = f" {_DIGITS_LIKE}"
    run = f"--out runs/{arguments.name}{how}"
    print(f"train on it:  python -m model train --data {arguments.out} {run}")


def run_train(arguments: argparse.Namespace) -> None:
    """Start a run."""
    config = _recipe(arguments)
    threads = torch.get_num_threads() if arguments.threads is None else arguments.threads
    with joined_ranks(choose_device(arguments.device)) as device:
        machine = Machine(device=device, threads=threads)
        is_done = start_run(
            config, arguments.data, arguments.out, machine, _budget(arguments), _cadence(arguments)
        )
        _say_what_next(arguments.out, is_done)


def run_presets(_arguments: argparse.Namespace) -> None:
    """Print the presets: paper, loss, penalty, normalisation, moves of the critic."""
    columns = ("preset", "paper", "loss", "penalty", "normalisation", "n_critic")
    rows = [columns]
    for name, preset in PRESET_CATALOGUE.items():
        config = preset.config
        norm = config.discriminator_normalisation
        bound = f"clip {config.weight_clip:g}" if config.weight_clip else config.penalty
        rows.append((name, preset.paper, config.loss, bound, norm, str(config.n_critic)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def run_resume(arguments: argparse.Namespace) -> None:
    """Go on with a run."""
    given = {name: getattr(arguments, name) for name in ("attributes", "r1_gamma")}
    changes = {name: value for name, value in given.items() if value is not None}
    with joined_ranks(choose_device(arguments.device)) as device:
        is_done = resume_run(
            arguments.run, arguments.data, device, _budget(arguments), _cadence(arguments), changes
        )
        _say_what_next(arguments.run, is_done)


def run_export(arguments: argparse.Namespace) -> None:
    """Write a run's generator as one checkpoint."""
    checkpoint = export_run(
        arguments.run, arguments.out, arguments.force, arguments.with_discriminator
    )
    images_seen = checkpoint.provenance.images_seen
    print(f"{arguments.out}: trained on {images_seen} images, digest {checkpoint.digest}")
    scores = checkpoint.provenance.scores
    diversity, structure = (scores.get(name, math.nan) for name in ("diversity", "structure"))
    is_poor = diversity < COLLAPSED_DIVERSITY or structure < COLLAPSED_STRUCTURE
    if scores.get("collapsed") or is_poor:
        seen = f"diversity {diversity:.2f}"
        seen += "" if math.isnan(structure) else f", structure {structure:.2f}"
        print(f"warning: mode collapse, or too short a run: {seen}")
    if arguments.onnx is not None:
        from model.onnx_export import report_onnx

        report_onnx(checkpoint, arguments.onnx)
    print(f"look at it:  python -m model sample {arguments.out} --seeds 0-63 --out sheet.png")
    print(f"serve it:    python -m app --weights {arguments.out.parent}")


_OPTIONS = (
    *("architecture", "attention_resolution", "img_channels", "base_channels", "batch_size"),
    *("discriminator", "discriminator_normalisation", "r1_gamma", "augment"),
    *("gamma_decay_start_kimg", "attributes"),
)


def _recipe(arguments: argparse.Namespace) -> TrainConfig:
    """Return the preset with what the command line changes of it."""
    preset = PRESETS[arguments.preset]
    chosen = {
        name: getattr(arguments, name)
        for name in _OPTIONS
        if getattr(arguments, name, None) is not None
    }
    if arguments.resolution is not None:
        _check_resolution(*arguments.resolution)
        chosen["img_resolution"], chosen["img_width"] = arguments.resolution
    if arguments.architecture is not None:
        # A generator that is not known has no partner, and is refused by its own name.
        chosen.setdefault("discriminator", PARTNERS.get(arguments.architecture, "dcgan"))
    if arguments.base_channels is not None:
        chosen["discriminator_channels"] = arguments.base_channels
    if arguments.r1_gamma and preset.penalty == "none":
        chosen["penalty"] = "r1-r2"
    return dataclasses.replace(
        preset,
        seed=arguments.seed,
        is_conditional=arguments.conditional or preset.is_conditional,
        **chosen,
    )


def _check_resolution(height: int, width: int | None) -> None:
    """Refuse a size by the option's name; of a generator's spec it is called otherwise."""
    try:
        GeneratorSpec("dcgan", height, img_width=width)
    except SpecError as error:
        raise SpecError(f"--resolution: {error}") from error


def _budget(arguments: argparse.Namespace) -> Budget:
    if arguments.images is not None:
        return Budget(images=arguments.images)
    return Budget(minutes=_DEFAULT_MINUTES if arguments.minutes is None else arguments.minutes)


def _cadence(arguments: argparse.Namespace) -> Cadence:
    return Cadence(
        save_s=arguments.save_every,
        sheet_s=arguments.sheet_every,
        check_images=_GUARD_IMAGES if arguments.guard else 0,
    )


def _say_what_next(run_dir: Path, is_done: bool) -> None:
    if not is_first():
        return
    print(f"{'done' if is_done else 'stopped'} and saved; samples are in {run_dir / 'samples'}")
    print(f"go on:   python -m model resume {run_dir} --minutes 60")
    print(f"export:  python -m model export {run_dir} weights/{run_dir.name}.safetensors")
