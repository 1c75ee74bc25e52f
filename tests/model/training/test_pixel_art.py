"""Claims on the faces of the style pixel-art."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.training.faces import draw_face, write_faces
from model.training.palette import color_distance
from model.training.pixel_art import describe_pixel_face


def test_no_two_faces_are_described_alike() -> None:
    texts = set()
    for index in range(2000):
        options = dict(describe_pixel_face(index).options)
        del options["seed"]
        texts.add(json.dumps(options, sort_keys=True))
    assert len(texts) == 2000


def test_every_variant_that_is_chosen_is_one_of_the_styles() -> None:
    style = json.loads(resources.files("dicebear_styles").joinpath("pixel-art.json").read_text())
    chosen: dict[str, set[str]] = {"hair": set(), "mouth": set(), "glasses": set()}
    for index in range(3000):
        options: dict[str, Any] = describe_pixel_face(index).options
        for part, seen in chosen.items():
            seen.update(options[f"{part}Variant"])
    for part, seen in chosen.items():
        assert seen == set(style["components"][part]["variants"]), part


def test_labels_say_what_the_options_draw() -> None:
    for index in range(300):
        face = describe_pixel_face(index)
        options: dict[str, Any] = face.options
        labels: dict[str, Any] = face.attributes
        for part in ("glasses", "beard", "hat"):
            assert options[f"{part}Probability"] == (100 if labels[part] else 0)
        assert options["accessoriesProbability"] == (100 if labels["earrings"] else 0)
        assert options["mouthVariant"][0].startswith("happy" if labels["smile"] else "sad")
        assert options["hairVariant"][0].startswith("long" if labels["long_hair"] else "short")
        is_dark = options["glassesVariant"][0].startswith("dark")
        assert labels["sunglasses"] == (labels["glasses"] and is_dark)


def test_hair_and_face_stand_out_from_the_background_and_each_other() -> None:
    for index in range(300):
        options: dict[str, Any] = describe_pixel_face(index).options
        skin, hair, background = (
            options[f"{part}Color"][0] for part in ("skin", "hair", "background")
        )
        assert color_distance(hair, skin) >= 0.14
        assert color_distance(background, skin) >= 0.08
        assert color_distance(background, hair) >= 0.08


@pytest.mark.parametrize("size", [32, 64])
def test_every_cell_of_the_sixteen_by_sixteen_is_of_one_color(size: int) -> None:
    pixels = np.asarray(draw_face(3, size, "pixel-art"))
    side = size // 16
    cells = pixels.reshape(16, side, 16, side, 3)
    assert (cells == cells[:, :1, :, :1]).all()
    assert pixels.std() > 10


def test_the_record_names_the_style_and_whom_it_is_owed_to(tmp_path: Path) -> None:
    write_faces(tmp_path, 2, size=32, style="pixel-art", workers=1)
    record = json.loads((tmp_path / "dataset.json").read_text())
    assert (record["name"], record["licence"]) == ("pixel-art-faces", "CC0 1.0")
    assert record["credit"] == "Pixel Art by DiceBear, drawn with DiceBear"
    labels = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text().splitlines()]
    assert [line["attributes"] for line in labels] == [
        describe_pixel_face(index).attributes for index in range(2)
    ]
