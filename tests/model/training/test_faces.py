"""Claims on the drawn data set of faces."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.training import faces
from model.training.dataset_error import DatasetError
from model.training.faces import draw_face, face_path, write_faces
from model.training.lorelei import BACKGROUND
from model.training.palette import color_distance


def image_bytes(out: Path, count: int) -> list[bytes]:
    return [(out / face_path(index)).read_bytes() for index in range(count)]


def test_two_data_sets_hold_the_same_bytes(tmp_path: Path) -> None:
    write_faces(tmp_path / "a", 6, workers=1)
    write_faces(tmp_path / "b", 9, workers=1)
    assert image_bytes(tmp_path / "a", 6) == image_bytes(tmp_path / "b", 6)


def test_several_processes_draw_what_one_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faces, "IMAGES_PER_TASK", 2)
    write_faces(tmp_path / "one", 6, workers=1)
    write_faces(tmp_path / "two", 6, workers=2)
    assert image_bytes(tmp_path / "one", 6) == image_bytes(tmp_path / "two", 6)


def test_no_two_faces_are_equal() -> None:
    digests = {hashlib.sha256(draw_face(index, 32).tobytes()).digest() for index in range(100)}
    assert len(digests) == 100


@pytest.mark.parametrize("size", [16, 64, 100])
def test_a_face_is_rgb_of_the_size_asked(size: int) -> None:
    image = draw_face(3, size)
    assert (image.mode, image.size) == ("RGB", (size, size))
    assert np.asarray(image).std() > 10


def test_the_background_label_names_the_color_in_the_corner(tmp_path: Path) -> None:
    write_faces(tmp_path / "faces", 12, workers=1)
    swatches = {swatch.name: swatch.color for swatch in BACKGROUND}
    for line in (tmp_path / "faces" / "labels.jsonl").read_text().splitlines():
        entry = json.loads(line)
        with Image.open(tmp_path / "faces" / entry["file"]) as image:
            red, green, blue = np.asarray(image)[0, -1]
        corner = f"#{red:02x}{green:02x}{blue:02x}"
        nearest = min(swatches, key=lambda name: color_distance(swatches[name], corner))
        assert nearest == entry["attributes"]["background"]


def test_the_record_names_licence_artist_and_versions(tmp_path: Path) -> None:
    write_faces(tmp_path / "faces", 1, workers=1)
    record = json.loads((tmp_path / "faces" / "dataset.json").read_text())
    assert record["licence"] == "CC0 1.0"
    assert "Lisa Wischofsky" in record["credit"]
    assert set(record["packages"]) == {"dicebear-core", "dicebear-styles", "resvg-py", "pillow"}
    assert (record["style"], record["images"]) == ("lorelei", 1)


def test_a_rerun_draws_only_what_is_missing(tmp_path: Path) -> None:
    write_faces(tmp_path / "faces", 5, workers=1)
    before = image_bytes(tmp_path / "faces", 5)
    kept, lost, cut = (tmp_path / "faces" / face_path(index) for index in (0, 1, 2))
    written_ns = kept.stat().st_mtime_ns
    lost.unlink()
    cut.write_bytes(b"")
    write_faces(tmp_path / "faces", 5, workers=1)
    assert image_bytes(tmp_path / "faces", 5) == before
    assert kept.stat().st_mtime_ns == written_ns


def test_a_data_set_can_be_made_longer(tmp_path: Path) -> None:
    write_faces(tmp_path / "faces", 2, workers=1)
    write_faces(tmp_path / "faces", 4, workers=1)
    assert len((tmp_path / "faces" / "labels.jsonl").read_text().splitlines()) == 4
    assert all(image_bytes(tmp_path / "faces", 4))


def test_a_range_of_faces_is_that_part_of_the_whole(tmp_path: Path) -> None:
    write_faces(tmp_path / "whole", 6, workers=1)
    write_faces(tmp_path / "part", 3, workers=1, first=2)
    for index in (2, 3, 4):
        whole, part = (tmp_path / name / face_path(index) for name in ("whole", "part"))
        assert whole.read_bytes() == part.read_bytes()
    assert not (tmp_path / "part" / face_path(5)).exists()
    lines = (tmp_path / "whole" / "labels.jsonl").read_text().splitlines()
    assert (tmp_path / "part" / "labels.jsonl").read_text().splitlines() == lines[2:5]


def test_a_folder_of_another_range_is_refused(tmp_path: Path) -> None:
    write_faces(tmp_path / "faces", 1, workers=1, first=5)
    for first in (0, 6):
        with pytest.raises(DatasetError, match="differs in first"):
            write_faces(tmp_path / "faces", 1, workers=1, first=first)


def test_a_folder_from_before_there_were_ranges_can_be_made_longer(tmp_path: Path) -> None:
    write_faces(tmp_path / "faces", 1, workers=1)
    record = tmp_path / "faces" / "dataset.json"
    fields = json.loads(record.read_text())
    del fields["first"]
    record.write_text(json.dumps(fields))
    write_faces(tmp_path / "faces", 2, workers=1)
    with pytest.raises(DatasetError, match="differs in first"):
        write_faces(tmp_path / "faces", 1, workers=1, first=5)


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    write_faces(tmp_path / "faces", 3, workers=1)
    assert not list((tmp_path / "faces").rglob("*.partial"))


def test_a_folder_drawn_otherwise_is_refused(tmp_path: Path) -> None:
    write_faces(tmp_path / "faces", 1, workers=1)
    with pytest.raises(DatasetError, match="differs in size"):
        write_faces(tmp_path / "faces", 1, size=32, workers=1)


def test_a_folder_of_other_things_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(DatasetError, match="not an empty folder"):
        write_faces(tmp_path, 1, workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"count": 0}, "count"),
        ({"count": 10_000_000}, "count"),
        ({"count": 1, "size": 4}, "size"),
        ({"count": 1, "size": 100_000}, "size"),
        ({"count": 1, "first": -1}, "first"),
        ({"count": 1, "first": 10**9}, "first"),
        ({"count": 1, "style": "avataaars"}, "style"),
        ({"count": 1, "workers": 0}, "workers"),
    ],
)
def test_an_argument_out_of_range_is_named(
    tmp_path: Path, arguments: dict[str, object], named: str
) -> None:
    with pytest.raises(DatasetError, match=named):
        write_faces(tmp_path / "faces", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "faces").exists()


@pytest.mark.parametrize("package", ["dicebear", "resvg_py", "dicebear_styles"])
def test_a_missing_package_is_named_with_the_extra_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    faces._drawing_tools.cache_clear()
    with pytest.raises(DatasetError, match=rf"{package}.*pip install -e '\.\[training\]'"):
        write_faces(tmp_path / "faces", 1, workers=1)


def test_importing_the_module_does_not_need_the_drawing_packages() -> None:
    code = "import sys, model.training.faces; print({'dicebear', 'resvg_py'} & {*sys.modules})"
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
