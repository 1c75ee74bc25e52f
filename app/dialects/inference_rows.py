"""Rows to render, out of the inputs of an inference request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from app.dialects.tensors import Values
from app.errors import InvalidRequest
from app.image_encoding import ImageFormat
from app.render_plan import LatentRows, RenderRequest, Seeds


def read_rows(
    inputs: Mapping[str, Values], model: str, digest: str | None, z_dim: int
) -> list[RenderRequest]:
    """Return requests of one or more rows, in order; rows that follow each other share one.

    Exactly one of `z` (n, z_dim) and `seed` (n,) or (n, 1); `label` and `truncation` hold a
    value for each row, or one for all. InvalidRequest names the input at fault.
    """
    given = [name for name in ("z", "seed") if name in inputs]
    if len(given) != 1:
        raise InvalidRequest("inputs", "exactly one of z and seed")
    source = inputs[given[0]]
    if given == ["z"] and (source.ndim != 2 or source.shape[1] != z_dim):
        raise InvalidRequest("inputs.z", f"the shape is [n, {z_dim}]")
    if given == ["seed"]:
        source = _column("seed", source)
        if source.min() < 0:
            raise InvalidRequest("inputs.seed", "a seed is 0 or more")
    labels = _spread("label", inputs, len(source))
    truncations = _spread("truncation", inputs, len(source))
    return [
        RenderRequest(
            source=LatentRows(rows) if given == ["z"] else Seeds(rows),
            layout="single",
            image_format=ImageFormat.PNG,
            model=model,
            digest=digest,
            label=label,
            truncation=1.0 if truncation is None else truncation,
        )
        for rows, label, truncation in _runs(source.tolist(), labels, truncations)
    ]


def _column(name: str, values: Values) -> Values:
    """Take (n,) or (n, 1) as (n,)."""
    if values.ndim == 2 and values.shape[1] != 1:
        raise InvalidRequest(f"inputs.{name}", "the shape is [n, 1] or [n]")
    return values.reshape(-1)


def _spread(name: str, inputs: Mapping[str, Values], count: int) -> list[Any]:
    """Return a value for each row, None where the input is not given."""
    if name not in inputs:
        return [None] * count
    values = _column(name, inputs[name])
    if len(values) not in (1, count):
        raise InvalidRequest(f"inputs.{name}", f"one for all, or {count}, as many as rows")
    if name == "truncation":
        if values.min() < 0 or values.max() > 1:
            raise InvalidRequest("inputs.truncation", "from 0 to 1")
        # 0.7 is meant, and not the double nearest to the float32 nearest to it.
        values = np.asarray([float(str(value)) for value in values.astype(np.float32)])
    listed: list[Any] = values.tolist()
    return listed * count if len(listed) == 1 else listed


def _runs(
    rows: list[Any], labels: list[Any], truncations: list[Any]
) -> Iterator[tuple[list[Any], Any, Any]]:
    """Cut into runs of equal label and truncation."""
    start = 0
    for at in range(1, len(rows) + 1):
        ends = at == len(rows)
        if ends or (labels[at], truncations[at]) != (labels[start], truncations[start]):
            yield rows[start:at], labels[start], truncations[start]
            start = at
