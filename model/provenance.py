"""`Provenance`: where a checkpoint comes from."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import torch


@dataclass(frozen=True)
class Provenance:
    """What made the weights: recipe, data and its licence, length, code, measured scores."""

    preset: str = ""
    dataset: str = ""
    licence: str = ""
    credit: str = ""
    images_seen: int = 0
    seed: int = 0
    git_commit: str = ""
    software: str = ""  # versions of ganloom and torch
    scores: dict[str, float] = field(default_factory=dict)
    source_sha256: str = ""  # of the file that an imported generator comes from

    def to_json(self) -> str:
        """Write the provenance as one line of JSON with sorted keys."""
        fields = dataclasses.asdict(self)
        if not self.source_sha256:
            del fields["source_sha256"]
        return json.dumps(fields, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Provenance:
        """Read what `to_json` wrote; ValueError if a field is unknown or of another type."""
        fields: Any = json.loads(text)
        if not isinstance(fields, dict):
            raise ValueError("the provenance is not a JSON object")
        defaults = dataclasses.asdict(cls())
        for name, value in fields.items():
            if name not in defaults or type(value) is not type(defaults[name]):
                raise ValueError(f"the provenance has an unknown or ill-typed field {name!r}")
            if isinstance(value, str):
                value.encode()  # ValueError for half a surrogate pair
        for name, score in fields.get("scores", {}).items():
            if not isinstance(score, int | float):
                raise ValueError(f"the score {name!r} is not a number")
        return cls(**fields)


def software_versions() -> str:
    """Name the versions of ganloom and torch that run."""
    try:
        own = metadata.version("ganloom")
    except metadata.PackageNotFoundError:
        own = "from source"
    return f"ganloom {own}, torch {torch.__version__.split('+')[0]}"
