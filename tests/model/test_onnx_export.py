"""Claims on ONNX files: onnxruntime renders them as the checkpoint renders, at any row count."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from model import onnx_export
from model.__main__ import main
from model.checkpoint import Checkpoint, write_checkpoint
from model.generators import GENERATORS, build_generator
from model.golden import Golden
from model.latents import sample_latents
from model.provenance import Provenance
from model.sealing import seal_checkpoint
from model.spec import GeneratorSpec
from model.stack_layer import StackLayer

STACK = (
    StackLayer("linear", 32, bias=True, norm="batch", eps=0.8, activation="leaky_relu"),
    StackLayer("reshape", 2, kernel=(4, 4), norm="layer", activation="gelu"),
    StackLayer("nearest", stride=(2, 2)),
    StackLayer("conv", 4, (3, 3), padding=(1, 1), norm="instance", activation="silu"),
    StackLayer("bilinear", stride=(2, 2)),
    StackLayer("conv", 3, (3, 3), padding=(1, 1), activation="tanh"),
)
SPECS = {
    "dcgan": GeneratorSpec("dcgan", 16, 3, z_dim=5, base_channels=2),
    "dcgan classes": GeneratorSpec("dcgan", 16, 1, z_dim=5, num_classes=3, base_channels=2),
    "mlp classes": GeneratorSpec("mlp", 16, 1, z_dim=5, num_classes=3, base_channels=2),
    "palette": GeneratorSpec("palette", 24, 3, z_dim=5, base_channels=2, img_width=16),
    "palette classes": GeneratorSpec("palette", 16, 4, z_dim=5, num_classes=3, base_channels=2),
    "pixel classes": GeneratorSpec("pixel", 24, 3, z_dim=5, num_classes=3, base_channels=2),
    "resize": GeneratorSpec("resize", 16, 3, z_dim=5, base_channels=2, attention_resolution=8),
    "resnet": GeneratorSpec("resnet", 32, 3, z_dim=5, base_channels=2),
    "resnet classes": GeneratorSpec("resnet", 16, 4, z_dim=5, num_classes=3, base_channels=2),
    "stack": GeneratorSpec("stack", 16, 3, z_dim=5, layers=STACK),
    "upsample classes": GeneratorSpec("upsample", 16, 3, 5, 3, 4, attention_resolution=8),
}


def make(name: str) -> Checkpoint:
    """Return a checkpoint with weights that use the whole range of pixels."""
    spec = SPECS[name]
    torch.manual_seed(11)
    # DCGAN draws its weights so small that a new one is gray; the others' are large enough.
    scales = {"dcgan": 20, "palette": 20, "pixel": 20, "resize": 60, "stack": 20}
    scale = scales.get(spec.architecture, 1)
    weights = {
        name: tensor * scale if tensor.ndim == 4 else tensor
        for name, tensor in build_generator(spec).state_dict().items()
    }
    names = ("cat", "dog", "owl")[: spec.num_classes]
    return seal_checkpoint(
        Checkpoint(spec, weights, Golden.unknown(spec), Provenance(preset="tiny"), names)
    )


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., tuple[Checkpoint, Path]]:
    """Return what makes a checkpoint and writes it as ONNX by the command line."""

    def write(name: str, *flags: str) -> tuple[Checkpoint, Path]:
        file, out = tmp_path / "a.safetensors", tmp_path / "out" / "a.onnx"
        checkpoint = write_checkpoint(make(name), file)
        assert main(["onnx", str(file), str(out), *flags]) == 0
        return checkpoint, out

    return write


def test_every_architecture_is_exported() -> None:
    assert {spec.architecture for spec in SPECS.values()} == set(GENERATORS)


@pytest.mark.parametrize("name", SPECS)
def test_onnxruntime_gives_the_images_of_every_architecture_for_any_number_of_rows(
    name: str, written: Callable[..., tuple[Checkpoint, Path]]
) -> None:
    checkpoint, path = written(name)
    generator = build_generator(checkpoint.spec)
    generator.load_state_dict(dict(checkpoint.weights))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for rows in (1, 2, 5):
        latents = sample_latents(checkpoint.spec, range(50, 50 + rows))
        labels = None if latents.labels is None else torch.from_numpy(latents.labels)
        with torch.no_grad():
            expected = generator.eval()(torch.from_numpy(latents.z), labels).numpy()
        feed = {"z": latents.z} | ({} if latents.labels is None else {"labels": latents.labels})
        (found,) = session.run(["images"], feed)
        assert expected.std() > 0.05
        assert np.abs(found - expected).max() <= 1e-4


def test_the_file_says_what_it_is_and_not_where_it_was_made(
    written: Callable[..., tuple[Checkpoint, Path]],
) -> None:
    checkpoint, path = written("dcgan classes")
    model = onnx.load(path)
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert facts["checkpoint_digest"] == checkpoint.digest
    assert GeneratorSpec.from_json(facts["spec"]) == checkpoint.spec
    assert json.loads(facts["provenance"])["preset"] == "tiny"
    assert [entry.version for entry in model.opset_import if not entry.domain] == [18]
    assert str(Path(onnx_export.__file__).parent).encode() not in path.read_bytes()


def test_pixels_are_what_torch_fidelity_takes(
    written: Callable[..., tuple[Checkpoint, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, path = written("dcgan classes", "--pixels")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [entry.name for entry in session.get_inputs()] == ["z", "labels"]
    latents = sample_latents(checkpoint.spec, range(4))
    (pixels,) = session.run(None, {"z": latents.z, "labels": latents.labels})
    assert (pixels.dtype, pixels.shape) == (np.uint8, (4, 3, 16, 16))
    golden = checkpoint.golden.pixels.transpose(0, 3, 1, 2).astype(int)
    assert np.abs(pixels.astype(int) - golden).max() <= 1
    assert "--input1-model-z-size 5 --input1-model-num-classes 3" in capsys.readouterr().out


def test_a_file_that_renders_otherwise_is_refused_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "_MAX_DIFFERENCE", -1.0)
    path = tmp_path / "a.onnx"
    with pytest.raises(onnx_export.OnnxError, match="off the checkpoint"):
        onnx_export.report_onnx(make("dcgan"), path)
    assert not path.exists()


def test_without_onnxruntime_the_file_is_written_and_it_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    onnx_export.report_onnx(make("dcgan"), tmp_path / "a.onnx")
    assert "onnxruntime is not installed" in capsys.readouterr().out
    assert (tmp_path / "a.onnx").is_file()
