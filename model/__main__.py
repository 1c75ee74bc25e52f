"""`python -m model`: data, training, export and sampling from the command line."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

_EPILOG = """\
from a folder of images to a picture, in four commands:
  python -m model train --data photos/ --out runs/photos --minutes 60
  python -m model export runs/photos weights/photos.safetensors
  python -m model sample weights/photos.safetensors --seeds 0-63 --out sheet.png
  python -m app
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status. Errors a user can mend are one line."""
    arguments = _parser().parse_args(argv)
    # Loaded by name when needed: `sample` must work where only the service is installed,
    # and nothing outside model.training may import it.
    module, function = arguments.handler.split(":")
    try:
        getattr(importlib.import_module(module), function)(arguments)
    except ModuleNotFoundError as error:
        own = (error.name or "model").split(".")[0] in ("model", "app")
        # The container leaves model.training out: there it is missing like any other extra.
        if own and error.name != "model.training":
            raise
        print(
            f"error: this command needs {error.name}: pip install 'ganloom[training]'",
            file=sys.stderr,
        )
        return 1
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model",
        description="Train a GAN of the DCGAN family on your own images and export it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_dataset(commands)
    _add_train(commands)
    _add_resume(commands)
    _add_export(commands)
    _add_sample(commands)
    _add_evaluate(commands)
    return parser


if TYPE_CHECKING:
    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def _add(commands: _Commands, name: str, handler: str, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text, formatter_class=argparse.HelpFormatter
    )
    command.set_defaults(handler=handler)
    return command


def _add_dataset(commands: _Commands) -> None:
    command = _add(
        commands,
        "dataset",
        "model.training.commands:run_dataset",
        "Write a data set that needs no download: drawn faces (CC0) or MNIST digits.",
    )
    command.add_argument("name", choices=["faces", "digits"])
    command.add_argument("out", type=Path, metavar="DIR")
    command.add_argument(
        "--count", type=int, default=20_000, help="how many faces to draw (default: 20000)"
    )
    command.add_argument(
        "--size", type=int, default=64, help="side of a face in pixels (default: 64)"
    )
    command.add_argument(
        "--first",
        type=int,
        default=0,
        metavar="N",
        help="number of the first face, to draw faces that another data set has not (default: 0)",
    )


def _add_train(commands: _Commands) -> None:
    command = _add(
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
        choices=["dcgan", "dcgan-2015"],
        default="dcgan",
        help="dcgan (the default) is robust; dcgan-2015 is the paper's, and often collapses",
    )
    _add_recipe(command)
    command.add_argument("--threads", type=int, help="CPU threads (default: all)")
    _add_running(command)


def _add_recipe(command: argparse.ArgumentParser) -> None:
    command.add_argument("--conditional", action="store_true", help="learn the data set's classes")
    command.add_argument(
        "--resolution",
        dest="img_resolution",
        type=int,
        metavar="SIDE",
        help="a power of two from 16 to 256 (default: 64)",
    )
    command.add_argument(
        "--channels",
        dest="img_channels",
        type=int,
        choices=[1, 2, 3, 4],
        help="1 gray, 2 gray+alpha, 3 RGB, 4 RGBA (default: 3)",
    )
    command.add_argument(
        "--base-channels",
        type=int,
        metavar="N",
        help="width of both networks: more is better and slower (default: 32)",
    )
    command.add_argument("--batch-size", type=int, metavar="N", help="default: 64")
    command.add_argument(
        "--r1-gamma",
        type=float,
        metavar="G",
        help="weight of the gradient penalties: raise it if training is unstable (default: 1)",
    )
    command.add_argument("--seed", type=int, default=0, help="of every random choice (default: 0)")


def _add_resume(commands: _Commands) -> None:
    command = _add(
        commands,
        "resume",
        "model.training.commands:run_resume",
        "Go on with a run exactly where it stopped.",
    )
    command.add_argument("run", type=Path, metavar="RUN")
    command.add_argument("--data", type=Path, help="where the same images are now, if moved")
    _add_running(command)


def _add_running(command: argparse.ArgumentParser) -> None:
    budget = command.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=float, help="stop after so long (default: 60)")
    budget.add_argument("--images", type=int, help="stop after so many images in all")
    command.add_argument("--device", default="auto", help="auto (the default), cpu, cuda or cuda:1")
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


def _add_export(commands: _Commands) -> None:
    command = _add(
        commands,
        "export",
        "model.training.commands:run_export",
        "Write a run's generator as one checkpoint that describes itself.",
    )
    command.add_argument("run", type=Path, metavar="RUN")
    command.add_argument("out", type=Path, metavar="FILE.safetensors")


def _add_sample(commands: _Commands) -> None:
    command = _add(
        commands,
        "sample",
        "model.sampling:run_sample",
        "Render seeds from a checkpoint: a contact sheet, or a folder of single images.",
    )
    command.add_argument("checkpoint", type=Path, metavar="FILE.safetensors")
    command.add_argument("--seeds", default="0-63", help="such as 1,5,9-12 (default: 0-63)")
    command.add_argument("--label", help="a class name or number, for a conditional generator")
    command.add_argument(
        "--truncation", type=float, default=1.0, help="from 0 (typical) to 1 (varied, the default)"
    )
    command.add_argument(
        "--out",
        type=Path,
        default=Path("sheet.png"),
        help="FILE.png for a sheet, or a folder (default: sheet.png)",
    )
    command.add_argument("--columns", type=int, help="columns of the sheet (default: square)")
    command.add_argument("--device", default="auto", help="auto (the default), cpu, cuda or cuda:1")
    command.add_argument(
        "--precision",
        choices=["auto", "int8", "float16", "bfloat16", "float32"],
        default="auto",
        help="number format of a forward pass (auto, the default: as the service does)",
    )


def _add_evaluate(commands: _Commands) -> None:
    command = _add(
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
    _add_scores(command)
    command.add_argument("--device", default="auto", help="auto (the default), cpu, cuda or cuda:1")
    command.add_argument(
        "--precision",
        choices=["auto", "int8", "float16", "bfloat16", "float32"],
        default="auto",
        help="number format of the generator (auto, the default: as the service does)",
    )


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


if __name__ == "__main__":
    sys.exit(main())
