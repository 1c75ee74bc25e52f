"""Claims on the residual generator without normalisation."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from model.generators import build_generator
from model.residual import ResidualBlock
from model.spec import GeneratorSpec


def build(spec: GeneratorSpec) -> nn.Module:
    torch.manual_seed(2)
    return build_generator(spec)


@torch.no_grad()
@pytest.mark.parametrize("classes", [0, 3])
def test_a_fresh_one_is_linear_up_to_the_last_rectifier(classes: int) -> None:
    # Every branch starts at zero, so the features before the bias are a linear map of z.
    spec = GeneratorSpec("upsample", 32, z_dim=6, num_classes=classes, base_channels=4)
    generator = build(spec).double()
    features: list[torch.Tensor] = []
    generator.get_submodule("stages").register_forward_hook(
        lambda _m, _i, out: features.append(out)
    )
    if classes:
        generator.get_parameter("embedding.weight").zero_()
    first, second = torch.randn(2, 1, 6, dtype=torch.float64)
    labels = torch.tensor([1]) if classes else None
    for z in (first, second, 2 * first - 3 * second):
        generator(z, labels)
    torch.testing.assert_close(features[2], 2 * features[0] - 3 * features[1])


@torch.no_grad()
def test_no_image_depends_on_its_neighbours_in_training_either() -> None:
    generator = build(GeneratorSpec("upsample", 16, z_dim=6, base_channels=4)).double()
    z = torch.randn(4, 6, dtype=torch.float64)
    together = generator.train()(z)
    alone = torch.cat([generator(row[None]) for row in z])
    torch.testing.assert_close(together, alone)
    torch.testing.assert_close(generator.eval()(z), together)


@pytest.mark.parametrize(
    ("side", "widths"), [(16, [4, 2]), (48, [16, 8, 4, 2]), (128, [16, 16, 8, 4, 2])]
)
def test_a_block_for_each_size_up_to_half_the_image(side: int, widths: list[int]) -> None:
    generator = build(GeneratorSpec("upsample", side, base_channels=2))
    blocks = [module for module in generator.modules() if isinstance(module, ResidualBlock)]
    assert [block.first.in_channels for block in blocks] == widths


@torch.no_grad()
def test_the_basis_has_the_shape_of_the_first_features() -> None:
    generator = build(GeneratorSpec("upsample", 96, base_channels=2, img_width=64))
    assert generator.get_parameter("basis").shape == (16, 6, 4)


def test_it_has_no_normalisation() -> None:
    generator = build(GeneratorSpec("upsample", 64, num_classes=4))
    assert not [name for name, _ in generator.named_buffers()]
