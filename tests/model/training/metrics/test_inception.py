"""Claims on Inception features: only on a user's own weights, and nothing in their file is run."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from model.training.metrics.features import extract_features
from model.training.metrics.inception import load_inception

fidelity = pytest.importorskip(
    "torch_fidelity.feature_extractor_inceptionv3", reason="needs the extra `inception`"
)


class _Trap:
    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (Path("sprung"),)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of weights with the names and shapes of the real ones, and random values."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fidelity, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(torch.nn.Module, "load_state_dict", lambda *_: None)
        torch.manual_seed(1)
        network = fidelity.FeatureExtractorInceptionV3("x", ["2048"])
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    torch.save(network.state_dict(), path)
    return path


def test_features_are_those_of_torch_fidelity(weights: Path) -> None:
    extractor = load_inception(weights)
    assert extractor.name == "inception"
    pixels = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    network = fidelity.FeatureExtractorInceptionV3(
        "x", ["2048"], feature_extractor_weights_path=str(weights)
    )
    expected = network(torch.from_numpy(pixels).permute(0, 3, 1, 2))[0]
    np.testing.assert_allclose(extract_features(extractor, pixels), expected, rtol=1e-4, atol=1e-6)


def test_a_file_that_would_run_code_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trap.pth").write_bytes(pickle.dumps(_Trap()))
    with pytest.raises(ValueError, match="does not hold Inception weights"):
        load_inception(tmp_path / "trap.pth")
    assert not (tmp_path / "sprung").exists()


def test_a_missing_or_other_file_is_named(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(2)}, tmp_path / "other.pth")
    for name, words in (("none.pth", "cannot be read"), ("other.pth", "does not hold")):
        with pytest.raises(ValueError, match=rf"{name} {words}"):
            load_inception(tmp_path / name)
