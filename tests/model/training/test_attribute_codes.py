"""Claims on attributes as coordinates of z: as often as in the data, and learned from it alone."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from model.__main__ import main
from model.discriminators.discriminator import Discriminator
from model.training.attribute_codes import attribute_loss, attribute_targets
from model.training.config import ConfigError, TrainConfig
from model.training.dataset import ImageDataset
from model.training.dataset_error import DatasetError
from model.training.game import discriminator_loss, generator_loss
from model.training.randomness import batch_noise
from model.training.rescue import Adjustment, rebuild
from model.training.state import TrainingState
from model.training.train_step import train_step

MakeState = Callable[..., TrainingState]


def cross_entropy(score: float, target: float) -> float:
    share = 1 / (1 + math.exp(-score))
    return -math.log(share if target else 1 - share)


def test_a_plain_z_asks_for_each_attribute_as_often_as_the_data_have_it() -> None:
    z = torch.randn(20_000, 4, generator=torch.Generator().manual_seed(0))
    targets = attribute_targets(z, [0.72, 0.1, 0.5])
    assert targets.shape == (20_000, 3)
    assert targets.mean(dim=0).tolist() == pytest.approx([0.72, 0.1, 0.5], abs=0.01)
    assert torch.equal(targets[:, 2] == 1, z[:, 2] > 0)


def test_the_loss_is_the_mean_over_images_of_all_attributes_cross_entropy() -> None:
    scores, has = [[2.0, -1.0], [0.5, 3.0]], [[1.0, 0.0], [0.0, 0.0]]
    by_hand = [
        sum(cross_entropy(s, t) for s, t in zip(*row, strict=True))
        for row in zip(scores, has, strict=True)
    ]
    found = attribute_loss(torch.tensor(scores), torch.tensor(has))
    assert found.item() == pytest.approx(sum(by_hand) / 2)


@pytest.fixture
def state(make_state: MakeState) -> TrainingState:
    made = make_state("dcgan", attributes=("hat", "scarf"), attribute_weight=0.5, r1_gamma=0.0)
    made.facts["attribute_shares"] = [0.7, 0.2]
    return made


def test_the_discriminator_learns_attributes_of_real_images_and_the_generator_obeys_z(
    state: TrainingState, make_dataset: Callable[..., ImageDataset]
) -> None:
    pixels = make_dataset(8).pixels
    images = torch.tensor(pixels.transpose(0, 3, 1, 2) / 127.5 - 1, dtype=torch.float32)
    has = torch.tensor([[1.0, 0.0]] * 5 + [[0.0, 1.0]] * 3)

    def losses(judged: TrainingState) -> tuple[float, float]:
        return (
            discriminator_loss(judged, images, None, has)[0].item(),
            generator_loss(judged, images, None).item(),
        )

    known = losses(state)
    auxiliary = state.discriminator.get_submodule("auxiliary")
    assert isinstance(auxiliary, torch.nn.Linear)
    with torch.no_grad():
        auxiliary.weight.zero_()
        auxiliary.bias.copy_(torch.tensor([3.0, -2.0]))
    given = losses(state)
    z = torch.from_numpy(batch_noise((8, 6), 5, 1))
    wanted = attribute_targets(z, [0.7, 0.2])
    for targets, loss in ((has, given[0]), (wanted, given[1])):
        each = sum(
            cross_entropy(3.0, row[0].item()) + cross_entropy(-2.0, row[1].item())
            for row in targets
        )
        with torch.no_grad():
            auxiliary.bias.zero_()
        plain = losses(state)[0 if targets is has else 1] - 0.5 * 2 * math.log(2)
        with torch.no_grad():
            auxiliary.bias.copy_(torch.tensor([3.0, -2.0]))
        # Loosely, for bfloat16 where it is native.
        assert loss == pytest.approx(plain + 0.5 * each / 8, rel=0.02)
    assert known != given


def test_a_step_without_the_attributes_of_its_images_is_refused(
    state: TrainingState, make_dataset: Callable[..., ImageDataset]
) -> None:
    with pytest.raises(ValueError, match="needs them of every real image"):
        train_step(state, make_dataset(8).pixels, None)


def test_recipes_that_cannot_have_attributes_are_refused(make_state: MakeState) -> None:
    for preset, words in (("infogan", "take one of them"), ("pacgan2", "train with pack 1")):
        with pytest.raises(ConfigError, match=words):
            make_state(preset, attributes=("hat",), z_dim=40)
    with pytest.raises(ConfigError, match="named twice"):
        make_state(attributes=("hat", "hat"))
    with pytest.raises(ConfigError, match="of z's 6 coordinates"):
        make_state(attributes=tuple("abcdefg"))


def test_a_recipe_with_attributes_survives_json(state: TrainingState) -> None:
    assert TrainConfig.from_json(state.config.to_json()) == state.config


def test_attributes_are_given_by_name_and_row(make_dataset: Callable[..., ImageDataset]) -> None:
    has = np.array([[0, 1], [1, 0], [1, 1]], np.uint8)
    names = ("hat", "scarf")
    dataset = dataclasses.replace(make_dataset(3), attributes=has, attribute_names=names)
    assert dataset.attributes_of(["scarf", "hat"], np.array([2, 0])).tolist() == [[1, 1], [1, 0]]
    with pytest.raises(DatasetError, match="no attribute 'crown'; it has: hat, scarf"):
        dataset.attributes_of(["crown"])


def test_a_second_head_is_new_and_the_judgement_stays(
    make_state: MakeState, make_dataset: Callable[..., ImageDataset]
) -> None:
    before = make_state("dcgan")
    train_step(before, make_dataset(8).pixels, None)
    config = make_state("dcgan", attributes=("hat",)).config
    after = rebuild(before, Adjustment(config, False, ""))
    images = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    assert torch.equal(after.discriminator(images), before.discriminator(images))
    assert isinstance(after.discriminator, Discriminator)
    seen = after.discriminator.judge(images)[1]
    assert seen is not None
    assert seen.shape == (3, 1)
    assert after.step == before.step
    other = make_state("dcgan", attributes=("scarf",)).config
    again = rebuild(after, Adjustment(other, False, ""))
    assert torch.equal(again.discriminator(images), before.discriminator(images))
    assert not again.discriminator_optimizer.state_dict()["state"]


@pytest.fixture
def hats(tmp_path: Path, image_cache: Path) -> Path:  # noqa: ARG001
    """A folder of twelve 16 x 16 images, of which four have a hat and all have a head."""
    folder = tmp_path / "hats"
    folder.mkdir()
    rng = np.random.default_rng(4)
    lines = []
    for number in range(12):
        pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02d}.png")
        has = "true" if number < 4 else "false"
        lines.append(
            f'{{"file": "{number:02d}.png", "attributes": {{"hat": {has}, "head": true}}}}'
        )
    (folder / "labels.jsonl").write_text("\n".join(lines))
    return folder


def test_a_run_takes_up_attributes_where_it_stands(
    hats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    small = ["--base-channels", "2", "--resolution", "16", "--batch-size", "4", "--threads", "1"]
    assert main(["train", "--data", str(hats), "--out", str(run), *small, "--images", "8"]) == 0
    assert TrainingState.load(run / "state.pt").config.attributes == ()
    assert main(["resume", str(run), "--attributes", "hat", "--images", "16"]) == 0
    state = TrainingState.load(run / "state.pt")
    assert (state.config.attributes, state.images_seen) == (("hat",), 16)
    assert state.facts["attribute_shares"] == [4 / 12]
    assert main(["resume", str(run), "--images", "24"]) == 0
    assert TrainingState.load(run / "state.pt").config.attributes == ("hat",)
    labels = (hats / "labels.jsonl").read_text()
    swapped = labels.replace("true, ", "?").replace("false, ", "true, ", 4).replace("?", "false, ")
    (hats / "labels.jsonl").write_text(swapped)  # as many hats, on other heads
    assert main(["resume", str(run), "--images", "32"]) == 1
    assert "its labels have changed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "words"),
    [("crown", "no attribute 'crown'; it has: hat"), ("head", "all images agree")],
)
def test_an_attribute_that_cannot_be_learned_is_named(
    hats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], names: str, words: str
) -> None:
    command = ["train", "--data", str(hats), "--out", str(tmp_path / "run")]
    small = ["--base-channels", "2", "--resolution", "16", "--batch-size", "4", "--images", "8"]
    assert main([*command, *small, "--attributes", names]) == 1
    assert words in capsys.readouterr().err
