"""`Latents`: points of the latent space, made from seeds, walked and truncated.

Everything here is NumPy on the CPU, so that a latent never depends on the device, the
thread count or the batch that it will be rendered in.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from model.easing import Easing, ease
from model.spec import GeneratorSpec

# Stored in every checkpoint. A change of `sample_latents` needs a new name here, and a
# reader refuses a scheme that it does not know.
LATENT_SCHEME = "philox-randomstate-normal-v1"

# The largest integer that every JSON reader, JavaScript's included, holds exactly.
MAX_SEED = 2**53 - 1

_thread = threading.local()

Interpolation = Literal["slerp", "lerp"]


@dataclass(frozen=True)
class Latents:
    """Rows to render: `z` float32 (n, z_dim), `labels` int64 (n,) or None.

    Labels are present exactly when the generator is conditional.
    """

    z: NDArray[np.float32]
    labels: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.z)

    def rows(self, start: int, stop: int) -> Latents:
        """Return rows `start` to `stop - 1`."""
        labels = None if self.labels is None else self.labels[start:stop]
        return Latents(self.z[start:stop], labels)

    def split(self, rows: int) -> list[Latents]:
        """Return the same rows in order, in parts of so many; the last may have fewer."""
        return [self.rows(at, at + rows) for at in range(0, len(self), rows)]

    @staticmethod
    def concatenate(parts: Sequence[Latents]) -> Latents:
        """Stack rows of one generator in order."""
        labels = [part.labels for part in parts if part.labels is not None]
        return Latents(
            np.concatenate([part.z for part in parts]),
            np.concatenate(labels) if labels else None,
        )


def sample_latents(spec: GeneratorSpec, seeds: Sequence[int], label: int | None = None) -> Latents:
    """Draw one row a seed, each a function of its own seed alone.

    A conditional generator takes `label` for every row, or, where it is None, a label
    drawn from the row's seed. RandomState's streams are frozen by NumPy's NEP 19 and
    Philox's by its specification (Salmon et al., 2011), so seed 7 is the same z for good.
    Returns (n, z_dim); ValueError if a seed or the label is out of range.
    """
    philox, state = _thread_philox()
    z = np.empty((len(seeds), spec.z_dim), np.float32)
    labels = np.empty(len(seeds), np.int64)
    for row, seed in enumerate(seeds):
        if not 0 <= seed <= MAX_SEED:
            raise ValueError(f"a seed must be from 0 to {MAX_SEED}, not {seed}")
        state["state"]["key"][0] = seed
        philox.state = state
        stream = np.random.RandomState(philox)
        z[row] = stream.standard_normal(spec.z_dim)
        if spec.is_conditional:
            labels[row] = stream.randint(spec.num_classes)
    if not spec.is_conditional:
        return Latents(z, fixed_labels(spec, len(seeds), label))
    return Latents(z, labels if label is None else fixed_labels(spec, len(seeds), label))


def _thread_philox() -> tuple[np.random.Philox, Any]:
    """Return this thread's Philox and the state of a new one with the key 0.

    Making one costs twice as much as all that is drawn from it, as it asks the system for
    entropy first; so each thread sets one back for each seed.
    """
    if not hasattr(_thread, "philox"):
        _thread.philox = np.random.Philox(key=0)
        _thread.state = _thread.philox.state
    return _thread.philox, _thread.state


def fixed_labels(spec: GeneratorSpec, count: int, label: int | None) -> NDArray[np.int64] | None:
    """Repeat one label over `count` rows, (count,); None for an unconditional generator.

    ValueError if the label is out of range, or given to a generator without classes, or
    missing for one with classes.
    """
    if not spec.is_conditional:
        if label is not None:
            raise ValueError("this generator has no classes, so it takes no label")
        return None
    if label is None or not 0 <= label < spec.num_classes:
        raise ValueError(f"a label must be from 0 to {spec.num_classes - 1}, not {label}")
    return np.full(count, label, np.int64)


def truncate(latents: Latents, truncation_psi: float) -> Latents:
    """Pull every row toward the mean of the latent space, which is the origin.

    The truncation trick (Karras et al., 2019, appendix B) in Z: 1 leaves the rows alone,
    0 renders the average image, between them variety is traded for typicality.
    ValueError if psi is not from 0 to 1.
    """
    if not 0.0 <= truncation_psi <= 1.0:
        raise ValueError(f"truncation_psi must be from 0 to 1, not {truncation_psi}")
    if truncation_psi == 1.0:
        return latents
    return Latents((latents.z * np.float32(truncation_psi)).astype(np.float32), latents.labels)


def interpolate(
    key_frames: Latents,
    steps: int,
    method: Interpolation = "slerp",
    easing: Easing = "linear",
) -> Latents:
    """Walk through the key frames in order, `steps` rows in all, both ends included.

    Steps are spread evenly over the whole path; key frames that fall on a step are met
    exactly. Slerp (Shoemake, 1985; for generators White, 2016) is the default, because the
    linear midpoint of two Gaussian z is shorter than those the generator was trained on
    and renders washed out. Easing holds between each two key frames, as in a CSS animation.
    A row's label is that of the nearer key frame.
    Takes (k, z_dim), k >= 2, gives (steps, z_dim); ValueError if k or steps < 2.
    """
    segments = len(key_frames) - 1
    if segments < 1 or steps < 2:
        raise ValueError("a walk needs at least two key frames and two steps")
    # Integer arithmetic, so that a step on a key frame has a fraction of exactly 0.
    segment, remainder = np.divmod(np.arange(steps) * segments, steps - 1)
    fraction = ease(remainder / (steps - 1), easing)
    z = key_frames.z[segment]
    for at in range(segments):
        is_between = (segment == at) & (fraction > 0.0)
        start, end = key_frames.z[at], key_frames.z[at + 1]
        z[is_between] = _blend(start, end, fraction[is_between], method)
    labels = key_frames.labels
    return Latents(z, None if labels is None else labels[segment + (fraction > 0.5)])


def _angle(start: NDArray[np.float32], end: NDArray[np.float32]) -> float:
    """Return the angle between two points as seen from the origin, from 0 to pi."""
    a, b = start.astype(np.float64), end.astype(np.float64)
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    cosine = float(np.clip(a @ b / lengths, -1.0, 1.0)) if lengths else 1.0
    return float(np.arccos(cosine))


def _blend(
    start: NDArray[np.float32],
    end: NDArray[np.float32],
    fractions: NDArray[np.float64],
    method: Interpolation,
) -> NDArray[np.float32]:
    """Return the points at these fractions (n,) of the way, (n, z_dim)."""
    of_start, of_end = 1.0 - fractions, fractions
    angle = _angle(start, end)
    # On (nearly) the same ray or on opposite rays the great circle is not defined.
    if method == "slerp" and np.sin(angle) >= 1e-6:
        of_start, of_end = (np.sin(part * angle) / np.sin(angle) for part in (of_start, of_end))
    a, b = start.astype(np.float64), end.astype(np.float64)
    return (np.outer(of_start, a) + np.outer(of_end, b)).astype(np.float32)
