"""Claims on SNGAN's residual generator: the paper's sizes, widths and initialisation."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from model.checkpoint import Checkpoint
from model.generators import build_generator
from model.generators.resnet import resnet_plan
from model.inference import InferenceEngine
from model.latents import sample_latents
from model.spec import GeneratorSpec, SpecError


@pytest.mark.parametrize(
    ("resolution", "base", "plan"),
    [
        (32, 256, (4, [256, 256, 256, 256])),  # table 4, CIFAR-10
        (48, 64, (6, [512, 256, 128, 64])),  # table 5, STL-10
        (128, 64, (4, [1024, 1024, 512, 256, 128, 64])),  # table 6, ImageNet
    ],
)
def test_widths_are_those_of_the_papers_tables(
    resolution: int, base: int, plan: tuple[int, list[int]]
) -> None:
    bottom, widths = plan
    assert resnet_plan((resolution, resolution), base) == ((bottom, bottom), widths)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("side", [16, 28, 32, 48, 64])
def test_images_have_the_shape_of_the_spec_and_gradients_reach_every_weight(
    side: int, classes: int, channels: int
) -> None:
    torch.manual_seed(3)
    spec = GeneratorSpec("resnet", side, channels, 5, classes, base_channels=2)
    generator = build_generator(spec)
    labels = torch.tensor([0, 1, 2]) if classes else None
    images = generator(torch.randn(3, 5), labels)
    assert images.shape == (3, channels, side, side)
    assert images.abs().max() <= 1
    images.square().sum().backward()
    for name, weight in generator.named_parameters():
        assert weight.grad is not None, name


def test_a_side_of_no_4_to_7_times_a_power_of_two_is_refused() -> None:
    with pytest.raises(SpecError, match="3, 4, 5, 6 or 7, doubled at least twice"):
        GeneratorSpec("resnet", 36)


def test_weights_are_drawn_as_glorot_with_the_gain_of_two_in_the_residual() -> None:
    torch.manual_seed(0)
    generator = build_generator(GeneratorSpec("resnet", 32, base_channels=64))
    block = generator.get_submodule("block2")
    for name, gain in (("c1", math.sqrt(2)), ("c2", math.sqrt(2)), ("c_sc", 1.0)):
        layer = block.get_submodule(name)
        assert isinstance(layer, nn.Conv2d)
        fan_in = 64 * layer.kernel_size[0] ** 2
        expected = gain * math.sqrt(2 / (2 * fan_in))
        assert layer.weight.std().item() == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("classes", [0, 3])
def test_a_seed_gives_the_same_bytes_in_any_batch(
    classes: int, make_checkpoint: Callable[[GeneratorSpec], Checkpoint]
) -> None:
    spec = GeneratorSpec("resnet", 32, 3, 5, classes, base_channels=4)
    checkpoint = make_checkpoint(spec)
    engine = InferenceEngine(checkpoint, device="cpu", precision="float32", max_batch_size=16)
    together = sample_latents(spec, range(engine.facts.batch_shapes[-1]))
    pixels = engine.generate_pixels(together)
    assert pixels.std() > 5
    for row in range(len(together)):
        assert (engine.generate_pixels(together.rows(row, row + 1))[0] == pixels[row]).all()
