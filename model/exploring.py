"""The commands `explore` and `mix`: one seed along a direction; sums of seeds."""

from __future__ import annotations

import argparse

from model.checkpoint import Checkpoint, read_checkpoint
from model.edits import (
    Edits,
    edit_rows,
    make_edits,
    parse_edits,
    require_moderate,
    round_strength,
    sweep_strengths,
)
from model.latents import Latents, sample_latents, truncate
from model.mix import MAX_MIXED_SEEDS, Mix, SeedsTerm, mix_latents
from model.sampling import label_index, parse_seeds, render_latents, save_rows

_MAX_STEPS = 10_000


def run_explore(arguments: argparse.Namespace) -> None:
    """Render the seed along the direction: a strip, or one PNG a frame if `--out` is a folder."""
    checkpoint = read_checkpoint(arguments.checkpoint)
    label = None if arguments.label is None else label_index(checkpoint, arguments.label)
    if not 2 <= arguments.steps <= _MAX_STEPS:
        raise ValueError(f"--steps must be from 2 to {_MAX_STEPS}, not {arguments.steps}")
    strengths = _sweep(checkpoint, arguments)
    edits = dict(read_edits(arguments.edits))
    constant = edits.get(arguments.direction, 0.0)
    rows = [make_edits(edits | {arguments.direction: constant + along}) for along in strengths]
    one = truncate(sample_latents(checkpoint.spec, [arguments.seed], label), arguments.truncation)
    latents = edit_rows(Latents.concatenate([one] * len(rows)), checkpoint.directions, rows)
    pixels = render_latents(checkpoint, latents, arguments.device, arguments.precision)
    names = [f"frame-{row:04d}" for row in range(len(rows))]
    save_rows(pixels, names, arguments.out, len(rows))
    print(
        f"{arguments.out}: seed {arguments.seed} along {arguments.direction}, "
        f"{strengths[0]:g} to {strengths[-1]:g} in {len(rows)} steps"
    )


def run_mix(arguments: argparse.Namespace) -> None:
    """Render a sum of averaged seeds."""
    checkpoint = read_checkpoint(arguments.checkpoint)
    label = None if arguments.label is None else label_index(checkpoint, arguments.label)
    terms = [
        SeedsTerm(tuple(parse_seeds(text)), weight)
        for texts, weight in ((arguments.plus, 1.0), (arguments.minus, -1.0))
        for text in texts
    ]
    mix = Mix(tuple(terms), arguments.rescale)
    if not terms or mix.drawn > MAX_MIXED_SEEDS:
        raise ValueError(f"give from 1 to {MAX_MIXED_SEEDS} seeds with --plus and --minus")
    latents = mix_latents(checkpoint.spec, checkpoint.directions, [mix], label)
    edits = read_edits(arguments.edits)
    latents = edit_rows(
        truncate(latents, arguments.truncation), checkpoint.directions, [edits] * len(latents)
    )
    pixels = render_latents(checkpoint, latents, arguments.device, arguments.precision)
    save_rows(pixels, ["mix"], arguments.out, None)
    print(f"{arguments.out}: a mix of {mix.drawn} seeds of {arguments.checkpoint.name}")


def _sweep(checkpoint: Checkpoint, arguments: argparse.Namespace) -> list[float]:
    strength = checkpoint.directions.find(arguments.direction).strength
    if arguments.through is not None:
        return _sweep_through(arguments)
    start = -strength if arguments.start is None else arguments.start
    stop = strength if arguments.stop is None else arguments.stop
    require_moderate({"--from": start, "--to": stop})
    return sweep_strengths((start, stop), arguments.steps, arguments.easing)


def _sweep_through(arguments: argparse.Namespace) -> list[float]:
    if arguments.start is not None or arguments.stop is not None:
        raise ValueError("--through goes without --from and --to")
    try:
        stops = [round_strength(float(text)) for text in arguments.through.split(",")]
    except ValueError as error:
        raise ValueError("--through is written like 0,3,-3,0") from error
    require_moderate({f"--through {stop:g}": stop for stop in stops})
    if not 2 <= len(stops) <= arguments.steps:
        raise ValueError("--through needs two strengths or more, and a step for each")
    return sweep_strengths(stops, arguments.steps, arguments.easing)


def read_edits(text: str | None) -> Edits:
    """Read `--edits`; ValueError says what is wrong."""
    return () if text is None else parse_edits(text)
