"""Claims on opening a data set: pixels, labels, the cache, and files that are no images."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.training import image_cache
from model.training.dataset import ImageDataset, open_dataset
from model.training.dataset_error import DatasetError


def open_quietly(source: Path, cache: Path, size: int = 8, channels: int = 3) -> ImageDataset:
    return open_dataset(
        source,
        img_resolution=size,
        img_channels=channels,
        cache_dir=cache,
        show_progress=False,
    )


def write_images(root: Path, *names: str, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    pixels = {}
    for name in names:
        pixels[name] = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[name]).save(root / name)
    return pixels


def forbid_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(image_cache, "decode_image", refuse)


def test_a_row_is_an_image_and_its_label(tmp_path: Path) -> None:
    pixels = write_images(tmp_path / "d", "cat/2.png", "cat/1.png", "dog/1.png")
    dataset = open_quietly(tmp_path / "d", tmp_path / "c")
    assert isinstance(dataset.pixels, np.memmap)
    assert dataset.pixels.dtype == np.uint8
    for row, name in enumerate(["cat/1.png", "cat/2.png", "dog/1.png"]):
        assert np.array_equal(dataset.pixels[row], pixels[name])
    assert dataset.labels is not None
    assert dataset.labels.dtype == np.int64
    assert dataset.labels.tolist() == [0, 0, 1]
    assert dataset.class_names == ("cat", "dog")
    assert (dataset.name, dataset.licence, dataset.credit) == ("d", "unknown", "")
    assert dataset.skipped == ()


def test_a_zip_gives_the_pixels_of_its_folder(tmp_path: Path) -> None:
    write_images(tmp_path / "d", *(f"{i}.png" for i in range(5)))
    with zipfile.ZipFile(tmp_path / "d.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (tmp_path / "d").iterdir():
            archive.write(path, f"wrapped/{path.name}")
    folder = open_quietly(tmp_path / "d", tmp_path / "c")
    archived = open_quietly(tmp_path / "d.zip", tmp_path / "c")
    assert np.array_equal(folder.pixels, archived.pixels)


def test_bad_files_are_named_and_skipped_and_the_labels_stay_aligned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pixels = write_images(tmp_path / "d", "a/1.png", "a/5.png", "b/9.png")
    whole = (tmp_path / "d" / "a" / "1.png").read_bytes()
    bad = {
        "a/2.png": whole[: len(whole) // 2],
        "a/3.png": b"",
        "a/4.png": b"just text",
        "b/1.jpg": os.urandom(500),
    }
    for name, content in bad.items():
        (tmp_path / "d" / name).write_bytes(content)
    with (tmp_path / "d" / "b" / "2.png").open("wb") as file:
        file.truncate(300 * 2**20)
    dataset = open_quietly(tmp_path / "d", tmp_path / "c")
    assert {image.name for image in dataset.skipped} == {*bad, "b/2.png"}
    reasons = {image.name: image.reason for image in dataset.skipped}
    assert reasons["a/3.png"] == "the file is empty"
    assert "damaged" in reasons["a/2.png"]
    assert "not an image" in reasons["a/4.png"]
    assert "larger than" in reasons["b/2.png"]
    assert len(dataset.pixels) == 3
    assert np.array_equal(dataset.pixels[1], pixels["a/5.png"])
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [0, 0, 1]
    assert "skipped a/3.png: the file is empty" in caplog.text
    assert "5 images skipped, 3 kept" in caplog.text


def test_what_was_skipped_is_said_again_when_the_cache_is_used(tmp_path: Path) -> None:
    write_images(tmp_path / "d", "1.png")
    (tmp_path / "d" / "2.png").write_bytes(b"text")
    first = open_quietly(tmp_path / "d", tmp_path / "c")
    assert open_quietly(tmp_path / "d", tmp_path / "c").skipped == first.skipped


def test_a_hostile_zip_yields_its_good_images(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (1, 2, 3)).save(buffer, format="PNG")
    with zipfile.ZipFile(tmp_path / "d.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.png", buffer.getvalue())
        archive.writestr("../../evil.png", buffer.getvalue())
        archive.writestr("bomb.png", bytes(20 * 2**20))
        archive.writestr("text.png", "text")
    dataset = open_quietly(tmp_path / "d.zip", tmp_path / "c")
    assert dataset.pixels[0, 0, 0].tolist() == [1, 2, 3]
    assert {image.name for image in dataset.skipped} == {"../../evil.png", "bomb.png", "text.png"}
    assert not list(tmp_path.rglob("evil.png"))


def test_small_images_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_images(tmp_path / "d", "1.png", "2.png")
    open_quietly(tmp_path / "d", tmp_path / "c", size=16)
    assert "2 of 2 images are smaller than 16 x 16 pixels" in caplog.text


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_any_channel_count_can_be_asked(tmp_path: Path, channels: int) -> None:
    write_images(tmp_path / "d", "1.png")
    dataset = open_quietly(tmp_path / "d", tmp_path / "c", size=4, channels=channels)
    assert dataset.pixels.shape == (1, 4, 4, channels)


def test_the_record_beside_the_images_is_carried(tmp_path: Path) -> None:
    write_images(tmp_path / "d", "1.png")
    record = {"name": "N", "licence": "L", "credit": "C", "images": 1}
    (tmp_path / "d" / "dataset.json").write_text(json.dumps(record))
    dataset = open_quietly(tmp_path / "d", tmp_path / "c")
    assert (dataset.name, dataset.licence, dataset.credit) == ("N", "L", "C")


def test_images_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_images(tmp_path / "d", "1.png", "2.png")
    first = open_quietly(tmp_path / "d", tmp_path / "c")
    forbid_decoding(monkeypatch)
    second = open_quietly(tmp_path / "d", tmp_path / "c")
    assert second.digest == first.digest
    assert np.array_equal(second.pixels, first.pixels)


def test_the_cache_follows_content_and_not_place_or_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_images(tmp_path / "d", "1.png", "2.png")
    first = open_quietly(tmp_path / "d", tmp_path / "c")
    (tmp_path / "d").rename(tmp_path / "moved")
    os.utime(tmp_path / "moved" / "1.png", (1, 1))
    forbid_decoding(monkeypatch)
    assert open_quietly(tmp_path / "moved", tmp_path / "c").digest == first.digest


def test_other_content_size_or_channels_is_another_cache(tmp_path: Path) -> None:
    write_images(tmp_path / "d", "1.png")
    digests = {open_quietly(tmp_path / "d", tmp_path / "c").digest}
    digests.add(open_quietly(tmp_path / "d", tmp_path / "c", size=4).digest)
    digests.add(open_quietly(tmp_path / "d", tmp_path / "c", channels=1).digest)
    before = (tmp_path / "d" / "1.png").stat()
    pixels = write_images(tmp_path / "d", "1.png", seed=1)
    os.utime(tmp_path / "d" / "1.png", ns=(before.st_atime_ns, before.st_mtime_ns))
    changed = open_quietly(tmp_path / "d", tmp_path / "c")
    digests.add(changed.digest)
    assert len(digests) == 4
    assert np.array_equal(changed.pixels[0], pixels["1.png"])


@pytest.mark.parametrize("damage", ["cut", "flipped", "no pixels", "bad header", "null header"])
def test_a_damaged_cache_is_built_again(tmp_path: Path, damage: str) -> None:
    pixels = write_images(tmp_path / "d", "1.png", "2.png")
    place = tmp_path / "c" / open_quietly(tmp_path / "d", tmp_path / "c").digest
    content = (place / "pixels.bin").read_bytes()
    if damage == "cut":
        (place / "pixels.bin").write_bytes(content[:-1])
    elif damage == "flipped":
        (place / "pixels.bin").write_bytes(bytes([content[0] ^ 1]) + content[1:])
    elif damage == "no pixels":
        (place / "pixels.bin").unlink()
    else:
        (place / "cache.json").write_text("{" if damage == "bad header" else "null")
    dataset = open_quietly(tmp_path / "d", tmp_path / "c")
    assert np.array_equal(dataset.pixels, [pixels["1.png"], pixels["2.png"]])


def test_a_killed_build_leaves_nothing_that_is_taken_for_a_cache(tmp_path: Path) -> None:
    pixels = write_images(tmp_path / "d", *(f"{i}.png" for i in range(6)))
    code = """
import os, pathlib, signal, sys
from model.training import dataset, image_cache
decode, seen = image_cache.decode_image, []
def dying_decode(*arguments):
    seen.append(1)
    if len(seen) > 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return decode(*arguments)
image_cache.decode_image = dying_decode
dataset.open_dataset(pathlib.Path(sys.argv[1]), img_resolution=8, img_channels=3,
                     cache_dir=pathlib.Path(sys.argv[2]), show_progress=False)
"""
    arguments = [sys.executable, "-c", code, str(tmp_path / "d"), str(tmp_path / "c")]
    root = Path(__file__).parents[3]
    assert subprocess.run(arguments, cwd=root, check=False).returncode == -9
    assert not list((tmp_path / "c").rglob("cache.json"))
    dataset = open_quietly(tmp_path / "d", tmp_path / "c")
    assert np.array_equal(dataset.pixels, list(pixels.values()))
    assert not list((tmp_path / "c").glob("*.partial"))


def test_the_cache_goes_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_images(tmp_path / "d", "1.png")
    monkeypatch.setenv("GANLOOM_CACHE", str(tmp_path / "elsewhere"))
    dataset = open_dataset(tmp_path / "d", img_resolution=8, img_channels=3, show_progress=False)
    assert (tmp_path / "elsewhere" / dataset.digest / "pixels.bin").is_file()


def test_a_cache_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    write_images(tmp_path / "d", "1.png")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"cannot write the image cache.*GANLOOM_CACHE"):
        open_quietly(tmp_path / "d", tmp_path / "file" / "c")


def test_a_folder_of_only_bad_images_is_a_clear_error_and_leaves_no_cache(
    tmp_path: Path,
) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "1.png").write_bytes(b"text")
    with pytest.raises(DatasetError, match=r"none of the 1 images.*1\.png \(not an image"):
        open_quietly(tmp_path / "d", tmp_path / "c")
    assert not [path for path in (tmp_path / "c").iterdir() if path.is_dir()]


@pytest.mark.parametrize(
    ("size", "channels", "named"),
    [(0, 3, "img_resolution"), (100_000, 3, "img_resolution"), (8, 0, "img_channels")],
)
def test_an_argument_out_of_range_is_named(
    tmp_path: Path, size: int, channels: int, named: str
) -> None:
    with pytest.raises(DatasetError, match=named):
        open_quietly(tmp_path, tmp_path / "c", size, channels)


def test_a_missing_path_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist; give a folder or a zip"):
        open_quietly(tmp_path / "nowhere", tmp_path / "c")


def test_images_of_two_sides_have_a_cache_of_their_own(tmp_path: Path) -> None:
    write_images(tmp_path / "d", "1.png", "2.png")
    square = open_quietly(tmp_path / "d", tmp_path / "c")
    oblong, other = (
        open_dataset(
            tmp_path / "d",
            img_resolution=8,
            img_width=width,
            img_channels=3,
            cache_dir=tmp_path / "c",
            show_progress=False,
        )
        for width in (6, 4)
    )
    assert square.pixels.shape == (2, 8, 8, 3)
    assert oblong.pixels.shape == (2, 8, 6, 3)
    assert other.pixels.shape == (2, 8, 4, 3)
    assert len({square.digest, oblong.digest, other.digest}) == 3
    assert np.array_equal(oblong.pixels, square.pixels[:, :, 1:7])


def test_a_width_out_of_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="img_width must be from 4 to 1024, got 3"):
        open_dataset(tmp_path, img_resolution=8, img_width=3, img_channels=3)
