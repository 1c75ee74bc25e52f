"""Claims on the DCGAN generator, and on building one from its spec."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from model.generators import build_generator
from model.spec import GeneratorSpec, SpecError


def build(spec: GeneratorSpec) -> nn.Module:
    torch.manual_seed(3)
    return build_generator(spec)


def textbook_generator() -> nn.Sequential:
    """Return the generator of PyTorch's DCGAN example for 64 x 64, layer by layer."""
    return nn.Sequential(
        nn.ConvTranspose2d(100, 512, 4, 1, 0, bias=False),
        nn.BatchNorm2d(512),
        nn.ReLU(),
        nn.ConvTranspose2d(512, 256, 4, 2, 1, bias=False),
        nn.BatchNorm2d(256),
        nn.ReLU(),
        nn.ConvTranspose2d(256, 128, 4, 2, 1, bias=False),
        nn.BatchNorm2d(128),
        nn.ReLU(),
        nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False),
        nn.Tanh(),
    )


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("side", [16, 32, 64, 128, 256])
@torch.no_grad()
def test_images_have_the_size_and_channels_of_the_spec_and_lie_in_range(
    side: int, channels: int
) -> None:
    generator = build(GeneratorSpec("dcgan", side, channels, z_dim=3, base_channels=1))
    images: Tensor = generator(torch.randn(2, 3) * 10, None)
    assert images.shape == (2, channels, side, side)
    assert images.dtype == torch.float32
    assert images.abs().max() <= 1


@torch.no_grad()
def test_at_64_it_is_the_textbook_generator() -> None:
    generator = build(GeneratorSpec("dcgan", 64))
    assert sum(weight.numel() for weight in generator.parameters()) == 3_576_704
    textbook = textbook_generator()
    textbook.load_state_dict(
        {name.removeprefix("layers."): value for name, value in generator.state_dict().items()}
    )
    z = torch.randn(3, 100)
    expected = textbook(z[:, :, None, None])
    assert torch.equal(generator(z), expected)
    assert torch.equal(generator.eval()(z), textbook.eval()(z[:, :, None, None]))


@pytest.mark.parametrize(
    ("side", "widths"),
    [
        (16, [4, 2]),
        (32, [8, 4, 2]),
        (64, [16, 8, 4, 2]),
        (128, [16, 16, 8, 4, 2]),
        (256, [16, 16, 16, 8, 4, 2]),
    ],
)
def test_a_width_doubles_from_the_last_layer_down_at_most_three_times(
    side: int, widths: list[int]
) -> None:
    generator = build(GeneratorSpec("dcgan", side, base_channels=2))
    norms = [layer for layer in generator.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert [norm.num_features for norm in norms] == widths


def test_fresh_weights_are_the_papers() -> None:
    generator = build(GeneratorSpec("dcgan", 32, base_channels=16))
    for layer in generator.modules():
        if isinstance(layer, nn.ConvTranspose2d):
            assert layer.bias is None
            error = 4 * 0.02 / (2 * layer.weight.numel()) ** 0.5
            assert abs(layer.weight.std().item() - 0.02) < error


@torch.no_grad()
def test_a_label_enters_as_a_one_hot_vector_beside_z() -> None:
    conditional = build(GeneratorSpec("dcgan", 16, z_dim=4, num_classes=3, base_channels=2)).eval()
    plain = build(GeneratorSpec("dcgan", 16, z_dim=7, base_channels=2)).eval()
    plain.load_state_dict(conditional.state_dict())
    z = torch.randn(3, 4)
    labels = torch.tensor([2, 0, 1])
    joined = torch.cat([z, torch.eye(3)[labels]], dim=1)
    assert torch.equal(conditional(z, labels), plain(joined))


@torch.no_grad()
def test_every_label_gives_another_image_of_the_same_z() -> None:
    generator = build(GeneratorSpec("dcgan", 16, z_dim=4, num_classes=5, base_channels=2)).eval()
    images = generator(torch.randn(1, 4).expand(5, 4), torch.arange(5))
    for first in range(5):
        for second in range(first):
            assert not torch.equal(images[first], images[second])


def test_an_unknown_architecture_is_refused_and_the_known_are_named() -> None:
    with pytest.raises(
        SpecError, match=r"unknown architecture 'biggan'; this version has: dcgan, "
    ):
        build_generator(GeneratorSpec("biggan", 64))
