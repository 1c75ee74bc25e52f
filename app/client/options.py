"""What may be asked for by keyword; what is left out is the service's default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict

StillFormat = Literal["png", "jpeg", "webp"]
FilmFormat = Literal["gif", "apng", "webp", "mp4", "webm"]
Method = Literal["slerp", "lerp"]
Easing = Literal["linear", "ease", "ease-in", "ease-out", "ease-in-out"]
Task = Literal["invert", "inpaint", "denoise", "super-resolve"]


class Term(TypedDict, total=False):
    """One term of a mix: exactly one of `seeds` (their mean), `latent` and `direction`."""

    seeds: Sequence[int]
    latent: Sequence[float]
    direction: str
    weight: float


class Mix(TypedDict):
    """A weighted sum of terms, one image; `rescale` brings it to the length of a sample."""

    terms: Sequence[Term]
    rescale: NotRequired[bool]


class Options(TypedDict, total=False):
    """What every picture may be asked with.

    `edits` says how far to go along which directions, each from -20 to 20. With `provenance`
    the file says what made it, which `verify` reads.
    """

    model: str
    label: int | str
    truncation: float
    edits: Mapping[str, float]
    provenance: bool


class GenerateOptions(Options, total=False):
    """What `generate` may be asked with.

    `best_of` seeds, from 1 to 16, are chosen from for each image; `diverse` spreads `n` seeds
    out; `mixes` are sums of seeds, latents and directions, instead of seeds.
    """

    best_of: int
    diverse: bool
    mixes: Sequence[Mix]


class CachedOptions(Options, total=False):
    """What may be asked for at a URL; one that names the `digest` is cached for good."""

    digest: str


class StillOptions(CachedOptions, total=False):
    """What one seeded image may be asked with; `best_of` seeds are chosen from for it."""

    best_of: int


class WalkOptions(CachedOptions, total=False):
    """What frames may be asked with; `easing` holds between each two key frames."""

    easing: Easing


class FilmOptions(WalkOptions, total=False):
    """What a film may be asked with: `fps` or `frame_ms`, and how often it plays (0: for ever)."""

    fps: int
    frame_ms: int
    loop: int


class AvatarOptions(TypedDict, total=False):
    """How an avatar is drawn: the side in pixels, rounded corners in percent of it, and so on."""

    model: str
    label: int | str
    truncation: float
    digest: str
    size: int
    radius: int
    flip: bool
    background_color: str
    filter: Literal["lanczos", "nearest"]


class VerifyOptions(TypedDict, total=False):
    """What a picture is said to be, where its file does not say it."""

    model: str
    digest: str
    seed: int
    label: int | str
    truncation: float
    edits: Mapping[str, float]


class SearchOptions(TypedDict, total=False):
    """How to search for a latent."""

    model: str
    digest: str
    label: int | str
    task: Task
    factor: Literal[2, 4, 8]
    steps: int
    restarts: int
    seed: int
    realism: float
