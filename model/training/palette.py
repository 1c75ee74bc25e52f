"""Named colours with a little room around each, in OKLab.

OKLab (Björn Ottosson, 2020, https://bottosson.github.io/posts/oklab/) is close to perceptually
uniform: one spread looks equally strong on a dark brown and on a pastel, and the distance of two
colours says whether a viewer can tell them apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

Lab = tuple[float, float, float]


@dataclass(frozen=True)
class Swatch:
    """A named colour, how often it is picked, and how far a drawn colour may stray from it.

    Attributes:
        name: The category that is written into the labels.
        color: sRGB as ``#rrggbb``.
        weight: Relative frequency.
        spread: Largest shift along each OKLab axis; lightness may shift by twice as much.
    """

    name: str
    color: str
    weight: float = 1.0
    spread: float = 0.018


def pick_weighted(rng: Random, weights: Sequence[float]) -> int:
    """Draw an index in proportion to ``weights``.

    Only ``Random.random`` is called: it is the one method whose sequence Python promises to keep
    between versions, and the same index must be drawn on every machine.
    """
    threshold = rng.random() * sum(weights)
    for index, weight in enumerate(weights):
        threshold -= weight
        if threshold < 0:
            return index
    return len(weights) - 1


def pick_swatch(rng: Random, swatches: Sequence[Swatch]) -> tuple[Swatch, str]:
    """Draw a swatch by weight and a colour from the box around it, as ``#rrggbb``."""
    swatch = swatches[pick_weighted(rng, [swatch.weight for swatch in swatches])]
    lightness, a, b = hex_to_oklab(swatch.color)
    lightness += (2 * rng.random() - 1) * 2 * swatch.spread
    a += (2 * rng.random() - 1) * swatch.spread
    b += (2 * rng.random() - 1) * swatch.spread
    return swatch, oklab_to_hex((lightness, a, b))


def mix(first: str, second: str, share: float) -> str:
    """Blend two ``#rrggbb`` colours in OKLab; ``share`` 0 gives the first, 1 the second."""
    a, b = hex_to_oklab(first), hex_to_oklab(second)
    return oklab_to_hex(
        (
            a[0] + share * (b[0] - a[0]),
            a[1] + share * (b[1] - a[1]),
            a[2] + share * (b[2] - a[2]),
        )
    )


def color_distance(first: str, second: str) -> float:
    """Euclidean distance of two ``#rrggbb`` colours in OKLab; black to white is 1."""
    return math.dist(hex_to_oklab(first), hex_to_oklab(second))


def hex_to_oklab(color: str) -> Lab:
    """Convert ``#rrggbb`` to OKLab."""
    red, green, blue = (_to_linear(int(color[i : i + 2], 16) / 255) for i in (1, 3, 5))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def oklab_to_hex(color: Lab) -> str:
    """Convert OKLab to ``#rrggbb``, clipping each channel to what sRGB can show."""
    lightness, a, b = color
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(255 * _to_gamma(channel)):02x}" for channel in linear)


def _to_linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _to_gamma(value: float) -> float:
    value = min(max(value, 0.0), 1.0)
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
