"""The arguments of the commands that need the training half: all but those for a checkpoint."""

from __future__ import annotations

import argparse
from pathlib import Path

from model.preset_lines import PRESET_LINES
from model.recipe_arguments import add_attributes, add_gamma, add_recipe
from model.subcommand import Subcommands, add_device, add_rendering, add_subcommand


def add_training_commands(commands: Subcommands) -> None:
    """Add dataset, train, presets, resume, export and evaluate."""
    _add_dataset(commands)
    _add_train(commands)
    _add_presets(commands)
    _add_resume(commands)
    _add_export(commands)
    _add_discriminator(commands)
    _add_evaluate(commands)


def _add_dataset(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "dataset",
        "model.training.commands:run_dataset",
        "Write a data set that needs no download: drawn faces (CC0) or MNIST digits.",
    )
    command.add_argument("name", choices=["faces", "digits"])
    command.add_argument("out", type=Path, metavar="DIR")
    command.add_argument("--count", type=int, help="how many faces to draw (default: 20000)")
    command.add_argument("--size", type=int, help="side of a face in pixels (default: 64)")
    command.add_argument(
        "--style",
        choices=["lorelei", "pixel-art"],
        help="of the faces; pixel-art has a pixel a cell at --size 16 (default: lorelei)",
    )
    command.add_argument(
        "--first",
        type=int,
        metavar="N",
        help="number of the first face, to draw faces that another data set has not (default: 0)",
    )


def _add_train(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "train",
        "model.training.commands:run_train",
        "Train a generator on a folder or zip of images.",
    )
    command.add_argument(
        "--data", type=Path, required=True, metavar="DIR|ZIP", help="images; subfolders are classes"
    )
    command.add_argument("--out", type=Path, required=True, metavar="RUN", help="a new folder")
    command.add_argument(
        "--preset",
        choices=[*PRESET_LINES],
        default="dcgan",
        metavar="NAME",
        help="a paper's recipe, of those listed below (default: dcgan)",
    )
    add_recipe(command)
    command.add_argument("--threads", type=int, help="CPU threads (default: all)")
    _add_running(command)
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.epilog = _describe_presets()


def _describe_presets() -> str:
    width = max(map(len, PRESET_LINES))
    lines = [f"  {name.ljust(width)}  {line}" for name, line in PRESET_LINES.items()]
    return "\n".join(["presets (`python -m model presets` shows what they are made of):", *lines])


def _add_presets(commands: Subcommands) -> None:
    add_subcommand(
        commands,
        "presets",
        "model.training.commands:run_presets",
        "List the recipes of `train`, with their papers, losses, penalties and normalisations.",
    )


def _add_resume(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "resume",
        "model.training.commands:run_resume",
        "Go on with a run exactly where it stopped.",
    )
    command.add_argument("run", type=Path, metavar="RUN")
    command.add_argument("--data", type=Path, help="where the same images are now, if moved")
    add_attributes(command, "from now on; the discriminator's head for them is new")
    add_gamma(command, "as it was")
    _add_running(command)


def _add_running(command: argparse.ArgumentParser) -> None:
    budget = command.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=float, help="stop after so long (default: 60)")
    budget.add_argument("--images", type=int, help="stop after so many images in all")
    add_device(command)
    command.add_argument(
        "--save-every",
        type=float,
        default=120.0,
        metavar="SECONDS",
        help="a kill loses at most so much (default: 120)",
    )
    command.add_argument(
        "--sheet-every",
        type=float,
        default=120.0,
        metavar="SECONDS",
        help="how often to draw 64 samples (default: 120)",
    )
    command.add_argument(
        "--guard",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="look for mode collapse every 8,192 images, go back and mend it (default: on)",
    )


def _add_export(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "export",
        "model.training.commands:run_export",
        "Write a run's generator as one checkpoint that describes itself.",
    )
    command.add_argument("run", type=Path, metavar="RUN")
    command.add_argument("out", type=Path, metavar="FILE.safetensors")
    command.add_argument("--force", action="store_true", help="even if the run has collapsed")
    command.add_argument("--onnx", type=Path, metavar="FILE.onnx", help="write it as ONNX too")
    command.add_argument(
        "--with-discriminator",
        action="store_true",
        help="put the discriminator into the file too, to score images with",
    )


def _add_discriminator(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "discriminator",
        "model.training.discriminating:run_discriminator",
        "Teach a discriminator beside a finished generator, an imported one say, to choose "
        "images by (--best-of). The generator stays as it is.",
    )
    command.add_argument("checkpoint", type=Path, metavar="FILE.safetensors")
    command.add_argument(
        "--data", type=Path, required=True, metavar="DIR|ZIP", help="what images should be like"
    )
    command.add_argument(
        "--images", type=int, default=100_000, help="real images to show it (default: 100000)"
    )
    command.add_argument("--seed", type=int, default=0, help="of every random choice (default: 0)")
    command.add_argument("--threads", type=int, help="CPU threads (default: all)")
    command.add_argument(
        "--out", type=Path, metavar="FILE.safetensors", help="default: the same file again"
    )
    add_device(command)


def _add_evaluate(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "evaluate",
        "model.training.evaluating:run_evaluate",
        "Score a checkpoint against real images, each score beside that of real images.",
    )
    command.add_argument("checkpoint", type=Path, metavar="FILE.safetensors")
    command.add_argument(
        "--data", type=Path, required=True, metavar="DIR|ZIP", help="the images it was trained on"
    )
    command.add_argument(
        "--held-out",
        type=Path,
        metavar="DIR|ZIP",
        help="images it was not trained on, to be compared with instead (default: none)",
    )
    command.add_argument(
        "--samples", type=int, default=10_000, help="how many to generate (default: 10000)"
    )
    command.add_argument(
        "--features",
        default="efficientnet-lite0",
        metavar="NAME",
        help="efficientnet-lite0 (the default), efficientnet-lite0:SIDE on images averaged to SIDE "
        "pixels, or inception=FILE for FID and KID",
    )
    command.add_argument(
        "--best-of",
        type=int,
        default=1,
        metavar="K",
        help="score for each seed the best of K, as `sample --best-of` (default: 1)",
    )
    _add_scores(command)
    add_rendering(command)


def _add_scores(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", type=Path, metavar="FILE.json", help="write the scores as JSON")
    command.add_argument(
        "--nearest",
        type=Path,
        metavar="FILE.png",
        help="draw the samples nearest to a training image, each beside it",
    )
    command.add_argument(
        "--write", action="store_true", help="put the scores into the checkpoint: a new digest"
    )
