"""`DrawnStyle`: a style of DiceBear's that a data set of faces can be drawn in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class FaceDescription:
    """One face before it is drawn.

    Attributes:
        options: DiceBear's options for the style.
        attributes: The labels: a category's name, or whether the face has the thing.
    """

    options: dict[str, object]
    attributes: dict[str, str | bool]


@dataclass(frozen=True)
class DrawnStyle:
    """How faces of a style are chosen, and whom they are owed to; CC0 1.0, all of them.

    Attributes:
        name: DiceBear's name of the style.
        describe: What the i-th face looks like, a function of i alone.
        recipe_version: Raised whenever face i is drawn differently.
        artist, work, work_url: What the record beside the images says.
    """

    name: str
    describe: Callable[[int], FaceDescription]
    recipe_version: int
    artist: str
    work: str
    work_url: str

    @property
    def credit(self) -> str:
        """Whom every image owes its parts to."""
        return f"{self.work} by {self.artist}, drawn with DiceBear"
