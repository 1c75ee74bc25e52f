"""Claims on what a person sees of a run."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]
    EventAccumulator,
)
from torch import Tensor

from model.contact_sheet import contact_sheet
from model.training.budget import Budget
from model.training.progress import Progress, render_samples
from model.training.state import TrainingState
from model.training.structure import Structures
from model.training.train_step import StepLosses
from model.training.variety import DataVariety

MakeState = Callable[..., TrainingState]

DATA = DataVariety(distance=50.0, nearest=1.0, structures=Structures(count=20.0, spread=0.5))


@pytest.fixture
def progress(tmp_path: Path) -> Iterator[Progress]:
    shown = Progress(tmp_path, Budget(images=1000), images_seen=200, data=DATA)
    yield shown
    shown.close()


def losses(value: float) -> StepLosses:
    return StepLosses(*(torch.tensor(value + place) for place in range(5)))


def scalars(run_dir: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(run_dir / "tensorboard"))
    events.Reload()
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


def test_losses_are_written_at_most_once_a_second_and_read_no_oftener(
    progress: Progress, tmp_path: Path
) -> None:
    class Unread(Tensor):
        def __float__(self) -> float:
            raise AssertionError("reading a loss waits for the device")

    progress.step(208, losses(1.5))
    unread = torch.zeros(()).as_subclass(Unread)
    progress.step(216, StepLosses(*[unread] * 5))
    progress.close()
    found = scalars(tmp_path)
    assert found["loss/discriminator"] == [(208, 1.5)]
    assert found["loss/generator"] == [(208, 2.5)]
    assert found["loss/real_logit"] == [(208, 3.5)]
    assert found["loss/fake_logit"] == [(208, 4.5)]
    ((_, rate),) = found["images_per_second"]
    assert rate > 0


def test_the_line_tells_progress_speed_losses_and_diversity(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress(tmp_path, Budget(images=1000), images_seen=200, data=DATA)
    progress.step(600, losses(0.25))
    progress.close()
    shown = capsys.readouterr().err
    assert "60%" in shown
    assert "0.6 kimg" in shown
    assert "images/s" in shown
    assert "D 0.250, G 1.250" in shown
    assert "diversity -, structure -" in shown


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_sheet_shows_64_seeds_and_measures_them_against_the_data(
    progress: Progress, make_state: MakeState, tmp_path: Path, channels: int
) -> None:
    state = make_state(img_channels=channels)
    variety = progress.sheet(state.ema_generator, state.spec, 400)
    pixels = render_samples(state.ema_generator, state.spec)
    assert pixels.shape == (64, 16, 16, channels)
    with Image.open(tmp_path / "samples" / "000000400.png") as sheet:
        assert sheet.size == (128, 128)
        found = np.asarray(sheet).reshape(128, 128, channels)
    assert np.array_equal(found, contact_sheet(pixels))
    assert variety == DATA.measure(pixels)
    progress.close()
    for name in ("diversity", "structure"):
        ((images_seen, value),) = scalars(tmp_path)[name]
        assert images_seen == 400
        assert value == pytest.approx(getattr(variety, name))


def test_without_diversity_in_the_data_there_is_no_measure(
    make_state: MakeState, tmp_path: Path
) -> None:
    progress = Progress(
        tmp_path, Budget(images=8), images_seen=0, data=dataclasses.replace(DATA, distance=0.0)
    )
    state = make_state()
    assert math.isnan(progress.sheet(state.ema_generator, state.spec, 8).diversity)
    progress.close()


def test_samples_of_a_conditional_run_show_the_classes_in_turn(make_state: MakeState) -> None:
    state = make_state(is_conditional=True)
    pixels = render_samples(state.ema_generator, state.spec)
    labels = torch.arange(64) % 3
    from_labels = []
    generator = state.ema_generator
    generator.register_forward_pre_hook(lambda _, args: from_labels.append(args[1]))
    assert np.array_equal(render_samples(generator, state.spec), pixels)
    assert torch.equal(from_labels[-1], labels)


def test_into_a_pipe_it_prints_whole_lines(
    progress: Progress, capsys: pytest.CaptureFixture[str]
) -> None:
    progress.step(208, losses(1.5))
    line = r" 21%  0\.2 kimg, \d+ images/s, D 1\.500, G 2\.500, diversity -, structure -\n"
    assert re.fullmatch(line, capsys.readouterr().err)
