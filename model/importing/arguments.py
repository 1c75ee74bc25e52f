"""The flags of `python -m model import`."""

from __future__ import annotations

import argparse
from pathlib import Path

# Named here, not read from the table, so that --help loads no torch.
_LAYOUTS = (
    *("pytorch-examples", "natsu6767", "mimicry", "lynnho", "lightning-bolts", "studiogan"),
    *("gan-zoo", "pytorch-gan", "pytorch-gan-mlp", "csinva-mlp", "sequential"),
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the flags to `command`."""
    command.add_argument("file", type=Path, metavar="FILE", help="of torch.save or safetensors")
    command.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors")
    command.add_argument(
        "--architecture",
        choices=["auto", *_LAYOUTS],
        default="auto",
        help="whose layout it is (auto, the default: known by the names of the tensors)",
    )
    command.add_argument(
        "--key", metavar="PATH", help="where in the file the generator is, such as nets/G"
    )
    _add_geometry(command)
    command.add_argument("--classes", type=int, metavar="N", help="of a one-hot label beside z")
    command.add_argument(
        "--labels-first", action="store_true", help="the label comes before z, not after it"
    )
    command.add_argument("--class-names", default="", metavar="A,B,C")
    command.add_argument("--licence", default="unknown", help="of the weights (default: unknown)")
    command.add_argument("--dataset", default="unknown", help="what they were trained on")
    command.add_argument("--credit", default="", help="who trained them")


def _add_geometry(command: argparse.ArgumentParser) -> None:
    """Add what tensors cannot say of the layers."""
    command.add_argument(
        "--output-range",
        choices=["tanh", "sigmoid"],
        help="the last activation: [-1, 1] or [0, 1] (default: tanh, where that is plain)",
    )
    command.add_argument("--image-size", type=int, metavar="SIDE", help="side of the images")
    for flag, text in (
        ("--stride", "of each convolution, such as 1,2,2,2,2"),
        ("--padding", "of each convolution, such as 0,1,1,1,1"),
        ("--output-padding", "of each transposed convolution (default: 0)"),
        ("--upsample", "factor of nearest up-sampling before each convolution, such as 1,2,2"),
        ("--bn-eps", "of the normalisations: one number, or one for each"),
        ("--activation", "of the hidden layers: relu, leaky_relu, ...: one, or one for each"),
    ):
        command.add_argument(flag, default="", metavar="LIST", help=text)
    command.add_argument(
        "--square-convolutions",
        choices=["plain", "transposed"],
        help="what convolutions are that have as many channels in as out",
    )
    command.add_argument("--slope", type=float, help="of leaky_relu (default: 0.2)")
    command.add_argument(
        "--norm", choices=["layer", "instance"], help="a normalisation without statistics"
    )
