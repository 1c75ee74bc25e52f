"""Writing a checkpoint as ONNX, for runtimes and tools that know no PyTorch."""

from __future__ import annotations

import argparse
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from model.checkpoint import Checkpoint, read_checkpoint
from model.generators import load_generator
from model.latents import sample_latents
from model.numeric_path import to_tensors
from model.spec import GeneratorSpec

OPSET = 18
_PARITY_SEEDS = range(16)
_MAX_DIFFERENCE = 1e-4


class OnnxError(RuntimeError):
    """The ONNX file does not render as the checkpoint does."""


def run_onnx(arguments: argparse.Namespace) -> None:
    """Write `arguments.checkpoint` as `arguments.out`, and say how near it is."""
    report_onnx(read_checkpoint(arguments.checkpoint), arguments.out, arguments.pixels)


def report_onnx(checkpoint: Checkpoint, path: Path, is_pixels: bool = False) -> None:
    """Write the ONNX file, check it where onnxruntime is installed, and print what was seen."""
    export_onnx(checkpoint, path, is_pixels)
    inputs = "z, labels" if checkpoint.spec.is_conditional else "z"
    print(f"{path}: opset {OPSET}, {inputs} -> {'pixels' if is_pixels else 'images'}")
    try:
        difference = measure_onnx(checkpoint, path, is_pixels)
    except ModuleNotFoundError:
        print("not compared with the checkpoint: onnxruntime is not installed")
        return
    print(f"at most {difference:.1e} off the checkpoint on {len(_PARITY_SEEDS)} seeds")
    most = 1 if is_pixels else _MAX_DIFFERENCE  # rounding may move a pixel by a level
    if not difference <= most:
        path.unlink()
        raise OnnxError(f"{path.name} is {difference:.2g} off the checkpoint, more than {most:g}")
    if is_pixels:
        print(f"score it:  {_fidelity_command(checkpoint.spec, path)}")


def _fidelity_command(spec: GeneratorSpec, path: Path) -> str:
    classes = f" --input1-model-num-classes {spec.num_classes}" if spec.is_conditional else ""
    return (
        f"fidelity --fid --input1 {path} --input1-model-z-type normal --input1-model-z-size "
        f"{spec.z_dim}{classes} --input1-model-num-samples 50000 --input2 DATA"
    )


def export_onnx(checkpoint: Checkpoint, path: Path, is_pixels: bool = False) -> None:
    """Write a file with a free number of rows n.

    Inputs are z float32 (n, z_dim) and, with classes, labels int64 (n,). The output is images
    float32 (n, c, h, w) in [-1, 1], or pixels uint8 (n, 3, h, w), which torch-fidelity takes.
    """
    module = load_generator(checkpoint.spec, checkpoint.weights)
    if is_pixels:
        module = _PixelModule(module)
    z, labels = _inputs(checkpoint.spec, range(2))
    arguments = (z,) if labels is None else (z, labels)
    rows = torch.export.Dim("n")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it tells of every stage
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own use of what it deprecates
        program = torch.onnx.export(
            module,
            arguments,
            dynamo=True,
            opset_version=OPSET,
            input_names=["z", "labels"][: len(arguments)],
            output_names=["pixels" if is_pixels else "images"],
            dynamic_shapes=tuple({0: rows} for _ in arguments),
            verbose=False,
        )
    if program is None:
        raise OnnxError("torch made no ONNX program of this generator")
    proto = program.model_proto
    _describe(proto, checkpoint)
    onnx.checker.check_model(proto, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(proto.SerializeToString())


def measure_onnx(checkpoint: Checkpoint, path: Path, is_pixels: bool = False) -> float:
    """Return how far the file's output is from the checkpoint's on 16 seeds, at most.

    All rows at once and one alone, so that the number of rows is seen to be free.
    ModuleNotFoundError without onnxruntime.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    module = load_generator(checkpoint.spec, checkpoint.weights)
    if is_pixels:
        module = _PixelModule(module)
    worst = 0.0
    for seeds in (_PARITY_SEEDS, _PARITY_SEEDS[:1]):
        z, labels = _inputs(checkpoint.spec, seeds)
        feed = {"z": z.numpy()} | ({} if labels is None else {"labels": labels.numpy()})
        with torch.inference_mode():
            expected = module(z, labels).numpy()
        found = np.asarray(session.run(None, feed)[0])
        if found.shape != expected.shape or found.dtype != expected.dtype:
            raise OnnxError(f"{path.name} gives {found.dtype} {found.shape}")
        difference = np.abs(found.astype(np.float64) - expected.astype(np.float64)).max()
        worst = max(worst, float(difference))
    return worst


class _PixelModule(nn.Module):
    """A generator whose output is what torch-fidelity scores: uint8 RGB, channels first."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Render z (n, z_dim) as uint8 (n, 3, h, w); gray is repeated, alpha left out."""
        images: Tensor = self.generator(z, labels)
        channels = images.shape[1]
        if channels < 3:
            images = images[:, :1].expand(-1, 3, -1, -1)
        return ((images[:, :3] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def _inputs(spec: GeneratorSpec, seeds: range) -> tuple[Tensor, Tensor | None]:
    return to_tensors(sample_latents(spec, seeds), torch.device("cpu"))


def _describe(proto: Any, checkpoint: Checkpoint) -> None:
    """Put into the file what it is, and remove what says where it was made."""
    proto.producer_name = "ganloom"
    proto.doc_string = "A GAN's generator: z is drawn from a standard normal distribution."
    for node in proto.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for values in (proto.graph.value_info, proto.graph.input, proto.graph.output):
        for value in values:
            del value.metadata_props[:]
    del proto.graph.metadata_props[:]
    del proto.metadata_props[:]
    facts = {
        "spec": checkpoint.spec.to_json(),
        "provenance": checkpoint.provenance.to_json(),
        "class_names": ", ".join(checkpoint.class_names),
        "checkpoint_digest": checkpoint.digest,
        "latent_scheme": checkpoint.latent_scheme,
    }
    onnx.helper.set_model_props(proto, facts)
