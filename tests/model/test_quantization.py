"""Claims on the 8-bit generator, against whole numbers written out in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.checkpoint import Checkpoint
from model.folding import fold_batch_norm
from model.generators import build_generator
from model.generators.palette import PaletteGenerator
from model.latents import Latents, sample_latents
from model.numeric_path import to_tensors
from model.quantization import (
    NotQuantizableError,
    QuantizedGenerator,
)
from model.spec import GeneratorSpec
from tests.model.conftest import needs_int8

CPU = torch.device("cpu")
Floats = NDArray[np.float64]


def folded(checkpoint: Checkpoint) -> nn.Module:
    generator = build_generator(checkpoint.spec)
    generator.load_state_dict(dict(checkpoint.weights))
    return fold_batch_norm(generator.eval().requires_grad_(False))


@pytest.fixture(params=["plain", "class", "oblong", "smooth", "palette", "pixel"])
def checkpoint(request: pytest.FixtureRequest) -> Checkpoint:
    found: Checkpoint = request.getfixturevalue(f"{request.param}_checkpoint")
    return found


CALIBRATION = range(50, 90)


@pytest.fixture
def quantized(checkpoint: Checkpoint) -> QuantizedGenerator:
    latents = sample_latents(checkpoint.spec, CALIBRATION)
    with torch.inference_mode():
        return QuantizedGenerator(folded(checkpoint), *to_tensors(latents, CPU))


def transpose_convolve(x: Floats, weight: Floats) -> Floats:
    """Scatter each pixel of (n, i, h, w) by (i, o, 4, 4): stride 2, padding 1."""
    count, _, height, width = x.shape
    out = np.zeros((count, weight.shape[1], 2 * height + 2, 2 * width + 2))
    for row in range(height):
        for column in range(width):
            spread = np.einsum("ni,iohw->nohw", x[:, :, row, column], weight)
            out[:, :, 2 * row : 2 * row + 4, 2 * column : 2 * column + 4] += spread
    return out[:, :, 1:-1, 1:-1]


def round_weights(weight: Floats, levels: int, step: int) -> tuple[Floats, Floats]:
    """Round the weights that meet in one place of the output: a scale for each place.

    Every `step`-th row and column of the kernel (i, o, h, w) adds to the same places.
    """
    integers, scales = np.empty_like(weight), np.empty(weight.shape[1:])
    for row in range(min(step, weight.shape[2])):
        for column in range(min(step, weight.shape[3])):
            part = weight[:, :, row::step, column::step]
            scale = np.abs(part).max(axis=(0, 2, 3)) / levels
            integers[:, :, row::step, column::step] = np.rint(part / scale[:, None, None])
            scales[:, row::step, column::step] = scale[:, None, None]
    return integers, scales


def tile(scales: Floats, size: tuple[int, ...]) -> Floats:
    """Spread the scales of a kernel (o, 4, 4) over the places of an output (o, h, w)."""
    # Row r of the kernel adds to rows of the other parity, as one row of padding is cut off.
    return np.tile(scales[:, 1:3, 1:3], (1, size[0] // 2, size[1] // 2))


def convolutions_of(generator: nn.Module) -> list[tuple[Floats, Floats]]:
    return [
        (
            layer.weight.double().numpy(),
            np.zeros(layer.out_channels) if layer.bias is None else layer.bias.double().numpy(),
        )
        for layer in generator.modules()
        if isinstance(layer, nn.ConvTranspose2d)
    ]


def condition(checkpoint: Checkpoint, latents: Latents) -> Floats:
    """Put the one-hot vector of each label beside its z."""
    if latents.labels is None:
        return latents.z.astype(np.float64)
    return np.hstack([latents.z, np.eye(checkpoint.spec.num_classes)[latents.labels]])


def emulate(checkpoint: Checkpoint, seeds: range) -> NDArray[np.uint8]:
    """Compute the 8-bit generator in float64, which holds all of its whole numbers."""
    calibration, asked = (sample_latents(checkpoint.spec, item) for item in (CALIBRATION, seeds))
    first, *others = convolutions_of(folded(checkpoint))
    exact = condition(checkpoint, calibration)
    exact = np.maximum(np.einsum("ni,iohw->nohw", exact, first[0]) + first[1][:, None, None], 0)
    in_scale = float(f"{exact.max() / 255:.3g}")

    weight, scales = round_weights(first[0], 511, 7)  # no two of at most 7 rows
    most = np.abs(weight).sum(axis=0).max()
    z_scale = 2**24 // most / 10
    z = np.rint(condition(checkpoint, asked) * z_scale)
    x = np.einsum("ni,iohw->nohw", z, weight) * scales / z_scale + first[1][:, None, None]
    x = np.clip(np.rint(x / in_scale), 0, 255)
    for depth, (kernel, bias) in enumerate(others):
        exact = np.maximum(transpose_convolve(exact, kernel) + bias[:, None, None], 0)
        integers, scales = round_weights(kernel, 127, 2)
        sums = transpose_convolve(x, integers)
        x = sums * in_scale * tile(scales, sums.shape[2:]) + bias[:, None, None]
        if depth < len(others) - 1:
            in_scale = float(f"{exact.max() / 255:.3g}")
            x = np.clip(np.rint(x / in_scale), 0, 255)
    pixels: NDArray[np.uint8] = np.rint((np.tanh(x) + 1) * 127.5).astype(np.uint8)
    return pixels.transpose(0, 2, 3, 1)


@needs_int8
@pytest.mark.parametrize("checkpoint", ["plain", "class", "oblong"], indirect=True)
def test_pixels_are_those_of_the_same_whole_numbers_in_numpy(
    checkpoint: Checkpoint, quantized: QuantizedGenerator
) -> None:
    latents = sample_latents(checkpoint.spec, range(24))
    found = quantized.pixels(*to_tensors(latents, CPU)).numpy()
    expected = emulate(checkpoint, range(24))
    assert np.ptp(expected) > 150
    difference = np.abs(found.astype(int) - expected)
    # A product that falls between two steps may go either way.
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001


@needs_int8
def test_pixels_are_the_rounded_images(
    checkpoint: Checkpoint, quantized: QuantizedGenerator
) -> None:
    tensors = to_tensors(sample_latents(checkpoint.spec, range(5)), CPU)
    images = quantized.images(*tensors)
    spec = checkpoint.spec
    assert images.shape == (5, spec.img_channels, *spec.img_size)
    levels = (images.double().numpy().transpose(0, 2, 3, 1) + 1) * 127.5
    assert np.abs(quantized.pixels(*tensors).numpy() - levels).max() < 0.5001


@needs_int8
def test_images_are_equal_in_any_batch_size_at_any_row_and_on_any_thread(
    checkpoint: Checkpoint, quantized: QuantizedGenerator
) -> None:
    latents = sample_latents(checkpoint.spec, range(33))

    def render(start: int, stop: int) -> Tensor:
        return quantized.images(*to_tensors(latents.rows(start, stop), CPU))

    alone = torch.cat([render(row, row + 1) for row in range(33)])
    assert len({image.numpy().tobytes() for image in alone}) == 33
    spans = [(start, start + size) for size in range(1, 34) for start in {0, (33 - size) // 2}]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda span: render(*span), [*spans, *reversed(spans)]))
    for (start, stop), images in zip([*spans, *reversed(spans)], found, strict=True):
        assert torch.equal(images, alone[start:stop])


@needs_int8
def test_flat_features_of_resize_convolutions_stay_flat_in_8_bits(
    smooth_checkpoint: Checkpoint,
) -> None:
    generator = folded(smooth_checkpoint)
    projection = next(m for m in generator.modules() if isinstance(m, nn.ConvTranspose2d))
    projection.weight.copy_(projection.weight.mean((2, 3), keepdim=True))  # one value a channel
    latents = sample_latents(smooth_checkpoint.spec, range(16))
    tensors = to_tensors(latents, CPU)
    images = QuantizedGenerator(generator, *tensors).images(*tensors)
    flat = images[:, :, :1, :1]
    assert torch.equal(images, flat.expand_as(images))
    assert flat.std() > 0.05  # and they are not all the same
    exact = generator(*tensors)[:, :, :1, :1]
    assert (flat - exact).abs().max() < 0.05


@needs_int8
def test_colours_of_a_palette_are_not_rounded_to_8_bits(palette_checkpoint: Checkpoint) -> None:
    generator = folded(palette_checkpoint)
    assert isinstance(generator, PaletteGenerator)
    last = generator.layers[-1]
    assert isinstance(last, nn.ConvTranspose2d)
    last.weight.zero_()  # every pixel is the mean of its image's colours
    tensors = to_tensors(sample_latents(palette_checkpoint.spec, range(16)), CPU)
    images = QuantizedGenerator(generator, *tensors).images(*tensors)
    means = generator.colours(generator.condition(*tensors)).double().mean(1)
    expected = means[:, :, None, None].expand(images.shape)
    torch.testing.assert_close(images.double(), expected, atol=1e-6, rtol=0)


@needs_int8
@pytest.mark.parametrize("value", [1e10, float("inf"), 10.0])
def test_a_z_beyond_ten_is_taken_for_ten(plain_checkpoint: Checkpoint, value: float) -> None:
    latents = sample_latents(plain_checkpoint.spec, CALIBRATION)
    quantized = QuantizedGenerator(folded(plain_checkpoint), *to_tensors(latents, CPU))
    z = torch.tensor([[value, -value, 0.0, value, 1.0]])
    expected = torch.tensor([[10.0, -10.0, 0.0, 10.0, 1.0]])
    assert torch.equal(quantized.images(z, None), quantized.images(expected, None))


@needs_int8
@pytest.mark.parametrize("architecture", ["palette", "pixel"])
@pytest.mark.parametrize("sharpness", [1.0, 30.0])
def test_colours_are_chosen_as_sharply_as_by_the_generator(
    request: pytest.FixtureRequest, architecture: str, sharpness: float
) -> None:
    checkpoint: Checkpoint = request.getfixturevalue(f"{architecture}_checkpoint")
    generator = folded(checkpoint)
    assert isinstance(generator, PaletteGenerator)
    generator.sharpness = sharpness
    tensors = to_tensors(sample_latents(checkpoint.spec, CALIBRATION), CPU)
    images = QuantizedGenerator(generator, *tensors).images(*tensors)

    def distance(other: float) -> float:
        generator.sharpness = other
        exact: Tensor = generator(*tensors)
        return float((images - exact).abs().mean())

    assert distance(sharpness) < 0.5 * min(distance(sharpness / 2), distance(sharpness * 2))


def double(**changes: object) -> Callable[[nn.Sequential], None]:
    """Return what puts another transposed convolution at the end."""

    def change(layers: nn.Sequential) -> None:
        old = layers[-2]
        assert isinstance(old, nn.ConvTranspose2d)
        options: dict[str, object] = {"kernel_size": 4, "stride": 2, "padding": 1, **changes}
        layers[-2] = nn.ConvTranspose2d(old.in_channels, 3, **options)  # type: ignore[arg-type]

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda layers: layers.insert(1, nn.BatchNorm2d(layers[0].out_channels)),
        lambda layers: layers.__setitem__(1, nn.LeakyReLU(0.2)),
        lambda layers: layers.__delitem__(-1),
        lambda layers: layers.append(nn.Tanh()),
        lambda layers: layers.__setitem__(-2, nn.Conv2d(layers[-2].in_channels, 3, 3, padding=1)),
        double(kernel_size=2, padding=0),
        double(kernel_size=3, stride=1, padding=1),
        double(padding=0),
        lambda layers: layers.__delitem__(slice(1, -1)),
    ],
    ids=[
        *("normalisation", "leaky", "no tanh", "two ends", "convolution", "kernel of 2"),
        *("stride of 1", "no padding", "projection alone"),
    ],
)
def test_another_stack_is_refused(change: Callable[[nn.Sequential], object]) -> None:
    spec = GeneratorSpec("dcgan", 16, 3, z_dim=5, base_channels=2)
    generator = fold_batch_norm(build_generator(spec).eval().requires_grad_(False))
    layers = generator.layers
    assert isinstance(layers, nn.Sequential)
    change(layers)
    with pytest.raises(NotQuantizableError, match="only a stack of doubling"):
        QuantizedGenerator(generator, torch.randn(4, 5), None)


def test_another_generator_is_refused() -> None:
    with pytest.raises(NotQuantizableError, match="only generators of DCGAN's layers"):
        QuantizedGenerator(nn.Sequential(nn.Linear(5, 5)), torch.randn(4, 5), None)
