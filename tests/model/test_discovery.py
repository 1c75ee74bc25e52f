from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from model.checkpoint import Checkpoint
from model.discovery import add_discovered, find_pca, find_sefa
from model.first_layer import first_features, first_matrix
from model.generators import GENERATORS, build_generator
from model.spec import GeneratorSpec

NAMES = sorted(set(GENERATORS) - {"stack"})


def build(architecture: str, num_classes: int = 0) -> tuple[torch.nn.Module, GeneratorSpec]:
    spec = GeneratorSpec(architecture, 16, 3, z_dim=6, num_classes=num_classes, base_channels=4)
    torch.manual_seed(3)
    return build_generator(spec).eval(), spec


@pytest.mark.parametrize("num_classes", [0, 3])
def test_the_first_matrix_of_dcgan_is_its_weight_with_a_row_for_each_tap(num_classes: int) -> None:
    generator, spec = build("dcgan", num_classes)
    weight = generator.get_parameter("layers.0.weight").detach().double()
    a = first_matrix(generator, spec.z_dim, spec.is_conditional)
    torch.testing.assert_close(a, weight[: spec.z_dim].flatten(1).T, atol=1e-6, rtol=1e-5)


def test_sefa_is_the_closed_form_of_the_paper() -> None:
    """The k-th direction solves A^T A n = lambda n, summed over taps, largest lambda first."""
    generator, spec = build("dcgan")
    weight = generator.get_parameter("layers.0.weight").detach().double().numpy()
    gram = sum(
        weight[:, :, row, column] @ weight[:, :, row, column].T
        for row in range(4)
        for column in range(4)
    )
    found = find_sefa(generator, spec, 4)
    values = [float(v @ gram @ v) for v in found.vectors.astype(np.float64)]
    for vector, value in zip(found.vectors.astype(np.float64), values, strict=True):
        np.testing.assert_allclose(gram @ vector, value * vector, atol=1e-6)
    assert values == sorted(values, reverse=True)
    np.testing.assert_allclose(values[0], np.linalg.norm(gram, 2), rtol=1e-5)


@pytest.mark.parametrize("num_classes", [0, 3])
@pytest.mark.parametrize("architecture", NAMES)
def test_every_architecture_has_directions_of_unit_length(
    architecture: str, num_classes: int
) -> None:
    generator, spec = build(architecture, num_classes if architecture != "resnet" else 0)
    for found in (find_sefa(generator, spec, 4), find_pca(generator, spec, 4)):
        assert found.vectors.shape == (4, 6)
        np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1.0, atol=1e-5)


def test_pca_finds_the_z_that_moves_the_first_features_most() -> None:
    """One entry of z is made to matter ten times as much: it is the first direction."""
    generator, spec = build("dcgan")
    with torch.no_grad():
        generator.get_parameter("layers.0.weight")[2] *= 10
    found = find_pca(generator, spec, 2)
    assert found.names == ("pca-1", "pca-2")
    assert found.vectors[0].argmax() == 2
    assert found.vectors[0][2] > 0.9


def test_a_class_is_no_direction_of_z() -> None:
    """A label that moves features far more than z does leaves the directions where they are."""
    generator, spec = build("dcgan", 3)
    plain = find_pca(generator, spec, 1).vectors[0]
    with torch.no_grad():
        for layer in generator.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.bias.fill_(50)  # past the rectifier, so that the features are linear
        linear = find_pca(generator, spec, 1).vectors[0]
        generator.get_parameter("layers.0.weight")[spec.z_dim :] *= 30
    assert abs(linear @ find_pca(generator, spec, 1).vectors[0]) > 0.99
    assert np.isfinite(plain).all()


def test_features_are_what_the_second_layer_sees() -> None:
    generator, _ = build("mlp")
    z = torch.randn(5, 6, generator=torch.Generator().manual_seed(0))
    first = generator.get_submodule("layers.0")
    torch.testing.assert_close(first_features(generator, z, None), torch.relu(first(z)))


def test_discovery_is_a_function_of_the_weights_and_keeps_attributes(
    plain_checkpoint: Checkpoint,
) -> None:
    once = add_discovered(plain_checkpoint, 3)
    renamed = dataclasses.replace(once.directions.entries[0], name="hat", kind="attribute")
    with_hat = dataclasses.replace(
        plain_checkpoint,
        directions=dataclasses.replace(
            once.directions.of_kind("sefa"), entries=(renamed, *once.directions.entries[1:3])
        ),
    )
    again = add_discovered(with_hat, 3)
    assert again.directions.names == ("hat", *once.directions.names)
    assert np.array_equal(again.directions.vectors[1:], once.directions.vectors)
