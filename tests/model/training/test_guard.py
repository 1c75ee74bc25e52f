"""Claims on the guard: it goes back, mends, gives up with evidence, and resumes to the bit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from model.training import guard as guard_module
from model.training.budget import Budget
from model.training.dataset import ImageDataset
from model.training.guard import CollapseError, Guard, judge_end, verdict
from model.training.state import STATE_FILE, TrainingState
from model.training.train_step import StepLosses, train_step
from model.training.trainer import Cadence, train
from model.training.variety import DataVariety, Variety

MakeState = Callable[..., TrainingState]

GUARDED = Cadence(save_s=1e9, sheet_s=1e9, check_images=16)  # a look every second step
DIVERSE = np.random.default_rng(1).integers(0, 256, (64, 16, 16, 3), dtype=np.uint8)
ALIKE = np.full_like(DIVERSE, 90)


@pytest.fixture
def dataset(make_dataset: Callable[..., ImageDataset]) -> ImageDataset:
    return make_dataset(37)


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Callable[[np.ndarray], None]:
    """Return a setter of what the guard sees of the samples, until it is set anew."""

    def set_samples(samples: np.ndarray) -> None:
        monkeypatch.setattr(guard_module, "render_samples", lambda *_: samples)

    return set_samples


def step(state: TrainingState, dataset: ImageDataset) -> StepLosses:
    return train_step(state, dataset.pixels[:8], None)


def weights(state: TrainingState) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in state.generator.parameters()]


def test_a_collapsed_run_goes_back_to_its_last_good_state_and_is_adjusted(
    make_state: MakeState,
    dataset: ImageDataset,
    tmp_path: Path,
    show: Callable[[np.ndarray], None],
) -> None:
    state = make_state("dcgan-2015")
    guard = Guard(tmp_path, state, DataVariety.of(dataset.pixels))
    losses = step(state, dataset)
    show(DIVERSE)
    assert guard.check(state, losses) == (state, "")
    good = weights(state)
    losses = step(state, dataset)
    show(ALIKE)
    mended, line = guard.check(state, losses)
    assert all(map(torch.equal, weights(mended), good))
    assert mended.step == 1
    assert (mended.config.loss, mended.config.penalty) == ("relativistic", "r1-r2")
    assert line == (
        "guard: samples are alike: diversity 0.00 of the data's at 16 images; back to 8, "
        "relativistic pairs with R1 and R2, and a new discriminator (rescue 1 of 3)"
    )
    assert (tmp_path / "samples" / "000000016-collapsed.png").is_file()
    assert TrainingState.load(tmp_path / STATE_FILE).config == mended.config
    assert verdict(mended.facts) == ""


def test_each_rescue_is_a_rung_up_and_after_the_last_it_gives_up_with_the_evidence(
    make_state: MakeState,
    dataset: ImageDataset,
    tmp_path: Path,
    show: Callable[[np.ndarray], None],
) -> None:
    state = make_state("dcgan-2015")
    guard = Guard(tmp_path, state, DataVariety.of(dataset.pixels))
    losses = step(state, dataset)
    show(DIVERSE)
    guard.check(state, losses)
    show(ALIKE)
    lines = []
    for _ in range(3):
        losses = step(state, dataset)
        state, line = guard.check(state, losses)
        lines.append(line)
    assert "relativistic pairs" in lines[0]
    assert "r1_gamma is 4, with a new discriminator" in lines[1]
    assert "r1_gamma is 16, both learn half as fast" in lines[2]
    losses = step(state, dataset)
    with pytest.raises(CollapseError, match=r"collapsed at 16 images .* after 3 rescues") as error:
        guard.check(state, losses)
    assert str(error.value).count("\n") == 0
    evidence = json.loads((tmp_path / "guard.json").read_text())
    assert evidence["rollbacks"] == 3
    assert [look["diversity"] > 0.9 for look in evidence["log"]] == [True] + [False] * 4
    assert [bool(look["reason"]) for look in evidence["log"]] == [False] + [True] * 4
    kept = TrainingState.load(tmp_path / STATE_FILE)
    assert kept.step == 1  # the last good state, and not the collapsed one
    assert "the guard gave up on it" in verdict(kept.facts)
    with pytest.raises(CollapseError, match="resume with --no-guard"):
        Guard(tmp_path, kept, DataVariety.of(dataset.pixels))


def test_without_any_good_state_it_goes_back_to_the_start(
    make_state: MakeState, dataset: ImageDataset, tmp_path: Path
) -> None:
    state = make_state()
    start = weights(state)
    guard = Guard(tmp_path, state, DataVariety.of(dataset.pixels))
    losses = step(state, dataset)
    with torch.no_grad():
        next(iter(state.generator.parameters())).fill_(float("nan"))
    mended, line = guard.check(state, losses)
    assert "weights are no longer finite at 8 images; back to 0" in line
    assert all(map(torch.equal, weights(mended), start))
    assert mended.config.learning_rate == state.config.learning_rate / 2
    json.loads((tmp_path / "guard.json").read_text(), parse_constant=pytest.fail)


def test_a_doubtful_state_is_neither_mended_nor_returned_to(
    make_state: MakeState,
    dataset: ImageDataset,
    tmp_path: Path,
    show: Callable[[np.ndarray], None],
) -> None:
    state = make_state()
    guard = Guard(tmp_path, state, DataVariety.of(dataset.pixels))
    show(DIVERSE)
    guard.check(state, step(state, dataset))
    duller = (DIVERSE // 2 + 60).astype(np.uint8)  # half as diverse
    show(duller)
    assert guard.check(state, step(state, dataset)) == (state, "")
    assert TrainingState.load(tmp_path / "state.good.pt").step == 1


@pytest.mark.parametrize("stop", [2, 4, 6, 8])
@pytest.mark.parametrize("preset", ["dcgan", "dcgan-2015"])
def test_n_and_n_steps_are_two_n_steps_to_the_bit_with_a_rescue_on_the_way(
    make_state: MakeState,
    dataset: ImageDataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    preset: str,
    stop: int,
) -> None:
    # Looks come after steps 2, 4, 6, ...; that after step 6 sees a collapse, once.
    original = Guard.check

    def check(guard: Guard, state: TrainingState, losses: StepLosses) -> tuple[TrainingState, str]:
        is_collapsed = state.step == 6 and state.facts["guard"]["rollbacks"] == 0
        samples = ALIKE if is_collapsed else DIVERSE
        monkeypatch.setattr(guard_module, "render_samples", lambda *_: samples)
        return original(guard, state, losses)

    monkeypatch.setattr(Guard, "check", check)

    def run(state: TrainingState, name: str, steps: int) -> TrainingState:
        assert train(state, dataset, tmp_path / name, Budget(images=8 * steps), GUARDED)
        return TrainingState.load(tmp_path / name / STATE_FILE)

    whole = run(make_state(preset), "whole", 11)
    half = run(make_state(preset), "halves", stop)
    both = run(half, "halves", 11)
    assert whole.facts["guard"]["rollbacks"] == both.facts["guard"]["rollbacks"] == 1
    assert whole.config == both.config != make_state(preset).config
    assert whole.facts["guard"]["log"] == both.facts["guard"]["log"]
    for name in ("generator", "discriminator", "ema_generator"):
        expected = getattr(whole, name).state_dict()
        for key, value in getattr(both, name).state_dict().items():
            assert torch.equal(value, expected[key]), key


@pytest.mark.parametrize("preset", ["dcgan", "dcgan-2015", "wgan"])
def test_a_guard_that_sees_no_collapse_changes_nothing(
    make_state: MakeState, dataset: ImageDataset, tmp_path: Path, preset: str
) -> None:
    quiet = Cadence(save_s=1e9, sheet_s=1e9)
    runs = []
    for name, cadence in (("with", GUARDED), ("without", quiet)):
        state = make_state(preset)
        train(state, dataset, tmp_path / name, Budget(images=40), cadence)
        runs.append(TrainingState.load(tmp_path / name / STATE_FILE))
    for name in ("generator", "discriminator", "ema_generator"):
        expected = getattr(runs[1], name).state_dict()
        for key, value in getattr(runs[0], name).state_dict().items():
            assert torch.equal(value, expected[key]), key


def test_a_run_that_diverges_at_its_end_is_taken_back_and_saved(
    make_state: MakeState,
    dataset: ImageDataset,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = make_state()

    def poison(module: torch.nn.Module, _: object) -> None:
        if state.step == 2:
            with torch.no_grad():
                next(iter(module.parameters())).fill_(float("nan"))

    state.discriminator.register_forward_pre_hook(poison)
    never = Cadence(save_s=0.0, sheet_s=0.0, check_images=10**9)
    assert not train(state, dataset, tmp_path, Budget(images=24), never)
    assert "no longer finite at 24 images; back to 0" in capsys.readouterr().out
    assert TrainingState.load(tmp_path / STATE_FILE).step == 0


def few_heads(heads: int, seed: int = 2) -> np.ndarray:
    """64 images of so many structures, each in a contrast and in colours of its own."""
    rng = np.random.default_rng(seed)
    chosen = DIVERSE[np.arange(64) % heads]
    strength = rng.uniform(0.1, 0.4, (64, 1, 1, 3))
    painted: np.ndarray = (chosen * strength + rng.uniform(0, 150, (64, 1, 1, 3))).astype(np.uint8)
    return painted


def test_a_few_heads_in_many_colours_are_taken_back_once_there_were_more(
    make_state: MakeState, tmp_path: Path, show: Callable[[np.ndarray], None], dataset: ImageDataset
) -> None:
    state = make_state("dcgan-2015")
    data = DataVariety.of(few_heads(64, seed=3))
    assert data.measure(few_heads(5)).diversity > 0.6  # the pixels tell nothing
    guard = Guard(tmp_path, state, data)
    show(few_heads(5))
    assert guard.check(state, step(state, dataset)) == (state, "")  # it is young
    assert not state.facts["guard"]["was_diverse"]  # it has nothing to lose yet
    assert TrainingState.load(tmp_path / "state.good.pt").step == 0
    show(few_heads(64))
    assert guard.check(state, step(state, dataset)) == (state, "")
    show(few_heads(5))
    mended, line = guard.check(state, step(state, dataset))
    assert "guard: samples have few structures: 0." in line
    assert "at 24 images; back to 16" in line
    assert mended.step == 2
    assert [look["structure"] > 0.65 for look in mended.facts["guard"]["log"]] == [
        False,
        True,
        False,
    ]


def test_the_end_of_a_run_is_judged_as_a_look_is_and_the_reason_is_kept(
    make_state: MakeState,
) -> None:
    nan = float("nan")
    for was_diverse, diversity, structure, reason in (
        (True, 0.1, 1.0, "samples are alike: diversity 0.10"),
        (True, 0.8, 1.0, ""),
        (False, 0.1, 0.1, ""),  # too young to tell
        (True, 0.8, 0.2, "samples have few structures: 0.20"),
        (True, nan, nan, ""),
    ):
        state = make_state()
        judge_end(state, Variety(diversity, structure, twins=0.0))
        assert verdict(state.facts) == ""
        state.facts["guard"]["was_diverse"] = was_diverse
        judge_end(state, Variety(diversity, structure, twins=0.0))
        assert verdict(state.facts).startswith(reason)
        assert bool(verdict(state.facts)) == bool(reason)


def test_a_run_without_a_guard_does_not_end_with_few_structures_unnoticed(
    make_state: MakeState,
) -> None:
    state = make_state()
    state.step = 1000
    judge_end(state, Variety(0.9, 0.2, 0.0))
    assert "few structures" in verdict(state.facts)


def test_a_run_of_before_structure_was_looked_at_goes_on(
    make_state: MakeState, dataset: ImageDataset, tmp_path: Path, show: Callable[[np.ndarray], None]
) -> None:
    old = {"rollbacks": 1, "was_diverse": True, "ends_collapsed": True, "reason": "", "log": []}
    state = make_state()
    state.facts |= {"guard": dict(old), "diversity": 0.25}
    assert verdict(state.facts) == "samples are alike: diversity 0.25"
    guard = Guard(tmp_path, state, DataVariety.of(dataset.pixels))
    show(DIVERSE)
    state, _ = guard.check(state, step(state, dataset))
    memory = TrainingState.load(tmp_path / STATE_FILE).facts["guard"]
    assert (memory["rollbacks"], memory["end"], len(memory["log"])) == (1, "", 1)
