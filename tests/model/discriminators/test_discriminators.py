"""Claims that hold for every discriminator: shapes, gradients, classes, packs, second heads."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from model.discriminators import (
    DISCRIMINATORS,
    NORMALISATIONS,
    Discriminator,
    DiscriminatorSpec,
    build_discriminator,
)
from model.spec import GeneratorSpec, SpecError
from model.training.penalties import zero_centred_gradient_penalty

SPEC = GeneratorSpec("dcgan", 32, 3, img_width=24, attention_resolution=8)
CLASSES = dataclasses.replace(SPEC, num_classes=3)
KINDS = [
    (architecture, normalisation)
    for architecture, trunk in DISCRIMINATORS.items()
    for normalisation in trunk.normalisations
]
every_kind = pytest.mark.parametrize(("architecture", "normalisation"), KINDS)
without_batch = pytest.mark.parametrize(
    ("architecture", "normalisation"), [kind for kind in KINDS if kind[1] != "batch"]
)


def build(
    architecture: str, normalisation: str, spec: GeneratorSpec = SPEC, **changes: object
) -> Discriminator:
    """Build one whose weights have all left zero, where some begin."""
    description = DiscriminatorSpec(architecture, 4, normalisation, **changes)  # type: ignore[arg-type]
    torch.manual_seed(4)
    discriminator = build_discriminator(spec, description)
    for weight in discriminator.parameters():
        weight.data.add_(torch.randn_like(weight), alpha=0.1)
    return discriminator


def images_for(spec: GeneratorSpec, count: int) -> Tensor:
    torch.manual_seed(5)
    return torch.rand(count, spec.img_channels, *spec.img_size) * 2 - 1


@every_kind
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(16, 16), (64, 48), (20, 28)])
@pytest.mark.parametrize("classes", [0, 3])
def test_one_logit_an_image_and_a_gradient_for_every_weight(
    architecture: str, normalisation: str, channels: int, size: tuple[int, int], classes: int
) -> None:
    spec = GeneratorSpec("dcgan", size[0], channels, num_classes=classes, img_width=size[1])
    discriminator = build(architecture, normalisation, spec)
    images = images_for(spec, 6).requires_grad_()
    labels = torch.arange(6) % classes if classes else None
    logits = discriminator(images, labels)
    assert logits.shape == (6,)
    assert logits.isfinite().all()
    assert discriminator.features(images).shape == (6, discriminator.trunk.num_features)
    (logits * torch.randn(6)).sum().backward()
    assert images.grad is not None
    assert images.grad.flatten(1).any(1).all()
    for name, weight in discriminator.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        # A constant before a normalisation over all places is taken out again.
        assert weight.grad.any() or name.endswith("bias"), name


@every_kind
def test_a_fresh_one_has_an_opinion_of_moderate_size(architecture: str, normalisation: str) -> None:
    torch.manual_seed(4)
    description = DiscriminatorSpec(architecture, 16, normalisation)
    logits = build_discriminator(SPEC, description)(images_for(SPEC, 8))
    assert 1e-4 < logits.std() < 30


@without_batch
def test_without_batch_normalisation_a_row_is_judged_alone(
    architecture: str, normalisation: str
) -> None:
    discriminator = build(architecture, normalisation).double().eval()
    images = images_for(SPEC, 4).double().requires_grad_()
    logits = discriminator(images)
    alone = torch.cat([discriminator(images[row : row + 1]) for row in range(4)])
    torch.testing.assert_close(logits, alone)
    (gradient,) = torch.autograd.grad(logits[1], images)
    assert gradient[1].any()
    assert not gradient[[0, 2, 3]].any()


@without_batch
def test_a_penalty_can_be_differentiated(architecture: str, normalisation: str) -> None:
    has_attention = architecture != "mlp"
    discriminator = build(architecture, normalisation, has_attention=has_attention)
    images = images_for(SPEC, 4).requires_grad_()
    penalty = zero_centred_gradient_penalty(images, discriminator(images))
    penalty.backward()
    grads = [weight.grad for weight in discriminator.parameters() if weight.grad is not None]
    assert grads
    assert all(grad.isfinite().all() for grad in grads)
    assert any(grad.any() for grad in grads)


@torch.no_grad()
@every_kind
def test_the_class_term_is_an_inner_product_with_the_features(
    architecture: str, normalisation: str
) -> None:
    discriminator = build(architecture, normalisation, CLASSES).double().eval()
    images, labels = images_for(CLASSES, 4).double(), torch.tensor([2, 0, 1, 2])
    features, plain = discriminator.features(images), discriminator(images)
    assert discriminator.embedding is not None
    table = discriminator.embedding.weight
    expected = torch.stack([plain[row] + features[row] @ table[labels[row]] for row in range(4)])
    torch.testing.assert_close(discriminator(images, labels), expected)
    torch.testing.assert_close(discriminator.judge(images, labels)[0], expected)
    assert not torch.allclose(discriminator(images, 2 - labels), expected)


@torch.no_grad()
@every_kind
@pytest.mark.parametrize("pack", [2, 3])
def test_neighbouring_rows_are_packed_along_their_channels(
    architecture: str, normalisation: str, pack: int
) -> None:
    gray = dataclasses.replace(SPEC, img_channels=1)
    images = images_for(gray, 2 * pack)
    # One that takes `pack` channels in one image has the same weights.
    single = build(architecture, normalisation, dataclasses.replace(SPEC, img_channels=pack)).eval()
    packed = build(architecture, normalisation, gray, pack=pack).eval()
    single.load_state_dict(packed.state_dict())
    joined = torch.stack([torch.cat([*images[:pack]]), torch.cat([*images[pack:]])])
    assert packed(images).shape == (2,)
    assert torch.equal(packed(images), single(joined))
    with pytest.raises(ValueError, match="images cannot be packed by"):
        packed(images[1:])


def test_what_is_packed_takes_no_labels() -> None:
    discriminator = build("dcgan", "none", CLASSES, pack=2)
    with pytest.raises(ValueError, match="takes no labels: images are packed"):
        discriminator(images_for(CLASSES, 4), torch.zeros(2, dtype=torch.int64))
    with pytest.raises(ValueError, match="takes no labels: it has no classes"):
        build("dcgan", "none")(images_for(SPEC, 1), torch.zeros(1, dtype=torch.int64))


@torch.no_grad()
@every_kind
def test_a_second_head_is_a_linear_function_of_the_features(
    architecture: str, normalisation: str
) -> None:
    discriminator = build(architecture, normalisation, auxiliary_outputs=5).double().eval()
    images = images_for(SPEC, 3).double()
    logits, auxiliary = discriminator.judge(images)
    assert auxiliary is not None
    assert discriminator.auxiliary is not None
    expected = discriminator.features(images) @ discriminator.auxiliary.weight.T
    torch.testing.assert_close(auxiliary, expected + discriminator.auxiliary.bias)
    torch.testing.assert_close(discriminator(images), logits)
    assert build(architecture, normalisation).judge(images_for(SPEC, 3))[1] is None


@torch.no_grad()
@pytest.mark.parametrize("architecture", ["dcgan", "mlp", "resnet"])
def test_spectral_normalisation_leaves_every_weight_a_largest_singular_value_of_one(
    architecture: str,
) -> None:
    has_attention = architecture != "mlp"
    description = DiscriminatorSpec(
        architecture, 4, "spectral", auxiliary_outputs=2, has_attention=has_attention
    )
    torch.manual_seed(3)
    discriminator = build_discriminator(CLASSES, description)
    images = images_for(CLASSES, 2)
    for _ in range(30):  # a power iteration each
        discriminator.judge(images, torch.tensor([0, 1]))
    layers = [
        layer
        for layer in discriminator.eval().modules()
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.Embedding)
    ]
    assert len(layers) > 4
    for layer in layers:
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
        assert largest.item() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("architecture", [name for name in DISCRIMINATORS if name != "mlp"])
def test_attention_looks_at_the_features_of_the_height_asked_for(architecture: str) -> None:
    spec = GeneratorSpec("dcgan", 64, img_width=48, attention_resolution=16)
    discriminator = build(architecture, "none", spec, has_attention=True)
    seen: list[torch.Size] = []
    for module in discriminator.modules():
        if type(module).__name__ == "SelfAttention":
            module.register_forward_hook(lambda _m, _i, out: seen.append(out.shape))
    discriminator(images_for(spec, 2)).sum().backward()
    assert [shape[2:] for shape in seen] == [(16, 12)]
    for name, weight in discriminator.named_parameters():
        assert weight.grad is not None, name
    kinds = {type(module).__name__ for module in build(architecture, "none", spec).modules()}
    assert "SelfAttention" not in kinds


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ({"architecture": "biggan"}, "unknown discriminator 'biggan'; this version has: dcgan, "),
        ({"normalisation": "group"}, "unknown normalisation 'group'; there are: batch, none,"),
        ({"architecture": "residual", "normalisation": "batch"}, "has no normalisation 'batch'"),
        ({"architecture": "mlp", "has_attention": True}, "mlp discriminator has no features"),
        ({"pack": 0}, "pack must be whole, from 1 to 16, not 0"),
        ({"auxiliary_outputs": -1}, "auxiliary_outputs must be whole, from 0"),
        ({"base_channels": 0}, "base_channels must be whole, from 1"),
    ],
)
def test_what_cannot_be_built_is_named(description: dict[str, object], words: str) -> None:
    fields = {"architecture": "dcgan", "base_channels": 4, **description}
    with pytest.raises(SpecError, match=words):
        build_discriminator(SPEC, DiscriminatorSpec(**fields))  # type: ignore[arg-type]


def test_attention_needs_a_place() -> None:
    with pytest.raises(SpecError, match="needs an attention_resolution"):
        build("dcgan", "none", GeneratorSpec("dcgan", 32), has_attention=True)
    assert set(NORMALISATIONS) == {"batch", "none", "spectral", "layer"}
