"""Claims on SNGAN's discriminator, against the paper's tables."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.discriminators import Discriminator, DiscriminatorSpec, build_discriminator
from model.spec import GeneratorSpec


def build(spec: GeneratorSpec, base_channels: int, normalisation: str = "none") -> Discriminator:
    torch.manual_seed(4)
    return build_discriminator(spec, DiscriminatorSpec("resnet", base_channels, normalisation))


@torch.no_grad()
def test_at_128_it_has_the_shapes_of_table_5() -> None:
    discriminator = build(GeneratorSpec("dcgan", 128), base_channels=1)
    seen: list[torch.Size] = []
    for block in discriminator.trunk.blocks:  # type: ignore[union-attr]
        block.register_forward_hook(lambda _m, _i, out: seen.append(out.shape[1:]))
    discriminator(torch.randn(1, 3, 128, 128))
    # 64, 128, 256, 512, 1024 at half the side each, then 1024 once more, for 64 base channels.
    assert seen == [(1, 64, 64), (2, 32, 32), (4, 16, 16), (8, 8, 8), (16, 4, 4), (16, 4, 4)]


@torch.no_grad()
def test_it_is_the_papers_blocks_and_the_sum_over_places() -> None:
    spec = GeneratorSpec("dcgan", 16, 2, img_width=20)
    discriminator = build(spec, base_channels=3)
    state = discriminator.state_dict()

    def conv(x: Tensor, name: str, padding: int) -> Tensor:
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=padding)

    x = torch.randn(2, 2, 16, 20)
    halved = F.interpolate(x, scale_factor=0.5, mode="area")
    first = conv(conv(x, "trunk.blocks.0.branch.0", 1).relu(), "trunk.blocks.0.branch.2", 1)
    first = F.interpolate(first, scale_factor=0.5, mode="area")
    features = first + conv(halved, "trunk.blocks.0.shortcut", 0)
    for block in (1, 2):
        name = f"trunk.blocks.{block}"
        branch = conv(conv(features.relu(), f"{name}.branch.1", 1).relu(), f"{name}.branch.3", 1)
        if block == 1:
            branch = F.interpolate(branch, scale_factor=0.5, mode="area")
            shortcut = F.interpolate(features, scale_factor=0.5, mode="area")
            features = branch + conv(shortcut, f"{name}.shortcut", 0)
        else:
            features = features + branch
    expected = features.relu().sum((2, 3)) @ state["head.weight"][0] + state["head.bias"]
    torch.testing.assert_close(discriminator(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("normalisation", ["batch", "layer"])
def test_all_rectifiers_but_those_of_the_first_block_come_after_a_normalisation(
    normalisation: str,
) -> None:
    discriminator = build(GeneratorSpec("dcgan", 32), 4, normalisation)
    kinds = nn.BatchNorm2d if normalisation == "batch" else nn.GroupNorm
    counts = [
        sum(isinstance(layer, kinds) for layer in block.modules())
        for block in discriminator.trunk.blocks  # type: ignore[union-attr]
    ]
    assert counts == [0, 2, 2, 2]
