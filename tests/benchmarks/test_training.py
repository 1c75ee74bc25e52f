"""Claims on the comparison with PyTorch's DCGAN example: both train the same networks."""

from __future__ import annotations

import torch

from benchmarks.example_loop import ExampleLoop
from model.discriminators import DiscriminatorSpec, build_discriminator
from model.generators import build_generator
from model.spec import GeneratorSpec


def test_the_layers_have_the_same_weights_by_size() -> None:
    spec = GeneratorSpec("dcgan", 64, base_channels=4)
    loop = ExampleLoop(width=4)
    ours = [
        build_generator(spec),
        build_discriminator(spec, DiscriminatorSpec("dcgan", 4, "batch")),
    ]
    for network, example in zip(ours, (loop.generator, loop.discriminator), strict=True):
        sizes, expected = (
            sorted(weight.numel() for weight in each.parameters() if weight.ndim > 1)
            for each in (network, example)
        )
        assert sizes == expected


def test_a_step_of_the_example_moves_both_networks() -> None:
    loop = ExampleLoop(width=4)
    networks = (loop.generator, loop.discriminator)
    before = [[weight.clone() for weight in network.parameters()] for network in networks]
    loop.step(torch.rand(4, 3, 64, 64) * 2 - 1)
    for network, weights in zip(networks, before, strict=True):
        for weight, old in zip(network.parameters(), weights, strict=True):
            assert not torch.equal(weight, old)
