"""The arguments that make a recipe for training: networks, images, game."""

from __future__ import annotations

import argparse

from model.subcommand import read_names


def add_recipe(command: argparse.ArgumentParser) -> None:
    """Add what changes a preset."""
    _add_networks(command)
    _add_images(command)
    add_attributes(command, "such as smile,glasses")
    _add_game(command)


def add_attributes(command: argparse.ArgumentParser, remark: str) -> None:
    """Add which attributes z decides."""
    command.add_argument(
        "--attributes",
        type=read_names,
        metavar="NAME,...",
        help="attributes of the data that z[0], z[1], ... shall decide, each apart from all else: "
        + remark,
    )


def add_gamma(command: argparse.ArgumentParser, default: str) -> None:
    """Add the weight of the gradient penalty."""
    command.add_argument(
        "--r1-gamma",
        type=float,
        metavar="G",
        help="weight of R1 and R2 at 64 x 64, before it falls: raise it if training is unstable or "
        f"samples grow alike, lower it if images stay blurry (default: {default})",
    )


def _add_networks(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--architecture",
        metavar="NAME",
        help="generator: dcgan (the default), resize (dcgan's, without its grain), palette (for "
        "drawings: flat colours, clean edges), pixel (palette for pixel art), resnet (SNGAN's), "
        "upsample (residual) or mlp",
    )
    command.add_argument(
        "--discriminator",
        metavar="NAME",
        help="dcgan, residual, resnet or mlp (default: the one that goes with the generator)",
    )
    command.add_argument(
        "--normalisation",
        dest="discriminator_normalisation",
        choices=["none", "batch", "layer", "spectral"],
        help="of the discriminator; penalties need another than batch (default: the preset's)",
    )
    command.add_argument(
        "--attention",
        dest="attention_resolution",
        type=int,
        metavar="HEIGHT",
        help="self-attention in both networks where features are so high, such as 16",
    )


def _size(text: str) -> tuple[int, int | None]:
    """Read a side, or a height and a width with an x between them."""
    height, has_width, width = text.partition("x")
    if not height.isdecimal() or (has_width and not width.isdecimal()):
        raise argparse.ArgumentTypeError(f"a size is written like 64 or 96x64, not {text!r}")
    return int(height), int(width) if has_width else None


def _add_images(command: argparse.ArgumentParser) -> None:
    command.add_argument("--conditional", action="store_true", help="learn the data set's classes")
    command.add_argument(
        "--resolution",
        type=_size,
        metavar="SIDE|HxW",
        help="from 16 to 256, such as 64 or 96x64 (height x width): both sides 3 to 7, doubled "
        "equally often (default: 64)",
    )
    command.add_argument(
        "--channels",
        dest="img_channels",
        type=int,
        choices=[1, 2, 3, 4],
        help="1 gray, 2 gray+alpha, 3 RGB, 4 RGBA (default: 3)",
    )


def _add_game(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--base-channels",
        type=int,
        metavar="N",
        help="width of both networks: more is better and slower (default: 32)",
    )
    command.add_argument("--batch-size", type=int, metavar="N", help="default: 64")
    add_gamma(command, "the preset's")
    command.add_argument(
        "--gamma-decay-start",
        dest="gamma_decay_start_kimg",
        type=float,
        metavar="KIMG",
        help="from so many thousand images on r1_gamma falls: sharper details (default: it stays)",
    )
    command.add_argument(
        "--augment",
        choices=["none", "diffaugment", "ada"],
        help="move, recolour and cut what the discriminator sees, for less than about 30,000 "
        "images: diffaugment always, ada as often as it is needed (default: none)",
    )
    command.add_argument("--seed", type=int, default=0, help="of every random choice (default: 0)")
