"""Before and after: rows of images, a kind a row, an image a column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.contact_sheet import contact_sheet
from model.png import encode_png


def save_sheet(rows: Sequence[NDArray[np.uint8]], path: Path) -> None:
    """Write rows (n, h, w, c), all of one n, below each other as a PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(contact_sheet(np.concatenate(rows), len(rows[0]))))
