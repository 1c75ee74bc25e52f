"""Claims on the residual discriminator without normalisation."""

from __future__ import annotations

import pytest
import torch

from model.discriminators import Discriminator, DiscriminatorSpec, build_discriminator
from model.residual import ResidualBlock
from model.spec import GeneratorSpec


def build(spec: GeneratorSpec, base_channels: int = 2) -> Discriminator:
    torch.manual_seed(4)
    return build_discriminator(spec, DiscriminatorSpec("residual", base_channels))


@pytest.mark.parametrize(
    ("side", "widths"), [(16, [2, 4]), (48, [2, 4, 8, 16]), (128, [2, 4, 8, 16, 16])]
)
def test_a_block_for_each_halving_with_the_widths_of_the_generator(
    side: int, widths: list[int]
) -> None:
    discriminator = build(GeneratorSpec("upsample", side))
    blocks = [module for module in discriminator.modules() if isinstance(module, ResidualBlock)]
    assert [block.first.in_channels for block in blocks] == widths


@torch.no_grad()
def test_each_channel_is_weighed_by_its_own_basis() -> None:
    discriminator = build(GeneratorSpec("upsample", 32, img_width=24)).double()
    trunk = discriminator.trunk
    last: list[torch.Tensor] = []
    trunk.stages.register_forward_hook(lambda _m, _i, out: last.append(out))  # type: ignore[union-attr]
    features = discriminator.features(torch.randn(2, 3, 32, 24, dtype=torch.float64))
    assert last[0].shape == (2, 8, 4, 3)
    basis = trunk.basis.weight[:, 0]  # type: ignore[union-attr,index]
    expected = (last[0] * basis).sum((2, 3)) + trunk.basis.bias  # type: ignore[union-attr,operator]
    torch.testing.assert_close(features, expected)


def test_it_has_no_normalisation() -> None:
    assert not [*build(GeneratorSpec("upsample", 64, num_classes=3)).buffers()]


@torch.no_grad()
def test_a_fresh_one_ignores_the_classes() -> None:
    discriminator = build(GeneratorSpec("upsample", 16, num_classes=3))
    images = torch.randn(3, 3, 16, 16)
    assert torch.equal(discriminator(images, torch.tensor([0, 1, 2])), discriminator(images))
