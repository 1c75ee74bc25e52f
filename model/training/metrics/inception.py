"""Inception-v3 features, from a weights file that the user has: with them a distance is FID."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import torch
from torch import Tensor

from model.training.metrics.features import FeatureExtractor

NAME = "inception"

_LAYER = "2048"


def load_inception(path: Path, device: str = "cpu") -> FeatureExtractor:
    """Return torch-fidelity's extractor of the 2048 pooled features, on weights from `path`.

    The file is torch-fidelity's `weights-inception-2015-12-05-6726825d.pth`, or one of the same
    names and shapes. Nothing is downloaded, and nothing in the file is run. ValueError if it is
    not such a file, or if torch-fidelity is not installed.
    """
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except (ImportError, RuntimeError) as error:  # torchvision of another build than torch's
        raise ValueError(
            "Inception features need torch-fidelity, with a torchvision of the same build as "
            f"torch: .venv/bin/pip install -e '.[inception]' ({error})"
        ) from error
    try:
        content = path.read_bytes()
        weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        # torch-fidelity unpickles what it is given, so it is given what was found harmless.
        harmless = io.BytesIO()
        torch.save(weights, harmless)
        harmless.seek(0)
        network = FeatureExtractorInceptionV3(
            NAME, [_LAYER], feature_extractor_weights_path=harmless
        )
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except Exception as error:  # torch raises of many kinds for what is no weights file
        raise ValueError(f"{path} does not hold Inception weights of torch-fidelity") from error
    network = network.to(device)

    def extract(pixels: Tensor) -> Tensor:
        features: Tensor = network(pixels.to(device))[0]
        return features

    return FeatureExtractor(NAME, f"{NAME}-{hashlib.sha256(content).hexdigest()}", extract)
