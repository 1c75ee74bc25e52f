from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from app.catalog import CatalogError, load_catalog
from app.errors import UnknownModel
from app.metrics import Metrics
from app.settings import Settings
from model.checkpoint import Checkpoint, write_checkpoint


def load(folder: Path, **changes: object) -> list[str]:
    settings = Settings(weights=folder, device="cpu", lanes=1, max_batch_size=1)
    catalog = load_catalog(settings.model_copy(update=changes), Metrics())
    return [catalog.default_name, *(item.name for item in catalog)]


def test_every_checkpoint_is_served_and_nothing_else(weights: Path) -> None:
    assert load(weights) == ["faces", "faces", "pets", "signs"]


def test_the_default_is_the_one_that_is_set(weights: Path) -> None:
    assert load(weights, default_model="signs")[0] == "signs"


def test_faces_64_is_the_default_where_it_is_there(
    tmp_path: Path, checkpoints: dict[str, Checkpoint]
) -> None:
    for name in ("a", "faces-64"):
        write_checkpoint(checkpoints["faces"], tmp_path / f"{name}.safetensors")
    assert load(tmp_path)[0] == "faces-64"


def test_an_unknown_default_is_refused(weights: Path) -> None:
    with pytest.raises(CatalogError, match=r"'nobody' .*faces, pets, signs"):
        load(weights, default_model="nobody")


def test_by_default_there_may_be_two_full_batches_a_lane(settings: Settings) -> None:
    unsaid = settings.model_copy(update={"queue_capacity": None})
    [catalog, given] = [load_catalog(each, Metrics()) for each in (unsaid, settings)]
    capacities = [next(iter(each)).batcher._capacity for each in (catalog, given)]
    assert capacities == [2 * 1 * 8, 256]
    for generator in (*catalog, *given):
        for lane in generator.batcher.lanes:
            lane.close()


def test_a_missing_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"no folder .*No such file.*--weights"):
        load(tmp_path / "nowhere")


def test_an_empty_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="export"):
        load(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x80\x04K\x07.", b"\xff" * 64, b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "],
    ids=["empty", "pickle", "header of 2^64 bytes", "no metadata"],
)
def test_a_file_that_is_no_checkpoint_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.safetensors").write_bytes(content)
    with pytest.raises(CatalogError, match=r"bad\.safetensors"):
        load(tmp_path)


def test_a_truncated_checkpoint_is_refused_by_name(tmp_path: Path, weights: Path) -> None:
    content = (weights / "faces.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(CatalogError, match=r"cut\.safetensors"):
        load(tmp_path)


def test_wrong_weights_are_found_by_their_golden_pixels(
    tmp_path: Path, checkpoints: dict[str, Checkpoint]
) -> None:
    right = checkpoints["faces"]
    weights = {
        name: -tensor if tensor.ndim == 4 else tensor for name, tensor in right.weights.items()
    }
    wrong = dataclasses.replace(right, weights=weights)
    write_checkpoint(wrong, tmp_path / "wrong.safetensors")
    with pytest.raises(CatalogError, match=r"wrong\.safetensors.*golden"):
        load(tmp_path)


def test_a_name_that_no_url_or_header_holds_is_refused(tmp_path: Path) -> None:
    (tmp_path / "my faces.safetensors").write_bytes(b"")
    with pytest.raises(CatalogError, match="name"):
        load(tmp_path)


@pytest.mark.parametrize("device", ["cuda:99", "abacus"])
def test_a_device_that_is_not_there_is_refused(weights: Path, device: str) -> None:
    with pytest.raises(CatalogError):
        load(weights, device=device)


def test_a_generator_is_found_by_name_or_digest(weights: Path) -> None:
    settings = Settings(weights=weights, device="cpu", lanes=1, max_batch_size=1)
    catalog = load_catalog(settings, Metrics())
    pets = catalog.find("pets")
    assert catalog.find(None).name == "faces"
    assert catalog.find(None, pets.digest) is pets
    assert catalog.find("pets", pets.digest) is pets
    for name, digest in (("nobody", None), ("faces", pets.digest), (None, "0" * 64)):
        with pytest.raises(UnknownModel):
            catalog.find(name, digest)
