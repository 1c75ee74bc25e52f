"""What the i-th Lorelei face looks like: its colours, its parts and its labels.

Lorelei is a drawn portrait style by Lisa Wischofsky (CC0 1.0). DiceBear assembles it from 48 heads
of hair and some dozens of eyes, mouths and accessories. Its own defaults are black ink on
white; here it gets a palette. Every choice that a label names is made in this file, by a generator
seeded with the index alone; eyes, brows, nose and head shape are left to DiceBear's own seed.
"""

from __future__ import annotations

from random import Random

from model.training.drawn_style import DrawnStyle, FaceDescription
from model.training.palette import Swatch, color_distance, mix, pick_swatch, pick_weighted

INK = "#221c2b"
"""Outlines and eyes: a plum black, softer than pure black on pastel."""

SKIN = (
    Swatch("fair", "#fbdfcc", 1.0, 0.010),
    Swatch("light", "#f3c8a4", 1.2, 0.011),
    Swatch("tan", "#dfa578", 1.0, 0.012),
    Swatch("brown", "#b57c52", 0.9, 0.012),
    Swatch("dark", "#8a563d", 0.8, 0.012),
)
HAIR = (
    Swatch("black", "#322a38", 1.7),
    Swatch("brown", "#6b4231", 1.7),
    Swatch("auburn", "#9c4a2d", 1.2),
    Swatch("ginger", "#d9773b", 1.0),
    Swatch("blonde", "#ecc06c", 1.4),
    Swatch("silver", "#c9c6d2", 0.6),
    Swatch("pink", "#e87f9f", 0.7),
    Swatch("teal", "#3f9a9b", 0.6),
    Swatch("violet", "#8467bd", 0.6),
)
BACKGROUND = (
    Swatch("cream", "#f7f0e3", 1.0, 0.012),
    Swatch("butter", "#fbe9ae", 1.0, 0.012),
    Swatch("peach", "#fbcfb8", 1.0, 0.012),
    Swatch("rose", "#f6c4d0", 1.0, 0.012),
    Swatch("lavender", "#d6cdf2", 1.0, 0.012),
    Swatch("sky", "#bfdff2", 1.0, 0.012),
    Swatch("mint", "#bfe8d6", 1.0, 0.012),
    Swatch("sage", "#d3dfb8", 1.0, 0.012),
)
FLOWERS = (
    Swatch("white", "#fffaf2"),
    Swatch("coral", "#ff8f7a"),
    Swatch("yellow", "#ffd25e"),
    Swatch("blue", "#8fb8ff"),
)
FRAMES = (
    Swatch("ink", INK, 2.0),
    Swatch("tortoise", "#7a3b1c"),
    Swatch("navy", "#2b3f86"),
    Swatch("red", "#b02a3c"),
)
EARRINGS = (Swatch("gold", "#e0a526"), Swatch("coral", "#e2563f"), Swatch("turquoise", "#1fa3a6"))

HAIR_STYLES = {
    "short": (1, 2, 3, 4, 6, 7, 8, 11, 12, 20, 43, 44, 47),
    "curly": (5, 9, 18, 22, 24, 32, 39),
    "bob": (10, 13, 17, 19, 37, 40),
    "long": (15, 16, 21, 23, 33, 35, 41),
    "bun": (14, 26, 38, 45, 46),
    "ponytail": (29, 30, 31, 36, 42, 48),
    "shaved": (25, 27, 28, 34),
}
HAPPY_MOUTHS = (1, 2, 3, 4, 5, 6, 8, 9, 10, 13, 14, 15, 18)
SAD_MOUTHS = (3, 4, 5, 6, 8, 9)
SUNGLASSES = 2


def describe_face(index: int) -> FaceDescription:
    """Describe the ``index``-th face, a function of the index alone."""
    rng = Random(f"lorelei:{index}")
    colors, attributes = _choose_colors(rng)
    hair_style, hair_variant = _choose_hair(rng)
    parts, has = _choose_accessories(rng, hair_style)
    smiles = rng.random() < 0.72
    mouths = HAPPY_MOUTHS if smiles else SAD_MOUTHS
    mouth = mouths[int(rng.random() * len(mouths))]
    options: dict[str, object] = {
        "seed": str(index),
        "scale": 1.2,
        "translateY": 2,
        "hairVariant": [f"variant{hair_variant:02d}"],
        "mouthVariant": [f"{'happy' if smiles else 'sad'}{mouth:02d}"],
        **colors,
        **parts,
    }
    attributes["hair_style"] = hair_style
    return FaceDescription(options, {**attributes, "smile": smiles, **has})


def _choose_colors(rng: Random) -> tuple[dict[str, object], dict[str, str | bool]]:
    skin, skin_color = pick_swatch(rng, SKIN)
    hair, hair_color = pick_swatch(rng, HAIR)
    # Hair that melts into the skin or a background that melts into either leaves nothing to see.
    while color_distance(hair_color, skin_color) < 0.14:
        hair, hair_color = pick_swatch(rng, HAIR)
    background, background_color = pick_swatch(rng, BACKGROUND)
    while min(color_distance(background_color, c) for c in (skin_color, hair_color)) < 0.07:
        background, background_color = pick_swatch(rng, BACKGROUND)
    ink = mix(INK, skin_color, 0.08)
    mouth_color = mix(INK, "#c2303f", 0.45)
    colors = {
        "skinColor": [skin_color],
        "hairColor": [hair_color],
        "backgroundColor": [background_color],
        "mouthColor": [mouth_color],
        "frecklesColor": [mix(INK, skin_color, 0.45)],
        "outlineColor": [ink],
        "eyesColor": [ink],
        "eyebrowsColor": [mix(INK, hair_color, 0.25)],
        "noseColor": [ink],
        "earringsColor": [pick_swatch(rng, EARRINGS)[1]],
        "hairAccessoriesColor": [pick_swatch(rng, FLOWERS)[1]],
    }
    names: dict[str, str | bool] = {
        "skin": skin.name,
        "hair": hair.name,
        "background": background.name,
    }
    return dict(colors), names


def _choose_hair(rng: Random) -> tuple[str, int]:
    variants = [(style, number) for style, numbers in HAIR_STYLES.items() for number in numbers]
    weights = [0.4 if style == "shaved" else 1.0 for style, _ in variants]
    return variants[pick_weighted(rng, weights)]


def _choose_accessories(
    rng: Random, hair_style: str
) -> tuple[dict[str, object], dict[str, str | bool]]:
    wears_short = hair_style in ("short", "shaved", "curly")
    beard = rng.random() < (0.22 if wears_short else 0.0)
    flowers = rng.random() < (0.0 if wears_short else 0.14)
    earrings = rng.random() < (0.1 if wears_short else 0.35)
    glasses = rng.random() < 0.24
    freckles = rng.random() < 0.1
    frame = 1 + pick_weighted(rng, (1.0, 0.8, 1.0, 1.0, 0.5))
    shown = {
        "beard": beard,
        "hairAccessories": flowers,
        "earrings": earrings,
        "glasses": glasses,
        "freckles": freckles,
    }
    parts: dict[str, object] = {
        f"{name}Probability": 100 if present else 0 for name, present in shown.items()
    }
    parts["glassesVariant"] = [f"variant{frame:02d}"]
    # Sunglasses fill their lenses with the frame's colour, and only ink reads as glass.
    frame_color = pick_swatch(rng, FRAMES)[1]
    parts["glassesColor"] = [INK if frame == SUNGLASSES else frame_color]
    has: dict[str, str | bool] = {
        "glasses": glasses,
        "sunglasses": glasses and frame == SUNGLASSES,
        "beard": beard,
        "earrings": earrings,
        "flowers": flowers,
        "freckles": freckles,
    }
    return parts, has


LORELEI = DrawnStyle(
    name="lorelei",
    describe=describe_face,
    recipe_version=1,
    artist="Lisa Wischofsky",
    work="Lorelei",
    work_url="https://www.figma.com/community/file/1198749693280469639",
)
