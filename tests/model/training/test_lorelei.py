"""Claims on what a face looks like before it is drawn."""

import hashlib
import json
from typing import Any

from model.training.lorelei import (
    BACKGROUND,
    HAIR,
    HAIR_STYLES,
    SKIN,
    SUNGLASSES,
    describe_face,
)
from model.training.palette import color_distance


def test_faces_are_described_as_they_were_when_the_shipped_data_were_drawn() -> None:
    described = [
        [face.options, face.attributes] for face in (describe_face(index) for index in range(100))
    ]
    text = json.dumps(described, sort_keys=True)
    # A change here changes every face: raise the style's recipe_version with it.
    assert (
        hashlib.sha256(text.encode()).hexdigest()
        == "9d1c4f1fcd39578bfa8dc6992fbc21cbdef08fc5a578edd87e1d0cdbf7cfa489"
    )


def test_no_two_faces_are_described_alike() -> None:
    texts = set()
    for index in range(2000):
        options = dict(describe_face(index).options)
        del options["seed"]
        texts.add(json.dumps(options, sort_keys=True))
    assert len(texts) == 2000


def test_every_category_occurs() -> None:
    faces = [describe_face(index).attributes for index in range(2000)]
    for key, swatches in {"skin": SKIN, "hair": HAIR, "background": BACKGROUND}.items():
        assert {face[key] for face in faces} == {swatch.name for swatch in swatches}
    assert {face["hair_style"] for face in faces} == set(HAIR_STYLES)
    for key in ("smile", "glasses", "sunglasses", "beard", "earrings", "flowers", "freckles"):
        assert {face[key] for face in faces} == {True, False}


def test_the_hair_styles_cover_each_drawn_variant_once() -> None:
    numbers = sorted(number for group in HAIR_STYLES.values() for number in group)
    assert numbers == list(range(1, 49))


def test_labels_say_what_the_options_draw() -> None:
    for index in range(300):
        face = describe_face(index)
        options: dict[str, Any] = face.options
        labels: dict[str, Any] = face.attributes
        for key in ("glasses", "beard", "earrings", "freckles"):
            assert options[f"{key}Probability"] == (100 if labels[key] else 0)
        assert options["hairAccessoriesProbability"] == (100 if labels["flowers"] else 0)
        assert options["mouthVariant"][0].startswith("happy" if labels["smile"] else "sad")
        number = int(options["hairVariant"][0].removeprefix("variant"))
        assert number in HAIR_STYLES[labels["hair_style"]]
        is_dark = options["glassesVariant"] == [f"variant{SUNGLASSES:02d}"]
        assert labels["sunglasses"] == (labels["glasses"] and is_dark)


def test_hair_and_face_stand_out_from_the_background_and_each_other() -> None:
    for index in range(300):
        options: dict[str, Any] = describe_face(index).options
        skin, hair, background = (
            options[f"{part}Color"][0] for part in ("skin", "hair", "background")
        )
        assert color_distance(hair, skin) >= 0.14
        assert color_distance(background, skin) >= 0.07
        assert color_distance(background, hair) >= 0.07
