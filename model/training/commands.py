"""The training half of `python -m model`: dataset, train, resume, export."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import torch

from model.inference import choose_device
from model.training.budget import Budget
from model.training.config import PRESETS
from model.training.runs import Machine, export_run, resume_run, start_run
from model.training.trainer import Cadence

_DEFAULT_MINUTES = 60.0


def run_dataset(arguments: argparse.Namespace) -> None:
    """Write one of the data sets that packages carry."""
    if arguments.name == "faces":
        from model.training.faces import write_faces

        write_faces(arguments.out, arguments.count, arguments.size, first=arguments.first)
    else:
        from model.training.digits import write_digits

        write_digits(arguments.out)
    print(f"train on it:  python -m model train --data {arguments.out} --out runs/{arguments.name}")


def run_train(arguments: argparse.Namespace) -> None:
    """Start a run."""
    chosen = {
        name: getattr(arguments, name)
        for name in ("img_resolution", "img_channels", "base_channels", "batch_size", "r1_gamma")
        if getattr(arguments, name) is not None
    }
    if arguments.base_channels is not None:
        chosen["discriminator_channels"] = arguments.base_channels
    config = dataclasses.replace(
        PRESETS[arguments.preset],
        seed=arguments.seed,
        is_conditional=arguments.conditional,
        **chosen,
    )
    threads = torch.get_num_threads() if arguments.threads is None else arguments.threads
    machine = Machine(device=choose_device(arguments.device), threads=threads)
    is_done = start_run(
        config, arguments.data, arguments.out, machine, _budget(arguments), _cadence(arguments)
    )
    _say_what_next(arguments.out, is_done)


def run_resume(arguments: argparse.Namespace) -> None:
    """Go on with a run."""
    is_done = resume_run(
        arguments.run,
        arguments.data,
        choose_device(arguments.device),
        _budget(arguments),
        _cadence(arguments),
    )
    _say_what_next(arguments.run, is_done)


def run_export(arguments: argparse.Namespace) -> None:
    """Write a run's generator as one checkpoint."""
    checkpoint = export_run(arguments.run, arguments.out)
    images_seen = checkpoint.provenance.images_seen
    print(f"{arguments.out}: trained on {images_seen} images, digest {checkpoint.digest}")
    print(f"look at it:  python -m model sample {arguments.out} --seeds 0-63 --out sheet.png")
    print(f"serve it:    python -m app --weights {arguments.out.parent}")


def _budget(arguments: argparse.Namespace) -> Budget:
    if arguments.images is not None:
        return Budget(images=arguments.images)
    return Budget(minutes=_DEFAULT_MINUTES if arguments.minutes is None else arguments.minutes)


def _cadence(arguments: argparse.Namespace) -> Cadence:
    return Cadence(save_s=arguments.save_every, sheet_s=arguments.sheet_every)


def _say_what_next(run_dir: Path, is_done: bool) -> None:
    print(f"{'done' if is_done else 'stopped'} and saved; samples are in {run_dir / 'samples'}")
    print(f"go on:   python -m model resume {run_dir} --minutes 60")
    print(f"export:  python -m model export {run_dir} weights/{run_dir.name}.safetensors")
