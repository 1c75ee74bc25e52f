"""Claims on DCGAN's discriminator, with batch normalisation and without."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from model.discriminators import Discriminator, DiscriminatorSpec, build_discriminator
from model.spec import GeneratorSpec


def build(
    spec: GeneratorSpec, is_normalised: bool = False, base_channels: int = 2
) -> Discriminator:
    torch.manual_seed(4)
    normalisation = "batch" if is_normalised else "none"
    return build_discriminator(spec, DiscriminatorSpec("dcgan", base_channels, normalisation))


def layers_of(discriminator: Discriminator) -> list[nn.Module]:
    layers = discriminator.trunk.layers
    assert isinstance(layers, nn.Sequential)
    return list(layers)


def images_for(spec: GeneratorSpec, count: int) -> Tensor:
    torch.manual_seed(5)
    return torch.rand(count, spec.img_channels, *spec.img_size) * 2 - 1


@pytest.mark.parametrize("is_normalised", [True, False])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("side", [16, 32, 64, 128, 256])
@torch.no_grad()
def test_one_logit_an_image_at_every_size(side: int, channels: int, is_normalised: bool) -> None:
    spec = GeneratorSpec("dcgan", side, channels)
    logits = build(spec, is_normalised, base_channels=1)(images_for(spec, 3))
    assert logits.shape == (3,)
    assert logits.isfinite().all()


@pytest.mark.parametrize("side", [16, 64, 256])
def test_the_features_are_4_by_4_before_the_logit(side: int) -> None:
    discriminator = build(GeneratorSpec("dcgan", side))
    convolutions = [x for x in layers_of(discriminator) if isinstance(x, nn.Conv2d)]
    assert side == 4 * 2 ** len(convolutions)
    assert discriminator.head.in_features == convolutions[-1].out_channels * 16
    assert [x.out_channels for x in convolutions] == [2, 4, 8, 16, 16, 16][: len(convolutions)]


@torch.no_grad()
def test_normalised_it_is_the_textbook_discriminator_with_a_bias_at_either_end() -> None:
    discriminator = build(GeneratorSpec("dcgan", 64), is_normalised=True, base_channels=64)
    textbook = nn.Sequential(
        nn.Conv2d(3, 64, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(64, 128, 4, 2, 1, bias=False),
        nn.BatchNorm2d(128),
        nn.LeakyReLU(0.2),
        nn.Conv2d(128, 256, 4, 2, 1, bias=False),
        nn.BatchNorm2d(256),
        nn.LeakyReLU(0.2),
        nn.Conv2d(256, 512, 4, 2, 1, bias=False),
        nn.BatchNorm2d(512),
        nn.LeakyReLU(0.2),
        nn.Conv2d(512, 1, 4),
    )
    # PyTorch's DCGAN example has 2,765,568 parameters, without the two biases.
    count = sum(weight.numel() for weight in discriminator.parameters())
    assert count == 2_765_568 + 64 + 1
    state = {k.removeprefix("trunk.layers."): v for k, v in discriminator.state_dict().items()}
    state["11.weight"] = state.pop("head.weight").reshape(1, 512, 4, 4)
    state["11.bias"] = state.pop("head.bias")
    textbook.load_state_dict(state)
    images = images_for(GeneratorSpec("dcgan", 64), 4)
    torch.testing.assert_close(discriminator(images), textbook(images).flatten())


def test_without_normalisation_a_row_is_judged_alone() -> None:
    spec = GeneratorSpec("dcgan", 16)
    discriminator = build(spec).double()
    images = images_for(spec, 4).double().requires_grad_()
    logits = discriminator(images)
    alone = torch.cat([discriminator(images[row : row + 1]) for row in range(4)])
    torch.testing.assert_close(logits, alone)
    (gradient,) = torch.autograd.grad(logits[1], images)
    assert gradient[1].any()
    assert not gradient[[0, 2, 3]].any()


def test_with_normalisation_a_row_depends_on_its_neighbours() -> None:
    # The reason why gradient penalties need the other kind.
    spec = GeneratorSpec("dcgan", 16)
    images = images_for(spec, 4).requires_grad_()
    logits = build(spec, is_normalised=True)(images)
    (gradient,) = torch.autograd.grad(logits[1], images)
    assert gradient[[0, 2, 3]].any()


def test_he_initialisation_keeps_the_size_of_the_signal() -> None:
    discriminator = build(GeneratorSpec("dcgan", 32), base_channels=32)
    for layer in layers_of(discriminator):
        if isinstance(layer, nn.Conv2d):
            # He et al., 2015, equation 15: 2 / ((1 + a^2) n) for a leak of a.
            deviation = math.sqrt(2 / ((1 + 0.2**2) * layer.in_channels * 16))
            error = 4 * deviation / math.sqrt(2 * layer.weight.numel())
            assert abs(layer.weight.std().item() - deviation) < error
            assert layer.bias is not None
            assert not layer.bias.any()
    deviation = 1 / math.sqrt(discriminator.head.in_features)
    error = 4 * deviation / math.sqrt(2 * discriminator.head.in_features)
    assert abs(discriminator.head.weight.std().item() - deviation) < error


@torch.no_grad()
def test_the_class_term_is_an_inner_product_with_the_features() -> None:
    spec = GeneratorSpec("dcgan", 16, num_classes=3)
    discriminator = build(spec)
    images, labels = images_for(spec, 4), torch.tensor([2, 0, 1, 2])
    plain = discriminator.head(discriminator.features(images)).squeeze(1)
    # A fresh one ignores the classes.
    assert torch.equal(discriminator(images, labels), plain)
    assert discriminator.embedding is not None
    nn.init.normal_(discriminator.embedding.weight)
    features = discriminator.features(images)
    expected = [
        plain[row] + features[row] @ discriminator.embedding.weight[labels[row]] for row in range(4)
    ]
    torch.testing.assert_close(discriminator(images, labels), torch.stack(expected))
    assert not torch.equal(discriminator(images, labels), discriminator(images, 2 - labels))


def test_without_classes_there_is_no_class_term() -> None:
    assert build(GeneratorSpec("dcgan", 16)).embedding is None
