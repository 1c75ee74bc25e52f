"""How what is large at first falls with the images seen, without an end to be named."""

from __future__ import annotations


def falling(images_seen: int, start_kimg: float) -> float:
    """Return 1 up to `start_kimg` thousand images, then 1 / sqrt(images); 1 always for 0.

    Karras et al., 2024, equation 67, for learning rates.
    """
    start_images = 1000.0 * start_kimg
    return float(max(images_seen / start_images, 1.0) ** -0.5) if start_images else 1.0
