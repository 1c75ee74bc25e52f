"""`python -m model`: data, training, export and sampling from the command line."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from model.importing.arguments import add_arguments as add_import_arguments
from model.inverting_arguments import add_arguments as add_invert_arguments
from model.latent_arguments import add_edits, add_latent_commands
from model.subcommand import Subcommands, add_rendering, add_subcommand
from model.training_arguments import add_training_commands

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
        extra = "onnx" if (error.name or "").startswith("onnx") else "training"
        print(
            f"error: this command needs {error.name}, which {sys.executable} has not: in ganloom's "
            f"folder, .venv/bin/pip install -c constraints.txt -e '.[{extra}]'",
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
    add_training_commands(commands)
    _add_sample(commands)
    add_latent_commands(commands)
    _add_invert(commands)
    _add_import(commands)
    _add_onnx(commands)
    _add_hub(commands)
    return parser


def _add_sample(commands: Subcommands) -> None:
    command = add_subcommand(
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
        "--best-of",
        type=int,
        default=1,
        metavar="K",
        help="of K seeds derived from each the one that the discriminator likes best (default: 1)",
    )
    add_edits(command)
    command.add_argument(
        "--out",
        type=Path,
        default=Path("sheet.png"),
        help="FILE.png for a sheet, or a folder (default: sheet.png)",
    )
    command.add_argument("--columns", type=int, help="columns of the sheet (default: square)")
    add_rendering(command)


def _add_invert(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "invert",
        "model.inverting:run_invert",
        "Find the latent of an image, or of what is known of it: fill, denoise, enlarge.",
    )
    add_invert_arguments(command)
    add_rendering(command)


def _add_import(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "import",
        "model.importing.commands:run_import",
        "Read a generator that another project trained, and write it as a checkpoint.",
    )
    add_import_arguments(command)


def _add_onnx(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "onnx",
        "model.onnx_export:run_onnx",
        "Write a checkpoint as ONNX, compared with it where onnxruntime is installed.",
    )
    command.add_argument("checkpoint", type=Path, metavar="FILE.safetensors")
    command.add_argument("out", type=Path, metavar="FILE.onnx")
    command.add_argument(
        "--pixels", action="store_true", help="uint8 RGB (n, 3, h, w), as torch-fidelity takes"
    )


def _add_hub(commands: Subcommands) -> None:
    command = add_subcommand(
        commands,
        "hub",
        "model.hub_folder:run_hub",
        "Write a folder for the Hugging Face Hub: weights, model card, samples.",
    )
    command.add_argument("checkpoint", type=Path, metavar="FILE.safetensors")
    command.add_argument("out", type=Path, metavar="DIR")
    command.add_argument("--name", required=True, metavar="OWNER/NAME")


if __name__ == "__main__":
    sys.exit(main())
