"""Claims on the generator of the first GAN."""

from __future__ import annotations

import numpy as np
import torch

from model.generators import build_generator
from model.spec import GeneratorSpec


@torch.no_grad()
def test_it_is_two_layers_of_rectifiers_and_a_tanh() -> None:
    torch.manual_seed(1)
    spec = GeneratorSpec("mlp", 16, 2, z_dim=4, num_classes=3, base_channels=1, img_width=20)
    generator = build_generator(spec).double()
    z, labels = torch.randn(2, 4).double(), torch.tensor([2, 0])
    weights = [weight.numpy() for weight in generator.parameters()]
    x = np.concatenate([z.numpy(), np.eye(3)[labels]], axis=1)
    for at in (0, 2):
        x = np.maximum(x @ weights[at].T + weights[at + 1], 0)
    x = np.tanh(x @ weights[4].T + weights[5]).reshape(2, 2, 16, 20)
    np.testing.assert_allclose(generator(z, labels).numpy(), x, rtol=1e-9)


def test_with_30_base_channels_it_has_the_sizes_of_the_papers_code_for_mnist() -> None:
    generator = build_generator(GeneratorSpec("mlp", 28, 1, base_channels=30))
    shapes = [tuple(weight.shape) for weight in generator.parameters()]
    assert shapes == [(1200, 100), (1200,), (1200, 1200), (1200,), (784, 1200), (784,)]
