from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from model.__main__ import main
from model.checkpoint import Checkpoint, read_checkpoint
from model.generators import build_generator


@pytest.fixture
def enliven() -> Callable[[nn.Module], nn.Module]:
    """Return what fills a network with numbers that make every tensor count."""

    def fill(module: nn.Module) -> nn.Module:
        torch.manual_seed(7)
        for name, tensor in module.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2.0)
            elif name.endswith("num_batches_tracked"):
                tensor.fill_(3)
            elif tensor.ndim == 1 and name.endswith("weight"):
                tensor.uniform_(0.6, 1.4)
            elif tensor.ndim == 1:
                tensor.normal_(0.1, 0.4)
            else:
                tensor.normal_(0.0, 1.5 / max(tensor[0].numel(), tensor[:, 0].numel()) ** 0.5)
        return module.eval()

    return fill


@pytest.fixture
def import_content(tmp_path: Path) -> Callable[..., Checkpoint]:
    """Return what saves content as training scripts do and imports it by the command line."""

    def run(content: Any, *flags: str, is_zip: bool = True) -> Checkpoint:
        file, out = tmp_path / "netG.pth", tmp_path / "out" / "imported.safetensors"
        torch.save(content, file, _use_new_zipfile_serialization=is_zip)
        assert main(["import", str(file), "--out", str(out), *flags]) == 0
        return read_checkpoint(out)

    return run


@pytest.fixture
def refuse_content(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return what imports content that must be refused, and gives the one line of why."""

    def run(content: Any, *flags: str) -> str:
        file, out = tmp_path / "netG.pth", tmp_path / "out" / "imported.safetensors"
        torch.save(content, file)
        assert main(["import", str(file), "--out", str(out), *flags]) == 1
        assert not out.exists()
        shown = capsys.readouterr().err
        assert shown.startswith("error: ")
        assert shown.count("\n") == 1
        return shown

    return run


@pytest.fixture
def render() -> Callable[..., Tensor]:
    """Return what renders z, and labels if there are any, with a checkpoint's generator."""

    @torch.no_grad()
    def run(checkpoint: Checkpoint, z: Tensor, labels: Tensor | None = None) -> Tensor:
        generator = build_generator(checkpoint.spec)
        generator.load_state_dict(dict(checkpoint.weights))
        images: Tensor = generator.eval()(z, labels)
        return images

    return run


@pytest.fixture
def assert_same() -> Callable[..., None]:
    """Return what holds images against those of the original network on the same input."""

    def check(images: Tensor, original: nn.Module, *inputs: Tensor) -> None:
        with torch.no_grad():
            expected = original(*inputs)
        assert images.shape == expected.shape
        assert expected.std() > 0.05  # else everything would be equal
        assert (images - expected).abs().max() <= 1e-5

    return check
