"""Claims on data-parallel runs: two real processes under torchrun, over gloo."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from model.__main__ import main
from model.training import ranks
from model.training.config import ConfigError
from model.training.presets import PRESETS
from model.training.state import TrainingState
from tests.model.training.two_ranks import BFLOAT16_TESTS, STEPS, make_state, take_steps

SCRIPT = Path(__file__).with_name("two_ranks.py")


def torchrun(*command: str) -> None:
    """Run a command on two ranks; they must both end well."""
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    launcher = (sys.executable, "-m", "torch.distributed.run", "--standalone")
    both = (*launcher, "--nproc-per-node", "2", *command)
    done = subprocess.run(both, env=environment, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranks")
    torchrun(str(SCRIPT), str(folder), *CASES)
    return folder


# Double backward, batch normalisation in both networks, a penalty between points, spectral
# norms with classes, augmentation: what could tell two halves from a whole.
CASES = ("dcgan", "dcgan-2015", "wgan-gp", "cgan-projection", "infogan", "ada")


@pytest.mark.parametrize("case", CASES)
def test_two_ranks_give_the_weights_of_one_process_with_the_doubled_batch(
    case: str, together: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in BFLOAT16_TESTS:
        monkeypatch.setattr(torch.cpu, name, lambda: False)
    start, whole = make_state(case), make_state(case)
    losses = take_steps(whole, range(STEPS))
    halves = TrainingState.load(together / f"{case}.pt")
    assert halves.step == whole.step == STEPS
    for name in ("generator", "discriminator", "ema_generator"):
        before, expected, found = (flatten(getattr(of, name)) for of in (start, whole, halves))
        moved = (expected - before).norm()
        assert moved > 0
        assert (found - expected).norm() < 1e-4 * moved, name
    measured = torch.load(together / f"{case}-0.pt", weights_only=True)["losses"]
    torch.testing.assert_close(measured, losses, rtol=1e-4, atol=1e-5)
    assert halves.ada == whole.ada


def flatten(network: nn.Module) -> torch.Tensor:
    """Return all weights and statistics as one vector."""
    return torch.cat([value.double().flatten() for value in network.state_dict().values()])


@pytest.mark.parametrize("case", CASES)
def test_both_ranks_have_the_same_bits(case: str, together: Path) -> None:
    one, two = (torch.load(together / f"{case}-{rank}.pt", weights_only=True) for rank in range(2))
    assert one.keys() == two.keys()
    for key, value in one.items():
        assert torch.equal(value, two[key]), key


def test_a_run_goes_on_with_another_number_of_ranks(tmp_path: Path, photos: Path) -> None:
    recipe = ("--resolution", "16", "--base-channels", "4", "--batch-size", "8", "--threads", "1")
    run, whole = tmp_path / "run", tmp_path / "whole"
    train = ("train", "--data", str(photos), *recipe, "--device", "cpu")
    assert main([*train, "--out", str(whole), "--images", "64"]) == 0
    torchrun("-m", "model", *train, "--out", str(run), "--images", "32")
    assert (run / "config.json").exists()
    assert len(list((run / "samples").glob("*.png"))) == 1  # the first rank's alone
    assert main(["resume", str(run), "--images", "48"]) == 0
    torchrun("-m", "model", "resume", str(run), "--images", "64")
    states = [TrainingState.load(folder / "state.pt") for folder in (run, whole)]
    assert [state.step for state in states] == [8, 8]
    assert states[0].facts["guard"] == states[1].facts["guard"]
    found, expected = (flatten(state.generator) for state in states)
    # bfloat16, where the machine has it, rounds a share otherwise than a whole batch.
    assert (found - expected).abs().max() < 0.02 * expected.abs().max()


@pytest.mark.parametrize(
    ("preset", "batch_size", "words"),
    [
        ("dcgan", 9, "--batch-size must be a multiple of 2"),
        ("pacgan2", 6, "--batch-size must be a multiple of 4"),
        ("ragan", 8, "ragan compares each image with the whole batch"),
        ("dragan", 8, "dragan compares each image with the whole batch"),
    ],
)
def test_what_cannot_be_shared_is_refused(
    preset: str, batch_size: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = dataclasses.replace(PRESETS[preset], batch_size=batch_size)
    ranks.check_shares(config)  # one process computes them all
    monkeypatch.setattr(ranks, "count", lambda: 2)
    with pytest.raises(ConfigError, match=words):
        ranks.check_shares(config)
