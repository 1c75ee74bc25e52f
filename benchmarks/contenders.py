"""Who is measured: ganloom, and the servers that people would otherwise use.

All serve the same generator with the same weights, made from `torch.manual_seed(0)`.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.server import ROOT, Launch, Probe

GANLOOM = "ganloom"
_GENERATE = "/generate"
_IS_ALIVE = '{"seed": 3}'

# The module of `benchmarks.peers` and its arguments, and where it takes `{"seed": N}`.
PEERS: dict[str, tuple[tuple[str, ...], str]] = {
    "plain_fastapi": (("plain_fastapi", "{port}"), _GENERATE),
    "litserve": (("litserve_server", "{port}"), _GENERATE),
    "mosec": (("mosec_server", "--address", "127.0.0.1", "--port", "{port}"), "/inference"),
    "mosec_tuned": (("mosec_tuned", "--address", "127.0.0.1", "--port", "{port}"), "/inference"),
    "rayserve": (("rayserve_server", "{port}"), _GENERATE),
}

LABELS = {
    GANLOOM: "ganloom",
    "plain_fastapi": "plain FastAPI",
    "litserve": "LitServe",
    "mosec": "mosec",
    "mosec_tuned": "mosec, tuned",
    "rayserve": "Ray Serve",
}


def ganloom(weights: Path, settings: dict[str, str] | None = None) -> Launch:
    """Launch `python -m app` on a folder of weights, on the CPU unless `settings` say else."""
    variables = {f"GANLOOM_{name}": value for name, value in (settings or {}).items()}
    return Launch(
        name=GANLOOM,
        command=(sys.executable, "-m", "app", "--weights", str(weights), "--port", "{port}"),
        generate_path=_GENERATE,
        probe=Probe("GET", "/readyz"),
        environment={"GANLOOM_DEVICE": "cpu", **variables},
    )


def peer(name: str, python: str) -> Launch:
    """Launch a peer with the interpreter that has its packages."""
    (module, *arguments), path = PEERS[name]
    return Launch(
        name=name,
        command=(python, "-m", f"benchmarks.peers.{module}", *arguments),
        generate_path=path,
        probe=Probe("POST", path, _IS_ALIVE),
    )


@contextlib.contextmanager
def peer_weights() -> Iterator[Path]:
    """Give a folder with the peers' generator as a checkpoint, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="ganloom-weights-") as folder:
        path = Path(folder) / "peer.safetensors"
        command = [sys.executable, "-m", "benchmarks.peer_checkpoint", str(path)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        yield Path(folder)


def add_ganloom_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every benchmark of the service lets one choose."""
    parser.add_argument(
        "--ganloom",
        action="append",
        default=[],
        metavar="SETTING=VALUE",
        type=_setting,
        help="a setting of the service, such as LANES=1",
    )


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("a setting is written NAME=VALUE")
    return name.upper(), value
