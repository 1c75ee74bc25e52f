"""Claims that hold for every generator, at every size, with and without classes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from model.generators import GENERATORS, build_generator
from model.spec import GeneratorSpec, SpecError

ARCHITECTURES = ("dcgan", "mlp", "palette", "pixel", "resize", "upsample")
SIZES = [(16, 16), (64, 48), (20, 28), (48, 24)]


def specs() -> Iterator[GeneratorSpec]:
    for architecture in ARCHITECTURES:
        for height, width in SIZES:
            for channels in (1, 2, 3, 4):
                for classes in (0, 3):
                    yield GeneratorSpec(
                        architecture, height, channels, 5, classes, 2, img_width=width
                    )


every_spec = pytest.mark.parametrize(
    "spec",
    [*specs()],
    ids=lambda s: f"{s.architecture}-{s.img_resolution}-{s.img_channels}-{s.num_classes}",
)


def build(spec: GeneratorSpec) -> nn.Module:
    """Build a generator whose weights have all left zero, where some begin."""
    torch.manual_seed(6)
    generator = build_generator(spec)
    for weight in generator.parameters():
        weight.data.add_(torch.randn_like(weight), alpha=0.1)
    return generator


def inputs(spec: GeneratorSpec, count: int) -> tuple[Tensor, Tensor | None]:
    labels = torch.arange(count) % spec.num_classes if spec.is_conditional else None
    return torch.randn(count, spec.z_dim), labels


@every_spec
def test_images_have_the_shape_of_the_spec_and_lie_in_range(spec: GeneratorSpec) -> None:
    generator = build(spec)
    z, labels = inputs(spec, 3)
    for mode in (True, False):
        images = generator.train(mode)(10 * z, labels)
        assert images.shape == (3, spec.img_channels, *spec.img_size)
        assert images.dtype == torch.float32
        assert images.abs().max() <= 1
        # After one batch the statistics that evaluation uses say little.
        assert images.std() > 0.005 or not mode


@every_spec
def test_the_gradient_reaches_every_weight(spec: GeneratorSpec) -> None:
    generator = build(spec)
    images = generator(*inputs(spec, 6))
    (images * torch.randn_like(images)).sum().backward()
    for name, weight in generator.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.any(), name


@pytest.mark.parametrize("architecture", ["dcgan", "palette", "pixel", "resize", "upsample"])
@pytest.mark.parametrize("height", [8, 16, 32])
def test_the_gradient_reaches_self_attention(architecture: str, height: int) -> None:
    spec = GeneratorSpec(
        architecture, 64, 3, 5, base_channels=8, img_width=48, attention_resolution=height
    )
    generator = build(spec)
    seen: list[torch.Size] = []
    for module in generator.modules():
        if type(module).__name__ == "SelfAttention":
            module.register_forward_hook(lambda _m, _i, out: seen.append(out.shape))
    images = generator(*inputs(spec, 4))
    assert [shape[2:] for shape in seen] == [(height, height * 3 // 4)]
    (images * torch.randn_like(images)).sum().backward()
    for name, weight in generator.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.any(), name


@torch.no_grad()
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_label_gives_another_image_of_the_same_z(architecture: str) -> None:
    spec = GeneratorSpec(architecture, 16, z_dim=4, num_classes=5, base_channels=2)
    generator = build(spec).eval()
    images = generator(torch.randn(1, 4).expand(5, 4), torch.arange(5))
    for first in range(5):
        for second in range(first):
            assert not torch.equal(images[first], images[second])


@torch.no_grad()
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_fresh_generator_neither_dies_nor_saturates(architecture: str) -> None:
    torch.manual_seed(1)
    spec = GeneratorSpec(architecture, 64, base_channels=16)
    images = build_generator(spec)(torch.randn(8, 100))
    assert 0.03 < images.std() < 0.8  # the least: resize, whose filter takes the noise


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_equal_seeds_build_equal_generators(architecture: str) -> None:
    spec = GeneratorSpec(architecture, 16, base_channels=2)
    first, second = (build(spec).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_an_architecture_without_features_refuses_attention() -> None:
    with pytest.raises(SpecError, match="mlp has no place for self-attention"):
        build_generator(GeneratorSpec("mlp", 32, attention_resolution=8))
    assert set(ARCHITECTURES) <= set(GENERATORS)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_generator_is_built_without_memory_for_its_weights(architecture: str) -> None:
    with torch.device("meta"):
        generator = build_generator(GeneratorSpec(architecture, 256, base_channels=512))
    assert all(weight.is_meta for weight in generator.state_dict().values())
    # What is no weight would stay without memory when the weights are read from a file.
    assert {name for name, _ in generator.named_buffers()} <= set(generator.state_dict())
