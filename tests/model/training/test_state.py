"""Claims on the training state: all is kept, a save is whole, and a bad file is named."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from model.training.dataset import ImageDataset
from model.training.state import StateError, TrainingState
from model.training.train_step import train_step

MakeState = Callable[..., TrainingState]


def parts(state: TrainingState) -> dict[str, object]:
    return {
        "generator": state.generator.state_dict(),
        "discriminator": state.discriminator.state_dict(),
        "ema_generator": state.ema_generator.state_dict(),
        "generator_optimizer": state.generator_optimizer.state_dict(),
        "discriminator_optimizer": state.discriminator_optimizer.state_dict(),
    }


def assert_equal(a: object, b: object) -> None:
    """Require equality to the bit, through nested dicts and lists."""
    assert type(a) is type(b)
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        assert a.dtype == b.dtype
        assert torch.equal(a, b)
    elif isinstance(a, dict) and isinstance(b, dict):
        assert a.keys() == b.keys()
        for key, value in a.items():
            assert_equal(value, b[key])
    elif isinstance(a, list | tuple) and isinstance(b, list | tuple):
        assert len(a) == len(b)
        for first, second in zip(a, b, strict=True):
            assert_equal(first, second)
    else:
        assert a == b


@pytest.fixture
def trained(make_state: MakeState, make_dataset: Callable[..., ImageDataset]) -> TrainingState:
    state = make_state(ema_halflife_kimg=1.0)
    for _ in range(3):
        train_step(state, make_dataset(8).pixels, None)
    return state


def test_what_is_saved_is_loaded(trained: TrainingState, tmp_path: Path) -> None:
    trained.save(tmp_path / "run" / "state.pt")
    loaded = TrainingState.load(tmp_path / "run" / "state.pt")
    assert_equal(parts(loaded), parts(trained))
    assert (loaded.step, loaded.images_seen) == (3, 24)
    assert loaded.config == trained.config
    assert loaded.spec == trained.spec
    assert loaded.facts == trained.facts
    assert not loaded.ema_generator.training
    assert all(not weight.requires_grad for weight in loaded.ema_generator.parameters())
    assert list((tmp_path / "run").iterdir()) == [tmp_path / "run" / "state.pt"]


def test_fresh_weights_are_a_function_of_the_seed(make_state: MakeState) -> None:
    torch.manual_seed(1)
    first = make_state(seed=7)
    torch.manual_seed(2)
    assert_equal(parts(make_state(seed=7)), parts(first))
    other = make_state(seed=8)
    assert not torch.equal(next(other.generator.parameters()), next(first.generator.parameters()))
    assert_equal(first.ema_generator.state_dict(), first.generator.state_dict())


def test_the_callers_random_generator_is_left_alone(make_state: MakeState) -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    make_state()
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, MemoryError])
def test_a_save_that_is_interrupted_leaves_the_old_file(
    trained: TrainingState,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
) -> None:
    path = tmp_path / "state.pt"
    trained.save(path)
    old = path.read_bytes()

    def write_half(_payload: object, file: object) -> None:
        file.write(old[: len(old) // 2])  # type: ignore[attr-defined]
        raise error

    monkeypatch.setattr(torch, "save", write_half)
    with pytest.raises(error):
        trained.save(path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_the_half_file_of_a_kill_is_overwritten_by_the_next_save(
    trained: TrainingState, tmp_path: Path
) -> None:
    (tmp_path / "state.pt.partial").write_bytes(b"half")
    trained.save(tmp_path / "state.pt")
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


def refusal(path: Path) -> str:
    with pytest.raises(StateError) as caught:
        TrainingState.load(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_a_missing_state_is_named(tmp_path: Path) -> None:
    assert "there is no training state at" in refusal(tmp_path / "state.pt")
    assert "there is no training state at" in refusal(tmp_path)


def test_a_state_cut_off_anywhere_is_refused(trained: TrainingState, tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    trained.save(path)
    content = path.read_bytes()
    rng = random.Random(1)
    for length in [0, 1, 4, 30, len(content) - 1, *rng.sample(range(len(content)), 15)]:
        path.write_bytes(content[:length])
        refusal(path)


@pytest.mark.filterwarnings("ignore")  # torch remarks on odd pickles before it refuses them
def test_a_changed_byte_loads_or_is_refused(trained: TrainingState, tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    trained.save(path)
    content = path.read_bytes()
    rng = random.Random(2)
    refused = 0
    for _ in range(80):
        mutant = bytearray(content)
        mutant[rng.randrange(len(mutant))] ^= rng.randrange(1, 256)
        path.write_bytes(mutant)
        try:
            TrainingState.load(path)
        except StateError:
            refused += 1
    assert refused > 0


class Bomb:
    """What a hostile pickle would run."""

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return (eval, ("open('exploded', 'w')",))


@pytest.mark.filterwarnings("ignore")
def test_a_pickle_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "state.pt"
    path.write_bytes(pickle.dumps(Bomb()))
    assert "is damaged, or was not written by ganloom" in refusal(path)
    torch.save({"state_version": Bomb()}, path)
    assert "is damaged, or was not written by ganloom" in refusal(path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("payload", [[1], 3, None, {}, np.float64(1).item(), "state"])
def test_another_programs_file_is_refused(tmp_path: Path, payload: object) -> None:
    torch.save(payload, tmp_path / "state.pt")
    assert "cannot be read as a training state" in refusal(tmp_path / "state.pt")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("state_version", 1, "it has version 1, this program reads 2"),
        ("config", "{}", "the run's configuration cannot be read"),
        ("spec", "{}", "the generator spec lacks"),
        ("generator", {}, "Error(s) in loading state_dict"),
        ("generator_optimizer", {}, "cannot be read"),
        ("step", "many", "invalid literal"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(
    trained: TrainingState, tmp_path: Path, key: str, value: object, words: str
) -> None:
    path = tmp_path / "state.pt"
    trained.save(path)
    payload = torch.load(path, weights_only=True)
    torch.save({**payload, key: value}, path)
    assert words in refusal(path)
    torch.save({name: item for name, item in payload.items() if name != key}, path)
    assert f"'{key}'" in refusal(path)


def test_a_copy_shares_nothing(trained: TrainingState) -> None:
    twin = copy.deepcopy(trained)
    with torch.no_grad():
        next(twin.generator.parameters()).zero_()
    assert next(trained.generator.parameters()).any()


def test_a_diverged_state_never_replaces_a_good_one(trained: TrainingState, tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    trained.save(path)
    good = path.read_bytes()
    with torch.no_grad():
        next(trained.discriminator.parameters())[0, 0, 0, 0] = float("nan")
    with pytest.raises(StateError, match="diverged"):
        trained.save(path)
    assert path.read_bytes() == good
