"""Claims on the choice of a numeric path: the fastest that is near enough, or a reason."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from model.floating import FloatGenerator
from model.generators import build_generator
from model.latents import sample_latents
from model.numeric_path import (
    ChosenPath,
    NumericPath,
    PrecisionError,
    choose_path,
    name_path,
    to_tensors,
)
from model.precision import Precision
from model.quantization import NotQuantizableError
from model.spec import GeneratorSpec

INT8, BFLOAT16, FLOAT32 = Precision.INT8, Precision.BFLOAT16, Precision.FLOAT32
CPU = torch.device("cpu")
SPEC = GeneratorSpec("dcgan", 16, 3, z_dim=5, base_channels=2)


class NoisyPath:
    """float32, with `levels` taken from half of the pixels and given to the other half."""

    def __init__(self, generator: nn.Module, levels: int) -> None:
        self._exact = FloatGenerator(generator, CPU, torch.float32)
        self._levels = levels

    def images(self, z: Tensor, labels: Tensor | None) -> Tensor:
        return self._exact.images(z, labels)

    def pixels(self, z: Tensor, labels: Tensor | None) -> Tensor:
        pixels = self._exact.pixels(z, labels).int()
        return torch.where(pixels < 128, pixels + self._levels, pixels - self._levels).byte()


Build = Callable[..., NumericPath]


@pytest.fixture
def generator() -> nn.Module:
    torch.manual_seed(2)
    return build_generator(SPEC).eval().requires_grad_(False)


@pytest.fixture
def choose(generator: nn.Module, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ChosenPath]:
    """Return what chooses on a CPU that is fast in three formats, `levels` off in each."""

    def run(precision: str = "auto", **levels: int) -> ChosenPath:
        def build(generator: nn.Module, *_: object) -> NumericPath:
            candidate: Precision = _[-1]  # type: ignore[assignment]
            if candidate not in levels:
                raise NotQuantizableError("it has no such form")
            return NoisyPath(generator, levels[candidate])

        monkeypatch.setattr("model.numeric_path._build_path", build)
        monkeypatch.setattr(
            "model.numeric_path.fast_precisions", lambda _: (INT8, BFLOAT16, FLOAT32)
        )
        return choose_path(generator, SPEC, CPU, precision)

    return run


def test_the_fastest_is_taken_where_it_is_near_enough(choose: Callable[..., ChosenPath]) -> None:
    chosen = choose(int8=2, bfloat16=0)
    assert chosen.precision is INT8
    # Every pixel is two levels off: 10 log10(255^2 / 2^2) dB.
    assert chosen.psnr_db == pytest.approx(42.110, abs=0.001)


def test_what_is_too_far_off_is_passed_over_and_logged(
    choose: Callable[..., ChosenPath], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        chosen = choose(int8=3, bfloat16=1)  # 38.6 dB and 48.1 dB
    assert chosen.precision is BFLOAT16
    assert "int8: 38.6 dB from float32" in caplog.text
    assert "bfloat16" not in caplog.text


def test_what_has_no_such_form_is_passed_over(choose: Callable[..., ChosenPath]) -> None:
    assert choose(bfloat16=1).precision is BFLOAT16


def test_float32_is_taken_where_nothing_else_will_do(choose: Callable[..., ChosenPath]) -> None:
    chosen = choose(int8=9, bfloat16=9)
    assert (chosen.precision, chosen.psnr_db) == (FLOAT32, None)
    assert isinstance(chosen.path, FloatGenerator)


def test_equal_pixels_are_infinitely_near(choose: Callable[..., ChosenPath]) -> None:
    assert choose(int8=0).psnr_db == float("inf")


@pytest.mark.parametrize("precision", ["int8", "bfloat16", "float32"])
def test_the_one_asked_for_is_taken_and_no_other(
    choose: Callable[..., ChosenPath], precision: str
) -> None:
    assert choose(precision, int8=1, bfloat16=1).precision == precision


def test_the_one_asked_for_is_refused_where_it_is_too_far_off(
    choose: Callable[..., ChosenPath],
) -> None:
    with pytest.raises(PrecisionError, match=r"^int8: 38\.6 dB from float32, less than 40$"):
        choose("int8", int8=3, bfloat16=0)


def test_the_one_asked_for_is_refused_where_it_has_no_such_form(
    choose: Callable[..., ChosenPath],
) -> None:
    with pytest.raises(PrecisionError, match=r"^int8: it has no such form$"):
        choose("int8")


def test_the_one_asked_for_is_refused_where_the_device_is_not_fast_in_it(
    choose: Callable[..., ChosenPath],
) -> None:
    with pytest.raises(PrecisionError, match=r"^cpu has no fast instructions for float16$"):
        choose("float16", float16=0)


@pytest.mark.parametrize("precision", ["auto", "float32"])
def test_the_generator_is_left_as_it_was(generator: nn.Module, precision: str) -> None:
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    chosen = choose_path(generator, SPEC, CPU, precision)
    chosen.path.pixels(*to_tensors(sample_latents(SPEC, [1]), CPU))
    for name, tensor in generator.state_dict().items():
        assert tensor.dtype == before[name].dtype
        assert torch.equal(tensor, before[name])


def test_float32_is_the_generator_itself(generator: nn.Module) -> None:
    path = choose_path(generator, SPEC, CPU, "float32").path
    tensors = to_tensors(sample_latents(SPEC, range(3)), CPU)
    torch.testing.assert_close(path.images(*tensors), generator(*tensors), rtol=0, atol=1e-6)


def test_names_differ_by_precision_and_hold_what_decides_a_rounding() -> None:
    names = {name_path(CPU, precision) for precision in Precision}
    assert len(names) == len(Precision)
    unit = torch.backends.cpu.get_cpu_capability().lower()
    release = torch.__version__.split("+")[0]
    for precision in Precision:
        name = name_path(CPU, precision)
        assert name.startswith(f"cpu-{unit}-{precision}-torch{release}-v")


def test_a_gpu_is_named_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA H100 80GB (HBM3)")
    name = name_path(torch.device("cuda:1"), Precision.FLOAT16)
    assert name.startswith("cuda-nvidia-h100-80gb-hbm3-float16-torch")


def test_labels_go_along_where_there_are_any() -> None:
    classes = GeneratorSpec("dcgan", 16, 1, z_dim=5, num_classes=3, base_channels=2)
    latents = sample_latents(classes, range(4), 2)
    z, labels = to_tensors(latents, CPU)
    assert torch.equal(z, torch.from_numpy(latents.z))
    assert labels is not None
    assert labels.tolist() == [2, 2, 2, 2]
    assert to_tensors(sample_latents(SPEC, [1]), CPU)[1] is None
