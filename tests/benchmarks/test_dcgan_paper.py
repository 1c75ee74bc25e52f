"""Claims on the parts of the DCGAN paper's demonstrations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.discriminator_features import pooled_features, score_features
from benchmarks.face_judge import ATTRIBUTES
from benchmarks.filter_dropping import object_maps
from benchmarks.plain_generator import PlainGenerator
from benchmarks.vector_arithmetic import EQUATIONS, combine, draw_terms, has_attributes
from model.checkpoint import Checkpoint
from model.discriminators import DiscriminatorSpec, build_discriminator
from model.generators import build_generator
from model.golden import Golden
from model.inference import InferenceEngine
from model.latents import sample_latents
from model.provenance import Provenance
from model.spec import GeneratorSpec


def untrained(architecture: str = "dcgan") -> Checkpoint:
    """Return 64 x 64 faces to be, with weights large enough to use the range of pixels."""
    spec = GeneratorSpec(architecture, 64, base_channels=16)
    torch.manual_seed(11)
    weights = {
        name: tensor * 5 if tensor.ndim == 4 else tensor
        for name, tensor in build_generator(spec).state_dict().items()
    }
    return Checkpoint(spec, weights, Golden.unknown(spec), Provenance(preset="tiny"))


def test_the_open_generator_renders_what_the_service_does() -> None:
    checkpoint = untrained()
    generator = PlainGenerator(checkpoint)
    engine = InferenceEngine(
        checkpoint, device="cpu", precision="float32", max_batch_size=4, is_golden_checked=False
    )
    served = engine.generate_pixels(sample_latents(checkpoint.spec, range(4)))
    opened = generator.render(generator.latents(range(4)))
    # Batch normalisation is folded into the service's weights, so roundings differ.
    assert np.abs(opened.astype(int) - served.astype(int)).max() <= 1


def test_the_second_highest_features_are_a_quarter_of_the_side() -> None:
    generator = PlainGenerator(untrained())
    # 4, 8, 16, 32, then the image of 64: the highest hidden convolution is the one at 32.
    assert generator.features(generator.latents(range(2))).shape == (2, 32, 16, 16)


def test_dropping_no_map_changes_nothing_and_dropping_all_leaves_one_image() -> None:
    generator = PlainGenerator(untrained())
    z = generator.latents(range(3))
    assert np.array_equal(generator.render(z, np.empty(0, np.intp)), generator.render(z))
    blank = generator.render(z, np.arange(32))
    assert np.array_equal(blank[0], blank[1])
    assert np.array_equal(blank[1], blank[2])


def test_another_architecture_than_the_papers_is_refused() -> None:
    with pytest.raises(ValueError, match="unconditional dcgan"):
        PlainGenerator(untrained("palette"))


def test_the_weights_find_the_map_that_shows_the_object() -> None:
    stream = torch.Generator().manual_seed(0)
    features = 0.1 * torch.rand((8, 3, 4, 4), generator=stream)
    wears = np.arange(8) % 2 == 0
    mask = np.zeros((8, 8), bool)
    mask[2:4, 2:6] = True  # cells (1, 1) and (1, 2) of the features' four by four
    shown = torch.from_numpy(wears)
    features[shown, 1, 1, 1:3] += 1.0  # the object
    features[:, 2, 1, 1:3] += 1.0  # that place, object or not
    weights = object_maps(features, wears, mask)
    assert weights.argmax() == 1
    assert weights[1] > 3 * abs(weights[2])


def read_as(glasses: str, hair_style: str, count: int) -> dict[str, np.ndarray]:
    return {
        "glasses": np.full(count, ATTRIBUTES["glasses"].index(glasses)),
        "hair_style": np.full(count, ATTRIBUTES["hair_style"].index(hair_style)),
    }


def some_faces() -> dict[str, np.ndarray]:
    """Four faces each of A, B and C of the first equation."""
    parts = [read_as("yes", "short", 4), read_as("no", "short", 4), read_as("no", "long", 4)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def test_terms_are_drawn_among_the_samples_of_each_concept() -> None:
    terms = draw_terms(EQUATIONS[0], some_faces(), draws=20, averaged=3)
    assert terms.shape == (20, 3, 3)
    for place, rows in enumerate((range(4), range(4, 8), range(8, 12))):
        assert set(terms[:, place].ravel()) <= set(rows)
    assert all(len(set(average)) == 3 for draw in terms for average in draw)


def test_a_concept_that_is_read_too_rarely_is_named() -> None:
    with pytest.raises(SystemExit, match="only 4 samples"):
        draw_terms(EQUATIONS[0], some_faces(), draws=1, averaged=5)


def test_combining_is_a_minus_b_plus_c_of_the_averages() -> None:
    z = np.array([[1.0, 0.0], [3.0, 0.0], [10.0, 2.0], [20.0, 4.0], [0.0, 7.0], [0.0, 9.0]])
    terms = np.array([[[0, 1], [2, 3], [4, 5]]])
    assert combine(z.astype(np.float32), terms).tolist() == [[2 - 15 + 0, 0 - 3 + 8]]


def test_a_concept_needs_all_of_its_attributes() -> None:
    has = has_attributes({"glasses": "no", "hair_style": "long"}, some_faces())
    assert np.flatnonzero(has).tolist() == [8, 9, 10, 11]


def test_features_of_all_convolutions_are_pooled_to_four_by_four() -> None:
    torch.manual_seed(0)
    spec = GeneratorSpec("dcgan", 32, img_channels=1)
    discriminator = build_discriminator(spec, DiscriminatorSpec("dcgan", 8))
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 1), dtype=np.uint8)
    features = pooled_features(discriminator, pixels)
    assert features.shape == (3, (8 + 16 + 32) * 16)
    # The first convolution by hand: 16 x 16 in blocks of 4 x 4.
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    first = torch.nn.functional.leaky_relu(
        discriminator.get_submodule("trunk.layers.0")(images), 0.2
    )
    blocks = first.detach().reshape(3, 8, 4, 4, 4, 4).amax(dim=(3, 5)).flatten(1)
    assert np.allclose(features[:, : 8 * 16], blocks.numpy(), atol=1e-5)


def test_rows_that_a_line_divides_are_all_told_apart() -> None:
    stream = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 30)
    features = (4.0 * np.eye(3)[labels] + 0.1 * stream.standard_normal((90, 3))).astype(np.float32)
    data = features, labels
    score = score_features("lines", data, data, labels_each=10, draws=2)
    assert (score.mean, score.std, score.dimensions) == (1.0, 0.0, 3)
    noise = stream.standard_normal((90, 3)).astype(np.float32), labels
    assert score_features("noise", noise, noise, labels_each=10, draws=2).mean < 0.7
