"""Does a seed give the same bytes whatever else the service is doing?

    python -m benchmarks.exactness

On each numeric path of this machine, 20,000 seeds are rendered alone, in this process, one row at
a time. Then a service is asked for all of them under every load at once: single images, archives,
pairs that ask for the same seed, clients that are killed mid-flight, and bursts past its queue.
Every byte of every answer has to be that of the image rendered alone.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import torch

from benchmarks.checked_load import CheckedLoad
from benchmarks.contenders import add_ganloom_arguments, ganloom, peer_weights
from benchmarks.crowd import Crowd
from benchmarks.report import Bar, Report, Table, bar_table, report_parser
from benchmarks.server import running
from model.checkpoint import read_checkpoint
from model.inference import InferenceEngine
from model.latents import sample_latents
from model.png import encode_png
from model.precision import Precision, fast_precisions

_IMAGES = 20_000
_CROWD = 16


@dataclass(frozen=True)
class Outcome:
    """What one numeric path gave."""

    numeric_path: str
    images: int
    differing: int
    in_archives: int
    refused: int
    killed: int

    def row(self) -> tuple[str, ...]:
        """Return the row of the table."""
        counts = (self.images, self.in_archives, self.refused, self.killed, self.differing)
        return (self.numeric_path, *(str(count) for count in counts))


_COLUMNS = ("numeric path", "images", "of these in zips", "429s", "clients killed", "differing")


def main() -> None:
    """Check every path, one after the other."""
    parser = report_parser(__doc__)
    add_ganloom_arguments(parser)
    parser.add_argument("--images", type=int, default=_IMAGES, help="on each numeric path")
    arguments = parser.parse_args()
    count = 200 if arguments.quick else arguments.images
    precisions = dict.fromkeys([*fast_precisions(torch.device("cpu")), Precision.FLOAT32])
    with peer_weights() as weights:
        outcomes = [
            _check(weights, precision, count, dict(arguments.ganloom)) for precision in precisions
        ]
    bars = [
        Bar("differing images, all paths", sum(o.differing for o in outcomes), 0, False),
        Bar("images checked on each path", min(o.images for o in outcomes), count, True),
    ]
    table = Table("Answers under load", _COLUMNS, [outcome.row() for outcome in outcomes])
    figures = {"outcomes": outcomes, "bars": bars}
    Report("Exactness", [table, bar_table(bars)], figures).publish(arguments)


def _check(weights: Path, precision: Precision, count: int, settings: dict[str, str]) -> Outcome:
    (path,) = weights.glob("*.safetensors")
    checkpoint = read_checkpoint(path)
    engine = InferenceEngine(checkpoint, device="cpu", precision=precision, max_batch_size=1)
    alone = {seed: _digest_alone(engine, seed) for seed in range(count)}
    settings = {**settings, "PRECISION": precision}
    with running(ganloom(weights, settings)) as server:
        load = CheckedLoad(server.port, alone, random.Random(0))
        crowd = Crowd(server.port, server.generate_path, seed=0)
        asyncio.run(_run(load, crowd))
    return Outcome(
        numeric_path=engine.facts.numeric_path,
        images=load.images,
        differing=load.differing,
        in_archives=load.in_archives,
        refused=load.refused,
        killed=crowd.killed_waiting,
    )


def _digest_alone(engine: InferenceEngine, seed: int) -> bytes:
    (pixels,) = engine.generate_pixels(sample_latents(engine.spec, [seed]))
    return sha256(encode_png(pixels)).digest()


async def _run(load: CheckedLoad, crowd: Crowd) -> None:
    killing = asyncio.create_task(crowd.run(_CROWD, seconds=24 * 3600))
    try:
        await load.run()
    finally:
        killing.cancel()


if __name__ == "__main__":
    main()
