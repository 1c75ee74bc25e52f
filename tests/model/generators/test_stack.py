"""Claims on the sequential generator, and on the paths that it is served by."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from model.checkpoint import Checkpoint
from model.folding import fold_batch_norm
from model.generators import build_generator
from model.inference import InferenceEngine
from model.latents import Latents, sample_latents
from model.quantization import QuantizedGenerator
from model.spec import GeneratorSpec
from model.stack_layer import StackLayer

HIDDEN = {"norm": "batch", "activation": "relu"}
# As DCGAN's at 28 x 28, but with a bias in the last layer.
DOUBLING = GeneratorSpec(
    "stack",
    28,
    1,
    z_dim=6,
    num_classes=2,
    layers=(
        StackLayer("transposed", 8, kernel=(7, 7), norm="batch", activation="relu"),
        StackLayer("transposed", 4, (4, 4), (2, 2), (1, 1), norm="batch", activation="relu"),
        StackLayer("transposed", 1, (4, 4), (2, 2), (1, 1), bias=True, activation="tanh"),
    ),
)
DENSE = GeneratorSpec(
    "stack",
    16,
    3,
    z_dim=6,
    layers=(
        StackLayer("linear", 32, bias=True, norm="batch", eps=0.8, activation="leaky_relu"),
        StackLayer("linear", 8 * 16, bias=True, activation="relu"),
        StackLayer("reshape", 8, kernel=(4, 4), norm="batch"),
        StackLayer("bilinear", stride=(2, 2)),
        StackLayer("conv", 8, (3, 3), padding=(1, 1), norm="batch", activation="silu"),
        StackLayer("nearest", stride=(2, 2)),
        StackLayer("conv", 3, (3, 3), padding=(1, 1), bias=True, activation="tanh"),
    ),
)


@pytest.mark.parametrize("spec", [DOUBLING, DENSE], ids=["doubling", "dense"])
def test_images_have_the_shape_of_the_spec_and_gradients_reach_every_weight(
    spec: GeneratorSpec,
) -> None:
    torch.manual_seed(3)
    generator = build_generator(spec)
    latents = sample_latents(spec, range(4))
    labels = None if latents.labels is None else torch.from_numpy(latents.labels)
    images = generator(torch.from_numpy(latents.z), labels)
    assert images.shape == (4, spec.img_channels, spec.img_resolution, spec.img_resolution)
    assert images.abs().max() <= 1
    images.square().sum().backward()
    for name, weight in generator.named_parameters():
        assert weight.grad is not None, name


@pytest.mark.parametrize("spec", [DOUBLING, DENSE], ids=["doubling", "dense"])
def test_a_seed_gives_the_same_bytes_in_any_batch(
    spec: GeneratorSpec, make_checkpoint: Callable[[GeneratorSpec], Checkpoint]
) -> None:
    engine = InferenceEngine(
        make_checkpoint(spec), device="cpu", precision="float32", max_batch_size=16
    )
    together = sample_latents(spec, range(engine.facts.batch_shapes[-1]))
    pixels = engine.generate_pixels(together)
    for row in range(len(together)):
        alone: Latents = together.rows(row, row + 1)
        assert (engine.generate_pixels(alone)[0] == pixels[row]).all()


@torch.inference_mode()
def test_a_stack_of_doublings_is_near_itself_in_8_bits(
    make_checkpoint: Callable[[GeneratorSpec], Checkpoint],
) -> None:
    if not torch.backends.mkldnn.is_available():
        pytest.skip("no oneDNN")
    generator = build_generator(DOUBLING)
    generator.load_state_dict(dict(make_checkpoint(DOUBLING).weights))
    folded = fold_batch_norm(generator.eval())
    latents = sample_latents(DOUBLING, range(64))
    z, labels = torch.from_numpy(latents.z), torch.from_numpy(latents.labels)
    quantized = QuantizedGenerator(folded, z, labels)
    difference = quantized.images(z, labels) - folded(z, labels)
    assert difference.abs().mean() < 0.05
