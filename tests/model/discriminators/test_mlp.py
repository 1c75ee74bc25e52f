"""Claims on the discriminator of the first GAN."""

from __future__ import annotations

import numpy as np
import torch

from model.discriminators import DiscriminatorSpec, build_discriminator
from model.spec import GeneratorSpec


@torch.no_grad()
def test_it_is_two_layers_of_maxout_units_of_five_pieces() -> None:
    torch.manual_seed(1)
    spec = GeneratorSpec("mlp", 16, 2, img_width=20)
    discriminator = build_discriminator(spec, DiscriminatorSpec("mlp", 1)).double()
    images = torch.randn(3, 2, 16, 20, dtype=torch.float64)
    weights = [weight.numpy() for weight in discriminator.parameters()]
    x = images.numpy().reshape(3, -1)
    for at in (0, 2):
        pieces = x @ weights[at].T + weights[at + 1]
        x = np.stack([pieces[:, 5 * unit : 5 * unit + 5].max(1) for unit in range(8)], axis=1)
    np.testing.assert_allclose(
        discriminator(images).numpy(), x @ weights[4][0] + weights[5], rtol=1e-9
    )


def test_with_30_base_channels_it_has_the_sizes_of_the_papers_code_for_mnist() -> None:
    spec = GeneratorSpec("mlp", 28, 1)
    discriminator = build_discriminator(spec, DiscriminatorSpec("mlp", 30))
    shapes = [tuple(weight.shape) for weight in discriminator.parameters() if weight.ndim == 2]
    assert shapes == [(5 * 240, 784), (5 * 240, 240), (1, 240)]
