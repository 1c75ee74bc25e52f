"""What the i-th pixel-art face looks like: its colours, its parts and its labels.

Pixel Art is DiceBear's own style (CC0 1.0): 16 x 16 cells, 45 heads of hair, shirts, hats and
glasses. It is sharp at every multiple of 16 pixels. Every choice that a label names is made in
this file, by a generator seeded with the index alone; eyes and shirts are left to DiceBear's own
seed.
"""

from __future__ import annotations

from random import Random

from model.training.drawn_style import DrawnStyle, FaceDescription
from model.training.palette import Swatch, color_distance, pick_swatch

_SKIN = (
    Swatch("fair", "#ffdfc4", 1.0, 0.010),
    Swatch("light", "#f0c8a0", 1.2, 0.011),
    Swatch("tan", "#d8a878", 1.0, 0.012),
    Swatch("brown", "#a8713f", 0.9, 0.012),
    Swatch("dark", "#744a2a", 0.8, 0.012),
)
_HAIR = (
    Swatch("black", "#241c1c", 1.5),
    Swatch("brown", "#603a1c", 1.5),
    Swatch("ginger", "#b8501c", 1.0),
    Swatch("blonde", "#e0b860", 1.2),
    Swatch("silver", "#b8b8c4", 0.6),
    Swatch("pink", "#e070a0", 0.6),
    Swatch("blue", "#2c84c4", 0.6),
    Swatch("green", "#58a838", 0.5),
)
_BACKGROUND = (
    Swatch("cream", "#f7f0e3", 1.0, 0.012),
    Swatch("butter", "#fbe9ae", 1.0, 0.012),
    Swatch("peach", "#fbcfb8", 1.0, 0.012),
    Swatch("lavender", "#d6cdf2", 1.0, 0.012),
    Swatch("sky", "#bfdff2", 1.0, 0.012),
    Swatch("mint", "#bfe8d6", 1.0, 0.012),
)
_CLOTHES = (
    Swatch("red", "#c83838"),
    Swatch("orange", "#f0883c"),
    Swatch("yellow", "#f4cc48"),
    Swatch("green", "#3ca468"),
    Swatch("blue", "#3c78c4"),
    Swatch("purple", "#7c5cb4"),
)
_GLASSES = (Swatch("black", "#282828", 2.0), Swatch("blue", "#2c5890"), Swatch("red", "#a83848"))
_HATS = (
    Swatch("navy", "#2c4a84"),
    Swatch("red", "#b03028"),
    Swatch("green", "#3c8464"),
    Swatch("plum", "#6c4c88"),
)
_LONG_HAIR, _SHORT_HAIR = 21, 24
_HAPPY_MOUTHS, _SAD_MOUTHS = 13, 10
_GLASSES_SHAPES = 7
# Nearer than this in OKLab, hair is lost on skin, and either on the background.
_APART, _APART_FROM_BACKGROUND = 0.14, 0.08


def describe_pixel_face(index: int) -> FaceDescription:
    """Describe the ``index``-th face, a function of the index alone."""
    rng = Random(f"pixel-art:{index}")
    colors, attributes = _choose_colors(rng)
    is_long = rng.random() < 0.5
    length, hairs = ("long", _LONG_HAIR) if is_long else ("short", _SHORT_HAIR)
    smiles = rng.random() < 0.7
    mood, mouths = ("happy", _HAPPY_MOUTHS) if smiles else ("sad", _SAD_MOUTHS)
    parts, has = _choose_accessories(rng, is_long)
    options: dict[str, object] = {
        "seed": str(index),
        "hairVariant": [_pick_variant(rng, length, hairs)],
        "mouthVariant": [_pick_variant(rng, mood, mouths)],
        **colors,
        **parts,
    }
    return FaceDescription(options, {**attributes, "long_hair": is_long, "smile": smiles, **has})


def _choose_colors(rng: Random) -> tuple[dict[str, object], dict[str, str | bool]]:
    skin, skin_color = pick_swatch(rng, _SKIN)
    hair, hair_color = pick_swatch(rng, _HAIR)
    while color_distance(hair_color, skin_color) < _APART:
        hair, hair_color = pick_swatch(rng, _HAIR)
    background, background_color = pick_swatch(rng, _BACKGROUND)
    drawn = (skin_color, hair_color)
    while min(color_distance(background_color, c) for c in drawn) < _APART_FROM_BACKGROUND:
        background, background_color = pick_swatch(rng, _BACKGROUND)
    clothes, clothes_color = pick_swatch(rng, _CLOTHES)
    colors: dict[str, object] = {
        "skinColor": [skin_color],
        "hairColor": [hair_color],
        "backgroundColor": [background_color],
        "clothingColor": [clothes_color],
        "glassesColor": [pick_swatch(rng, _GLASSES)[1]],
        "hatColor": [pick_swatch(rng, _HATS)[1]],
    }
    return colors, {
        "skin": skin.name,
        "hair": hair.name,
        "background": background.name,
        "clothes": clothes.name,
    }


def _choose_accessories(
    rng: Random, is_long: bool
) -> tuple[dict[str, object], dict[str, str | bool]]:
    has = {
        "glasses": rng.random() < 0.25,
        "beard": rng.random() < (0.0 if is_long else 0.25),
        "hat": rng.random() < 0.12,
        "earrings": rng.random() < (0.3 if is_long else 0.1),
    }
    is_dark = rng.random() < 0.4
    names = {"earrings": "accessories"}  # what the style calls them
    parts: dict[str, object] = {
        f"{names.get(name, name)}Probability": 100 if present else 0
        for name, present in has.items()
    }
    shade = "dark" if is_dark else "light"
    parts["glassesVariant"] = [_pick_variant(rng, shade, _GLASSES_SHAPES)]
    return parts, {**has, "sunglasses": has["glasses"] and is_dark}


def _pick_variant(rng: Random, name: str, count: int) -> str:
    return f"{name}{1 + int(rng.random() * count):02d}"


PIXEL_ART = DrawnStyle(
    name="pixel-art",
    describe=describe_pixel_face,
    recipe_version=1,
    artist="DiceBear",
    work="Pixel Art",
    work_url="https://www.figma.com/community/file/1198754108850888330",
)
